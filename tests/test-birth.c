/* leash_new and leash_new_extra: what a fresh object looks like, and what is refused. */
#include <leash/leash.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include "header.h"
#include "mortal.h"
#include "sanitized.h"
#include "scene.h"
#include "tap.h"
#include "threads.h"

static const leash_type empty_type = { .name = "empty" };
static const leash_type nameless_type = { .size = 16 };
static const leash_type oversize_type = { .name = "oversize", .size = (size_t)UINT32_MAX + 1 };
static const leash_type wrapping_type = { .name = "wrapping", .size = SIZE_MAX };
static const leash_type largest_type = { .name = "largest", .size = UINT32_MAX };

struct node {
	struct node *next;
	char ballast[1000];
};

static const leash_type node_type = {
	.name = "node",
	.size = sizeof(struct node),
	LEASH_FIELDS(struct node, next),
};

static void newborn(void)
{
	struct mortal *m = leash_new(&mortal_type);
	struct obituary obituary = { 0 };

	is_int((long long)leash_refcount(m), 1, "a newborn has one reference");
	ok(leash_is_unique(m), "the only one");
	ok(leash_typeof(m) == &mortal_type, "of the type it was made with");
	ok(is_mine(m), "owned by its maker");
	ok(!is_merged(m) && shared_count(m) == 0 && local_count(m) == 1, "its reference is in the local count");
	m->obituary = &obituary;
	leash_release(m);
	is_int(deaths(&obituary), 1, "and dies with it");
}

/* Memory that comes back dirty from one object must be clean in the next. */
static void zeroed_and_aligned(void)
{
	static leash_type types[40];
	bool zero = true, aligned = true, right = true;
	size_t size = 0;

	for (int t = 0; t < 40; t++, size += 1 + size / 3) {
		types[t].name = "sized";
		types[t].size = size;
		for (int round = 0; round < 3; round++) {
			unsigned char *objects[300];

			for (int i = 0; i < 300; i++) {
				unsigned char *o = objects[i] = leash_new(&types[t]);

				aligned &= (uintptr_t)o % 16 == 0;
				right &= leash_typeof(o) == &types[t];
				for (size_t b = 0; b < size; b++)
					zero &= o[b] == 0;
				memset(o, 0xa5, size);
			}
			for (int i = 0; i < 300; i++)
				leash_release(objects[i]);
		}
	}
	ok(zero, "all bytes of a payload are 0, also in memory used before");
	ok(aligned, "payloads are aligned to 16 bytes");
	ok(right, "objects of 40 types know theirs");
}

static void extra(void)
{
	static const size_t sizes[] = { 0, 1, 8, 15, 16, 17, 100, 4096, 100000, 3000000 };
	struct obituary obituary = { 0 };
	bool zero = true, aligned = true;

	for (int round = 0; round < 3; round++)
		for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
			struct mortal *m = leash_new_extra(&mortal_type, sizes[s]);
			unsigned char *bytes = (unsigned char *)m;

			aligned &= (uintptr_t)m % 16 == 0;
			for (size_t b = 0; b < sizeof *m + sizes[s]; b++)
				zero &= bytes[b] == 0;
			memset(bytes, 0x5a, sizeof *m + sizes[s]);
			m->obituary = &obituary;
			leash_release(m);
		}
	ok(zero, "a tail of any length is 0 too");
	ok(aligned, "and its object aligned");
	is_int(deaths(&obituary), 30, "objects with tails die like others");
	struct mortal *m = leash_new_extra(&mortal_type, 8);
	ok(leash_typeof(m) == &mortal_type && leash_refcount(m) == 1, "and answer like others");
	m->obituary = &obituary;
	leash_release(m);
}

