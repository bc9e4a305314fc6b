/* Strong references held by other objects, or by variables of any kind.
 *
 *     leash_set(&node->left, child);        node->left holds a new reference to child
 *     leash_set_take(&node->left, child);   node->left holds the caller's reference to child
 *     child = leash_get(&node->left);       the caller holds a new reference
 *     child = leash_steal(&node->left);     the caller holds the field's reference, the field is NULL
 *     leash_clear(&node->left);             the field is NULL, its reference is released
 *
 * The first argument is the address of a variable of pointer type, which is NULL or holds a reference; the
 * types of both arguments must agree, as in an assignment.  Values may be NULL.  Every argument is
 * evaluated once.  A strong field of a managed object is never assigned with `=` once the object can be
 * reached by others: these calls store atomically and tell the library, `=` does neither.
 *
 * Thread safety: as for any variable in C; threads that use one field, one of them writing, need
 * a lock.  Cost: that of the retain or release they do, and a store.
 */
#ifndef LEASH_FIELD_H
#define LEASH_FIELD_H

#include <stdbool.h>

#include <leash/abi.h>
#include <leash/count.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A reference as memory, whatever it points to. */
typedef void *__attribute__((may_alias)) leash__ref;

#pragma GCC visibility push(default)
/* C and C++ use the macros below, which check the types; these are what bindings of other languages call.  `field` is the
 * address of a reference; all abort with one line when that is NULL. */

/* Stores a new reference to the object, and releases what was there. */
void leash_set(void *field, const void *object);

/* Stores the caller's reference, which is consumed, and releases what was there. */
void leash_set_take(void *field, const void *object);

/* A new reference to what is there, or NULL. */
void *leash_get(const void *field);

/* The field's reference, which is the caller's now; the field is NULL. */
void *leash_steal(void *field);

/* Makes it NULL, and releases what was there. */
void leash_clear(void *field);

/* Aborts with one line: the address of a reference was NULL. */
void leash__no_field(void) __attribute__((noreturn, cold, nothrow));

/* Stores `object` and returns what was there, if either has to do with the collector: it must see that a reference
 * was taken out, and, if `moved`, hear of one that was moved in. */
void *leash__exchange_tracked(void *field, const void *object, bool moved) __attribute__((nothrow));
#pragma GCC visibility pop

/* Whether the collector looks at the object. */
static inline bool leash__is_leaf(const void *object)
{
	return object == NULL ||
	       __atomic_load_n(&leash__header_of(object)->log, __ATOMIC_RELAXED) >= LEASH__LEAF;
}

static inline void *leash__exchange(void *field, const void *object, bool moved)
{
	leash__ref *ref = (leash__ref *)field;
	void *old;

	if (__builtin_expect(field == NULL, 0))
		leash__no_field();
	old = __atomic_load_n(ref, __ATOMIC_RELAXED);
	if (!leash__is_leaf(old) || (moved && !leash__is_leaf(object)))
		return leash__exchange_tracked(field, object, moved);
	__atomic_store_n(ref, (void *)(uintptr_t)object, __ATOMIC_RELEASE);
	return old;
}

static inline void leash__set(void *field, const void *object, size_t checked)
{
	(void)checked;
	leash__release(leash__exchange(field, leash__retain(object), false));
}

static inline void leash__set_take(void *field, const void *object, size_t checked)
{
	(void)checked;
	leash__release(leash__exchange(field, object, true));
}

static LEASH__INLINE void *leash__get(const void *field)
{
	if (__builtin_expect(field == NULL, 0))
		leash__no_field();
	return leash__retain(__atomic_load_n((const leash__ref *)field, __ATOMIC_RELAXED));
}

#ifdef __cplusplus
}
#endif

/* The unevaluated assignment makes the compiler compare the types. */
#define leash_set(field, object)      leash__set((field), (object), sizeof(*(field) = (object)))
#define leash_set_take(field, object) leash__set_take((field), (object), sizeof(*(field) = (object)))
#define leash_get(field)              ((__typeof__((void)0, *(field)))leash__get(field))
#define leash_steal(field)            ((__typeof__((void)0, *(field)))leash__exchange((field), NULL, false))
#define leash_clear(field)            leash__release(leash__exchange((field), NULL, false))

#endif
