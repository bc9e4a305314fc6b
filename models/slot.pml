/* A shared slot: loads against replacement and the last release, and peeks against burial.
 *
 * WHAT IS MODELLED.  Two objects and one slot; two program threads that load, store what they hold, empty the slot, retain, release,
 * hand over, and peek in read sections.  A store exchanges, and releases what was there.  What dies without having been in the
 * slot is buried and freed at once; what was in it is buried after all readers, and freed after an op-grace.  "Buried" stands for
 * hooks and the release of fields: whoever looks at the object must not see it.
 *
 * Each access to the slot or to a word that others may touch is a step of its own; compare-and-swap loops that do
 * nothing but try again are one step.
 *
 * WHAT IS ABSTRACTED.  The count is one word: owners, their local counts and revocation are in weak.pml, whose load is the same.
 * Who finds that its reference is the only one, and the object never published, may take the short cut: a load and a plain
 * store.  Memory is sequentially consistent.  The collector: to it, a store is a move into a field, and an exchange a removal from one.
 *
 * INVARIANTS.
 *
 *   1  A load gives an object that is alive.
 *   2  What a peek has found is not buried before the section ends.
 *   3  Nothing touches an object's memory when it is free, and none dies while a thread or the slot holds it.
 *
 * Each #ifdef below is a mutation that must break one of them; models/run tries them all.
 */

#ifndef BUDGET
#define BUDGET 4	/* everything but releases */
#endif
#define MAXREF 2
#define NULL 2

byte slot = NULL;
byte count[2];			/* one word with the next two */
bool published[2], dead[2];
bool buried[2], freed[2];	/* ghost, as all that follow */
byte held[4];			/* [2 * t + x] */
bool busy[2], reading[2];
byte budget = BUDGET;

#define HELD(x) held[2 * t + (x)]
#define HANDS(x) (held[x] + held[2 + (x)])
#define ALIVE(x) assert(!freed[x])					/* 3 */

inline bury(x)
{
	assert(!HANDS(x) && slot != x);					/* 3 */
	buried[x] = true
}

proctype Thread(byte t)
{
	byte x = NULL, p;
	bool died, lone;

end:	do
	:: atomic { budget && !busy[t] -> budget--; busy[t] = true };	/* load */
again:		atomic { p = slot };
		if
		:: p == NULL
		:: else ->
#ifdef ADDED_BLINDLY
			atomic { ALIVE(p); lone = dead[p] };
			atomic {
				ALIVE(p);
				if
				:: lone -> lone = false; goto again
				:: else -> count[p]++; HELD(p)++; assert(!dead[p])	/* 1 */
				fi }
#else
			atomic {
				ALIVE(p);
				if
				:: dead[p] -> goto again
				:: else -> count[p]++; HELD(p)++
				fi }
#endif
		fi;
		atomic { busy[t] = false; p = 0 }

	:: atomic { budget && (HELD(0) || HELD(1)) -> budget--;		/* store */
		if
		:: HELD(0) -> x = 0
		:: HELD(1) -> x = 1
		fi;
		busy[t] = true };
#ifndef PUBLISHED_LATE
		atomic { published[x] = true };
#endif
		atomic { p = slot; slot = x; HELD(x)-- };
#ifdef PUBLISHED_LATE
		atomic { ALIVE(x); published[x] = true };
#endif
		atomic { busy[t] = false; x = p; p = 0;
			if
			:: x != NULL -> HELD(x)++; goto release
			:: else
			fi }

	:: atomic { budget && slot != NULL -> budget--; busy[t] = true };	/* clear */
		atomic { x = slot; slot = NULL };
		atomic { busy[t] = false;
			if
			:: x != NULL -> HELD(x)++; goto release
			:: else
			fi }

	:: atomic { budget && (HELD(0) || HELD(1)) -> budget--;		/* to the other thread */
		if
		:: HELD(0) -> p = 0
		:: HELD(1) -> p = 1
		fi;
		HELD(p)--;
		held[2 * (1 - t) + p]++;
		p = 0 }

	:: atomic { budget -> budget--; reading[t] = true };		/* peek */
		atomic { p = slot };
		if
		:: p != NULL ->
			atomic { ALIVE(p); assert(!buried[p]) };	/* 2 */
			atomic { ALIVE(p); assert(!buried[p]) }		/* 2 */
		:: else
		fi;
		atomic { reading[t] = false; p = 0 }

	:: atomic { HELD(0) || HELD(1) ->				/* release */
		if
		:: HELD(0) -> x = 0
		:: HELD(1) -> x = 1
		fi };
release:	atomic { busy[t] = true; ALIVE(x);
#ifdef SHORT_CUT_BLIND
			lone = count[x] == 1
#else
			lone = count[x] == 1 && !published[x]
#endif
		};
		if
		:: atomic { lone -> ALIVE(x); HELD(x)--; count[x] = 0; dead[x] = true; died = true; lone = false }
		:: atomic { else -> ALIVE(x);
			HELD(x)--;
			count[x]--;
			if
			:: count[x] == 0 -> dead[x] = true; died = true
			:: else
			fi }
		fi;
		busy[t] = false;
		if
		:: died && published[x] ->
#ifndef NO_READERS_GRACE
			!reading[0];
			!reading[1];
#endif
			atomic { bury(x) };
#ifndef NO_LIMBO
			!busy[1 - t];
#endif
			atomic { freed[x] = true; died = false }
		:: atomic { died && !published[x] -> bury(x); freed[x] = true; died = false }
		:: else
		fi;
		x = NULL
	od
}

/* Each thread holds an object. */
init {
	atomic {
		held[0] = 1;
		held[3] = 1;
		count[0] = 1;
		count[1] = 1;
		run Thread(0);
		run Thread(1)
	}
}
