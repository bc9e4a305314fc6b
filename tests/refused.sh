# What the public header must refuse to compile, each beside what it accepts.

. "$srcdir/tests/tap.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

preamble='
#include <leash/leash.h>
struct other { long key; };
struct node { struct node *left; struct other *right; long key; long keys[2]; char name[16]; struct node *tail[1]; };
'

# compiles LANGUAGE TEXT
compiles() {
	case $1 in
	c) set -- "$2" $CC -std=gnu11 -x c ;;
	c++) set -- "$2" $CXX -std=gnu++17 -x c++ ;;
	esac
	text=$1
	shift
	printf '%s\n%s\n' "$preamble" "$text" >"$work/text"
	"$@" -Wall -Werror -Wno-unused -I"$srcdir/include" -fsyntax-only "$work/text" 2>"$work/log"
}

# check NAME TEXT-WITH-@ ACCEPTED REFUSED
check() {
	for language in $languages; do
		ok "$language: $1" compiles $language "$(printf '%s' "$2" | sed "s/@/$3/")"
		if compiles $language "$(printf '%s' "$2" | sed "s/@/$4/")"; then
			ok "$language: $1, refused" false
		else
			ok "$language: $1, refused" true
		fi
	done
}

languages=c
[ -z "$CXX" ] || languages='c c++'

type='static const leash_type node_type = { .name = "node", .size = sizeof(struct node), LEASH_FIELDS(struct node, @) };'
body() { printf 'void test(struct node *n, struct other *o); void test(struct node *n, struct other *o) { %s }' "$1"; }

check 'a field' "$type" left missing
check 'a field is a pointer' "$type" left key
check 'an array of fields has pointers' "$type" 'tail' keys
check 'an array of fields is not text' "$type" 'tail' name
check 'a tail' "$type" 'LEASH_TAIL(tail)' 'LEASH_TAIL(left)'
check 'a tail has pointers' "$type" 'LEASH_TAIL(tail)' 'LEASH_TAIL(keys)'
check 'set takes the type of the field' "$(body 'leash_set(&n->left, @);')" n o
check 'set_take takes the type of the field' "$(body 'leash_set_take(&n->left, @);')" n o
check 'get gives the type of the field' "$(body '@ = leash_get(&n->left);')" n o
check 'steal gives the type of the field' "$(body '@ = leash_steal(&n->right);')" o n
check 'retain gives the type of its argument' "$(body '@ = leash_retain(o);')" o n

finish
