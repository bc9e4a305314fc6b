/* The hand-over of a table of deferred decrements: lib/deferred.c, lsh_begin() and the inlined paths.
 *
 * WHAT IS MODELLED.  One thread with its table, and the background thread.  The thread retains and releases
 * OBJECTS objects of another owner, more of them than entries, so that they evict one another; flushes
 * at any time, waiting for what others subtract (leash_flush()) or not; comes to the slow path when it finds no
 * table; flushes until nothing is left, and ends.  The background thread looks: it asks for the
 * table, takes it on a later look or, with `all`, on the same one, and hands it back.  Neither is bounded in
 * number of operations: the state space is finite because references and credits are.
 *
 * The pointer, the state, `used`, and an entry's object, credits and mark are accessed one step at a time;
 * compare-and-swap is one step.  Exceptions, which lose no behaviour:
 *
 *   - Entering the guard is one step with the choice of the operation.
 *   - A load of an entry goes with the decision on it: that nobody else touches the entry meanwhile is an invariant
 *     (1), not an assumption.
 *
 * WHAT IS ABSTRACTED.
 *
 *   - Memory is sequentially consistent.
 *   - The objects' life: each has one more reference, in nobody's hands here, so that none dies, and its count is
 *     a number.  Where the code looks at the count (the last visible reference, PROMPT, an entry that is full), any
 *     outcome is possible.
 *   - The pass that finds no room for what it took lets go of the registry's lock, at will.
 *   - Left out: the background thread's sleep, forks.
 *
 * INVARIANTS.  "At rest": the thread is between two operations, the background thread between two looks.
 *
 *   1  Never are both in the table, and the background thread is in none whose thread has ended.
 *   2  No subtraction takes a reference that somebody has.
 *   3  At rest an object's count is its references and its credits: none was subtracted twice or lost.  None is in
 *      the table when the thread's record goes.
 *   4  At rest, where there is an entry, `used` says so: the background thread would not look otherwise.
 *   5  At rest the table is there, or the thread's next use brings it back (ASKED), or the next look asks for it
 *      (`used`).
 *   6  When a thread has done nothing during two looks, or one with `all`, its table is empty.
 *   7  Who has read the pointer as a table does not use NULL.
 *   8  When leash_flush() returns, no credit of the thread is anywhere.
 *
 * Each #ifdef below is a mutation that must break one of them; models/run tries them all.
 */

#ifndef ENTRIES
#define ENTRIES 1
#endif
#ifndef REFS
#define REFS 2		/* references of the thread to one object */
#endif
#ifndef CREDIT_MAX
#define CREDIT_MAX 3
#endif

#define OBJECTS (ENTRIES + 1)
#define ENTRY(o) (((o) - 1) % ENTRIES)
#define NONE 0		/* objects are 1 .. OBJECTS */

#define FREE 0
#define ASKED 1
#define ANSWERED 2
#define TAKEN 3

bool pointer = true;	/* hot.credits: false while it is NULL */
byte state = FREE;
bool used;
bool busy;		/* the guard */
bool lock;		/* the registry's */
bool pass;		/* lsh_pass */
bool owed;		/* credits have left the table and are not subtracted yet */

byte header[ENTRIES];
byte credits[ENTRIES];
bool recent[ENTRIES];

short count[OBJECTS + 1] = 1;	/* the shared counts */

byte held[OBJECTS + 1];	/* ghost: the thread's references */
bool idle = true;	/* ghost: it is between two operations */
bool ended;		/* its record has gone */
bool thread_in;		/* ghost: it is in the table */
bool background_in;	/* ghost */
bool stirred;		/* ghost: it was not idle all through this look */

#define THREAD_IN     thread_in = true; assert(!background_in)			/* 1 */
#define BACKGROUND_IN background_in = true; assert(!thread_in && !ended)	/* 1 */

inline subtract(o, n)
{
	atomic {
		count[o] = count[o] - n;
		assert(count[o] >= 1 + held[o])					/* 2 */
	}
}

/* Within atomic. */
inline check_rest()
{
	assert(count[1] == 1 + held[1] + (header[ENTRY(1)] == 1 -> credits[ENTRY(1)] : 0));	/* 3 */
	assert(count[2] == 1 + held[2] + (header[ENTRY(2)] == 2 -> credits[ENTRY(2)] : 0));	/* 3 */
#if ENTRIES == 2
	assert(count[3] == 1 + held[3] + (header[ENTRY(3)] == 3 -> credits[ENTRY(3)] : 0));	/* 3 */
	assert(used || !header[1]);							/* 4 */
#endif
	assert(used || !header[0]);							/* 4 */
	assert(pointer || state == ASKED || used || ended)				/* 5 */
}

