/* leash.hpp: references, weak references, fields and slots as values. */
#include <leash/leash.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include "sanitized.h"
#include "tap.h"
#include "wait.h"

namespace {

int alive; /* nodes */

struct node {
	node() { __atomic_fetch_add(&alive, 1, __ATOMIC_RELAXED); }
	explicit node(int number) : node() { value = number; }
	~node()
	{
		if (left || right || row[0] || row[1] || shared.load())
			bail_out("a destructor finds a field that was not emptied");
		__atomic_fetch_sub(&alive, 1, __ATOMIC_RELEASE);
	}

	leash::field<node> left, right;
	leash::field<node> row[2];
	leash::weak_field<node> parent;
	leash::slot<node> shared;
	int value = 0;

	static constexpr unsigned leash_flags = LEASH_WEAKABLE;
	LEASH_CLASS(node, left, right, row, parent, shared);
};

struct plain { /* allows no weak references */
	int value;
};

struct base {
	virtual ~base() { bases--; }
	virtual const char *what() const { return "base"; }
	static int bases;
};
struct derived : base {
	const char *what() const override { return "derived"; }
};
struct other : base {};
struct shape { /* abstract */
	virtual ~shape() = default;
	virtual int corners() const = 0;
};
struct polygon : shape {};
struct square : polygon {
	int corners() const override { return 4; }
};
int base::bases;

static_assert(sizeof(leash::ref<node>) == sizeof(void *) && sizeof(leash::weak<node>) == sizeof(void *) &&
	      sizeof(leash::slot<node>) == sizeof(void *) && sizeof(leash::weak_field<node>) == sizeof(void *));
static_assert(std::is_standard_layout_v<leash::field<node>> && sizeof(leash::field<node>) == sizeof(void *));
static_assert(std::is_trivially_destructible_v<leash::field<node>> &&
	      std::is_trivially_destructible_v<leash::weak_field<node>> &&
	      std::is_trivially_destructible_v<leash::slot<node>>);
static_assert(!std::is_copy_constructible_v<leash::field<node>> && !std::is_copy_assignable_v<leash::field<node>>);
static_assert(std::is_nothrow_move_constructible_v<leash::ref<node>> &&
	      std::is_nothrow_move_constructible_v<leash::weak<node>>);
static_assert(std::is_convertible_v<leash::ref<derived>, leash::ref<base>> &&
	      std::is_convertible_v<leash::ref<node>, leash::ref<const node>> &&
	      std::is_convertible_v<leash::ref<node>, leash::ref<void>> &&
	      !std::is_convertible_v<leash::ref<base>, leash::ref<derived>> &&
	      !std::is_convertible_v<leash::ref<const node>, leash::ref<node>> &&
	      !std::is_convertible_v<node *, leash::ref<node>>);

long long count(const leash::ref<node> &object)
{
	return static_cast<long long>(leash_refcount(object.get()));
}

void references()
{
	leash::ref<node> none, a = leash::make<node>(1);

	ok(!none && none.get() == nullptr && none == nullptr && nullptr == none, "an empty ref");
	ok(a && a->value == 1 && (*a).value == 1 && a != nullptr && nullptr != a, "a full one");
	is_int(count(a), 1, "make gives one reference");
	{
		leash::ref<node> copy = a;
		is_int(count(a), 2, "a copy is a reference");
		ok(copy == a && !(copy != a) && copy <= a && copy >= a && !(copy < a) && !(copy > a), "to the same");
		leash::ref<node> moved = std::move(copy);
		ok(count(a) == 2 && moved == a, "a move is none");
		none = moved;
		is_int(count(a), 3, "an assignment is one");
		none = std::move(moved);
		is_int(count(a), 2, "a moving one is none more");
		leash::ref<node> &same = none;
		none = same;
		is_int(count(a), 2, "assigned to itself nothing changes");
		none = std::move(same);
		ok(count(a) == 2 && none == a, "nor moved to itself");
	}
	none.reset();
	is_int(count(a), 1, "reset gives back");
	none.reset();

	node *bare = a.release();
	ok(!a && leash_refcount(bare) == 1, "release gives the reference away");
	a = leash::ref<node>::take(bare);
	is_int(count(a), 1, "take takes it");
	none = leash::ref<node>::share(bare);
	is_int(count(a), 2, "share adds one");
	leash::ref<node> b = leash::make<node>(2);
	swap(a, b);
	ok(a->value == 2 && b->value == 1 && count(a) == 1 && count(b) == 2, "swap counts nothing");
	ok(!leash::ref<node>::take(nullptr) && !leash::ref<node>::share(nullptr), "nullptr is an empty ref");
	is_int(alive, 2, "two nodes");
	a = nullptr;
	is_int(alive, 1, "and then one");
	b = none = nullptr;
	is_int(alive, 0, "and then none");
}

void conversions()
{
	base::bases = 1;
	leash::ref<derived> d = leash::make<derived>();
	leash::ref<base> b = d;
	leash::ref<const base> c = b;
	leash::ref<void> v = d;

	is_int(static_cast<long long>(leash_refcount(d.get())), 4, "each is a reference");
	is_str(c->what(), "derived", "to the same object");
	ok(b == d && c == d && v == d, "they are equal");
	ok(leash::static_pointer_cast<derived>(b) == d, "down by static_pointer_cast");
	ok(leash::static_pointer_cast<derived>(v) == d, "and from void");
	ok(leash::const_pointer_cast<base>(c) == b, "const_pointer_cast");
	ok(leash::dynamic_pointer_cast<derived>(b) == d, "dynamic_pointer_cast");
	ok(!leash::dynamic_pointer_cast<other>(b), "which may be empty");
	is_int(static_cast<long long>(leash_refcount(d.get())), 4, "casts leave no reference behind");
	ok(leash::is<derived>(v) && !leash::is<base>(b), "is() knows what was made");
	b = std::move(d);
	is_int(static_cast<long long>(leash_refcount(b.get())), 3, "a converting move counts nothing");
	c = nullptr;
	v = nullptr;
	b = nullptr;
	is_int(base::bases, 0, "the object dies as what it was made");

	leash::ref<polygon> p = leash::make<square>();
	leash::ref<shape> s = p;
	is_int(s->corners(), 4, "from one abstract class to another");
	leash::weak<polygon> none;
	leash::weak<shape> also_none = none;
	ok(also_none.expired(), "weak references convert alike");
}

void weak_references()
{
	leash::ref<node> a = leash::make<node>(7);
	leash::weak<node> none, w = a;

	ok(none.expired() && !none.load(), "an empty weak");
	ok(!w.expired() && w.load() == a && w.load()->value == 7, "a live one loads");
	is_int(count(a), 1, "and holds nothing");
	is_int(static_cast<long long>(leash_weak_count(a.get())), 1, "one weak reference");
	{
		leash::weak<node> copy = w, raw(a.get());
		none = copy;
		is_int(static_cast<long long>(leash_weak_count(a.get())), 4, "copies are more");
		leash::weak<const node> moved = std::move(copy);
		leash::weak<void> erased = raw;
		ok(moved.load() == a && erased.load() == a, "they convert");
		ok(copy.expired(), "a moved one is empty");
		swap(none, copy);
		ok(none.expired() && !copy.expired(), "swap");
	}
	is_int(static_cast<long long>(leash_weak_count(a.get())), 1, "destructors clear");
	none = w;
	none = nullptr;
	w.reset();
	is_int(static_cast<long long>(leash_weak_count(a.get())), 0, "as does reset");
	w = a;
	a = nullptr;
	ok(w.expired() && !w.load(), "after the death it is empty");
	ok(leash::weak<node>(leash::ref<node>()).expired(), "of an empty ref too");

	leash::ref<plain> p = leash::make<plain>(1);
	try {
		leash::weak<plain> refused = p;
		ok(false, "a type may refuse");
	} catch (const std::invalid_argument &error) {
		ok(std::string(error.what()).find("no weak references") != std::string::npos, "a type may refuse");
	}
}

void fields()
{
	leash::ref<node> a = leash::make<node>(1), b = leash::make<node>(2);

	a->left.store(b);
	is_int(count(b), 2, "store adds a reference");
	ok(a->left && a->left.get() == b.get() && a->left->value == 2 && (*a->left).value == 2, "it is there");
	ok(a->left.load() == b, "load gives it");
	is_int(count(a->left.load()), 3, "with a reference");
	a->right.store(leash::ref<node>(b));
	is_int(count(b), 3, "a temporary is moved");
	a->left.clear();
	ok(!a->left && count(b) == 2, "clear");
	leash::ref<node> stolen = a->right.steal();
	ok(!a->right && stolen == b && count(b) == 2, "steal");
	a->row[1].take(stolen.release());
	is_int(count(b), 2, "take consumes a reference");
	a->row[0].store(leash::make<node>(3));
	a->row[0].store(nullptr);
	is_int(alive, 2, "what is replaced dies");
	a->row[0].store(leash::make<node>(3));
	a->shared.store(leash::make<node>(4));
	b = nullptr;
	is_int(alive, 4, "four nodes");
	a = nullptr;
	eventually(__atomic_load_n(&alive, __ATOMIC_ACQUIRE) == 0,
		   "all die with the first, whose destructor finds its fields empty");

	struct holder {
		leash::field<plain> unnamed;
	};
	leash::ref<plain> kept = leash::make<plain>(5);
	leash::ref<holder> h = leash::make<holder>();
	h->unnamed.store(kept);
	h = nullptr;
	is_int(static_cast<long long>(leash_refcount(kept.get())), 2, "a field that is not named is not released");
	leash_release(kept.get());
}

void parents()
{
	leash::ref<node> root = leash::make<node>(1), leaf = leash::make<node>(2);

	root->left.store(leaf);
	leaf->parent.store(root);
	is_int(count(root), 1, "a parent that is not held");
	ok(leaf->parent.load() == root, "is found");
	leaf->parent.store(leash::weak<node>(root));
	is_int(static_cast<long long>(leash_weak_count(root.get())), 1, "what is replaced is cleared");
	root = nullptr;
	ok(leaf->parent.expired() && !leaf->parent.load(), "it dies though the child lives");
	root = leash::make<node>(3);
	leaf->parent.store(root);
	leaf->parent.clear();
	is_int(static_cast<long long>(leash_weak_count(root.get())), 0, "clear");
	leaf->parent.store(root);
	leaf = nullptr;
	is_int(static_cast<long long>(leash_weak_count(root.get())), 0, "at death it clears itself");
}

void cycles()
{
	{
		leash::ref<node> a = leash::make<node>(1), b = leash::make<node>(2), c = leash::make<node>(3);
		a->left.store(b);
		b->right.store(c);
		c->row[1].store(a);
		leash::weak<node> w = a;
		b = c = nullptr;
		is_int(leash_collect(2), 0, "a ring that is held lives");
		is_int(alive, 3, "all of it");
		a = nullptr;
		is_int(alive, 3, "let go it lives on");
		is_int(leash_collect(2), 3, "until it is collected");
		ok(w.expired(), "and weak references say so");
	}
	eventually(__atomic_load_n(&alive, __ATOMIC_ACQUIRE) == 0, "its destructors have run");
	leash::ref<node> a = leash::make<node>(4);
	a->left.store(std::move(a));
	ok(!a, "moved into itself");
	is_int(leash_collect(2), 1, "it is found as well");
	eventually(__atomic_load_n(&alive, __ATOMIC_ACQUIRE) == 0, "and destroyed");
	a = leash::make<node>(5);
	a->shared.store(a);
	a = nullptr;
	is_int(leash_collect(2), 1, "through a slot too");
	eventually(__atomic_load_n(&alive, __ATOMIC_ACQUIRE) == 0, "it dies");
}

void containers()
{
	std::vector<leash::ref<node>> row;
	for (int i = 0; i < 1000; i++)
		row.push_back(leash::make<node>(i * 7919 % 1000));
	is_int(count(row[500]), 1, "a vector that grows moves");
	std::sort(row.begin(), row.end(), [](const auto &a, const auto &b) { return a->value < b->value; });
	ok(row[0]->value == 0 && row[999]->value == 999 && count(row[0]) == 1, "it is sorted without counting");

	std::unordered_set<leash::ref<node>> set(row.begin(), row.end());
	set.insert(row[3]);
	is_int(static_cast<long long>(set.size()), 1000, "a hash set knows objects");
	ok(set.count(row[17]) == 1 && count(row[17]) == 2, "and holds each once");
	std::map<leash::ref<node>, std::string> map;
	map[row[1]] = "one";
	map[row[2]] = "two";
	is_str(map[row[1]].c_str(), "one", "an ordered map");
	std::array<leash::weak<node>, 2> pair = { row[1], row[2] };

	row.clear();
	is_int(alive, 1000, "the set holds them");
	set.clear();
	is_int(alive, 2, "the map two");
	ok(!pair[0].expired() && !pair[1].expired(), "which can be found");
	map.clear();
	is_int(alive, 0, "nobody any");
	ok(pair[0].expired() && pair[1].expired(), "nor found");
}

leash::slot<node> current;

void slots()
{
	leash::ref<node> a = leash::make<node>(1), b = leash::make<node>(2);

	ok(!current.load(), "a slot is empty at first");
	current.store(a);
	is_int(count(a), 2, "it holds what is stored");
	ok(current.load() == a, "and gives it");
	ok(!current.compare_exchange(b, b) && current.compare_exchange(a, b), "compare_exchange");
	ok(count(a) == 1 && count(b) == 2, "counts follow");
	leash::ref<node> old = current.exchange(std::move(a));
	ok(old == b && !a && current.load()->value == 1, "exchange");
	{
		leash::read_section section;
		ok(current.peek(section)->value == 1, "peek");
	}
	current.store(leash::make<node>(3));
	eventually(__atomic_load_n(&alive, __ATOMIC_ACQUIRE) == 2, "what is replaced dies");
	current.clear();
	b = old = nullptr;
	eventually(__atomic_load_n(&alive, __ATOMIC_ACQUIRE) == 0, "and what is cleared");
}

/* Every node that is ever there has a left one with the same value. */
void threads()
{
	const int rounds = SLOW ? 500 : 20000;
	std::vector<std::thread> crowd;
	int wrong = 0;

	auto pair_of = [](int value) {
		leash::ref<node> n = leash::make<node>(value);
		n->left.store(leash::make<node>(value));
		return n;
	};
	current.store(pair_of(0));
	for (int t = 0; t < 4; t++)
		crowd.emplace_back([&, t] {
			leash::weak<node> last;
			for (int i = 0; i < rounds; i++) {
				leash::ref<node> n = current.load();
				leash::ref<node> before = last.load();
				if (n->left->value != n->value || (before && before->left->value != before->value))
					__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
				last = n;
				if (i % 4 == t)
					current.store(pair_of(i));
				else if (i % 64 == 0)
					current.compare_exchange(n, pair_of(-i));
				leash::read_section section;
				const node *peeked = current.peek(section);
				if (peeked->value != peeked->left->value)
					__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
			}
		});
	for (std::thread &thread : crowd)
		thread.join();
	is_int(wrong, 0, "threads see whole objects only");
	current.clear();
	leash_collect(2);
	eventually(__atomic_load_n(&alive, __ATOMIC_ACQUIRE) == 0, "and all die");
}

} // namespace

int main()
{
	leash_gc_disable();
	references();
	conversions();
	weak_references();
	fields();
	parents();
	cycles();
	containers();
	slots();
	leash_gc_enable();
	threads();
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
