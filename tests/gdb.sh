# tools/leash-gdb.py: what gdb says of a process, of its core file, and where the library has been stripped.

. "$srcdir/tests/tap.sh"

command -v gdb >/dev/null || skip_all 'no gdb'
command -v objcopy >/dev/null || skip_all 'no objcopy'
[ -e "$LEASH_LIBRARY" ] || skip_all 'configured without a shared library'
[ "$(gdb -nx -batch -ex 'python print(6 * 7)' 2>&1)" = 42 ] || skip_all 'gdb has no Python'

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# debug ARGUMENT...: gdb with nobody's settings.
debug() {
	timeout 60 gdb -nx -batch -iex 'set debuginfod enabled off' -iex 'set debug-file-directory /nonexistent' \
		-iex 'set width 0' -iex 'set breakpoint pending on' -iex 'set python print-stack full' \
		-iex 'set disable-randomization off' -iex 'set startup-with-shell off' "$@" </dev/null 2>&1
}

debug -ex run /bin/true >"$work/try"
grep -q 'exited normally' "$work/try" || skip_all "gdb may not run programs here: $(tail -n 1 "$work/try")"

script=$(cd "$srcdir" && pwd)/tools/leash-gdb.py
mkdir "$work/stripped"
objcopy --strip-all "$LEASH_LIBRARY" "$work/stripped/libleash.so.0"

# What leash_why() has answered in the process.
for name in chain deep ring hanging loop selfish far array element cell eternal numbered titled odd endless attached; do
	printf 'echo == %s\\n\nleash why %s\n' $name $name
done >"$work/whys"

cat >"$work/questions" <<'END'
echo == given back\n
leash why stranger
output $leash(stranger)
echo \n
echo == refs\n
leash refs cell
leash refs array
leash refs key_map
leash refs drawer
leash refs row
leash refs eternal
echo == map\n
pipe leash refs map | LC_ALL=C sort
echo == referrers\n
leash refs deep
echo == objects\n
leash objects
leash objects row
leash stats
echo == print\n
output watcher
echo \n
output gone
echo \n
output empty
echo \n
output current
echo \n
output *chain->next
echo \n
output $leash(eternal)
echo \n
output $leash(watcher)
echo \n
output $leash(*selfish)
echo \n
echo == end\n
END

# From printed() to here(), where something is given back and not subtracted.  Only the thread that stopped goes on: nobody is
# there to subtract it, unless one of the library's threads had begun to, or was counting; then, another time.
cat >"$work/further" <<'END'
python
def go(others):
    gdb.execute('set scheduler-locking ' + ('off' if others else 'on'))
    gdb.execute('continue')

def is_quiet():
    return ('given back' in gdb.execute('output $leash(stranger)', to_string=True) and
            'in the middle' not in gdb.execute('leash why eternal', to_string=True))

go(False)
while not is_quiet():
    go(True)
    go(False)
end
END

# look NAME ARGUMENT...: stops the program where it has explained everything and asks the same; then asks more, of it and of its
# core file.
look() {
	look=$1
	shift
	debug "$@" -ex 'set environment LEASH_OPTIONS=track:true' -ex "source $script" \
		-ex 'break printed' -ex 'break here' -ex "run $work/$look.said" \
		-x "$work/whys" -ex 'echo == end\n' \
		-x "$work/further" -ex "generate-core-file $work/$look.core" \
		-x "$work/questions" -ex kill tests/debugged >"$work/$look.live"
	debug -ex "source $script" -x "$work/questions" tests/debugged "$work/$look.core" >"$work/$look.dead"
	debug -ex "source $script" -x "$work/whys" -ex 'echo == end\n' tests/debugged "$work/$look.core" >"$work/$look.why"
	echo '== end' >>"$work/$look.said"
}

# same FILE: its answers, to what leash_why() has answered too.  The drawer came later, and threads of the library's may count.
same() {
	sed -n '/^== chain$/,/^== end$/p' "$work/$1" |
		grep -v -e '^1 object of type drawer' -e '^a thread was in the middle' | diff "$work/${1%.*}.said" -
}

