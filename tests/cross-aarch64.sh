# Every source of the library compiles for aarch64, and so does its public header, which they use.
# Linking and running it would take that architecture's liburcu.

. "$srcdir/tests/tap.sh"

cross=aarch64-linux-gnu-gcc
command -v $cross >/dev/null || skip_all "no $cross"

# The headers of liburcu, jemalloc, valgrind and SystemTap choose the architecture when they are compiled; the
# host's are right. They are linked into a folder of their own, since they may lie beside headers of
# the host's libc, which are not.
headers=$(mktemp -d)
trap 'rm -rf "$headers"' EXIT
folder_of() {
	printf '#include <%s>\n' "$1" | $CC $(pkg-config --cflags liburcu-bp) -M -x c - |
		tr ' ' '\n' | sed -n "s,/$1\$,,p" | head -n 1
}
ln -s "$(folder_of urcu-bp.h)"/urcu* "$headers"
ln -s "$(folder_of jemalloc/jemalloc.h)/jemalloc" "$headers"
ln -s "$(folder_of valgrind/memcheck.h)/valgrind" "$headers"

mkdir "$headers/sys"
ln -s "$(folder_of sys/sdt.h)"/sys/sdt* "$headers/sys"

for file in $LEASH_SOURCES; do
	case $file in
	*.c) ok "$file" $cross $LEASH_CFLAGS -O2 -isystem "$headers" -c "$srcdir/$file" -o /dev/null ;;
	esac
done

finish
