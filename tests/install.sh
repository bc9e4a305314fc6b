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

cat >"$root/first.c" <<'END'
#include <leash/leash.h>

struct point {
	int x, y;
};

static const leash_type point_type = {.name = "point", .size = sizeof(struct point)};

int main(void)
{
	struct point *p = (struct point *)leash_new(&point_type);

	if (!p)
		return 1;
	p->x = 1;
	leash_release(p);
	leash_shutdown();
	return 0;
}
END

# The paths in leash.pc lack the folder that DESTDIR put in front.
config() {
	pkg-config --define-variable=prefix="$root$(pkg-config --variable=prefix leash)" \
		--define-variable=libdir="$libraries" "$@" leash
}
strict='-Wall -Wextra -Werror -pedantic'

ok 'C11 program, shared library' \
	$CC -std=c11 $strict $(config --cflags) "$root/first.c" -o "$root/shared" $(config --libs)
ok 'it runs' env LD_LIBRARY_PATH="$libraries" "$root/shared"
ok 'it has jemalloc' sh -c "readelf --dynamic '$root/shared' | grep -q 'NEEDED.*jemalloc'"

if [ -e "$libraries/libleash.a" ]; then
	static=$(config --static --libs | sed "s,-lleash,$libraries/libleash.a,")
	ok 'program, static library' $CC $(config --cflags) "$root/first.c" -o "$root/static" $static
	ok 'it runs' "$root/static"
else
	skip 'configured without a static library'
fi

if [ -n "$CXX" ]; then
	ok 'C++17 program' $CXX -x c++ -std=c++17 -Wall -Wextra -Werror $(config --cflags) \
		"$root/first.c" -o "$root/c++" $(config --libs)
	cat >"$root/first.cc" <<'END'
#include <leash/leash.hpp>

struct point {
	int x, y;
};

int main()
{
	leash::ref<point> p = leash::make<point>(1, 2);
	return p->y - 2;
}
END
	ok 'leash.hpp' $CXX -std=c++17 $strict $(config --cflags) "$root/first.cc" -o "$root/hpp" $(config --libs)
	ok 'it runs' env LD_LIBRARY_PATH="$libraries" "$root/hpp"
else
	skip 'no C++ compiler'
fi

ok 'make uninstall' make --silent uninstall DESTDIR="$root"
is 'it leaves nothing' "$(find "$root/"* -type f -name '*leash*')" ''

finish