# said FILE SECTION: what stands there, addresses without their numbers.  Whether somebody is a suspect is the collector's
# affair.
said() {
	sed -n "/^== $2\$/,/^== /p" "$work/$1" |
		sed -e '/^== /d' -e 's/0x[0-9a-f][0-9a-f]*/ADDRESS/g' -e 's/; a suspect//'
}

# expect NAME FILE SECTION: standard input.
expect() {
	cat >"$work/expected"
	said "$2" "$3" >"$work/found"
	ok "$1" diff "$work/expected" "$work/found"
}

look whole
look stripped -ex "set environment LD_PRELOAD=$work/stripped/libleash.so.0"
ok 'a stripped library has been looked at' grep -q "$work/stripped/libleash.so.0" "$work/stripped.core"

for look in whole stripped; do
	is "$look: leash_why() has answered" "$(grep -c '^==' "$work/$look.said")" 17
	ok "$look: a process, as leash_why()" same $look.live
	ok "$look: its core file, as leash_why()" same $look.why

	for file in $look.live $look.dead; do
		# One, or some more: as the background thread came by, or did not.
		n=$(said $file 'given back' | sed -n 's/^.* \([1-9][0-9]*\) given back.*/\1/p' | head -n 1)
		expect "$file: given back" $file 'given back' <<END
node ADDRESS: $((n + 1)) references, 0 from fields, 1 from outside, $n given back and not yet subtracted
1 object of type drawer: references that its trace function reports are not shown
"node ADDRESS: $((n + 1)) references (1 by its owner, thread 2; $n by others), $n given back and not yet subtracted"
END
		expect "$file: refs" $file refs <<'END'
node ADDRESS: 1 reference (1 by its owner, thread 1; 0 by others)
refers to:
  .next -> node ADDRESS
is referred to by:
  row ADDRESS .cells[2]
0 from outside
1 object of type drawer: references that its trace function reports are not shown
leash_array ADDRESS: 1 reference (1 by its owner, thread 1; 0 by others)
refers to:
  [1] -> node ADDRESS
is referred to by no field
1 from outside
1 object of type drawer: references that its trace function reports are not shown
leash_key_map ADDRESS: 1 reference (1 by its owner, thread 1; 0 by others); has had weak references
refers to:
  [ADDRESS] -> node ADDRESS
is referred to by no field
1 from outside
1 object of type drawer: references that its trace function reports are not shown
drawer ADDRESS: 1 reference (1 by its owner, thread 1; 0 by others)
refers to nothing
references that its trace function reports are not shown
is referred to by no field
1 from outside
1 object of type drawer: references that its trace function reports are not shown
row ADDRESS: 1 reference (1 by its owner, thread 1; 0 by others); 32 bytes with its tail
refers to:
  .cells[2] -> node ADDRESS
is referred to by no field
1 from outside
1 object of type drawer: references that its trace function reports are not shown
node ADDRESS: not counted; merged; immortal
refers to nothing
is referred to by no field
1 object of type drawer: references that its trace function reports are not shown
END
		expect "$file: a map, in no order" $file map <<'END'
  ["0123456789012345678901234567890123456789"...] -> node ADDRESS
  ["\x00\x1f\x7f\n\"\\&ä€\xff\xc3"] -> node ADDRESS
  ["session:17"] -> node ADDRESS
  [42] -> node ADDRESS
1 from outside
1 object of type drawer: references that its trace function reports are not shown
is referred to by no field
leash_map ADDRESS: 1 reference (1 by its owner, thread 1; 0 by others)
refers to:
END
		is "$file: those who refer to one" "$(said $file referrers | grep '^  ' | sort)" \
			'  node ADDRESS .children[1]
  node ADDRESS .next'
		expect "$file: print" $file print <<'END'
node ADDRESS, 2 references
NULL, gone
NULL
node ADDRESS, 1 reference
{next = ADDRESS, children = {ADDRESS, ADDRESS}, parent = node ADDRESS, 1 reference, value = 2}
"node ADDRESS: not counted; merged; immortal"
"node ADDRESS: 2 references (2 by its owner, thread 1; 0 by others); has had weak references"
"node ADDRESS: 2 references (2 by its owner, thread 1; 0 by others)"
END
		said $file objects >"$work/objects"
		is "$file: objects" "$(awk '/ type$/ { heading = 1; next } NF == 3 { print $1, $2, $3 }' "$work/objects")" \
			'23 1472 node
