/* Somebody with a name, who may know somebody else, and whose death is announced. */
#ifndef PERSON_H
#define PERSON_H

#include "tour.h"

struct person {
	const char *name;
	struct person *friend; /* strong */
};

/* One who dies aloud, and one who dies in silence. */
struct person *person_new(const char *name);
struct person *person_new_quiet(const char *name);

#endif
