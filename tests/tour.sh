# examples/tour prints its story, word for word.

. "$srcdir/tests/tap.sh"

tour=${top_builddir:-.}/examples/tour/tour
[ -f "$tour" ] || { echo "Bail out! no $tour"; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Thresholds are part of the story.
unset LEASH_OPTIONS

# ThreadSanitizer does not start where addresses are randomised widely.
run=
if [ -n "$LEASH_SANITIZER" ] && setarch "$(uname -m)" -R true 2>/dev/null; then
	run="setarch $(uname -m) -R"
fi

# Deaths are found by whichever thread gets there: ten times the same is better than once.
for time in 1 2 3 4 5 6 7 8 9 10; do
	$run "$tour" >"$work/printed" 2>"$work/said"
	is "it ends well ($time)" "$?" 0
	ok "what it prints ($time)" diff "$srcdir/examples/tour/printed.txt" "$work/printed"
	is "it says nothing else ($time)" "$(cat "$work/said")" ''
done

finish
