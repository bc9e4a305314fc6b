/* What it costs an object to have fields, before anything is collected.
 *
 * birth: made and released at once.  temp: retained and released in between, as a temporary is that was put
 * somewhere and taken out again; an object with fields might then be part of a cycle.  temps: the same, a
 * thousand alive at a time.
 *
 * The leaf has as many bytes.
 */
#include "case.h"

#include <leash/leash.h>

#define LIVE 1000

struct cyclic {
	struct cyclic *left, *right;
	long value[2];
};

static const leash_type cyclic = {
	.name = "cyclic",
	.size = sizeof(struct cyclic),
	LEASH_FIELDS(struct cyclic, left, right),
};

static const leash_type leaf = { .name = "leaf", .size = sizeof(struct cyclic) };

static void run_birth(const struct bench_case *self, long n, int thread)
{
	const leash_type *type = self->with;

	(void)thread;
	while (n-- > 0) {
		void *object = leash_new(type);

		bench_keep(object);
		leash_release(object);
	}
}

static void run_temp(const struct bench_case *self, long n, int thread)
{
	const leash_type *type = self->with;

	(void)thread;
	while (n-- > 0) {
		void *object = leash_new(type);

		bench_keep(object);
		(void)leash_retain(object);
		bench_barrier();
		leash_release(object);
		bench_barrier();
		leash_release(object);
	}
}

static void run_temps(const struct bench_case *self, long n, int thread)
{
	static void *objects[LIVE];
	const leash_type *type = self->with;

	(void)thread;
	for (long row; n > 0; n -= row) {
		row = n < LIVE ? n : LIVE;
		for (long i = 0; i < row; i++)
			objects[i] = leash_new(type);
		bench_barrier();
		for (long i = 0; i < row; i++)
			(void)leash_retain(objects[i]);
		bench_barrier();
		for (long i = 0; i < row; i++)
			leash_release(objects[i]);
		bench_barrier();
		for (long i = 0; i < row; i++)
			leash_release(objects[i]);
		bench_barrier();
	}
}

const struct bench_case birth_cyclic = {
	.name = "birth/cyclic", .run = run_birth, .with = &cyclic, .slice = 200000,
};
const struct bench_case birth_leaf = {
	.name = "birth/leaf", .run = run_birth, .with = &leaf, .slice = 200000,
};
const struct bench_case temp_cyclic = {
	.name = "temp/cyclic", .run = run_temp, .with = &cyclic, .slice = 200000,
};
const struct bench_case temp_leaf = {
	.name = "temp/leaf", .run = run_temp, .with = &leaf, .slice = 200000,
};
const struct bench_case temps_cyclic = {
	.name = "temps/cyclic", .run = run_temps, .with = &cyclic, .slice = 200 * LIVE,
};
const struct bench_case temps_leaf = {
	.name = "temps/leaf", .run = run_temps, .with = &leaf, .slice = 200 * LIVE,
};
