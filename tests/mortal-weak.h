/* A mortal that weak references may point to, and that may hold something. */
#ifndef MORTAL_WEAK_H
#define MORTAL_WEAK_H

#include "mortal.h"
#include "tap.h"

struct weakling {
	struct obituary *obituary;
	long value;
	void *hold;
};

static const leash_type weakling_type = {
	.name = "weakling",
	.size = sizeof(struct weakling),
	.flags = LEASH_WEAKABLE,
	LEASH_FIELDS(struct weakling, hold),
	.destroy = mortal_destroy,
};

static inline struct weakling *weakling_new(struct obituary *obituary, long value)
{
	struct weakling *w = (struct weakling *)leash_new(&weakling_type);

	if (!w)
		bail_out("no memory");
	w->obituary = obituary;
	w->value = value;
	return w;
}

#endif