1 64 loop
1 64 row
1 48 mortal
1 32 drawer
1 32 leash_array
1 32 leash_key_map
1 32 leash_map'
		ok "$file: objects of a type" grep -q '^row ADDRESS: 1 reference' "$work/objects"
		is "$file: stats" "$(awk '/^(alive|births|births_cyclic|frees) / { print }' "$work/objects" | paste -sd ' ')" \
			'alive 30 births 33 births_cyclic 30 frees 3'
	done
done

# ask NAME WANTED ARGUMENT...: what the last command says, in one line.
ask() {
	name=$1 wanted=$2
	shift 2
	is "$name" "$(debug -ex "source $script" "$@" 2>&1 | tail -n 1 | sed 's/0x[0-9a-f][0-9a-f]*/ADDRESS/g')" "$wanted"
}

core="tests/debugged $work/whole.core"
ask 'no argument' 'leash: leash why needs an address, or an expression' -ex 'leash why' $core
ask 'NULL' 'leash: NULL is not an object' -ex 'leash why 0' $core
ask 'gone' 'leash: the object of this weak reference is gone' -ex 'leash why gone' $core
ask 'no object there' 'leash: ADDRESS is not an object: objects begin at multiples of 16' -ex 'leash refs &deep->next + 1' $core
ask 'nor there' 'leash: ADDRESS is not an object: it is none of those that there are' -ex 'leash why deep + 100000' $core
ask 'no such type' 'leash: no object of type nothing' -ex 'leash objects nothing' $core
ask 'no process' 'leash: no process and no core file' -ex 'leash objects' tests/debugged
ask 'no libleash' 'leash: no libleash in this process' -ex starti -ex 'leash objects' /bin/true

# The example of the manual.  The order of those who refer to one is that of their addresses' hashes.
unify() {
	sed -e 's/0x[0-9a-f][0-9a-f]*/ADDRESS/g' -e 's/; a suspect//' | sed -e '/^  node ADDRESS \.[^>]*$/d' -e '/in the middle/d'
}
example() { sed -n '/^## An example/,/^`leash why`/p' "$srcdir/docs/debugging.md" | sed -n 's/^    //p'; }
example | sed -n 's/^(gdb) \(.*\)/echo (gdb) \1\\n\n\1/p' >"$work/commands"
example | unify >"$work/expected"
debug -ex 'set environment LEASH_OPTIONS=track:true' -ex "source $script" -ex 'break printed' -ex run \
	-ex 'echo == example\n' -x "$work/commands" -ex 'echo == end\n' -ex kill tests/debugged >"$work/example"
said example example | unify >"$work/found"
ok "docs/debugging.md" diff "$work/expected" "$work/found"

# A process without tracking, which is then broken on purpose.
debug -ex "source $script" -ex 'break here' -ex run \
	-ex 'echo == untracked\n' -ex 'leash objects' -ex 'leash why array' -ex 'leash refs chain' \
	-ex 'leash why 16' \
	-ex 'echo == field\n' -ex 'set var chain->children[1] = (struct node *)0x1230' -ex 'leash refs chain' -ex 'leash why chain' \
	-ex 'echo == header\n' -ex 'set var *(unsigned short *)((char *)deep - 16) = 60000' -ex 'leash why deep' \
	-ex 'output watcher' -ex 'echo \n' \
	-ex 'echo == version\n' -ex 'set var *(int *)&leash__debugger_1 = 9' -ex 'leash why chain' \
	-ex 'echo == end\n' -ex kill tests/debugged >"$work/broken"
expect 'without tracking' broken untracked <<'END'
leash: which objects there are is not known: run with LEASH_OPTIONS=track:true
leash_array ADDRESS: 1 reference, 0 from fields, 1 from outside or from fields of objects that are not known
only the object and what it refers to are known (LEASH_OPTIONS=track:true knows all)
node ADDRESS: 1 reference (1 by its owner, thread 1; 0 by others); has had weak references
refers to:
  .next -> node ADDRESS
