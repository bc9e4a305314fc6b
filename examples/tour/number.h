/* A number that is an object: immutable, so that nobody minds with whom he shares it. */
#ifndef NUMBER_H
#define NUMBER_H

#include "tour.h"

struct number {
	int value;
};

struct number *number_new(int value);

/* "[1, 2, 3]", of a list of numbers. */
void print_numbers(const leash_array *list);

#endif
