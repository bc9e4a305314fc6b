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

[ -n "$CXX" ] || finish
languages=c++
preamble='
#include <leash/leash.hpp>
struct other { long key; };
struct left { leash::field<other> a; LEASH_CLASS(left, a); };
struct right { virtual ~right() = default; };
struct both : left, right { leash::field<both> b; LEASH_CLASS(both, a, b); };
struct heir : left { leash::field<heir> b; };
'
check 'LEASH_CLASS names fields' 'struct node { leash::field<other> a; other b; LEASH_CLASS(node, @); };
	auto type = &leash::type<node>;' a b
check 'a derived class has its own LEASH_CLASS' 'auto type = &leash::type<@>;' both heir
check 'a base class comes first' "$(body 'leash::ref<both> b; leash::ref<@> r = b;')" right left
check 'a ref is made of a pointer by take or share only' "$(body 'leash::ref<other> r = @;')" \
	'leash::ref<other>::share(o)' o
check 'a field is not assigned' "$(body 'leash::ref<left> l; leash::ref<other> r; @;')" 'l->a.store(r)' 'l->a = r'
check 'a peek is in a section' "$(body 'leash::slot<other> s; leash::read_section r; s.peek(@);')" r ''

finish
