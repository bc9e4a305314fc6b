# What a program gets to see of libleash.so.

. "$srcdir/tests/tap.sh"

[ -e "$LEASH_LIBRARY" ] || skip_all 'configured without a shared library'
command -v readelf >/dev/null || skip_all 'no readelf'

dynamic=$(readelf --dynamic --wide "$LEASH_LIBRARY")
exported=$(readelf --dyn-syms --wide "$LEASH_LIBRARY" |
	awk '$5 != "LOCAL" && $7 != "UND" && $4 != "NOTYPE" && NR > 3 { print $8 }' |
	sed 's/@@/@/; s/^[^@]*$/&@&/' | LC_ALL=C sort)
# Each with the version since which it has been there; what is missing here breaks programs that are linked already.
promised=$(sed -n 's/^ \([^ ]*\) .*/\1/p' "$srcdir/debian/libleash0.symbols" | LC_ALL=C sort)

has() { printf '%s\n' "$2" | grep -q "$1"; }
lacks() { ! has "$@"; }

ok 'its name carries the version of its interface' has 'SONAME.*\[libleash.so.0\]' "$dynamic"
ok 'it stays when it is unloaded' has 'FLAGS_1.*NODELETE' "$dynamic"
ok 'it does not need jemalloc' lacks 'NEEDED.*jemalloc' "$dynamic"
ok 'it needs no relocation of its code' lacks TEXTREL "$dynamic"
ok 'its thread-local storage is found without a call' has 'FLAGS.*STATIC_TLS' "$dynamic"
# only_in FIRST SECOND
only_in() { printf '%s\n' "$2" "$2" "$1" | LC_ALL=C sort | uniq -u | xargs; }

is 'it exports all of debian/libleash0.symbols' "$(only_in "$promised" "$exported")" ''
is 'it exports nothing else' "$(only_in "$exported" "$promised")" ''
is 'nothing but its own names' "$(printf '%s\n' "$exported" | grep -v '^leash_.*@LEASH_0.1$' | xargs)" LEASH_0.1@LEASH_0.1

finish
