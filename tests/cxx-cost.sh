# What leash.hpp compiles to: nothing but the calls of C.  Each pair of functions below does the same, with C's calls
# (c_) and with leash.hpp (cxx_); the second must not have more instructions, but for three in a hundred by which
# compilers differ with themselves.

. "$srcdir/tests/tap.sh"

[ -n "$CXX" ] || skip_all 'no C++ compiler'
command -v objdump >/dev/null || skip_all 'no objdump'

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/pairs.cc" <<'END'
#include <leash/leash.hpp>

struct node {
	leash::field<node> next;
	leash::weak_field<node> parent;
	long value;
	LEASH_CLASS(node, next, parent);
};
struct c_node {
	c_node *next;
	leash_weak parent;
	long value;
};
using ref = leash::ref<node>;

extern "C" {
void *c_copy(void **from) { return leash_retain(*from); }
void *cxx_copy(const ref &from) { return ref(from).release(); }

void c_release(void *object) { leash_release(object); }
void cxx_release(node *object) { ref::take(object); }

void c_reset(void **variable)
{
	void *old = *variable;
	*variable = nullptr;
	leash_release(old);
}
void cxx_reset(ref &variable) { variable.reset(); }

void c_assign(void **to, void **from)
{
	void *fresh = leash_retain(*from), *old = *to;
	*to = fresh;
	leash_release(old);
}
void cxx_assign(ref &to, const ref &from) { to = from; }

void c_move(void **to, void **from)
{
	void *fresh = *from, *old;
	*from = nullptr;
	old = *to;
	*to = fresh;
	leash_release(old);
}
void cxx_move(ref &to, ref &from) { to = std::move(from); }

long c_hop(c_node *n)
{
	c_node *next = leash_get(&n->next);
	long value = next->value;
	leash_release(next);
	return value;
}
long cxx_hop(node *n) { return n->next.load()->value; }

long c_look(c_node *n) { return n->next->value; }
long cxx_look(node *n) { return n->next->value; }

void c_set(c_node *n, c_node **x) { leash_set(&n->next, *x); }
void cxx_set(node *n, const ref &x) { n->next.store(x); }

void c_set_take(c_node *n, c_node *x) { leash_set_take(&n->next, x); }
void cxx_set_take(node *n, node *x) { n->next.store(ref::take(x)); }

void *c_steal(c_node *n) { return leash_steal(&n->next); }
void *cxx_steal(node *n) { return n->next.steal().release(); }

void c_clear(c_node *n) { leash_clear(&n->next); }
void cxx_clear(node *n) { n->next.clear(); }

void *c_weak_load(c_node *n) { return leash_weak_load(&n->parent); }
void *cxx_weak_load(node *n) { return n->parent.load().release(); }

void *c_slot_load(leash_slot *slot) { return leash_slot_load(slot); }
void *cxx_slot_load(leash::slot<node> *slot) { return slot->load().release(); }

void c_slot_store(leash_slot *slot, void **x) { leash_slot_store(slot, *x); }
void cxx_slot_store(leash::slot<node> *slot, const ref &x) { slot->store(x); }

/* Members are initialised in C++, which C's functions leave at 0. */
void *c_make()
{
	c_node *n = static_cast<c_node *>(leash_new(&leash::type<node>));
	if (__builtin_expect(n == nullptr, 0))
		throw std::bad_alloc();
	n->next = nullptr;
	n->parent = nullptr;
	n->value = 0;
	return n;
}
void *cxx_make() { return leash::make<node>().release(); }
}
END

# gcc makes one function of two that are the same, and jumps from one to the other.
separate=
"$CXX" -fno-ipa-icf -Werror -x c++ -fsyntax-only /dev/null 2>"$work/log" && separate=-fno-ipa-icf

ok 'it compiles' "$CXX" -std=c++17 -O2 $separate -Wall -Wextra -pedantic -Werror $(pkg-config --cflags liburcu-bp) \
	-I"$srcdir/include" -c "$work/pairs.cc" -o "$work/pairs.o"

# The number of instructions of each function, those set apart as unlikely included; padding is none.
objdump --disassemble --no-show-raw-insn "$work/pairs.o" | awk '
	/^[0-9a-f]+ <.*>:$/ { name = $2; gsub(/[<>:]/, "", name); sub(/\.cold$/, "", name); next }
	/^ +[0-9a-f]+:/ && !/nop|xchg +%ax,%ax|int3/ { count[name]++ }
	END { for (name in count) print name, count[name] }' >"$work/counts"

instructions() { awk -v name="$1" '$1 == name { print $2 }' "$work/counts"; }

for name in copy release reset assign move hop look set set_take steal clear weak_load slot_load slot_store \
	make; do
	c=$(instructions "c_$name")
	cxx=$(instructions "cxx_$name")
	ok "$name: $c instructions with C's calls, $cxx with leash.hpp" [ $((${cxx:-1000} * 100)) -le $((${c:-0} * 103)) ]
done

finish
