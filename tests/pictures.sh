# `make pictures`: those in docs/pictures are what the examples draw now, whatever the order of their objects.

. "$srcdir/tests/tap.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset MAKEFLAGS MFLAGS MAKELEVEL LEASH_OPTIONS
XDG_CACHE_HOME=$work
export XDG_CACHE_HOME

# Which object is which number follows from their addresses, which the allocator may choose otherwise elsewhere.
lines() { sed 's/\bn[0-9][0-9]*\b/n/g' "$1" | sort; }

# Where it stands is for dot to say, whose versions differ.
texts() { sed -n 's/^<text.*>\(.*\)<.text>$/\1/p' "$1" | sort; }

ok 'the examples draw' make --silent graphs pictures_folder="$work/now"
drawn() { (cd "$srcdir/docs/pictures" && echo *.dot | sed 's/\.dot/.svg/g'); }

is 'the same pictures' "$(cd "$work/now" && echo *)" "$(cd "$srcdir/docs/pictures" && echo *.dot)"
for graph in "$srcdir"/docs/pictures/*.dot; do
	name=$(basename "$graph" .dot)
	is "$name" "$(lines "$work/now/$name.dot")" "$(lines "$graph")"
	ok "$name is drawn" grep -q '</svg>' "$srcdir/docs/pictures/$name.svg"
	ok "$name is shown" grep -qF "(pictures/$name.svg)" "$srcdir/docs/seeing.md"
done

if make --silent pictures DOT=no-such-program pictures_folder="$work/none" >"$work/said" 2>&1; then
	ok 'without dot there are no pictures' false
else
	ok 'without dot it says what to install' grep 'install graphviz' "$work/said"
fi
if command -v dot >/dev/null; then
	is 'dot draws them' "$(make --silent pictures pictures_folder="$work/now" 2>&1 | grep -v '^  GEN ')" ''
	is 'all of them' "$(cd "$work/now" && echo *.svg)" "$(drawn)"
	for picture in "$work"/now/*.svg; do
		name=$(basename "$picture")
		is "$name says the same" "$(texts "$picture")" "$(texts "$srcdir/docs/pictures/$name")"
	done
else
	skip 'no dot'
	skip 'no dot'
fi

finish
