/* Asking when readers are through (lib/readers.c), by threads that collect memory they would rather not wait for (lib/shown.c).
 *
 * WHAT IS MODELLED.  One place where objects are found; two threads that put another object there, ask for a number when they have
 * taken one away, go on, and free it once the number is over; a thread that waits for readers, again and again; two readers, whose
 * sections begin and end at any time.  A grace period waits for the sections that were under way when it looked at their reader, and
 * not for later ones.
 *
 * WHAT IS ABSTRACTED.  Objects are not reused.  Guards and read sections are the same here: an op-grace is to one what a grace period
 * is to the other.  Memory is sequentially consistent.
 *
 * INVARIANT.
 *
 *   1  Nothing is freed while a section is under way that has found it.
 *
 * Each #ifdef below is a mutation that must break it; models/run tries them all.
 */

#ifndef ROUNDS
#define ROUNDS 2	/* of each thread */
#endif
#ifndef SECTIONS
#define SECTIONS 2	/* of each reader */
#endif
#define THREADS 2
#define READERS 2
#define OBJECTS (THREADS * ROUNDS + 1)

byte place;			/* the object that is found */
byte asked, over;
bool freed[OBJECTS];
bool reading[READERS];
byte ended[READERS];		/* sections */
byte working = THREADS;

proctype Thread(byte t)
{
	byte round, old, number;

	do
	:: round < ROUNDS ->
#ifdef ASKED_EARLY
		atomic { asked++; number = asked };
		atomic { old = place; place = t * ROUNDS + round + 1 };
#else
		atomic { old = place; place = t * ROUNDS + round + 1 };
		atomic { asked++; number = asked };
#endif
#ifdef NOT_BEFORE
		atomic { over + 1 >= number -> freed[old] = true };
#else
		atomic { over >= number -> freed[old] = true };
#endif
		round++
	:: else -> break
	od;
	working--
}

active proctype Waiter()
{
	byte now, r, seen;
	bool waits;

	do
	:: atomic { working && asked > over -> now = asked };
		r = 0;
		do
		:: r < READERS ->
#ifndef NO_WAIT
			atomic { waits = reading[r]; seen = ended[r] };
			(!waits || ended[r] != seen);
#endif
			r++
		:: else -> break
		od;
#ifdef OVER_LATE
		atomic { over = asked }
#else
		over = now
#endif
	:: atomic { !working -> break }
	od
}

proctype Reader(byte r)
{
	byte sections, p;

	do
	:: sections < SECTIONS ->
		reading[r] = true;
		p = place;
		assert(!freed[p]);
		assert(!freed[p]);
		atomic { reading[r] = false; ended[r]++; p = 0 };
		sections++
	:: else -> break
	od
}

init {
	atomic {
		run Thread(0);
		run Thread(1);
		run Reader(0);
		run Reader(1)
	}
}