what refers to it is not known: run with LEASH_OPTIONS=track:true
leash: ADDRESS is not an object: there is no memory in front of it
END
expect 'a broken field' broken field <<'END'
node ADDRESS: 1 reference (1 by its owner, thread 1; 0 by others); has had weak references
refers to:
  .next -> node ADDRESS
  .children[1] -> ADDRESS, which is not an object
what refers to it is not known: run with LEASH_OPTIONS=track:true
node ADDRESS: 1 reference, 0 from fields, 1 from outside or from fields of objects that are not known
only the object and what it refers to are known (LEASH_OPTIONS=track:true knows all)
node ADDRESS is corrupt: .children[1] -> ADDRESS, which is not an object
END
expect 'a broken header' broken header <<'END'
leash: ADDRESS is not an object, or its header is corrupt: there is no type of number 60000
ADDRESS (ADDRESS is not an object, or its header is corrupt: there is no type of number 60000)
END
ok 'another version' sh -c "sed -n '/^== version/,\$p' '$work/broken' | grep -q 'are of different versions: .* by version 9'"

# Stopped where it counts, and where an object dies.  Then headers are changed: a table of objects that is being changed; an
# object that is held by what was given back only; a dead one in an array; and one of which too few references are counted.
debug -ex 'set environment LEASH_OPTIONS=track:true' -ex "source $script" \
	-ex 'break leash__release_suspect' -ex 'break dying' -ex 'break printed' -ex 'break here' -ex run \
	-ex 'echo == counting\n' -ex 'leash why chain' -ex 'echo == end\n' -ex 'delete 1' -ex continue \
	-ex 'echo == dying\n' -ex 'leash why corpse' -ex 'output $leash(corpse)' -ex 'echo \n' -ex 'leash objects mortal' \
	-ex 'echo == end\n' -ex continue -x "$work/further" \
	-ex 'set $d = (unsigned long *)&leash__debugger_1' -ex 'set var *(unsigned long *)($d[8] + $d[13]) += 1' \
	-ex 'echo == changing\n' -ex 'leash why eternal' \
	-ex 'set var *((unsigned int *)stranger - 2) -= 2' -ex 'echo == late\n' -ex 'leash why stranger->next' \
	-ex 'set var *((unsigned char *)element - 14) |= 8' -ex 'echo == dead\n' -ex 'leash refs array' \
	-ex 'pipe leash why deep | head -n 1' -ex 'set var *((unsigned int *)deep - 2) -= 4' \
	-ex 'echo == few\n' -ex 'pipe leash why deep | head -n 2' \
	-ex 'echo == deciding\n' -ex 'set var *(unsigned long *)watcher |= 1' -ex 'output watcher' -ex 'echo \n' \
	-ex 'set var *((int *)chain - 3) -= 1' -ex 'set var *((unsigned int *)chain - 2) += 2' \
	-ex 'echo == up\n' -ex up -ex 'echo == place\n' \
	-ex 'output $leash(chain)' -ex 'echo \n' -ex 'output $_thread' -ex 'echo \n' \
	-ex 'python print(gdb.selected_frame().level())' \
	-ex 'echo == end\n' -ex kill tests/debugged >"$work/stopped"
expect 'in the middle of counting' stopped counting <<'END'
node ADDRESS: 1 reference, 0 from fields, 1 from outside
a thread was in the middle of counting when the process stopped: numbers may be off
END
expect 'in the middle of a death' stopped dying <<'END'
leash: mortal ADDRESS is dead: its hooks, or the end of its memory, are still to come
"mortal ADDRESS: 0 references; dead; merged"
mortal ADDRESS: 1 reference (1 by its owner, thread 1; 0 by others)
END
sed -i '/^1 object of type drawer/d' "$work/stopped"
changing='the table of all objects was being changed when the process stopped: some may be missing'
expect 'in the middle of a birth' stopped changing <<END
node ADDRESS is immortal: it is not counted
$changing
END
n=$(said stopped late | sed -n 's/^.* \([1-9][0-9]*\) given back.*/\1/p' | head -n 1)
expect 'held by what was given back' stopped late <<END
node ADDRESS: 1 reference, 1 from fields, 0 from outside
shortest chain from what was given back and is not yet subtracted:
  node ADDRESS, 0 from outside, $n given back and not yet subtracted
  .next -> node ADDRESS
