/* Plays a stress in several configurations: see stress-play.c. */
#ifndef STRESS_PLAY_H
#define STRESS_PLAY_H

struct configuration {
	const char *name;
	const char *options;    /* LEASH_OPTIONS, or NULL */
	void (*round)(void);    /* one round, between oracle_begin() and oracle_end() */
	unsigned resurrect;     /* for oracle_begin() */
	unsigned share;         /* of the time */
};

/* To be main()'s whole body. */
int stress_play(int argc, char **argv, const struct configuration *configurations, int number);

#endif
