# Tests once more under memcheck: no wrong access, and nothing lost at the end.

. "$srcdir/tests/tap.sh"

command -v valgrind >/dev/null || skip_all 'no valgrind'
for program in $VALGRIND_TESTS; do
	ok "$program" valgrind --quiet --error-exitcode=99 --leak-check=full --fair-sched=yes \
		--num-callers=30 "$program"
done

finish
