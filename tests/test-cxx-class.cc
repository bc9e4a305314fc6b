/* leash.hpp: how a class becomes a type, and how its objects are born and die. */
#include <leash/leash.hpp>

#include <cstring>
#include <stdexcept>
#include <string>

#include "points.h"
#include "tap.h"
#include "wait.h"

namespace zoo {
struct cat {
	int lives;
};
} // namespace zoo

namespace {

int alive, destroyed, closed, finalized, strings;

struct text { /* a member that has a destructor */
	explicit text(const char *what) : words(what) { strings++; }
	~text() { strings--; }
	std::string words;
};

struct leaf {
	leaf() { alive++; }
	~leaf() { alive--; }
};

/* What may happen between the beginning of a constructor and its end. */
enum trouble { NONE, THROW, THROW_TWICE_HELD };

struct parcel;
leash::ref<parcel> held_elsewhere;
leash::weak<parcel> seen_elsewhere;

struct parcel {
	explicit parcel(trouble what)
		: first(leash::make<leaf>()), label("a label which is too long to be kept in place")
	{
		second.store(leash::make<leaf>());
		itself.store(leash::ref<parcel>::share(this));
		itself.clear();
		seen_elsewhere = leash::weak<parcel>(this);
		if (what == THROW_TWICE_HELD)
			held_elsewhere = leash::ref<parcel>::share(this);
		if (what != NONE)
			throw std::runtime_error("not today");
	}
	~parcel() { destroyed++; }
	void leash_close() { closed++; }
	void leash_finalize() { finalized++; }

	leash::field<leaf> first, second;
	leash::field<parcel> itself;
	text label;