$changing
END
expect 'a reference to the dead, and of the dead' stopped dead <<END
leash_array ADDRESS: 1 reference (1 by its owner, thread 1; 0 by others)
refers to:
  [1] -> node ADDRESS, dead
is referred to by no field
1 from outside
$changing
node ADDRESS: 2 references, 1 from fields, 1 from outside
END
expect 'too few references' stopped few <<'END'
node ADDRESS: 0 references, 1 from fields, -1 from outside
fields hold more references than are counted: the header or a field is corrupt, or was being changed
END
expect 'a weak reference while the collector decides' stopped deciding <<'END'
node ADDRESS, 0 references
END
expect 'thread and frame stay selected' stopped place <<'END'
"node ADDRESS: 1 reference (2 by its owner, thread 1; -1 by others); has had weak references"
1
1
END

# Installed, gdb finds it by itself.
unset MAKEFLAGS MFLAGS MAKELEVEL
folder=$(dirname "$LEASH_LIBRARY")
ok 'make install-data-local' make --silent install-data-local DESTDIR="$work" datadir=/share libdir="$folder"
installed() {
	debug -iex "set auto-load scripts-directory $work/share/gdb/auto-load" -iex 'set auto-load safe-path /' \
		-ex 'break here' -ex run "$@"
}
ok 'loaded with the library' sh -c "printf '%s\n' \"\$1\" | grep -q 'what refers to it is not known'" - \
	"$(installed -ex 'leash refs chain' -ex kill tests/debugged)"

if [ -n "$CXX" ]; then
	installed -ex 'echo == C++\n' -ex 'output first' -ex 'echo \n' -ex 'output nothing' -ex 'echo \n' \
		-ex 'output constant' -ex 'echo \n' -ex 'output points' -ex 'echo \n' -ex 'output gone' -ex 'echo \n' \
		-ex 'output *first.object' -ex 'echo \n' -ex 'output *first.object->next.object' -ex 'echo \n' \
		-ex 'leash refs first' -ex 'leash refs *first.object' -ex 'output $leash(points)' -ex 'echo \n' \
		-ex 'echo == end\n' -ex kill tests/debugged-cxx >"$work/cxx"
	expect 'C++' cxx C++ <<'END'
node ADDRESS, 2 references = {get() = ADDRESS}
NULL = {get() = ADDRESS}
node ADDRESS, 2 references = {get() = ADDRESS}
node ADDRESS, 2 references = {get() = ADDRESS}
NULL, gone = {get() = ADDRESS}
{next = node ADDRESS, 1 reference = {get() = ADDRESS}, parent = NULL = {get() = ADDRESS}, shared = node ADDRESS, 1 reference = {get() = ADDRESS}, value = 1, static leash_flags = 4}
{next = NULL = {get() = ADDRESS}, parent = node ADDRESS, 2 references = {get() = ADDRESS}, shared = NULL = {get() = ADDRESS}, value = 2, static leash_flags = 4}
node ADDRESS: 2 references (2 by its owner, thread 1; 0 by others); has had weak references
refers to:
  .next -> node ADDRESS
  .shared -> node ADDRESS
what refers to it is not known: run with LEASH_OPTIONS=track:true
node ADDRESS: 2 references (2 by its owner, thread 1; 0 by others); has had weak references
refers to:
  .next -> node ADDRESS
  .shared -> node ADDRESS
what refers to it is not known: run with LEASH_OPTIONS=track:true
"node ADDRESS: 2 references (2 by its owner, thread 1; 0 by others); has had weak references"
END
else
	skip 'no C++ compiler'
fi
ok 'make uninstall-local' make --silent uninstall-local DESTDIR="$work" datadir=/share libdir="$folder"
is 'it leaves nothing' "$(find "$work/share" -type f)" ''

finish