inline hand_back(again)
{
#ifndef USED_LAST
	used = again;
#endif
#ifdef STATE_BEFORE_POINTER
	state = FREE;
	pointer = true;
#else
	pointer = true;
	state = FREE;
#endif
#ifdef USED_LAST
	used = again;
#endif
	skip
}

inline take_out(e, o, n)
{
	o = header[e];
	n = credits[e];
	header[e] = NONE;
	atomic { credits[e] = 0; recent[e] = false }
}

#define LOST (s == ANSWERED || s == TAKEN)

inline go_through(all)
{
	s = state;
	do
	:: LOST -> break
#ifdef FLUSH_UNASKED
	:: s == FREE -> break
#endif
#ifdef ANSWER_BY_STORE
	:: !LOST -> state = ANSWERED; break
#else
	:: !LOST ->
		atomic {
			if
			:: state == s -> state = ANSWERED; break
			:: else -> s = state
			fi
		}
#endif
	od;
	if
	:: LOST
	:: else ->
		atomic { THREAD_IN; e = 0; again = false };
		do
		:: e < ENTRIES ->
			if
			:: header[e] == NONE
			:: header[e] != NONE && (all || !recent[e]) ->
				busy = true;
				take_out(e, other, n);
				if
				:: n -> subtract(other, n)
				:: else
				fi;
				atomic { busy = false; other = NONE; n = 0 }
			:: header[e] != NONE && !all && recent[e] ->
				recent[e] = false;
				again = true
			fi;
			e++
		:: else -> break
		od;
		atomic { thread_in = false; e = 0 };
		hand_back(again)
	fi;
	atomic { s = 0; again = false }
}

/* lsh_credit_take(), which reads the pointer by itself, and what follows: subtracts that and one more. */
inline release_oddly()
{
	n = 1;
	if
	:: pointer ->
		atomic { THREAD_IN };
		if
		:: header[e] == o ->
			n = n + credits[e];
			credits[e] = 0
		:: else
		fi;
		thread_in = false
	:: else
	fi;
	subtract(o, n)
}

/* The table is ours. */
inline release_missed()
{
#ifdef POINTER_READ_AGAIN
	assert(pointer);							/* 7 */
#endif
	atomic { THREAD_IN };
	if
	:: thread_in = false; release_oddly()
	:: header[e] != o ->
		other = header[e];
		n = credits[e];
		header[e] = o;
		credits[e] = 1;
		recent[e] = true;
		thread_in = false;
		used = true;
		if
		:: other != NONE && n -> subtract(other, n)
		:: else
		fi
	fi
}

#define BEGIN idle = false; stirred = true
#define END   idle = true; e = 0; n = 0; o = NONE; other = NONE; missed = false; retains = false

proctype Thread()
{
	byte s, e, o, other, n;
	bool again, missed, retains;

	do
	:: atomic {							/* retain or release */
		if
		:: o = 1
		:: o = 2
#if ENTRIES == 2
		:: o = 3
#endif
		fi;
		if
		:: held[o] < REFS -> retains = true
		:: held[o] -> held[o]--
		fi;
		e = ENTRY(o);
		BEGIN;
		busy = true };
		if
		:: pointer && retains ->
			atomic { THREAD_IN };
			if
			:: header[e] == o && credits[e] ->
				n = credits[e];
				atomic { credits[e] = n - 1; thread_in = false }
			:: else ->
				thread_in = false;
				count[o]++
			fi
		:: pointer && !retains ->
			atomic { THREAD_IN };
			if
			:: header[e] == o && credits[e] + 1 < CREDIT_MAX ->
				n = credits[e];
				credits[e] = n + 1;
				atomic { recent[e] = true; thread_in = false }
			:: atomic { thread_in = false; missed = true }
			fi;
			if
			:: missed -> release_missed()
			:: else
			fi
		:: !pointer ->
			busy = false;
			/* lsh_begin() */
			if
			:: state == ASKED -> go_through(false)
			:: else
			fi;
			atomic { busy = true; e = ENTRY(o) };
			if
			:: retains -> count[o]++
			:: !retains && pointer -> release_missed()
			:: !retains && !pointer -> release_oddly()
			fi
		fi;
		atomic {
			if
			:: retains -> held[o]++
			:: else
			fi;
			busy = false;
			END }

	:: atomic { used -> BEGIN };					/* a flush of its own */
		go_through(true);
		atomic { END }

	:: atomic { BEGIN };						/* leash_flush() */
		do
		:: true ->
			if
			:: used -> go_through(true)
			:: else
			fi;
			if
#ifdef FLUSH_TRUSTS_THE_PASS
			:: atomic { !lock && (owed || state == TAKEN) };
				!pass;
				break
			:: atomic { !lock && !(owed || state == TAKEN) -> break }
#else
			:: atomic { !lock && (owed || state == TAKEN || used) };
				!pass
			:: atomic { !lock && !(owed || state == TAKEN || used) -> break }
#endif
			fi
		od;
		atomic {
			assert(count[1] == 1 + held[1]);			/* 8 */
			assert(count[2] == 1 + held[2]);			/* 8 */
#if ENTRIES == 2
			assert(count[3] == 1 + held[3]);			/* 8 */
#endif
			END }

	:: atomic { BEGIN };						/* its end */
		do
		:: used ->
			go_through(true);
#ifdef END_FLUSHES_ONCE
			break
#endif
		:: else -> break
		od;
		atomic { !lock && state != TAKEN ->
			assert(!credits[0]);				/* 3 */
#if ENTRIES == 2
			assert(!credits[1]);				/* 3 */
#endif
			ended = true;
			END;
			break }
	od
}

