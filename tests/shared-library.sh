# What a program gets to see of libleash.so.

. "$srcdir/tests/tap.sh"

[ -e "$LEASH_LIBRARY" ] || skip_all 'configured without a shared library'
command -v readelf >/dev/null || skip_all 'no readelf'

dynamic=$(readelf --dynamic --wide "$LEASH_LIBRARY")
exported=$(readelf --dyn-syms --wide "$LEASH_LIBRARY" |
	awk '$5 != "LOCAL" && $7 != "UND" && $4 != "NOTYPE" && NR > 3 { print $8 }')

has() { printf '%s\n' "$2" | grep -q "$1"; }
lacks() { ! has "$@"; }

ok 'its name carries the version of its interface' has 'SONAME.*\[libleash.so.0\]' "$dynamic"
ok 'it stays when it is unloaded' has 'FLAGS_1.*NODELETE' "$dynamic"
ok 'it does not need jemalloc' lacks 'NEEDED.*jemalloc' "$dynamic"
ok 'it needs no relocation of its code' lacks TEXTREL "$dynamic"
ok 'its thread-local storage is found without a call' has 'FLAGS.*STATIC_TLS' "$dynamic"
ok 'it exports its functions' has '^leash_new@@LEASH_0.1$' "$exported"
is 'it exports nothing else' \
	"$(printf '%s\n' "$exported" | grep -v '^leash_.*@@LEASH_0.1$' | grep -v '^LEASH_0.1')" ''

finish
