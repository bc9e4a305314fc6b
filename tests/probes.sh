# Static probes: all are there, and a debugger that listens to them hears what happens.

. "$srcdir/tests/tap.sh"

[ -e "$LEASH_LIBRARY" ] || skip_all 'configured without a shared library'
command -v readelf >/dev/null || skip_all 'no readelf'
notes=$(readelf --notes --wide "$LEASH_LIBRARY")
if ! grep -q '^#define LEASH_PROBES' config.h; then
	is 'configured without probes: there are none' "$(printf '%s\n' "$notes" | grep stapsdt)" ''
	finish
fi

is 'the probes of the provider leash' \
	"$(printf '%s\n' "$notes" | awk '/Provider:/ { p = $NF } /Name:/ { print p ":" $2 }' | sort -u | xargs)" \
	"$(printf 'leash:%s\n' birth collection_begin collection_end collection_phase death revocation wait | xargs)"

command -v gdb >/dev/null || { skip 'no gdb'; finish; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
unset LEASH_OPTIONS
ok 'a program' $CC -g -pthread -I"$srcdir/include" "$srcdir/tests/probes.c" -o "$folder/program" \
	-L"${LEASH_LIBRARY%/*}" -Wl,-rpath,"${LEASH_LIBRARY%/*}" -lleash \
	-Wl,--push-state,--no-as-needed,-ljemalloc,--pop-state

# listen PROBE FORMAT ARGUMENTS: has gdb print them whenever the probe is passed.
listen() {
	printf '%s\n' "break -probe-stap leash:$1" commands silent "printf \"$1 $2\\n\", $3" continue end
}
{
	printf '%s\n' 'set debuginfod enabled off' 'set pagination off' 'set confirm off' 'break main' run
	echo 'info probes stap leash'
	listen birth '%s %d' '(char *)$_probe_arg1, (int)$_probe_arg2'
	listen death '%s %s' '(char *)$_probe_arg1, (char *)$_probe_arg2'
	listen revocation '%d' '(int)$_probe_arg0'
	listen wait '%d' '$_probe_arg0 > 0 && $_probe_arg0 < 600000000000'
	listen collection_begin '%d' '(int)$_probe_arg0'
	listen collection_phase '%d %s' '(int)$_probe_arg0, (char *)$_probe_arg1'
	listen collection_end '%d %d %d' '(int)$_probe_arg0, (int)$_probe_arg1, (int)$_probe_arg2'
	echo continue
} >"$folder/commands"
heard=$(gdb -nx -batch -x "$folder/commands" "$folder/program" 2>&1)
case $heard in
*'ptrace: Operation not permitted'* | *'Could not trace the inferior'*)
	skip 'gdb may not trace here'
	finish
	;;
esac

hear() { printf '%s\n' "$heard" | grep "^$1 " | sed "s/^$1 //" | head -n "${2:-99}" | xargs; }

is 'gdb knows them' "$(printf '%s\n' "$heard" | awk '$1 == "stap" { print $3 }' | sort -u | wc -l)" 7
is 'births' "$(hear birth)" 'leaf 8 leaf 8 node 16 node 16 leaf 108 node 16 leaf 8 leaf 8'
is 'deaths, and who saw the last reference go' "$(hear death)" \
	'leaf owner leaf owner node owner node owner leaf owner node collected leaf shared leaf revoked'
is 'a revocation of one object' "$(hear revocation)" 1
is 'a birth waits, for some time' "$(hear wait)" 1
is 'a collection begins' "$(hear collection_begin 1)" 2
is 'its phases' "$(hear collection_phase 4)" '2 snapshot 2 readings 2 commit 2 sever'
is 'it ends, and has looked at one and reclaimed it' "$(hear collection_end 1)" '2 1 1'

finish
