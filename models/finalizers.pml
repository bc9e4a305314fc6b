/* Finalizers in cycles: each runs once, and what they bring back lives.
 *
 * WHAT IS MODELLED.  Two objects in a cycle of garbage, each with a finalizer or without: step 8 of a round that has
 * found them.  It marks them, holds a counted reference on each, lets the finalizers run, and drops the references; rounds that
 * follow decide anew.  A finalizer may do to both objects what any code may: it hands references
 * to a thread, clears and moves fields, retains and releases.  The thread then does the same, beside the rounds.  Objects
 * die by their counts, too, and their finalizers run then unless they have run.
 *
 * Each access to a word or a field is a step of its own; the touch is one after the addition, in the same guard.
 *
 * WHAT IS ABSTRACTED.  The count is one word with one touched bit (collector.pml has two).  The suspects: all rounds
 * look at both objects (suspects.pml).  Finalizers run one after the other; that they run on a thread of
 * their own, without a guard, is all the same to the words.  The reference that a death by count holds for
 * its finalizer is given up by the thread that the object died on.
 *
 * INVARIANTS.
 *
 *   1  Each finalizer runs once at most, while its object is there.
 *   2  Nothing is severed that can be reached from hands, or that is dead by its count.
 *   3  Nobody touches a count that is gone: a severed or dead object's.
 *   4  Once nobody holds anything, a round ends both objects, each with its finalizer run.
 *
 * Each #ifdef below is a mutation that must break one of them; models/run tries them all.
 */

#ifndef BUDGET
#define BUDGET 4	/* what finalizers and the thread do, but for releases */
#endif
#ifndef ROUNDS
#define ROUNDS 2	/* beside the last, which nobody disturbs */
#endif

#define F 1		/* held[]: the finalizer's hands; 0 are the thread's */

byte count[2];
bool touched[2], finalized[2], dead[2], severed[2];
byte field[2];		/* object + 1; 0 is NULL */
bool locked[2];
bool hooked[2];		/* has a finalizer */
bool busy;
bool over;
bool holding;		/* the collector's references */

byte held[4];		/* ghost: [2 * t + x] */
byte runs[2];		/* ghost */
bool underway;		/* ghost: the thread has not done all of a release */
byte budget = BUDGET;

#define HELD(x) held[2 * t + (x)]
#define ANY(p) (p(0) || p(1))
#define PICK(x, p) if :: p(0) -> x = 0 :: p(1) -> x = 1 fi
#define FULL(x) (HELD(x) && !locked[x] && field[x])
#define EMPTY(x) (HELD(x) && !locked[x] && !field[x])
#define HANDS(x) (held[x] + held[2 + (x)] + holding)

#define ALIVE(x) assert(!dead[x] && !severed[x])			/* 3 */

inline add(x) { atomic { ALIVE(x); count[x]++ } }
inline touch(x) { atomic { ALIVE(x); touched[x] = true } }

/* In a guard.  Sets last if that was the end. */
inline subtract(x)
{
	ALIVE(x);
	assert(count[x]);
	count[x]--;
	last = count[x] == 0;
	dead[x] = last
}

inline run_finalizer(x)
{
	assert(!dead[x] && !severed[x]);				/* 1 */
	runs[x]++;
	assert(runs[x] == 1)						/* 1 */
}

/* What becomes of x, if last, and of what hangs on it. */
inline fall()
{
	do
	:: atomic { last && hooked[x] && !finalized[x] ->	/* brought back, and given up again */
		last = false;
		dead[x] = false;
		finalized[x] = true;
		count[x] = 1;
		touched[x] = true;
		run_finalizer(x) };
		atomic { subtract(x) }
	:: atomic { last && !(hooked[x] && !finalized[x]) && field[x] ->
		p = x;
		x = field[p] - 1;
		field[p] = 0;
		p = 0;
		subtract(x) }
	:: atomic { last && !(hooked[x] && !finalized[x]) && !field[x] -> last = false }
	:: atomic { else -> last = false; break }
	od
}

/* What the thread and finalizers do; t: whose hands. */
inline act(can_end)
{
	do
	:: atomic { budget && ANY(HELD) -> budget--; PICK(x, HELD); busy = !t || busy };	/* retain */
		add(x);
		touch(x);
		atomic { HELD(x)++; busy = busy && t; x = 0 }

	:: atomic { budget && ANY(FULL) -> budget--; PICK(p, FULL); x = field[p] - 1; busy = !t || busy;	/* get */
		locked[p] = true };
		add(x);
		touch(x);
		atomic { HELD(x)++; locked[p] = false; busy = busy && t; p = 0; x = 0 }

	:: atomic { budget && ANY(FULL) -> budget--; PICK(p, FULL); x = field[p] - 1; busy = !t || busy;	/* steal */
		locked[p] = true };
		touch(x);
		atomic { ALIVE(p); field[p] = 0; HELD(x)++; locked[p] = false; busy = busy && t; p = 0; x = 0 }

	:: atomic { budget && ANY(EMPTY) -> budget--; PICK(p, EMPTY); PICK(x, HELD);	/* set_take */
		ALIVE(p);
		field[p] = x + 1;
		HELD(x)--;
		p = 0;
		x = 0 }

	:: atomic { t == F && budget && ANY(HELD) -> budget--; PICK(x, HELD);	/* publish */
		HELD(x)--;
		held[x]++;
		x = 0 }

	:: atomic { ANY(HELD) -> PICK(x, HELD); HELD(x)--; underway = underway || !t; subtract(x) };	/* release */
		fall();
		atomic { x = 0; underway = underway && t }

	:: can_end -> break
	od
}

