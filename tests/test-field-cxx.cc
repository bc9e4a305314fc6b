/* References in fields and variables from C++: typed, without casts. */
#include <leash/leash.h>
#include <type_traits>
#include "mortal.h"
#include "tap.h"

namespace {

struct pair {
	mortal *left, *right;
	pair *next;
};

const leash_type pair_type = {
	.name = "pair",
	.size = sizeof(pair),
	LEASH_FIELDS(pair, left, right, next),
};

obituary dead;
mortal *global;

pair *pair_new()
{
	return static_cast<pair *>(leash_new(&pair_type));
}

void typed()
{
	pair *p = pair_new();
	mortal *a = mortal_new(&dead);

	static_assert(std::is_same<decltype(leash_retain(a)), mortal *>::value, "retain keeps the type");
	static_assert(std::is_same<decltype(leash_get(&p->left)), mortal *>::value, "get has the field's type");
	static_assert(std::is_same<decltype(leash_steal(&p->next)), pair *>::value, "steal too");
	leash_set(&p->left, a);
	ok(p->left == a && leash_refcount(a) == 2, "set");
	leash_set(&p->left, p->left);
	ok(p->left == a && leash_refcount(a) == 2, "set to itself");
	mortal *got = leash_get(&p->left);
	ok(got == a && leash_refcount(a) == 3, "get");
	leash_set_take(&p->right, got);
	ok(p->right == a && leash_refcount(a) == 3, "set_take");
	mortal *stolen = leash_steal(&p->right);
	ok(stolen == a && p->right == nullptr && leash_refcount(a) == 3, "steal");
	leash_release(stolen);
	leash_clear(&p->left);
	ok(p->left == nullptr && leash_refcount(a) == 1, "clear");
	leash_set(&p->left, nullptr);
	leash_set_take(&p->left, nullptr);
	leash_set(&p->left, NULL);
	ok(p->left == nullptr, "nullptr and NULL are accepted");
	leash_set(&global, a);
	leash_release(a);
	is_int(deaths(&dead), 0, "a global holds");
	leash_clear(&global);
	is_int(deaths(&dead), 1, "and lets go");
	leash_set_take(&p->next, pair_new());
	leash_set_take(&p->next->next, pair_new());
	leash_set_take(&p->next->next->left, mortal_new(&dead));
	leash_release(p);
	is_int(deaths(&dead), 2, "a chain dies");
}

int scope()
{
	LEASH_AUTO mortal *m = mortal_new(&dead);
	LEASH_AUTO auto *p = pair_new();

	leash_set(&p->left, m);
	if (leash_refcount(m) == 2)
		return 1;
	return 0;
}

int closes;
const leash_type file_type = {
	.name = "file", .size = 8, .close = [](void *) { closes++; },
};

void with()
{
	for (int i = 0; i < 2; i++)
		LEASH_WITH (void *f, leash_new(&file_type)) {
			if (f && i == 1)
				continue;
			is_int(closes, 0, "inside it is open");
		}
	is_int(closes, 2, "LEASH_WITH closes");
	try {
		LEASH_WITH (void *f, leash_new(&file_type))
			throw leash_typeof(f);
	} catch (const leash_type *type) {
		ok(type == &file_type, "an exception leaves the block");
	}
	is_int(closes, 3, "and closes");
}

} // namespace

int main()
{
	typed();
	is_int(scope(), 1, "LEASH_AUTO holds to the end of its scope");
	is_int(deaths(&dead), 3, "and releases there");
	with();
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
