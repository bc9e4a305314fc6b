/* The library loaded late, by a program with threads that links neither it nor jemalloc, and used by name. */
#include <leash/type.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include "tap.h"
#include "threads.h"
#include "wait.h"

struct node {
	struct node *next;
	long value;
};

static long destroyed;

static void node_destroy(void *object)
{
	(void)object;
	__atomic_fetch_add(&destroyed, 1, __ATOMIC_RELAXED);
}

static const leash_type node_type = {
	.name = "node",
	.size = sizeof(struct node),
	LEASH_FIELDS(struct node, next),
	.destroy = node_destroy,
};

#define NAMES(X)                                          \
	X(void *, leash_new, (const leash_type *))         \
	X(void *, leash_new_extra, (const leash_type *, size_t)) \
	X(void *, leash_retain, (const void *))            \
	X(void, leash_release, (const void *))             \
	X(size_t, leash_refcount, (const void *))          \
	X(bool, leash_is_unique, (const void *))           \
	X(const leash_type *, leash_typeof, (const void *)) \
	X(void, leash_handoff, (const void *))             \
	X(bool, leash_adopt, (const void *))               \
	X(void, leash_immortalize, (const void *))         \
	X(void, leash_close, (void *))                     \
	X(void, leash_retire, (void *, void (*)(void *)))  \
	X(void, leash_flush, (void))                       \
	X(long, leash_shutdown, (void))                    \
	X(void, leash_set, (void *, const void *))         \
	X(void, leash_set_take, (void *, const void *))    \
	X(void *, leash_get, (const void *))               \
	X(void *, leash_steal, (void *))                   \
	X(void, leash_clear, (void *))                     \
	X(int, leash_stats_print, (FILE *, int))           \
	X(const char *, leash_version, (void))

/* One pointer for each name, of the same name and the function's type. */
#define POINTER(result, name, parameters) static result(*name) parameters;
NAMES(POINTER)

static struct baton baton = BATON;
static struct node *shared;

static void *early_thread(void *argument)
{
	struct node *list = NULL;

	(void)argument;
	baton_await(&baton, 1);
	for (int i = 0; i < 1000; i++) {
		struct node *node = leash_new(&node_type);

		node->next = list;
		list = node;
		leash_release(leash_retain(shared));
	}
	leash_release(shared);
	leash_release(list);
	return NULL;
}

static void *load(void)
{
	const char *path = getenv("LEASH_LIBRARY");

	return dlopen(path ? path : "lib/.libs/libleash.so", RTLD_NOW | RTLD_LOCAL);
}

int main(void)
{
	pthread_t threads[4];
	void *library;
	int missing = 0;

	if (dlsym(RTLD_DEFAULT, "leash_new"))
		bail_out("this program is linked with the library");
	for (int i = 0; i < 4; i++)
		threads[i] = thread_start(early_thread, NULL);
	library = load();
	if (!library) {
		diag("%s", dlerror());
		if (getenv("LEASH_LIBRARY") && access(getenv("LEASH_LIBRARY"), R_OK) != 0)
			skip_all("configured without a shared library");
	}
	ok(library != NULL, "the library is loaded into a program with threads");
#define FIND(result, name, parameters)                         \
	*(void **)&name = dlsym(library, #name);                \
	if (!name) {                                            \
		diag("%s is missing", #name);                   \
		missing++;                                      \
	}
	NAMES(FIND)
	is_int(missing, 0, "all of its functions are found by name");
	is_str(leash_version(), "0.1.0", "the version first of all");

	shared = leash_new(&node_type);
	ok(shared != NULL, "it makes an object");
	ok((uintptr_t)shared % 16 == 0, "aligned");
	is_int(leash_refcount(shared), 1, "with one reference");
	for (int i = 0; i < 4; i++)
		leash_retain(shared);
	baton_pass(&baton, 1);
	for (int i = 0; i < 4; i++)
		thread_end(threads[i]);
	eventually(__atomic_load_n(&destroyed, __ATOMIC_RELAXED) == 4000,
	   "threads that are older than the library use it, and their objects die");
	eventually(leash_refcount(shared) == 1, "what they shared is left with one reference");

	struct node *field = NULL;
	leash_set(&field, shared);
	ok(field == shared && leash_get(&field) == shared && leash_refcount(shared) == 3, "fields work by name");
	leash_release(shared);
	leash_set_take(&field, shared);
	leash_handoff(shared);
	ok(leash_is_unique(field) && leash_adopt(field) && leash_steal(&field) == shared, "transfers too");
	leash_clear(&field);
	leash_close(shared);
	leash_release(shared);
	ok(leash_new(NULL) == NULL && errno == EINVAL, "errors too");
	void *tail = leash_new_extra(&node_type, 100);
	ok(leash_typeof(tail) == &node_type, "tails too");
	leash_release(tail);
	static struct node *immortal;
	immortal = leash_new(&node_type);
	leash_immortalize(immortal);
	ok(leash_refcount(immortal) == SIZE_MAX, "immortal objects too");
	leash_retire(malloc(8), free);
	leash_flush();
	FILE *null = fopen("/dev/null", "w");
	ok(null && leash_stats_print(null, 0) == 0, "statistics too");
	fclose(null);
	is_int(leash_shutdown(), 0, "the end finds nothing left");
	is_int(dlclose(library), 0, "it may be closed");
	ok(load() == library, "and loaded again");
	shared = leash_new(&node_type);
	leash_release(shared);
	is_int(leash_shutdown(), 0, "and used again");
	is_int(dlclose(library), 0, "and closed at the end");
	return done();
}