proctype Thread()
{
	byte x, p, t;
	bool last;

	act(over)
}

inline grace() { !busy }

/* Ghost. */
inline reach()
{
	live = (HANDS(0) || dead[0] -> 1 : 0) | (HANDS(1) || dead[1] -> 2 : 0);
	live = live | ((live & 1) -> field[0] : 0);
	live = live | ((live & 2) -> field[1] : 0);
	live = live | ((live & 1) -> field[0] : 0)
}

/* The collector's reference. */
inline drop(n)
{
	atomic { x = n; subtract(x) };
	fall();
	x = 0
}

/* Reads a set of garbage, or 0, to found. */
inline decide()
{
	atomic {
		found = 0;
		if
		:: c[0] && c[1] && c[0] + c[1] == (f[0] != 0) + (f[1] != 0) -> found = 3
		:: c[0] && c[0] == (f[0] == 1) && f[1] != 1 -> found = 1
		:: c[1] && c[1] == (f[1] == 2) && f[0] != 2 -> found = 2
		:: else
		fi;
		f[0] = 0; f[1] = 0
	}
}

inline read(x)
{
	if
	:: dead[x] || severed[x]
	:: else -> c[x] = count[x]; f[x] = field[x]
	fi
}

inline second(x)
{
	if
	:: (found & (1 << x)) && (touched[x] || dead[x] || count[x] != c[x]) -> found = 0
	:: else
	fi
}

/* Steps 4 to 7. */
inline validate()
{
	touched[0] = false;
	touched[1] = false;
	grace();
	if
	:: true -> read(0); read(1)
	:: true -> read(1); read(0)
	fi;
	decide();
	grace();
	second(0);
	second(1);
	atomic { c[0] = 0; c[1] = 0 }
}

/* References that leave it are released. */
inline sever()
{
	atomic {
		reach();
		assert(!(live & found));				/* 2 */
		live = 0;
		severed[0] = severed[0] || (found & 1);
		severed[1] = severed[1] || (found & 2);
		x = (found == 1 && field[0] == 2) + (found == 2 && field[1] == 1) * 2;
		field[0] = (found & 1 -> 0 : field[0]);
		field[1] = (found & 2 -> 0 : field[1]);
		found = 0
	};
	if
	:: atomic { x == 1 -> subtract(x) }
	:: atomic { x == 2 -> x = 0; subtract(x) }
	:: atomic { else -> x = 0 }
	fi;
	fall();
	x = 0
}

#define TO_RUN(x) ((found & (1 << (x))) && hooked[x] && !finalized[x])

/* Step 8. */
inline finish()
{
	if
	:: atomic { ANY(TO_RUN) -> todo = found };
#ifndef NOT_HELD
		/* Garbage: nobody is there to see that these are several steps. */
		atomic {
			count[0] = count[0] + (todo & 1);
			count[1] = count[1] + (todo >> 1);
			touched[0] = true;
			touched[1] = true
		};
#endif
		atomic {
			mark[0] = TO_RUN(0);
			mark[1] = TO_RUN(1);
#ifndef NOT_MARKED
			finalized[0] = finalized[0] || mark[0];
			finalized[1] = finalized[1] || mark[1];
#endif
			holding = true;
			found = 0
		};
		/* A finalizer gets at what its object leads to through a reference of its own to it. */
		do
		:: atomic { mark[0] -> mark[0] = false; run_finalizer(0); count[0]++; touched[0] = true; held[2]++ };
			act(!held[2] && !held[3])
		:: atomic { mark[1] && !mark[0] -> mark[1] = false; run_finalizer(1); count[1]++; touched[1] = true; held[3]++ };
			act(!held[2] && !held[3])
		:: atomic { !mark[0] && !mark[1] -> holding = false; break }
		od;
#ifdef MERE_RECOUNT
		/* What has the counts it had, and the collector's own, is taken for garbage still. */
		c[0] = 0;
		c[1] = 0;
		read(0);
		read(1);
		atomic {
			c[0] = (c[0] -> c[0] - (todo & 1) : 0);
			c[1] = (c[1] -> c[1] - (todo >> 1) : 0)
		};
		decide();
		atomic { c[0] = 0; c[1] = 0 };
		if
		:: found -> sever()
		:: else
		fi;
#endif
#ifndef NOT_HELD
		if
		:: (todo & 1) && !severed[0] -> drop(0)
		:: else
		fi;
		if
		:: (todo & 2) && !severed[1] -> drop(1)
		:: else
		fi;
#endif
		todo = 0
	:: found && !ANY(TO_RUN) -> sever()
	:: else
	fi
}

proctype Collector()
{
	byte rounds = ROUNDS, c[2], f[2], found = 3, todo, x, p, live, t = F;
	bool last, mark[2];

	finish();	/* of the round that found them */
	do
	:: rounds -> rounds--; validate(); finish()
	:: !held[0] && !held[1] && !underway && !busy -> break
	od;
	/* Nobody is left to disturb these. */
	validate();
	finish();
	validate();
	finish();
	assert((dead[0] || severed[0]) && (dead[1] || severed[1]));	/* 4 */
	assert(runs[0] == hooked[0] && runs[1] == hooked[1]);		/* 4 */
	over = true
}

init {
	atomic {
		count[0] = 1;
		count[1] = 1;
		field[0] = 2;
		field[1] = 1;
		hooked[0] = true;
		if
		:: hooked[1] = true
		:: true
		fi;
		run Thread();
		run Collector()
	}
}
