/* What the rounds of stress-collect.c and stress-chase.c share. */
#ifndef STRESS_COLLECT_H
#define STRESS_COLLECT_H

#include <stdbool.h>

#include "stress-oracle.h"

extern bool stop; /* the round's threads are to end */

/* A thread: rounds back to back. */
void *collect_on(void *argument);

/* From the object in that place along random edges; then that place holds what was come to. */
void walk(struct managed **where);

/* Suspects are looked at a few at a time, so that garbage of one part is held by that of another. */
void choose_part(void);

void hopping_round(void);
void rescuing_round(void);
void leaves_round(void);

#endif
