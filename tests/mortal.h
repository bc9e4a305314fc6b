/* The simplest object whose death is seen: no fields, and a destroy function that counts and notes its thread. */
#ifndef MORTAL_H
#define MORTAL_H

#include <leash/leash.h>
#include <pthread.h>
#include <stdbool.h>

struct obituary {
	int deaths;
	pthread_t last; /* the thread of the latest death */
};

struct mortal {
	struct obituary *obituary;
	long value;
};

static inline void mortal_destroy(void *object)
{
	struct obituary *obituary = ((struct mortal *)object)->obituary;

	__atomic_store_n(&obituary->last, pthread_self(), __ATOMIC_RELAXED);
	__atomic_fetch_add(&obituary->deaths, 1, __ATOMIC_ACQ_REL);
}

static const leash_type mortal_type __attribute__((unused)) = {
	.name = "mortal",
	.size = sizeof(struct mortal),
	.destroy = mortal_destroy,
};

static inline struct mortal *mortal_of(const leash_type *type, struct obituary *obituary)
{
	struct mortal *object = (struct mortal *)leash_new(type);

	object->obituary = obituary;
	return object;
}

static inline struct mortal *mortal_new(struct obituary *obituary)
{
	return mortal_of(&mortal_type, obituary);
}

static inline int deaths(const struct obituary *obituary)
{
	return __atomic_load_n(&obituary->deaths, __ATOMIC_ACQUIRE);
}

static inline bool died_here(const struct obituary *obituary)
{
	return pthread_equal(__atomic_load_n(&obituary->last, __ATOMIC_RELAXED), pthread_self());
}

#endif
