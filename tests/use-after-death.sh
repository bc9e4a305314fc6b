# Memory checkers, with no option given: a program of the library's users, linked as leash.pc says, reads an object after
# its death, and is reported; and is not when it behaves.

. "$srcdir/tests/tap.sh"

[ -e "$LEASH_LIBRARY" ] || skip_all 'configured without a shared library'
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
unset LEASH_OPTIONS

build() {
	$CC -g -O1 -pthread "$@" -I"$srcdir/include" "$srcdir/tests/use-after-death.c" -o "$folder/program" \
		-L"${LEASH_LIBRARY%/*}" -Wl,-rpath,"${LEASH_LIBRARY%/*}" -lleash \
		-Wl,--push-state,--no-as-needed,-ljemalloc,--pop-state
}

# reports STATUS TEXT COMMAND...: the command exits with that status and says that.
reports() {
	want=$1
	text=$2
	shift 2
	output=$("$@" 2>&1)
	status=$?
	printf '%s\n' "$output"
	[ $status = "$want" ] && printf '%s\n' "$output" | grep -q "$text"
}

asan() { env ASAN_OPTIONS=detect_leaks=1:exitcode=98 "$folder/program" "$@"; }
if build -fsanitize=address 2>/dev/null; then
	ok 'AddressSanitizer: a clean program' asan
	ok 'read after its death' reports 98 heap-use-after-free asan at-once
	ok 'while the log of suspects points to it' reports 98 use-after-poison asan husk
	ok 'while loads may look at it' reports 98 use-after-poison asan limbo
	ok 'while the collector reads' reports 98 use-after-poison asan kept
	export LEASH_OPTIONS=magazines:true
	ok 'magazines, if they are asked for' asan at-once
	unset LEASH_OPTIONS
else
	skip 'no AddressSanitizer'
fi

memcheck() {
	valgrind --quiet --error-exitcode=99 --leak-check=full --fair-sched=yes "$folder/program" "$@"
}
if ! command -v valgrind >/dev/null; then
	skip 'no valgrind'
elif ! build; then
	ok 'the program' build
else
	ok 'valgrind: a clean program' memcheck
	for what in at-once husk limbo kept; do
		ok "it reports: $what" reports 99 'Invalid read' memcheck $what
	done
	export LEASH_OPTIONS=magazines:true
	ok 'magazines, if they are asked for' memcheck at-once
	unset LEASH_OPTIONS
fi

finish
