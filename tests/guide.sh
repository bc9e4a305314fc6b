# docs/guide.md: what it shows stands in the programs of examples/guide, and these do what it says.

. "$srcdir/tests/tap.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

guide=${top_builddir:-.}/examples/guide
unset LEASH_OPTIONS

# Prints each fenced piece of code that is not in the program named last before it; then how many pieces there are.
compare() {
	awk -v srcdir="$srcdir" '
	match($0, /examples\/guide\/[0-9]-[a-z]*\.c/) { file = substr($0, RSTART, RLENGTH) }
	/^```c$/ { in_code = 1; piece = ""; next }
	/^```$/ {
		in_code = 0
		pieces++
		if (!(file in texts)) {
			text = "\n"
			while ((getline line < (srcdir "/" file)) > 0)
				text = text line "\n"
			texts[file] = text
		}
		if (!index(texts[file], "\n" piece))
			print "not in " file ":\n" piece
	}
	in_code { piece = piece $0 "\n" }
	END { print pieces + 0 " pieces" }' "$srcdir/docs/guide.md"
}
is 'what the guide shows stands in the programs' "$(compare)" '15 pieces'

# ThreadSanitizer does not start where addresses are randomised widely.
run=
if [ -n "$LEASH_SANITIZER" ] && setarch "$(uname -m)" -R true 2>/dev/null; then
	run="setarch $(uname -m) -R"
fi

# What step N prints: `home` is asked for twice, and PAGES are there when notes is closed.
story() {
	echo '4 readers, 4000 visits'
	echo 'home is edited by alice'
	echo 'help is edited by alice'
	echo 'help is edited by nobody'
	[ -z "$3" ] || echo "home is edited by $3"
	echo "notes is closed; pages in memory: $1"
	echo "the end; pages in memory: $2"
}

# tells STEP AGAIN PAGES LEFT HOME
tells() {
	$run "$guide/$1" $2 >"$work/printed" 2>"$work/said"
	is "$1 ends well" "$?" 0
	is "$1 tells the story" "$(cat "$work/printed")" "$(story "$3" "$4" "$5")"
	is "$1 says nothing else" "$(cat "$work/said")" ''
}

# It leaks, which is what a sanitizer says.
[ -n "$LEASH_SANITIZER" ] || tells 0-naive '' 3 3 ''
tells 1-counts '' 4 0 ''
tells 2-weak again 4 0 nobody
tells 3-map again 3 0 nobody
tells 4-slot again 3 0 nobody
tells 5-peek again 3 0 nobody

is 'the guide says what the first program prints' "$(awk '/^It prints$/ { on = 1; next } on && /^    / { print substr($0, 5) }
	on && /^and has/ { exit }' "$srcdir/docs/guide.md")" "$(story 3 3 '')"

finish