	static constexpr unsigned leash_flags = LEASH_WEAKABLE;
	LEASH_CLASS(parcel, first, second, itself);
};

struct simple { /* nothing to be destroyed */
	explicit simple(bool good) : one(leash::make<leaf>())
	{
		if (!good)
			throw 42;
	}
	leash::field<leaf> one;
	LEASH_CLASS(simple, one);
};

struct point {
	int x, y;
};

class secret {
	explicit secret(int number) : value(number) {}
	~secret() { destroyed++; }
	void leash_close() { closed += value; }
	leash::field<leaf> inner;
	int value;
	LEASH_CLASS(secret, inner);

public:
	static leash::ref<secret> of(int value) { return leash::make<secret>(value); }
	void fill() { inner.store(leash::make<leaf>()); }
};

class mute {
	mute() = default;
	LEASH_CLASS(mute);
};

struct animal {
	virtual ~animal() = default;
	leash::field<leaf> tag;
	LEASH_CLASS(animal, tag);
};
struct dog : animal {
	leash::field<dog> friends[2];
	LEASH_CLASS(dog, tag, friends);
};

struct mixed {
	leash::slot<leaf> slot;
	leaf *raw;
	leash::weak<leaf> weak;
	leash::weak_field<leaf> weaker;
	leash::field<leaf> pair[2];
	LEASH_CLASS(mixed, slot, raw, weak, weaker, pair[1]);
};

struct traced {
	explicit traced(bool good)
	{
		buffer[0] = leash::make<leaf>().release();
		if (good)
			return;
		leash_release(buffer[0]);
		delete[] buffer;
		throw 42;
	}
	~traced()
	{
		if (buffer[0])
			bail_out("what trace shows is released before the destructor");
		delete[] buffer;
	}
	void leash_trace(leash_visit_fn *visit, void *arg) { visit(&buffer[0], arg); }
	leaf **buffer = new leaf *[1]();
};

struct large {
	char room[5000];
	static constexpr unsigned leash_flags = LEASH_WEAKABLE;
};

struct phoenix {
	~phoenix() { destroyed++; }
	void leash_finalize();
	int lives = 0;
	LEASH_CLASS(phoenix);
};
leash::ref<phoenix> risen;
void phoenix::leash_finalize()
{
	lives++;
	risen = leash::ref<phoenix>::share(this);
}

leash_field word(size_t offset, unsigned number, unsigned kind)
{
	return leash_field(kind) << 56 | leash_field(number) << 32 | offset;
}

bool ends_with(const char *text, const char *end)
{
	const size_t length = std::strlen(text), least = std::strlen(end);

	return length >= least && std::strcmp(text + length - least, end) == 0;
}

#pragma GCC diagnostic ignored "-Winvalid-offsetof"

void descriptions()
{
	const leash_type &p = leash::type<parcel>, &q = leash::type<point>, &m = leash::type<mixed>;

	is_str(leash::type<zoo::cat>.name, "zoo::cat", "a type is called as its class");
	ok(ends_with(p.name, "::parcel"), "or nearly: %s", p.name);
	is_int(static_cast<long long>(p.size), sizeof(parcel), "its size");
	is_int(p.flags, LEASH_WEAKABLE, "its flags");
	is_int(static_cast<long long>(p.field_count), 3, "its fields");
	is_str(p.field_names, "first, second, itself", "by their names");
	ok(p.close && p.finalize && p.destroy && !p.trace, "its hooks");
	ok(q.flags == 0 && q.field_count == 0 && !q.close && !q.finalize && !q.destroy && !q.trace,
	   "a plain struct is a plain type");
	ok(leash::type<simple>.destroy == nullptr, "fields need no destructor");
	const leash_field want[] = {
		word(offsetof(mixed, slot), 1, LEASH__FIELD_SLOT),   word(offsetof(mixed, raw), 1, LEASH__FIELD_STRONG),
		word(offsetof(mixed, weak), 1, LEASH__FIELD_WEAK),   word(offsetof(mixed, weaker), 1, LEASH__FIELD_WEAK),
		word(offsetof(mixed, pair[1]), 1, LEASH__FIELD_STRONG),
	};
	is_int(static_cast<long long>(m.field_count), 5, "fields of all kinds");
	for (size_t i = 0; i < 5; i++)
		ok(m.fields[i] == want[i], "word %zu is %llx", i, static_cast<unsigned long long>(m.fields[i]));
	const leash_type &d = leash::type<dog>;
	ok(d.field_count == 2 && d.fields[0] == word(offsetof(dog, tag), 1, LEASH__FIELD_STRONG) &&
		   d.fields[1] == word(offsetof(dog, friends), 2, LEASH__FIELD_STRONG),
	   "inherited fields are named again");
}

void births()
{
	leash::ref<point> p = leash::make<point>(1, 2), zero = leash::make<point>();

	ok(p->x == 1 && p->y == 2, "an aggregate");
	ok(zero->x == 0 && zero->y == 0, "an empty one is zero");
	leash::ref<std::string> words = leash::make<std::string>(100, 'x');
	is_int(static_cast<long long>(words->size()), 100, "any class");
	words = nullptr;
	leash::ref<mute> m = leash::make<mute>();
	ok(bool(m), "private constructors are within reach");

	leash::ref<secret> s = secret::of(5);
	s->fill();
	is_int(alive, 1, "and private fields");
	leash_close(s.get());
	is_int(closed, 5, "and private hooks");
	s = nullptr;
	ok(closed == 5 && destroyed == 1 && alive == 0, "and private destructors");

	closed = finalized = destroyed = 0;
	leash::ref<parcel> whole = leash::make<parcel>(NONE);
	ok(alive == 2 && strings == 1 && !seen_elsewhere.expired(), "a parcel with two leaves and a label");
	whole = nullptr;
	ok(closed == 1 && finalized == 1 && destroyed == 1, "it dies by its hooks, once");
	ok(alive == 0 && strings == 0 && seen_elsewhere.expired(), "with all it had");

	leash::ref<dog> a = leash::make<dog>();
	a->tag.store(leash::make<leaf>());
	a->friends[1].store(a);
	a = nullptr;
	is_int(leash_collect(2), 1, "a cycle of derived objects is collected");
	eventually(alive == 0, "and what it held dies");

	leash::ref<traced> t = leash::make<traced>(true);
	is_int(alive, 1, "what a buffer holds");
	t = nullptr;
	is_int(alive, 0, "trace releases");
}

void failed_births()
{
	closed = finalized = destroyed = 0;
	try {
		leash::ref<parcel> p = leash::make<parcel>(THROW);
		ok(false, "an exception leaves make()");
	} catch (const std::runtime_error &error) {
		is_str(error.what(), "not today", "an exception leaves make()");
	}
	ok(closed == 0 && finalized == 0 && destroyed == 0, "what was not born has no hooks");
	is_int(strings, 0, "its members are destroyed");
	is_int(alive, 0, "its fields released");
	ok(seen_elsewhere.expired(), "and weak references to it empty");

	try {
		(void)leash::make<parcel>(THROW_TWICE_HELD);
	} catch (const std::runtime_error &) {
	}
	ok(alive == 2 && strings == 0, "held by another it stays, as an empty shell with its fields");
	held_elsewhere = nullptr;
	ok(alive == 0 && closed == 0 && finalized == 0 && destroyed == 0, "and goes without hooks, too");

	try {
		(void)leash::make<simple>(false);
	} catch (int) {
	}
	is_int(alive, 0, "a class without a destructor loses its fields as well");
	try {
		(void)leash::make<traced>(false);
	} catch (int) {
	}
	is_int(alive, 0, "nobody asks for the references of what was not born");
}

/* In the hook of another, where deaths wait for their turn. */
struct troubled {
	~troubled()
	{
		try {
			(void)leash::make<parcel>(THROW);
		} catch (const std::runtime_error &) {
		}
	}
};

void failed_in_a_hook()
{
	leash_release(leash::make<troubled>().release());
	ok(closed == 0 && finalized == 0 && destroyed == 0 && alive == 0 && strings == 0, "also inside a destructor");
}

void resurrection()
{
	destroyed = 0;
	leash_release(leash::make<phoenix>().release());
	ok(risen && risen->lives == 1 && destroyed == 0, "leash_finalize() can bring back");
	risen = nullptr;
	ok(!risen && destroyed == 1, "once");
}

leash::weak<struct belated> too_late;
struct belated {
	~belated() { too_late = leash::weak<belated>(this); }
	static constexpr unsigned leash_flags = LEASH_WEAKABLE;
};

void too_late_to_point()
{
	leash_release(leash::make<belated>().release());
	ok(too_late.expired() && !too_late.load(), "what a destructor points at its object is empty");
}

void no_memory()
{
	leash::ref<large> present = leash::make<large>();
	leash::weak<large> weak;
	int refused = 0;

	lsh_allocation_hook = [] { return true; };
	try {
		(void)leash::make<large>();
	} catch (const std::bad_alloc &) {
		refused++;
	}
	try {
		weak = present;
	} catch (const std::bad_alloc &) {
		refused++;
	}
	lsh_allocation_hook = nullptr;
	is_int(refused, 2, "std::bad_alloc, from make() and from weak()");
	ok(weak.expired() && leash_refcount(present.get()) == 1, "nothing has changed");
}

} // namespace

int main()
{
	leash_gc_disable();
	descriptions();
	births();
	failed_births();
	failed_in_a_hook();
	resurrection();
	too_late_to_point();
	no_memory();
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
