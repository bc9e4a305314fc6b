/* The table of all objects (lib/census.c), against an array of what should be in it. */
#include <leash/leash.h>
#include <stdlib.h>
#include "census.h"
#include "points.h"
#include "tap.h"

/* Addresses of nothing: the table does not look there. */
enum { N = 20000 };
static bool in[N];

static struct leash__header *address(int i)
{
	return (struct leash__header *)(uintptr_t)(0x10000 + i * 32);
}

static int differences(void)
{
	struct lsh_array copy = { NULL };
	size_t number = lsh_census_copy(&copy), expected = 0;
	struct leash__header **all = copy.data;
	static int found[N];
	int wrong = 0;

	for (int i = 0; i < N; i++) {
		wrong += lsh_census_has(address(i)) != in[i];
		expected += in[i];
		found[i] = 0;
	}
	for (size_t k = 0; k < number; k++) {
		size_t i = ((uintptr_t)all[k] - 0x10000) / 32;

		wrong += i >= N || !in[i] || found[i]++;
	}
	lsh_array_free(&copy);
	return wrong + (number != expected);
}

static void change(int i)
{
	if (in[i])
		lsh_census_remove(address(i));
	else if (!lsh_census_add(address(i)))
		bail_out("no memory");
	in[i] = !in[i];
}

static bool fail(void)
{
	return true;
}

int main(void)
{
	unsigned random = 3;
	int wrong = 0;

	is_int(differences(), 0, "an empty table");
	ok(!lsh_census_has(address(1)), "in which nothing is found");
	lsh_census_remove(address(1));
	is_int(differences(), 0, "nor removed");
	for (int round = 0; round < 8; round++) {
		/* Towards full, and towards empty. */
		int few = round % 2 ? N / 50 : N;

		for (int i = 0; i < N; i++) {
			int k = rand_r(&random) % N;

			if (in[k] == (round % 2 == 1) || rand_r(&random) % 8 == 0)
				change(k);
		}
		for (int i = 0; i < N && round % 2; i++)
			if (in[i] && i > few)
				change(i);
		wrong += differences();
	}
	is_int(wrong, 0, "after many changes it holds what it should");
	for (int i = 0; i < N; i++)
		if (in[i])
			change(i);
	is_int(differences(), 0, "and nothing in the end");
	lsh_census_remove(address(7));

	lsh_allocation_hook = fail;
	int refused = 0;
	for (int i = 0; i < 4000; i++)
		if (lsh_census_add(address(i)))
			in[i] = true;
		else
			refused++;
	lsh_allocation_hook = NULL;
	ok(refused > 0, "without memory it refuses (%d)", refused);
	is_int(differences(), 0, "and is as it was");
	return done();
}
