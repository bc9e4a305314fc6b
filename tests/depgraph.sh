# examples/depgraph: what it accepts and refuses, and what it says does not die and is collected.
#
# The numbers expected here were counted by hand: a package is one object, each of its versions
# another, and each dependency of a version; a name that is only needed or provided is one, and the
# catalog of all packages is one. The program compares with its own prediction besides, to the
# single object, and fails when they differ.

. "$srcdir/tests/tap.sh"

depgraph=$PWD/${top_builddir:-.}/examples/depgraph/depgraph
[ -f "$depgraph" ] || { echo "Bail out! no $depgraph"; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# ThreadSanitizer does not start where addresses are randomised widely.
run=
if [ -n "$LEASH_SANITIZER" ] && setarch "$(uname -m)" -R true 2>/dev/null; then
	run="setarch $(uname -m) -R"
fi

# depgraph_on FILE ARG...: runs it, briefly, keeping everything it says.
depgraph_on() {
	$run "$depgraph" -d 0.01 --all "$@" >out 2>err
	status=$?
	[ $status = 0 ] || sed 's/^/# /' err
}

# The lines about what did not die.
left() { sed -n 's/^\(.*\) objects did not die; predicted \(.*\): agrees$/\1 of \2/p' out; }
collected() { sed -n 's/^The collector reclaimed \(.*\) objects; predicted \(.*\): agrees$/\1 of \2/p' out; }
collection() { sed -n 's/^  \(.*\) cycles* and what [a-z]* held, in [0-9.]* ms, while \(.*\) threads made [0-9,]* steps.*/\1 by \2/p' out; }
cycles() { sed -n 's/^  cycle //p' out; }
held() { sed -n 's/^  \([^ ]*\), held by cycle \(.*\)$/\1 \2/p' out | paste -sd ' '; }
born() { tr -d , <out | awk '/^objects / { print $2, $3 }'; }

# graph NAME OBJECTS LEFT CYCLES HELD, of the input in the file `in`
graph() {
	for threads in 1 3; do
		depgraph_on -t $threads in
		is "$1, $threads threads: status" "$status" 0
		is "$1, $threads threads: objects" "$(born)" "$2 $2"
		is "$1, $threads threads: left" "$(left)" "$3 of $3"
		is "$1, $threads threads: collected" "$(collected)" "$3 of $3"
		is "$1, $threads threads: how" "$(collection)" "$(printf %s "$4" | grep -c :) by $threads"
		is "$1, $threads threads: cycles" "$(cycles)" "$4"
		is "$1, $threads threads: held by them" "$(held)" "$5"
	done
}

# package NAME [FIELD...]
package() {
	printf 'Package: %s\n' "$1"
	shift
	[ $# = 0 ] || printf '%s\n' "$@"
	echo
}

# --- Graphs

package lonely >in
graph 'one package' 3 0 '' ''

{
	package a 'Depends: b'
	package b 'Depends: a'
} >in
graph 'two that need each other' 7 6 '1: a -> b -> a' ''

package narcissus 'Version: 1' 'Depends: narcissus' >in
graph 'one that needs itself' 4 3 '1: narcissus -> narcissus' ''

{
	package top 'Depends: left, right'
	package left 'Depends: bottom'
	package right 'Depends: bottom'
	package bottom
} >in
graph 'a diamond' 13 0 '' ''

# The second alternative closes the cycle; the first is a leaf and is held by it.
{
	package a 'Depends: leaf | b (>= 2) | nowhere'
	package b 'Pre-Depends: a:any (= 1)'
	package leaf
	package unrelated 'Depends: leaf'
} >in
graph 'alternatives' 13 9 '1: a -> b -> a' 'leaf 1 nowhere 1'

# web is provided by the package that needs it; mail by one that does not.
{
	package server 'Provides: web (= 1), mail' 'Depends: client'
	package client 'Depends: web'
	package reader 'Depends: mail'
} >in
graph 'virtual packages' 12 6 '1: client -> web -> client' ''

# The versions of one package are looked at together; the loop runs through the second.
{
	package a 'Version: 1' 'Architecture: amd64'
	package b 'Depends: a'
	package a 'Version: 2' 'Architecture: i386' 'Depends: b'
} >in
graph 'several versions' 8 7 '1: a -> b -> a' ''

# A cycle that holds a cycle.  What two of them hold is put down to the first.
{
	package a 'Depends: b'
	package b 'Depends: a, c, both'
	package c 'Depends: d'
	package d 'Depends: c, both, second'
	package second 'Depends: end'
	package end
	package both
	package free 'Depends: a'
} >in
graph 'cycles in a row' 27 23 "$(printf '1: a -> b -> a\n2: c -> d -> c')" 'second 2 end 2 both 1'

# One component, more than one cycle.
{
	package a 'Depends: b'
	package b 'Depends: c, a'
	package c 'Depends: a'
} >in
graph 'cycles that share packages' 11 10 '1: a -> b -> a, and 1 more packages in cycles with these' ''
is 'cycles that share packages: the others are named' "$(sed -n 's/^    with: //p' out)" c

printf 'PACKAGE: a\nDEPENDS:\n b,\n\tc\n | d\nDescription: x\n .\n Depends: no\n \t\nPackage:b\n\n\n\nPackage: c' >in
graph 'folded fields, case, blank lines, no newline at the end' 10 0 '' ''

awk 'BEGIN { for (i = 0; i < 20000; i++) printf "Package: p%d\nDepends: p%d\n\n", i, i + 1 }' >in
graph 'a chain of 20,000' 60002 0 '' ''

awk 'BEGIN { for (i = 0; i < 20000; i++) printf "Package: p%d\nDepends: p%d\n\n", i, (i + 1) % 20000 }' >in
depgraph_on in
is 'a ring of 20,000: status' "$status" 0
is 'a ring of 20,000: left' "$(left)" '60000 of 60000'
is 'a ring of 20,000: collected' "$(collected)" '60000 of 60000'
is 'a ring of 20,000: not by naive counting' "$(grep -c '^The naive engine has no collector: its 60000 objects ' out)" 1
is 'a ring of 20,000: all of it in one cycle' "$(cycles | tr ' ' '\n' | grep -c p)" 20001

# --- Random graphs: the engines against the prediction, the prediction against another.

# An independent account of what is left: drops whatever nothing refers to, until nothing changes.
# Prints how many packages that were, and the objects.
survivors() {
	awk '
	/^Package: / { name = $2; seen[name] = 1; v = ++versions; owner[v] = name; edge("p" name, "v" v) }
	/^Depends: / { n = split(substr($0, 10), list, ", ")
		for (i = 1; i <= n; i++) {
			d = ++dependencies
			edge("v" v, "d" d)
			m = split(list[i], alternatives, " [|] ")
			for (k = 1; k <= m; k++) edge("d" d, "p" alternatives[k])
		} }
	/^Provides: / { n = split(substr($0, 11), list, ", ")
		for (i = 1; i <= n; i++) edge("p" list[i], "v" v) }
	function edge(from, to) {
		if (!(from in out)) out[from] = 0
		if (!(to in out)) out[to] = 0
		target[from, out[from]++] = to
		count[to]++
	}
	END {
		for (o in out) { alive++; if (!count[o]) queue[++last] = o }
		while (first < last) {
			o = queue[++first]
			alive--
			for (i = 0; i < out[o]; i++) if (!--count[target[o, i]]) queue[++last] = target[o, i]
		}
		print alive
	}' "$1"
}

# random SEED PACKAGES DEPENDENCIES: dependencies a package on the average.
random() {
	awk -v seed="$1" -v n="$2" -v k="$3" '
	function name() { return "p" int(rand() * n * 1.1) }
	BEGIN {
		srand(seed)
		for (i = 0; i < n; i++) {
			printf "Package: p%d\nVersion: %d\n", rand() < 0.1 ? int(rand() * n) : i, i
			line = ""
			while (rand() * (k + 1) < k) {
				line = line (line == "" ? "Depends: " : ", ") name()
				while (rand() < 0.2) line = line " | " name()
			}
			if (line != "") print line
			if (rand() < 0.1) print "Provides: " name() ", " name()
			print ""
		}
	}'
}

wrong=
for seed in 1 2 3 4 5 6 7 8 9 10 11 12; do
	for packages in 3 40 1000; do
		for dependencies in 0.5 0.8 1 2; do
			random $seed $packages $dependencies >in
			depgraph_on -t $((seed % 4 + 1)) -s $seed in
			expected=$(survivors in)
			[ "$status: $(left), $(collected)" = "0: $expected of $expected, $expected of $expected" ] ||
				wrong="$wrong (random $seed $packages $dependencies: $status, $(left), $(collected), not $expected)"
		done
	done
done
is 'random graphs' "$wrong" ''

# Where the input is cut among the threads changes nothing of what is said.
random 7 1000 1 >in
for threads in 1 2 3 8 16; do
	depgraph_on -t $threads in
	sed -n '1p; /dropped/,$p' out | grep -v ' threads made '
done | sort | uniq -c | awk '{ print $1 % 5 }' | sort -u >counts
is 'the same for any number of threads' "$(cat counts)" 0

# --- Refusals

# refused NAME LINE WHAT, of the input in the file `in`
refused() {
	for threads in 1 5; do
		depgraph_on -t $threads in
		is "$1, $threads threads: status" "$status" 1
		is "$1, $threads threads: message" "$(grep '^depgraph: ' err)" "depgraph: in:$2: $3"
		is "$1, $threads threads: nothing else" "$(cat out)" ''
	done
}

# Paragraphs around the wrong one, so that there is something to cut.
around() {
	package first 'Description: one' ' two' ' three'
	cat
	printf '\n'
	package last 'Depends: first'
}

: >in
refused 'empty' 1 'no packages'
printf '\n\n \t\n\n' >in
refused 'blank' 1 'no packages'
printf 'Package: a\nthis line says nothing\n' | around >in
refused 'no colon' 7 "line without ':'"
printf 'Package: a\n: x\n' | around >in
refused 'no field name' 7 'empty field name'
printf 'Package: a\nnot a name: x\n' | around >in
refused 'a space in the field name' 7 "not a field name in front of ':'"
printf ' Package: a\n' | around >in
refused 'continuation first' 6 'continuation line without a field above it'
printf 'Version: 1\nDepends: a\n' | around >in
refused 'no Package' 6 'paragraph without Package'
printf 'Package: a\nDepends: b, , c\n' | around >in
refused 'empty name' 7 'empty package name'
printf 'Package: a\nDepends: b,\n c,\n d,\n' | around >in
refused 'comma at the end' 9 'empty package name'
printf 'Package: a\nDepends: b,\n | c\n' | around >in
refused 'no first alternative' 8 'empty package name'
printf 'Package: a\nDepends: b (>= 1, c\n' | around >in
refused 'open parenthesis' 7 "'(' without ')'"
printf 'Package: a\nDepends: b (>= 1, c (>= 2)\n' | around >in
refused 'open parenthesis before another' 7 "'(' without ')'"
printf 'Package: a\nDepends: b,\n c (>= 1\n' | around >in
refused 'open parenthesis at the end' 8 "'(' without ')'"
printf 'Package: a\nDepends: b >= 1), c\n' | around >in
refused 'no parenthesis' 7 "'>' where ',' or '|' should be"
printf 'Package: a\nDepends: b), c\n' | around >in
refused 'closing parenthesis' 7 "')' without '('"
printf 'Package: a\nDepends: b (=> 1)\n' | around >in
refused 'unknown relation' 7 "unknown relation '=>'"
printf 'Package: a\nDepends: b (>=)\n' | around >in
refused 'no version' 7 'empty version'
printf 'Package: a\nDepends: b (>= 1 2)\n' | around >in
refused 'two versions' 7 "more than a version between '(' and ')'"
printf 'Package: a\nDepends: b;c\n' | around >in
refused 'bad character' 7 "';' in a package name"
printf 'Package: a\nDepends: +b\n' | around >in
refused 'bad first character' 7 "'+' in a package name"
printf 'Package: a\nDepends: )\n' | around >in
refused 'no character' 7 "')' in place of a package name"
printf 'Package: a\nDepends: b\303\244\n' | around >in
refused 'not ASCII' 7 '\xc3 in a package name'
printf 'Package: a\nProvides: b | c\n' | around >in
refused 'alternatives provided' 7 "'|' in Provides"
printf 'Package:\n' | around >in
refused 'Package without a name' 6 'empty package name'
printf 'Package: a b\n' | around >in
refused 'two names' 6 "'b' behind the package name"
printf 'Package: a\nDepends: b\nDescription: c\nDepends: d\n' | around >in
refused 'a field twice' 9 'second Depends in one paragraph'
printf 'Package: a\nDescription: b\n c\000d\n' | around >in
refused 'NUL byte' 8 'NUL byte'
{ printf 'Package: a\nDepends: (\n\n'; random 1 1000 1; printf 'no colon\n'; } >in
refused 'the first of two mistakes' 2 'empty package name'

# said NAME MESSAGE ARG...: refused with this, whatever there is in the input
said() {
	name=$1 message=$2
	shift 2
	depgraph_on "$@"
	is "$name: status" "$status" 1
	is "$name: message" "$(grep '^depgraph: ' err)" "depgraph: $message"
}

said 'no such file' 'missing: No such file or directory' missing
said 'a folder' '.: Is a directory' .
printf 'Package: a\nx\n' >in
said 'standard input, malformed' "<stdin>:2: line without ':'" - <in
said 'standard input, empty' '<stdin>:1: no packages' - </dev/null
said 'standard input, closed' '<stdin>: Bad file descriptor' - <&-

# --- The command line

package a 'Depends: a' >in
depgraph_on - <in
is 'standard input: status' "$status" 0
is 'standard input: left' "$(left)" '3 of 3'
is 'standard input: named' "$(sed -n 's/: 1 packages.*//p' out)" '<stdin>'
is 'progress elsewhere: a line a stage' "$(wc -l <err)" 5
is 'progress elsewhere: nothing rewritten' "$(grep -c "$(printf '\r')" err)" 0
if script -qec true /dev/null >/dev/null 2>&1; then
	script -qec "'$depgraph' -d 0.05 in 2>&1 >/dev/null" /dev/null >out </dev/null
	is 'progress on a terminal: one line' "$(wc -l <out)" 0
	is 'progress on a terminal: rewritten' "$(tr '\r' '\n' <out | grep -c ' walks/s, ')" 10
else
	skip 'no script'
	skip 'no script'
fi

# wrong_usage NAME ARG...
wrong_usage() {
	name=$1
	shift
	"$depgraph" "$@" >out 2>err
	is "$name: status" $? 2
	is "$name: usage" "$(tail -n 1 err | cut -c 1-15)" 'usage: depgraph'
	is "$name: nothing else" "$(cat out)" ''
}
wrong_usage 'unknown option' --frobnicate in
wrong_usage 'two files' in in
for value in 0 -1 1025 2x '' 99999999999999999999; do
	wrong_usage "threads '$value'" -t "$value" in
done
for value in 0 -1 1x '' nan inf; do
	wrong_usage "duration '$value'" -d "$value" in
done
for value in -1 x '' 99999999999999999999; do
	wrong_usage "seed '$value'" -s "$value" in
done

"$depgraph" --help >out 2>err
is 'help: status' $? 0
is 'help: usage' "$(head -n 1 out | cut -c 1-15)" 'usage: depgraph'
is 'help: no complaint' "$(cat err)" ''
is 'version' "$("$depgraph" --version | grep -c '^depgraph [0-9]')" 1

depgraph_on --ratio in
is 'ratio: status' "$status" 0
is 'ratio: one line' "$(wc -l <out)" 1
is 'ratio: a number, a tab, details' "$(grep -cE '^[0-9]+\.[0-9]{2}	[a-z]' out)" 1
is 'ratio: no progress' "$(cat err)" ''

{
	package a 'Depends: b'
	package b 'Depends: a, leaf'
	package leaf
} >in
depgraph_on --picture=picture.dot in
is 'a picture: status' "$status" 0
is 'a picture: two packages, their versions, what they need, and the leaf' \
	"$(grep -c 'label="\(package\|version\|dependency\)\\n.*garbage"' picture.dot) of $(left)" '9 of 9 of 9'
depgraph_on --picture=missing/picture.dot in
is 'no folder for a picture' "$status $(grep '^depgraph: ' err)" \
	'1 depgraph: missing/picture.dot: No such file or directory'
LEASH_OPTIONS=bias:true
export LEASH_OPTIONS
depgraph_on --picture=picture.dot in
unset LEASH_OPTIONS
is 'no picture without tracking' "$status $(grep '^depgraph: ' err)" \
	'1 depgraph: picture.dot: no picture without LEASH_OPTIONS=track:true'

if [ -e /dev/full ]; then
	"$depgraph" -d 0.01 in >/dev/full 2>err
	is 'a full disk: status' $? 1
	is 'a full disk: message' "$(grep '^depgraph: ' err)" \
		'depgraph: cannot write: No space left on device'
else
	skip 'no /dev/full'
	skip 'no /dev/full'
fi

finish
