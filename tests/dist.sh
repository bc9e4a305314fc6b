# The release: what `make dist` packs is all that there is, and is enough to build, test, install and use the library.

. "$srcdir/tests/tap.sh"

root=$(mktemp -d)
# What cannot be written to cannot be removed.
trap 'chmod -R u+w "$root"; rm -rf "$root"' EXIT
unset MAKEFLAGS MFLAGS MAKELEVEL

export XZ_OPT=-0
ok 'make dist' make --silent dist
tarball=$(echo leash-*.tar.xz)
ok 'it unpacks' tar -C "$root" -xf "$tarball"
rm -f "$tarball"
release=$root/${tarball%.tar.xz}

# What the names of begin with a dot is for who works on the repository.
if tracked=$(git -C "$srcdir" ls-files 2>/dev/null | grep -v '^\.') && [ -n "$tracked" ]; then
	is 'all files of the repository are in it' \
		"$(cd "$release" && printf '%s\n' "$tracked" | while read -r file; do [ -e "$file" ] || echo "$file"; done)" ''
else
	skip 'not a repository'
fi

# Out of tree, from sources that nobody may write to, without C++, and without optimisation, since it is not the compiler
# that is tested.
chmod -R a-w "$release"
mkdir "$root/build"
cd "$root/build" || exit
ok 'configure' "$release/configure" --quiet --prefix="$root/prefix" --without-benchmarks --disable-static \
	--disable-dependency-tracking --enable-werror CC="$CC" CXX=no CFLAGS=-O0
ok 'make' make --silent lib/libleash.la examples/first tests/test-count
ok 'the first example' examples/first
ok 'a test' tests/test-count
ok 'make install' make --silent install-libLTLIBRARIES install-leashincludeHEADERS install-pkgconfigDATA

cp -R "$release/tests/consumer" "$root/consumer"
chmod -R u+w "$root/consumer"
ok 'a project that uses what is installed' env PKG_CONFIG_PATH="$root/prefix/lib/pkgconfig" \
	LD_LIBRARY_PATH="$root/prefix/lib" make --silent -C "$root/consumer" check CC="$CC" CXX="$CXX" STATIC=no

finish
