/* The comparator: the calls of <leash/leash.h> that depgraph uses, over one atomic counter.  (server/naive/ adds what a server
 * needs besides.)
 *
 * This is reference counting as it is usually written: a relaxed increment, a decrement with
 * acquire and release that tests for zero, all inlined, objects zeroed by the same allocator.
 * A source that includes this file instead of <leash/leash.h> compiles to the same program
 * with the other kind of counting.  Nothing here is slower than it has to be:
 *
 *   - the header is 16 bytes, and a tail needs no more;
 *   - storing a reference that the caller gives away (leash_set_take) counts nothing;
 *   - an object's memory is one calloc() and one free();
 *   - death is iterative, and costs nothing until it happens.
 *
 * Only the description of types comes from leash: it is constants and no code.
 *
 * Death.  A dead object with references inside waits in a list until they have been released.
 * The list needs no memory: the link lies in the object's first reference, which is taken out
 * before and is the next to be released.  So chains of any length die in constant stack space.
 */
#ifndef NAIVE_H
#define NAIVE_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <leash/type.h>

struct naive_header {
	uint32_t count;
	uint32_t extra; /* bytes of the tail */
	const leash_type *type;
};

_Static_assert(sizeof(struct naive_header) == 16, "no larger than it has to be");

/* Where the memory of objects comes from, all bytes 0, and where it goes.  Who includes this file and needs some of it for
 * himself, such as for weak references, has defined both. */
#ifndef NAIVE_ALLOCATE
#define NAIVE_ALLOCATE(type, bytes) calloc(1, (bytes))
#define NAIVE_FREE(type, block)     free(block)
#endif

typedef void *__attribute__((may_alias)) naive_ref;

static inline struct naive_header *naive_header_of(const void *object)
{
	return (struct naive_header *)(uintptr_t)object - 1;
}

static inline void *leash_new_extra(const leash_type *type, size_t extra)
{
	struct naive_header *h;

	if (extra > UINT32_MAX || type->size > UINT32_MAX - extra) {
		errno = EINVAL;
		return NULL;
	}
	h = NAIVE_ALLOCATE(type, sizeof(*h) + type->size + extra);
	if (h == NULL)
		return NULL;
	h->count = 1;
	h->extra = (uint32_t)extra;
	h->type = type;
	return h + 1;
}

static inline void *leash_new(const leash_type *type)
{
	return leash_new_extra(type, 0);
}

/* How many references field `f` has in this object, and where they begin. */
static inline size_t naive_field(struct naive_header *h, leash_field f, naive_ref **at)
{
	size_t offset = f & UINT32_MAX;

	*at = (naive_ref *)((char *)(h + 1) + offset);
	if (f >> 56 == LEASH__FIELD_TAIL)
		return (h->type->size + h->extra - offset) / sizeof(void *);
	return f >> 32 & 0xffffff;
}

static inline naive_ref *naive_first_reference(struct naive_header *h)
{
	naive_ref *at;

	for (size_t i = 0; i < h->type->field_count; i++)
		if (naive_field(h, h->type->fields[i], &at) != 0)
			return at;
	return NULL;
}

static inline int naive_drop(void *object)
{
	return __atomic_sub_fetch(&naive_header_of(object)->count, 1, __ATOMIC_ACQ_REL) == 0;
}

static inline void naive_free(struct naive_header *h)
{
	if (h->type->destroy != NULL)
		h->type->destroy(h + 1);
	NAIVE_FREE(h->type, h);
}

/* Puts a dead object into the list, and all those that die with their first references. */
static inline struct naive_header *naive_bury(struct naive_header *list, void *object)
{
	do {
		struct naive_header *h = naive_header_of(object);
		naive_ref *first = naive_first_reference(h);

		if (first == NULL) {
			naive_free(h);
			return list;
		}
		object = *first;
		*first = list;
		list = h;
	} while (object != NULL && naive_drop(object));
	return list;
}

static __attribute__((noinline, unused)) void naive_die(void *object)
{
	struct naive_header *list = naive_bury(NULL, object);

	while (list != NULL) {
		struct naive_header *h = list;
		naive_ref *first = naive_first_reference(h);

		list = *first;
		*first = NULL;
		for (size_t i = 0; i < h->type->field_count; i++) {
			naive_ref *at;
			size_t n = naive_field(h, h->type->fields[i], &at);

			for (size_t k = 0; k < n; k++)
				if (at[k] != NULL && naive_drop(at[k]))
					list = naive_bury(list, at[k]);
		}
		naive_free(h);
	}
}

static inline void *naive_retain(const void *object)
{
	if (object != NULL)
		__atomic_fetch_add(&naive_header_of(object)->count, 1, __ATOMIC_RELAXED);
	return (void *)(uintptr_t)object;
}

static inline void naive_release(const void *object)
{
	if (object != NULL && naive_drop((void *)(uintptr_t)object))
		naive_die((void *)(uintptr_t)object);
}

static inline void *naive_exchange(void *field, const void *object)
{
	naive_ref *ref = field;
	void *old = *ref;

	*ref = (void *)(uintptr_t)object;
	return old;
}

static inline void naive_set(void *field, const void *object, size_t checked)
{
	(void)checked;
	naive_release(naive_exchange(field, naive_retain(object)));
}

static inline void naive_set_take(void *field, const void *object, size_t checked)
{
	(void)checked;
	naive_release(naive_exchange(field, object));
}

#define leash_retain(object)          ((__typeof__((void)0, (object)))naive_retain(object))
#define leash_release(object)         naive_release(object)
#define leash_set(field, object)      naive_set((field), (object), sizeof(*(field) = (object)))
#define leash_set_take(field, object) naive_set_take((field), (object), sizeof(*(field) = (object)))
#define leash_get(field)              ((__typeof__((void)0, *(field)))naive_retain(*(naive_ref *)(field)))
#define leash_steal(field)            ((__typeof__((void)0, *(field)))naive_exchange((field), NULL))
#define leash_clear(field)            naive_release(naive_exchange((field), NULL))

static inline void leash_flush(void)
{
}

/* Nothing runs in the background, and counting live objects would cost another counter. */
static inline long leash_shutdown(void)
{
	return -ENOSYS;
}

#endif
