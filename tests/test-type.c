/* Descriptions of types in C: the words that LEASH_FIELDS packs, and that each of them is released at death.
 * The same file is compiled as gnu11 and as strict C11. */
#include <leash/leash.h>
#include "mortal.h"
#include "tap.h"

struct sample {
	long key;
	struct mortal *one;
	struct mortal *row[3];
	struct mortal *table[2][2];
	struct mortal *borrowed; /* a plain pointer, not named below */
	struct sample *tail[];
};

static const leash_type sample_type = {
	.name = "sample",
	.size = sizeof(struct sample),
	LEASH_FIELDS(struct sample, one, row, table[1], table[0][1], LEASH_TAIL(tail)),
};

struct wide {
	struct mortal *m[32];
	struct mortal *a, *b;
};

static const leash_type wide_type = {
	.name = "wide",
	.size = sizeof(struct wide),
	.flags = LEASH_ACYCLIC,
	LEASH_FIELDS(struct wide, m[0], m[1], m[2], m[3], m[4], m[5], m[6], m[7], m[8], m[9], m[10], m[11], m[12],
		     m[13], m[14], m[15], m[16], m[17], m[18], m[19], m[20], m[21], m[22], m[23], m[24], m[25],
		     m[26], m[27], m[28], m[29], a, b),
};

static leash_field word(size_t offset, unsigned number, unsigned kind)
{
	return (leash_field)kind << 56 | (leash_field)number << 32 | offset;
}

static void words(void)
{
	const leash_field want[] = {
		word(offsetof(struct sample, one), 1, LEASH__FIELD_STRONG),
		word(offsetof(struct sample, row), 3, LEASH__FIELD_STRONG),
		word(offsetof(struct sample, table) + 2 * sizeof(void *), 2, LEASH__FIELD_STRONG),
		word(offsetof(struct sample, table) + sizeof(void *), 1, LEASH__FIELD_STRONG),
		word(sizeof(struct sample), 0, LEASH__FIELD_TAIL),
	};

	is_int((long long)sample_type.field_count, 5, "five names make five words");
	for (size_t i = 0; i < 5; i++)
		ok(sample_type.fields[i] == want[i], "word %zu is %llx", i, (unsigned long long)want[i]);
	is_str(sample_type.field_names, "one, row, table[1], table[0][1], LEASH_TAIL(tail)",
	       "the names are kept in one string");
	is_int((long long)wide_type.field_count, 32, "32 names make 32 words");
	ok(wide_type.fields[31] == word(offsetof(struct wide, b), 1, LEASH__FIELD_STRONG), "the last is the last name");
	ok(wide_type.fields[0] == word(0, 1, LEASH__FIELD_STRONG), "the first is the first name");
	ok(wide_type.flags == LEASH_ACYCLIC && wide_type.size == sizeof(struct wide), "flags and size stay as given");
	ok(mortal_type.fields == NULL && mortal_type.field_count == 0, "a type without fields has none");
}

static void sample_dies(void)
{
	struct obituary named = { 0 }, bare = { 0 };
	struct sample *s = leash_new_extra(&sample_type, 3 * sizeof(struct sample *));
	struct mortal *borrowed = mortal_new(&bare);

	s->one = mortal_new(&named);
	for (int i = 0; i < 3; i++)
		s->row[i] = mortal_new(&named);
	for (int i = 0; i < 4; i++)
		s->table[i / 2][i % 2] = mortal_new(i == 0 ? &bare : &named);
	s->borrowed = borrowed;
	for (int i = 0; i < 3; i++) {
		s->tail[i] = leash_new(&sample_type);
		s->tail[i]->one = mortal_new(&named);
	}
	struct mortal *outside = s->table[0][0];

	leash_release(s);
	is_int(deaths(&named), 1 + 3 + 2 + 1 + 3, "every named field is released, tail included");
	is_int(deaths(&bare), 0, "members that are not named are left alone");
	leash_release(outside);
	leash_release(borrowed);
	is_int(deaths(&bare), 2, "and can still be released");
}

static void wide_dies(void)
{
	struct obituary obituary = { 0 };
	struct wide *w = leash_new(&wide_type);

	for (int i = 0; i < 30; i++)
		w->m[i] = mortal_new(&obituary);
	w->a = mortal_new(&obituary);
	w->b = mortal_new(&obituary);
	leash_release(w);
	is_int(deaths(&obituary), 32, "all of 32 fields are released");
}

int main(void)
{
	words();
	sample_dies();
	wide_dies();
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
