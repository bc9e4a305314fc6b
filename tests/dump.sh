# What leash_heap_dump prints is read by those that it is meant for: dot says nothing to it, and JSON's numbers agree.

. "$srcdir/tests/tap.sh"

dump=${top_builddir:-.}/tests/test-dump
[ -f "$dump" ] || { echo "Bail out! no $dump"; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Where fonts are looked up for the first time, there has to be a place to remember it.
XDG_CACHE_HOME=$work
export XDG_CACHE_HOME

print() { LEASH_OPTIONS=track:true "$dump" print "$1" "$2"; }

# as_picture SCENE TEXT: what people read in it, once
as_picture() {
	print "$1" graphviz >"$work/in.dot"
	is "$1: dot has nothing to say" "$(dot -Tsvg -o "$work/out.svg" "$work/in.dot" 2>&1)" ''
	is "$1: the picture has it" "$(grep -cF "$2" "$work/out.svg")" 1
	ok "$1: it is XML" python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$work/out.svg"
}

if command -v dot >/dev/null && command -v python3 >/dev/null; then
	as_picture summary '601 objects, 28848 bytes'
	as_picture chain '300000 objects'
	as_picture around '&quot;b&quot; \N\ c'
	as_picture few '&lt;e&gt; &amp;amp;'
else
	skip 'no dot, or no python3'
fi

# figures SCENE EXPRESSION: of what json.load() makes of it
figures() { print "$1" json | python3 -c "import json, sys; d = json.load(sys.stdin); print($2)" 2>&1; }

if command -v python3 >/dev/null; then
	is 'types' "$(figures summary '[(t["objects"], t["bytes"], t["outside"], t["garbage"]) for t in d["types"]]')" \
		'[(601, 28848, 0, 600), (1, 48, 1, 0)]'
	is 'fields' \
		"$(figures summary '[(f["type"], f["field"], f["to"], f["references"], f["in_cycles"]) for f in d["fields"]]')" \
		"[(1, 'next', 1, 300, 300), (1, 'row[]', 1, 600, 600), (2, 'next', 1, 1, 0)]"
	is 'cycles' "$(figures summary 'd["cycles"], d["complete"], d["consistent"]')" '300 True True'
	is 'a chain' "$(figures chain 'sum(t["objects"] for t in d["types"]), d["cycles"]')" '300000 0'
	is 'surroundings' \
		"$(figures around 'd["centre"], [(o["id"], o["outside"], [f["object"] for f in o["fields"]]) for o in d["objects"]]')" \
		'1 [(1, 1, [2]), (2, 0, [])]'
	is 'all, and each name is one' \
		"$(figures few 'sorted(o["type"][:9] for o in d["objects"]), len({o["address"] for o in d["objects"]})')" \
		"['a \"b\" \\\\N\\\\', 'node'] 2"
else
	skip 'no python3'
fi

finish
