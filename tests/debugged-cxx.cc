/* What tests/gdb.sh prints: references of each kind of leash.hpp.  It does nothing of interest without a debugger. */
#include <leash/leash.hpp>

class node {
public:
	explicit node(int v) : value(v) {}
	leash::field<node> next;
	leash::weak_field<node> parent;
	leash::slot<node> shared;
	int value;
	static constexpr unsigned leash_flags = LEASH_WEAKABLE;
	LEASH_CLASS(node, next, parent, shared);
};

extern "C" void here();
extern "C" __attribute__((noinline)) void here() { __asm__ volatile("" ::: "memory"); }

leash::ref<node> first, nothing;
leash::ref<const node> constant;
leash::weak<node> points, gone;

int main()
{
	first = leash::make<node>(1);
	constant = first;
	points = first;
	gone = leash::weak<node>(leash::make<node>(4));
	first->next.store(leash::make<node>(2));
	first->next->parent.store(points);
	first->shared.store(leash::make<node>(3));
	here();
	return 0;
}
