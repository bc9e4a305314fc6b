# bench/ratios: what it prints and when it refuses. Which figures it prints is not looked at.

. "$srcdir/tests/tap.sh"

ratios=$PWD/bench/ratios
[ -x "$ratios" ] || skip_all 'bench/ratios is not built'
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT

measures=$("$ratios" -l)
is 'bench/README.md explains every measure' \
	"$(sed -n 's/^| `\([a-z0-9_]*\)`.*/\1/p' "$srcdir/bench/README.md")" "$measures"

# examples/depgraph has tests of its own and takes long.
quick=$(printf '%s\n' "$measures" | grep -v depgraph)
"$ratios" -r 1 $quick >"$folder/out" 2>"$folder/err"
is 'each line is a name, a number and a detail' \
	"$(grep -vE '^[a-z0-9_]+	[0-9.e+-]+	[^	]+$' "$folder/out")" ''
is 'no measure comes twice' "$(cut -f 1 "$folder/out" | sort | uniq -d)" ''
for measure in $quick; do
	# A machine with one processor, or a busy one, cannot take all of them, and says so.
	ok "$measure is printed, or reported as missing" \
		sh -c "cut -f 1 '$folder/out' | grep -qx $measure || grep -q '^ratios: $measure: ' '$folder/err'"
done

with_path() (
	PATH=$1
	shift
	"$@"
)

refuses() {
	want=$1
	shift
	(cd "$folder" && "$ratios" "$@" >out 2>err)
	got=$?
	[ $got = "$want" ] || echo "status $got"
	[ ! -s "$folder/out" ] || echo 'it prints to stdout'
	[ -s "$folder/err" ] || echo 'it does not say why'
	[ $got = "$want" ] && [ ! -s "$folder/out" ] && [ -s "$folder/err" ]
}

ok 'a measure nobody knows is refused' refuses 2 pair_vs_nothing
ok 'so are no repetitions' refuses 2 -r 0
ok 'a program that is not there is reported' refuses 1 depgraph_vs_naive
ok 'so is a collector that is not there' refuses 1 cycles_vs_boehm
ok 'so is an interpreter' with_path "$folder" refuses 1 -r 1 cycles_vs_cpython

finish
