# Debian's packages: they are built, lintian finds no error, and a project is built and runs with what is in them.

. "$srcdir/tests/tap.sh"

[ -n "${LEASH_LONG-}" ] || skip_all 'takes a minute: with LEASH_LONG=1'
for tool in dpkg-buildpackage dh_install fakeroot; do
	command -v $tool >/dev/null || skip_all "no $tool"
done
[ -n "$CXX" ] || skip_all 'no C++ compiler'

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
unset MAKEFLAGS MFLAGS MAKELEVEL LEASH_OPTIONS

ok 'a copy of the release' make --silent distdir distdir="$root/leash"
build() (
	cd "$root/leash" && DEB_BUILD_OPTIONS="nocheck parallel=$(nproc)" dpkg-buildpackage -us -uc -b
)
ok 'dpkg-buildpackage' build
is 'the packages' "$(cd "$root" && ls -- *.deb | sed 's/_.*//' | grep -v tools-dbgsym | LC_ALL=C sort | xargs)" \
	'leash-tools libleash-dev libleash0 libleash0-dbgsym'
if command -v lintian >/dev/null; then
	# The address is for whoever uploads the packages to change.
	ok 'lintian' lintian --allow-root --fail-on error \
		--suppress-tags bogus-mail-host,bogus-mail-host-in-debian-changelog "$root"/*.changes
else
	skip 'no lintian'
fi

for package in "$root"/*.deb; do
	ok "${package##*/} unpacks" dpkg-deb -x "$package" "$root/unpacked"
done
usr=$root/unpacked/usr
libraries=$(dirname "$(find "$usr" -name libleash.so)")

cp -R "$srcdir/tests/consumer" "$root/consumer"
chmod -R u+w "$root/consumer"
ok 'a project that uses them' env PKG_CONFIG_PATH="$libraries/pkgconfig" LD_LIBRARY_PATH="$libraries" \
	make --silent -C "$root/consumer" check CC="$CC" CXX="$CXX" \
	PKG_CONFIG="pkg-config --define-variable=prefix=$usr --define-variable=libdir=$libraries --define-variable=includedir=$usr/include"

finish
