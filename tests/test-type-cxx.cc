/* Descriptions of types in C++17: the same words as in C, and objects that die by them. */
#include <leash/leash.h>
#include "mortal.h"
#include "tap.h"

namespace {

struct sample {
	long key;
	mortal *one;
	mortal *row[3];
	mortal *table[2][2];
	mortal *borrowed;
	mortal *tail[1];
};

const leash_type sample_type = {
	.name = "sample",
	.size = sizeof(sample),
	LEASH_FIELDS(sample, one, row, table[1], table[0][1], LEASH_TAIL(tail)),
};

struct wide {
	mortal *a0, *a1, *a2, *a3, *a4, *a5, *a6, *a7, *b0, *b1, *b2, *b3, *b4, *b5, *b6, *b7;
	mortal *c0, *c1, *c2, *c3, *c4, *c5, *c6, *c7, *d0, *d1, *d2, *d3, *d4, *d5, *d6, *d7;
};

const leash_type wide_type = {
	.name = "wide",
	.size = sizeof(wide),
	LEASH_FIELDS(wide, a0, a1, a2, a3, a4, a5, a6, a7, b0, b1, b2, b3, b4, b5, b6, b7, c0, c1, c2, c3, c4, c5,
		     c6, c7, d0, d1, d2, d3, d4, d5, d6, d7),
};

const leash_type bare_type = { .name = "bare", .size = 8 };

constexpr leash_field word(size_t offset, unsigned number, unsigned kind)
{
	return leash_field(kind) << 56 | leash_field(number) << 32 | offset;
}

int order;
int closed, finalized, destroyed;

const leash_type hooked_type = {
	.name = "hooked",
	.size = 1,
	.flags = LEASH_PROMPT,
	.close = [](void *) { closed = ++order; },
	.finalize = [](void *) { finalized = ++order; },
	.destroy = [](void *) { destroyed = ++order; },
};

void words()
{
	const leash_field want[] = {
		word(offsetof(sample, one), 1, LEASH__FIELD_STRONG),
		word(offsetof(sample, row), 3, LEASH__FIELD_STRONG),
		word(offsetof(sample, table) + 2 * sizeof(void *), 2, LEASH__FIELD_STRONG),
		word(offsetof(sample, table) + sizeof(void *), 1, LEASH__FIELD_STRONG),
		word(offsetof(sample, tail), 0, LEASH__FIELD_TAIL),
	};

	is_int((long long)sample_type.field_count, 5, "five names make five words");
	for (size_t i = 0; i < 5; i++)
		ok(sample_type.fields[i] == want[i], "word %zu is %llx", i, (unsigned long long)want[i]);
	is_str(sample_type.field_names, "one, row, table[1], table[0][1], LEASH_TAIL(tail)",
	       "the names are kept in one string");
	is_int((long long)wide_type.field_count, 32, "32 names make 32 words");
	ok(wide_type.fields[31] == word(offsetof(wide, d7), 1, LEASH__FIELD_STRONG), "the last is the last name");
	ok(bare_type.flags == 0 && bare_type.fields == nullptr && bare_type.field_count == 0 &&
		   bare_type.trace == nullptr && bare_type.close == nullptr && bare_type.finalize == nullptr &&
		   bare_type.destroy == nullptr,
	   "what a description does not mention is absent");
}

void deaths_by_words()
{
	obituary named = {}, bare = {};
	auto *s = static_cast<sample *>(leash_new_extra(&sample_type, 2 * sizeof(mortal *)));
	auto *w = static_cast<wide *>(leash_new(&wide_type));

	leash_set_take(&s->one, mortal_new(&named));
	for (auto &m : s->row)
		leash_set_take(&m, mortal_new(&named));
	for (int i = 0; i < 4; i++)
		leash_set_take(&s->table[i / 2][i % 2], mortal_new(i == 0 ? &bare : &named));
	s->borrowed = mortal_new(&bare);
	mortal **tail = s->tail;
	for (int i = 0; i < 3; i++)
		leash_set_take(tail + i, mortal_new(&named));
	mortal *outside[] = { s->table[0][0], s->borrowed };
	leash_release(s);
	is_int(deaths(&named), 1 + 3 + 3 + 3, "every named field is released, tail included");
	is_int(deaths(&bare), 0, "members that are not named are left alone");
	for (mortal *m : outside)
		leash_release(m);

	obituary all = {};
	mortal **fields = &w->a0;
	for (int i = 0; i < 32; i++)
		leash_set_take(fields + i, mortal_new(&all));
	leash_release(w);
	is_int(deaths(&all), 32, "all of 32 fields are released");
}

void hooks()
{
	leash_release(leash_new(&hooked_type));
	is_int(closed, 1, "a lambda can close");
	is_int(finalized, 2, "and finalize");
	is_int(destroyed, 3, "and destroy");
}

} // namespace

int main()
{
	words();
	deaths_by_words();
	hooks();
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
