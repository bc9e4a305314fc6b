/* The table of types: see type.c. */
#ifndef LSH_TYPE_H
#define LSH_TYPE_H

#include <stdbool.h>
#include <stdint.h>
#include <leash/abi.h>
#include <leash/type.h>
#include "track.h"

/* What birth and death need to know, in one cache line. */
struct lsh_type {
	const leash_type *type;
	uint64_t birth;    /* the shared word of a new object, of no owner and no count */
	uint32_t size;     /* bytes of the payload */
	uint32_t body;     /* the same with what is behind it */
	uint8_t magazine;  /* where blocks of header and payload come from, or LSH_NO_MAGAZINE */
	uint16_t log;      /* the header's log word at birth */
	bool references;   /* has strong fields or a trace */
	bool weak_fields;
	bool weakable;
	bool cyclic;       /* has references, and may be part of a cycle */
	bool hooks;        /* has close, finalize or destroy */
	bool simple;       /* neither: its death is its memory's */
	uint8_t first_ref; /* if the references stand in one row: where it begins, in words, and how many they are */
	uint8_t refs;
} __attribute__((aligned(64)));

extern struct lsh_type lsh_types[1 << 16] LSH_HIDDEN;

static inline const struct lsh_type *lsh_type_of(const struct leash__header *h)
{
	return &lsh_types[__atomic_load_n(&h->shared, __ATOMIC_RELAXED) & LEASH__TYPE_MASK];
}

/* A header's second half, which births and deaths write at once. */
union lsh_half {
	struct {
		uint32_t local;
		uint16_t owner;
		uint16_t log;
	};
	uint64_t all;
};

static inline void lsh_set_half(struct leash__header *h, union lsh_half half)
{
	typedef uint64_t __attribute__((may_alias)) word;

	__atomic_store_n((word *)&h->local, half.all, __ATOMIC_RELAXED);
}

/* What a birth needs, by the description's address. */
#define LSH_TYPE_CACHE_BITS 5
struct lsh_type_cache {
	struct lsh_type_slot {
		const leash_type *type;
		struct lsh_magazine *magazine;
		union lsh_half half; /* of the header at birth */
		uint64_t shared;
		uint64_t *births;    /* the counter */
		uint32_t clear;      /* bytes of the payload, rounded up to whole 16s */
	} slots[1 << LSH_TYPE_CACHE_BITS];
};

static inline size_t lsh_type_hash(const leash_type *type)
{
	return (uint64_t)(uintptr_t)type * UINT64_C(0x9e3779b97f4a7c15) >> (64 - LSH_TYPE_CACHE_BITS);
}

/* Finds or makes the entry of a type.  NULL with errno EINVAL for a description that is not one, ENOMEM
 * when there are 65,535 types. */
const struct lsh_type *lsh_type_find(const leash_type *type);

/* Calls visit() with the address of each reference the object holds, NULL ones included. */
void lsh_type_visit(struct leash__header *h, leash_visit_fn *visit, void *arg);

/* Bytes of the payload, a tail included. */
size_t lsh_payload(const struct leash__header *h);

/* The library will not read it again: memory checkers report whoever does, though the dead object's memory waits. */
void lsh_payload_forbid(struct leash__header *h);

/* The same, for callers whose visit() is to become part of the loop. */
static LEASH__INLINE void lsh_type_visit_inline(struct leash__header *h, leash_visit_fn *visit, void *arg)
{
	const struct lsh_type *entry = lsh_type_of(h);
	const leash_type *type = entry->type;
	char *payload = (char *)(h + 1);
	size_t i, k;

	if (entry->refs) {
		for (k = 0; k < entry->refs; k++)
			visit(payload + (entry->first_ref + k) * sizeof(void *), arg);
		return;
	}
	for (i = 0; i < type->field_count; i++) {
		leash_field field = type->fields[i];
		size_t offset = (uint32_t)field;
		size_t number = field >> 32 & 0xffffff;

		if (field >> 56 == LEASH__FIELD_WEAK)
			continue;
		if (field >> 56 == LEASH__FIELD_TAIL) {
			size_t bytes = lsh_payload(h);

			number = bytes > offset ? (bytes - offset) / sizeof(void *) : 0;
		}
		for (k = 0; k < number; k++)
			visit(payload + offset + k * sizeof(void *), arg);
	}
	if (type->trace)
		type->trace(payload, visit, arg);
}

/* What stands in front of the header of an object made with a tail (LEASH__EXTRA). */
struct lsh_prefix {
	uint64_t extra; /* bytes of the tail */
	struct lsh_weak *weak;
};

static inline struct lsh_prefix *lsh_prefix_of(const struct leash__header *h)
{
	return (struct lsh_prefix *)(uintptr_t)h - 1;
}

/* Bytes of its block, from its beginning: the prefix, if there is one, or the header. */
size_t lsh_block_bytes(const struct leash__header *h);

/* Where an object of a weakable type keeps what its weak references share. */
static inline struct lsh_weak **lsh_weak_word(const struct leash__header *h)
{
	if (__atomic_load_n(&h->shared, __ATOMIC_RELAXED) & LEASH__EXTRA)
		return &lsh_prefix_of(h)->weak;
	return (struct lsh_weak **)((uintptr_t)(h + 1) + lsh_type_of(h)->body - sizeof(struct lsh_weak *));
}

void lsh_types_lock(void);
void lsh_types_unlock(void);

#endif
