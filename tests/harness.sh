# The driver that reads our TAP: what a test's exit status adds to what it printed. A sanitizer
# reports at the end, when all checks have passed, and has nothing but the status to say so.

. "$srcdir/tests/tap.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Prints the results that the driver finds in a test of this text.
verdict() {
	printf '%s\n' "$1" >"$work/test"
	AM_TAP_AWK=awk sh "$srcdir/build-aux/tap-driver.sh" --merge --test-name test \
		--log-file "$work/log" --trs-file "$work/trs" -- sh "$work/test" >/dev/null
	sed -n 's/^:test-result: \([A-Z]*\).*/\1/p' "$work/trs" | paste -sd ' '
}

is 'a pass and a failure' "$(verdict 'echo ok 1; echo not ok 2; echo 1..2')" 'PASS FAIL'
is 'a skip' "$(verdict 'echo ok 1 "# SKIP no luck"; echo 1..1')" 'SKIP'
is 'an exit status after all passed' "$(verdict 'echo ok 1; echo 1..1; exit 66')" 'PASS ERROR'
is 'a crash after all passed' "$(verdict 'echo ok 1; echo 1..1; kill -s ABRT $$')" 'PASS ERROR'
is 'an early end' "$(verdict 'echo ok 1; exit 0')" 'PASS ERROR'
is 'a check too few' "$(verdict 'echo 1..2; echo ok 1')" 'PASS ERROR'
is 'a wait without end' "$(LEASH_TEST_TIMEOUT=1 verdict \
	"exec '$srcdir/tests/run' sh -c 'sleep 60; echo 1..0'")" 'ERROR ERROR'

# A test nobody lists never runs, and a header nobody lists is missing from the tarball.
unlisted() (
	cd "$srcdir" || exit
	for file in $(find lib include examples bench models tests tools -name '[a-z]*.[a-z]*'); do
		case $file in
		*.c | *.cc | *.h | *.hpp | *.map | *.pml | *.py | *.sh)
			grep -qE "(^|\s)($file|${file%.c})(\s|$)" ./*/local.mk ./*/*/local.mk || echo "$file"
			;;
		esac
	done
)
is 'every source is listed in a local.mk' "$(unlisted)" ''

finish
