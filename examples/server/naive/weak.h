/* Weak references, as std::shared_ptr has them: two counts, of which the first is who keeps the object alive, and the
 * second who keeps its memory.
 *
 * The second stands before the header, and only of objects whose type is LEASH_WEAKABLE.  All strong references together
 * are one in it, which goes when the object has died.  A weak reference becomes a strong one by a compare-and-swap
 * of the first count, unless that is 0, which is for good.
 */
#ifndef SERVER_NAIVE_WEAK_H
#define SERVER_NAIVE_WEAK_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <leash/type.h>

struct naive_front {
	uint32_t holds;
	uint32_t unused[3]; /* objects are aligned to 16 bytes */
};

static inline void naive_front_drop(struct naive_front *front)
{
	if (__atomic_sub_fetch(&front->holds, 1, __ATOMIC_ACQ_REL) == 0)
		free(front);
}

static inline void *naive_allocate(const leash_type *type, size_t bytes)
{
	struct naive_front *front;

	if (!(type->flags & LEASH_WEAKABLE))
		return calloc(1, bytes);
	front = calloc(1, sizeof(*front) + bytes);
	if (!front)
		return NULL;
	front->holds = 1;
	return front + 1;
}

static inline void naive_deallocate(const leash_type *type, void *block)
{
	if (type->flags & LEASH_WEAKABLE)
		naive_front_drop((struct naive_front *)block - 1);
	else
		free(block);
}

#define NAIVE_ALLOCATE(type, bytes) naive_allocate((type), (bytes))
#define NAIVE_FREE(type, block)     naive_deallocate((type), (block))
#include "../../naive.h"

static inline struct naive_front *naive_front_of(const void *object)
{
	return (struct naive_front *)naive_header_of(object) - 1;
}

/* A weak reference more.  The caller holds the object. */
static inline void *naive_weak_hold(const void *object)
{
	__atomic_fetch_add(&naive_front_of(object)->holds, 1, __ATOMIC_RELAXED);
	return (void *)(uintptr_t)object;
}

static inline void naive_weak_drop(const void *object)
{
	naive_front_drop(naive_front_of(object));
}

/* Whether the object is dead, for good.  The caller holds it weakly, as below. */
static inline bool naive_weak_expired(const void *object)
{
	return __atomic_load_n(&naive_header_of(object)->count, __ATOMIC_RELAXED) == 0;
}

/* A strong reference, or NULL. */
static inline void *naive_weak_load(const void *object)
{
	uint32_t *count = &naive_header_of(object)->count, now = __atomic_load_n(count, __ATOMIC_RELAXED);

	do {
		if (now == 0)
			return NULL;
	} while (!__atomic_compare_exchange_n(count, &now, now + 1, true, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
	return (void *)(uintptr_t)object;
}

#endif
