/* Weak loads against death by count, revocation and the collector: an object or NULL, never anything in between.
 *
 * WHAT IS MODELLED.  One object with one weak reference that all may load from; with CYCLE it refers to itself.  Two program
 * threads load, retain, release, hand over, and empty the field; the background thread revokes and folds; the collector does
 * one round: it clears the touched bits, tags the pointer, op-grace, first reading, op-grace, second reading, verdict, death.
 * What dies by count has its pointer cleared and is freed after an op-grace.
 *
 * Each access to a word that others may touch is a step of its own, as in collector.pml; compare-and-swap loops that do
 * nothing but try again are one step.
 *
 * WHAT IS ABSTRACTED.  Memory is sequentially consistent.  Credits are references that their thread does not use.  The first
 * weak reference is there from the start (its making touches: collector.pml).  Verdicts that several objects share:
 * verdict.pml.  Finalizers.
 *
 * INVARIANTS.
 *
 *   1  A load that succeeds has a live object, and nothing kills it while a thread holds a reference.
 *   2  A load that fails does so because the object is dead, or condemned: none fails on an object that lives on.
 *   3  When one load has failed, all later ones do.
 *   4  Nothing touches the object's memory when it is free.
 *
 * Each #ifdef below is a mutation that must break one of them; models/run tries them all.
 */

#ifndef BUDGET
#define BUDGET 3	/* everything but releases */
#endif
#define MAXREF 2

#define TOUCHED 1
#define MERGED  2
#define PENDING 4
#define DEAD    8
#define NOBODY  2

#define TAGGED 2	/* in the pointer: 0 is NULL, 1 the object */
#define UNDECIDED 0
#define RESCUED   1
#define CONDEMNED 2

short shared;		/* one word with the flags */
byte flags;
byte biased, biased_touched;	/* one word */
byte owner;
byte pointer = 1, verdict;
bool field;		/* it refers to itself */
bool locked;		/* threads that use the field take turns */
bool queued;
bool busy[2];

byte held[2];		/* ghost, as all that follow */
bool freed, nulls;
byte budget = BUDGET;

#define ALIVE assert(!freed)						/* 4 */
#define HANDS (held[0] + held[1])

/* One reference less by a read-modify-write of the shared word. */
inline subtract()
{
	ALIVE;
	if
	:: flags & MERGED ->
		shared--;
		if
		:: shared == 0 -> flags = flags | DEAD; died = true
		:: else
		fi
	:: !(flags & MERGED) && (shared > 0 || (flags & PENDING)) -> shared--
	:: else -> flags = flags | PENDING; queued = true	/* it stays, as the queue's */
	fi
}

inline succeed()
{
	assert(!(flags & DEAD) && !freed && !nulls);			/* 1, 3 */
	held[t]++
}
inline fail()
{
	assert(flags & DEAD || verdict == CONDEMNED);			/* 2 */
	nulls = true
}

proctype Thread(byte t)
{
	byte p, l;
	bool died, mine;

end:	do
	:: atomic { budget && HANDS < MAXREF -> budget--; busy[t] = true; p = pointer };	/* load */
		if
		:: atomic { p == 0 -> fail(); busy[t] = false }
		:: else ->
			if
#if defined(TAG_UNSEEN)
			:: p == TAGGED
#elif defined(RESCUE_BY_READ)
			:: atomic { p == TAGGED -> p = (verdict == CONDEMNED -> 0 : 1) }
#elif defined(RESCUED_AFTERWARDS)
			:: p == TAGGED
#else
			:: atomic { p == TAGGED ->
				if
				:: verdict == UNDECIDED -> verdict = RESCUED; p = 1
				:: verdict == RESCUED -> p = 1
				:: else -> p = 0
				fi }
#endif
			:: else
			fi;
			if
			:: atomic { p == 0 -> fail(); busy[t] = false }
			:: atomic { p && owner == t -> ALIVE; l = biased };	/* as it reads the owner */
				atomic { ALIVE; biased = l + 1; biased_touched = 1; l = 0; succeed(); busy[t] = false }
#ifdef ADDED_BLINDLY
			:: atomic { p && owner != t -> ALIVE; l = flags & DEAD };
				atomic {
					ALIVE;
					if
					:: l -> fail()
					:: else -> shared++; flags = flags | TOUCHED; succeed()
					fi;
					l = 0; busy[t] = false }
#else
			:: atomic { p && owner != t -> ALIVE };
				atomic {
					ALIVE;
					if
					:: flags & DEAD -> fail()
					:: else -> shared++; flags = flags | TOUCHED; succeed()
					fi
#ifndef RESCUED_AFTERWARDS
					; busy[t] = false
#endif
				}
#endif
#ifdef RESCUED_AFTERWARDS
			if
			:: atomic { p == TAGGED && verdict == UNDECIDED -> verdict = RESCUED }
			:: else
			fi;
			busy[t] = false
#endif
			fi
		fi;
		p = 0

	:: atomic { budget && held[t] && HANDS < MAXREF -> budget--; busy[t] = true };	/* retain */
		if
		:: atomic { owner == t -> l = biased }; atomic { biased = l + 1; biased_touched = 1; l = 0 }
		:: atomic { else -> shared++; flags = flags | TOUCHED }
		fi;
		atomic { held[t]++; busy[t] = false }

	:: atomic { budget && held[t] -> budget--; held[t]--; held[1 - t]++ }	/* over to the other */

	:: atomic { budget && held[t] && field && !locked -> budget--; busy[t] = true; locked = true };	/* steal */
		if
		:: atomic { owner == t -> l = biased }; atomic { biased = l; biased_touched = 1; l = 0; field = false }
		:: atomic { else -> flags = flags | TOUCHED }; atomic { field = false }
		fi;
		atomic { held[t]++; busy[t] = false; locked = false }

	:: atomic { held[t] -> held[t]--; busy[t] = true };			/* release */
		if
		:: atomic { owner == t -> ALIVE; l = biased; mine = true }
		:: atomic { else -> subtract() }
		fi;
		if
		:: atomic { mine && l > 1 -> biased = l - 1 }
		:: mine && l <= 1 ->
#ifdef SHORT_CUT
			if
			:: atomic { shared == 0 && !(flags & (MERGED | PENDING)) -> p = 1 };
				atomic { shared = 0; flags = MERGED | DEAD; died = true; biased = 0; owner = NOBODY; p = 0 }
			:: else ->
#endif
#ifdef OWNER_STAYS
			atomic { biased = 0 };
#else
			atomic { biased = 0; owner = NOBODY };
#endif
			atomic {
				flags = flags | MERGED | TOUCHED;
				if
				:: shared == 0 -> flags = flags | DEAD; died = true
				:: else
				fi }
#ifdef SHORT_CUT
			fi
#endif
		:: else
		fi;
		atomic { busy[t] = false; l = 0; mine = false };
		if
		:: atomic { died -> pointer = 0 };
#ifndef NO_LIMBO
			!busy[1 - t];
#endif
			atomic { freed = true; died = false }
		:: else
		fi
	od
}