static void refused(void)
{
	static const struct {
		const char *what;
		const leash_type *type;
		size_t extra;
	} cases[] = {
		{ "no type", NULL, 0 },
		{ "no type, with a tail", NULL, 8 },
		{ "a type without a name", &nameless_type, 0 },
		{ "a type without a name, with a tail", &nameless_type, 8 },
		{ "a type of 2^32 bytes", &oversize_type, 0 },
		{ "a type of SIZE_MAX bytes", &wrapping_type, 0 },
		{ "a type of SIZE_MAX bytes and one more", &wrapping_type, 1 },
		{ "a tail that makes 2^32 bytes", &mortal_type, UINT32_MAX - sizeof(struct mortal) + 1 },
		{ "a tail of SIZE_MAX bytes", &mortal_type, SIZE_MAX },
		{ "a tail whose sum wraps to little", &mortal_type, SIZE_MAX - sizeof(struct mortal) + 1 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		void *object;

		errno = 0;
		object = cases[i].extra ? leash_new_extra(cases[i].type, cases[i].extra) : leash_new(cases[i].type);
		ok(object == NULL && errno == EINVAL, "%s: EINVAL", cases[i].what);
		leash_release(object);
	}
	void *empty = leash_new(&empty_type);
	ok(empty != NULL && leash_refcount(empty) == 1, "a payload of no bytes is an object");
	leash_release(empty);
}

/* In a process whose address space is nearly used up. */
static int short_of_memory(void)
{
	struct obituary obituary = { 0 };
	struct mortal *m = mortal_new(&obituary);
	struct rlimit limit = { 512u << 20, 512u << 20 };
	void *large;

	if (setrlimit(RLIMIT_AS, &limit))
		return 9;
	errno = 0;
	large = leash_new(&largest_type);
	if (large != NULL || errno != ENOMEM)
		return 1;
	errno = 0;
	large = leash_new_extra(&mortal_type, 3u << 30);
	if (large != NULL || errno != ENOMEM)
		return 2;
	if (leash_refcount(m) != 1)
		return 3;
	leash_release(m);
	leash_release(mortal_new(&obituary));
	if (deaths(&obituary) != 2)
		return 4;
	return leash_shutdown() == 0 ? 0 : 5;
}

/* All of the address space is filled with objects, which then die. */
static int out_of_memory(void)
{
	struct rlimit limit = { 512u << 20, 512u << 20 };
	struct node *list = NULL, *node;
	long made = 0;

	leash_release(leash_new(&node_type));
	if (setrlimit(RLIMIT_AS, &limit))
		return 9;
	errno = 0;
	while ((node = leash_new(&node_type))) {
		node->next = list;
		list = node;
		made++;
	}
	if (errno != ENOMEM)
		return 1;
	if (made < 1000)
		return 2;
	leash_release(list);
	if (!(node = leash_new(&node_type)))
		return 3;
	leash_release(node);
	return leash_shutdown() == 0 ? 0 : 4;
}

static void *many_types(void *argument)
{
	(void)argument;
	static leash_type types[70000];
	long made = 0;

	for (int t = 0; t < 70000; t++) {
		void *object;

		types[t].name = "one of many";
		types[t].size = 8;
		if (!(object = leash_new(&types[t])))
			break;
		made += leash_typeof(object) == &types[t];
		leash_release(object);
	}
	return (void *)made;
}

int main(int argc, char **argv)
{
	struct outcome o;

	if (argc > 1)
		return strcmp(argv[1], "short") == 0 ? short_of_memory() : out_of_memory();
	newborn();
	zeroed_and_aligned();
	extra();
	refused();
	if (SANITIZED) {
		skip(2, "a sanitizer needs the address space itself");
	} else {
		play(&o, "short", NULL);
		ok(o.status == 0, "an object too large for the memory: ENOMEM (%d, %d)", o.status, o.signal);
		play(&o, "out", NULL);
		ok(o.status == 0, "memory filled with objects: ENOMEM, and room again (%d, %d)", o.status, o.signal);
	}
	long made = (long)elsewhere(many_types, NULL);
	ok(made >= 60000 && made <= 65535, "a program can have some 65,535 types, and is told when it wants more (%ld)",
	   made);
	errno = 0;
	void *object = leash_new(&mortal_type);
	ok(object != NULL, "types known before still work");
	((struct mortal *)object)->obituary = &(struct obituary){ 0 };
	leash_release(object);
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