inline op_grace()
{
	!busy
}

inline drain()
{
	atomic { BACKGROUND_IN; e = 0 };
	do
	:: e < ENTRIES ->
		if
		:: header[e] != NONE -> take_out(e, taken[e], number[e])
		:: else
		fi;
		e++
	:: else -> break
	od;
	atomic { background_in = false; e = 0 }
}

proctype Background()
{
	byte e, quiet;
	byte taken[ENTRIES], number[ENTRIES];
	bool all, whole, mine, asked;

	do
	:: atomic {
		if
		:: idle -> check_rest()
		:: else
		fi;
		if
		:: ended -> break
		:: else
		fi;
		quiet = (stirred -> 0 : quiet);
		stirred = !idle;
		pass = true;
		lock = true;
		if
		:: all = true; whole = true
		:: true
		fi };
		if
		:: used ->
take_or_ask:
			atomic {
				if
				:: state == ASKED -> state = TAKEN; mine = true
				:: else
				fi };
#ifdef NO_SECOND_NULL
			if
			:: !mine -> pointer = false
			:: else
			fi;
#else
			pointer = false;
#endif
			if
			:: mine
			:: else ->
				atomic {
					if
					:: state == FREE -> state = ASKED; asked = true
					:: else
					fi };
				if
				:: atomic { asked && all -> asked = false; all = false; goto take_or_ask }
				:: atomic { asked && !all -> asked = false }
				:: !asked ->
					/* It is being gone through, and may have been handed back before the pointer went. */
#ifdef POINTER_KEPT_AWAY
					skip
#else
					pointer = true
#endif
				fi
			fi
		:: else
		fi;
#if !defined(NO_GRACE) && !defined(GRACE_AFTER_DRAINING)
		if
		:: mine -> op_grace()
		:: else
		fi;
#endif
		if
		:: mine -> lock = false; lock = true			/* no room */
		:: true
		fi;
		if
		:: !ended && state == TAKEN ->
			drain();
#ifdef GRACE_AFTER_DRAINING
			op_grace();
#endif
			owed = true;
			hand_back(false)
		:: else
		fi;
		lock = false;
		do
		:: e < ENTRIES ->
			if
			:: number[e] -> subtract(taken[e], number[e])
			:: else
			fi;
			atomic { taken[e] = NONE; number[e] = 0; e++ }
		:: else -> break
		od;
		/* The lock is free: only this process holds it for more than one step. */
		owed = false;
		atomic {
			pass = false;
			if
			:: stirred -> quiet = 0
			:: !stirred && !whole && quiet < 2 -> quiet++
			:: !stirred && (whole || quiet == 2) -> quiet = 2
			fi;
			if
			:: quiet == 2 ->
				assert(!header[0] && !used);			/* 6 */
#if ENTRIES == 2
				assert(!header[1]);				/* 6 */
#endif
				quiet = 1
			:: else
			fi;
			e = 0;
			all = false;
			whole = false;
			mine = false }
	od
}

init {
	atomic {
		run Thread();
		run Background()
	}
}