proctype Background()
{
	bool died;

end:	do
	:: atomic { queued -> owner = NOBODY };
		!busy[0]; !busy[1];
		atomic {
			shared = shared + biased - 1;
			biased = 0;
			flags = (flags | MERGED | TOUCHED) & ~PENDING;
			queued = false;
			if
			:: shared == 0 -> flags = flags | DEAD; died = true
			:: else
			fi };
		if
		:: atomic { died -> pointer = 0 };
			!busy[0]; !busy[1];
			atomic { freed = true; died = false }
		:: else
		fi
	od
}

#ifdef CYCLE
proctype Collector()
{
	byte l, f, e;
	short s;

	/* 4 */
	atomic { biased_touched = 0 };
	atomic { flags = flags & ~TOUCHED };
#ifndef TAGGED_LATE
	atomic {
		if
		:: pointer == 1 -> pointer = TAGGED
		:: else
		fi };
#endif
	!busy[0]; !busy[1];

	/* 5 */
	atomic { l = biased };
	atomic { s = shared; f = flags };
	atomic { e = field };
	if
	:: f & DEAD || l + s != e || !e -> goto given_up
	:: else
	fi;

	/* 6 */
	!busy[0]; !busy[1];
#ifdef TAGGED_LATE
	atomic {
		if
		:: pointer == 1 -> pointer = TAGGED
		:: else
		fi };
#endif

	/* 7 */
	if
	:: atomic { biased_touched || biased != l -> goto given_up }
	:: else
	fi;
	if
	:: atomic { (flags & (TOUCHED | DEAD | PENDING)) || shared != s -> goto given_up }
	:: else
	fi;
#ifdef CONDEMNED_BY_STORE
	if
	:: verdict != UNDECIDED -> goto given_up
	:: else
	fi;
	verdict = CONDEMNED;
#else
	atomic {
		if
		:: verdict != UNDECIDED -> goto given_up
		:: else -> verdict = CONDEMNED
		fi };
#endif
	atomic {
		if
		:: pointer == TAGGED -> pointer = 0
		:: else
		fi };
	atomic {
		assert(!HANDS && !queued && !(flags & DEAD));		/* 1 */
		shared = 0;
		biased = 0;
		owner = NOBODY;
		flags = MERGED | DEAD;
		freed = true };
	goto over;

given_up:
	atomic {
		if
		:: verdict == UNDECIDED -> verdict = RESCUED
		:: else
		fi };
	atomic {
		if
		:: pointer == TAGGED -> pointer = 1
		:: else
		fi };
over:	skip
}
#endif

/* One thread holds a reference, or only the object itself; in any distribution over the words. */
init {
	byte n;

	atomic {
#ifdef CYCLE
		field = true;
		n = 1;
		if
		:: held[0] = 1; n++
		:: true
		fi;
#else
		held[0] = 1;
		n = 1;
#endif
		if
		:: owner = 0; biased = n
		:: owner = 1; biased = n
		:: owner = 0; biased = 1; shared = n - 1
		:: owner = NOBODY; flags = MERGED; shared = n
		fi;
		biased_touched = 1;
		flags = flags | TOUCHED;
		n = 0;
		run Thread(0);
		run Thread(1);
		run Background();
#ifdef CYCLE
		run Collector()
#endif
	}
}
