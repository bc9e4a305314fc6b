# `make install`, seen by somebody who has only what it installs: header, libraries, leash.pc.

. "$srcdir/tests/tap.sh"

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

# This make does not belong to the one that runs the tests.
unset MAKEFLAGS MFLAGS MAKELEVEL
ok 'make install' make --silent install DESTDIR="$root"
is 'manual pages' "$(cd "$root" && find . -path '*/man*/leash*' | sed 's,.*/man,man,' | sort | tr '\n' ' ')" \
	'man1/leash-top.1 man3/leash.3 man7/leash.7 '

export PKG_CONFIG_PATH
PKG_CONFIG_PATH=$(dirname "$(find "$root" -name leash.pc)"):$PKG_CONFIG_PATH
libraries=$(dirname "$(find "$root" -name libleash.so -o -name libleash.a | head -n 1)")

# The paths in leash.pc lack the folder that DESTDIR put in front.
config="pkg-config --define-variable=prefix=$root$(pkg-config --variable=prefix leash)"
config="$config --define-variable=libdir=$libraries"
static=yes
[ -e "$libraries/libleash.a" ] || static=no

cp -R "$srcdir/tests/consumer" "$root/consumer"
chmod -R u+w "$root/consumer"
ok 'a project in C and C++, shared and static' make --silent -C "$root/consumer" \
	CC="$CC" CXX="$CXX" PKG_CONFIG="$config" STATIC=$static
ok 'it runs' env LD_LIBRARY_PATH="$libraries" make --silent -C "$root/consumer" check \
	CC="$CC" CXX="$CXX" PKG_CONFIG="$config" STATIC=$static
needs() { readelf --dynamic "$root/consumer/$1" | sed -n 's/.*NEEDED.*\[\(lib[^.]*\).*/\1/p' | sort | xargs; }
has() { case " $1 " in *" $2 "*) ;; *) false ;; esac; }
ok 'it has jemalloc, and the shared library' has "$(needs c-shared)" 'libjemalloc libleash'

real=$(cd "$libraries" && readlink -f libleash.so)
ok 'gdb finds its script' [ -e "$root/$(pkg-config --variable=prefix leash)/share/gdb/auto-load${real#"$root"}-gdb.py" ]

if [ $static = yes ]; then
	ok 'linked statically it has jemalloc, too' has "$(needs c-static)" libjemalloc
	is 'and no shared library' "$(needs c-static | grep -o libleash)" ''
	ok 'a debugger finds what it needs there' sh -c "nm '$root/consumer/c-static' | grep -q ' leash__debugger_1$'"
else
	skip 'configured without a static library'
fi
[ -n "$CXX" ] || skip 'no C++ compiler'
rm -r "$root/consumer"

ok 'make uninstall' make --silent uninstall DESTDIR="$root"
is 'it leaves nothing' "$(find "$root" ! -type d)" ''

finish
