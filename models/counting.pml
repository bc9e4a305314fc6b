/* The counting protocol: owner, guard, credits, merge, handoff, adopt, revocation.
 *
 * WHAT IS MODELLED.  One object, from birth to death, with its header: the shared word (signed
 * count and flags in one word, so that a compare-and-swap sees all of it), the local count and
 * the owner.  THREADS program threads retain, release, move references to one another, hand
 * off, adopt and flush their own credits in any order the bounds allow.  The background thread
 * takes over tables of credits, takes the queue, looks ahead, revokes and folds whenever it can.
 * The object may have a finalizer: its first death brings it back with one reference in some thread's
 * hands, so that all of it is lived twice.
 *
 * Every access to a word that others may touch is a step of its own: an owner's retain is a load
 * and a store, and its test of the owner is a third step.  So is every decision that may be stale
 * when it is acted on.  Exceptions, which lose no behaviour:
 *
 *   - A compare-and-swap loop that does nothing but try again is one step: its failed rounds
 *     change nothing.  Where a failure leads elsewhere, load and swap are two steps.
 *   - Entering the guard is one step with the choice of the operation.
 *   - What is private to a thread (its entry while it may use it) goes with its neighbours.
 *
 * WHAT IS ABSTRACTED.
 *
 *   - Memory is sequentially consistent.  That the guard's plain stores and membarrier give the
 *     revoker this view is a matter for a weak memory checker, not for this one.
 *   - The object that look-ahead meets is reached through a field of some other object; here
 *     the background thread simply meets it, AHEAD times, without a reference of its own.  That
 *     the memory is still there is the subject of lookahead.pml.
 *   - A thread's end is a flush of its credits; a later thread under its id is the same process
 *     that is given a reference again, and finds itself the owner of what the id owned.
 *   - A reference that is in no thread's hands while it travels is one that its receiver does not
 *     use yet: moving is one step.
 *   - Who may be in a table is the subject of table.pml.  Here one is taken at once and handed back after its
 *     credits are subtracted.  The code asks first: the thread then counts without its table although
 *     nobody has taken it, and empties it by itself.  And the code hands back first: the thread files anew
 *     while old credits are not subtracted yet.  Neither gives the object a step of a new kind: counting
 *     without the table is what the thread does while it is taken, emptying it is an eviction, and credits in
 *     the background thread's hands are claims like those of another thread.  (With both added, as
 *     choices, the invariants hold too.)
 *   - Left out: weak references, slots, touched bits and the cycle collector, counts that
 *     overflow, immortal objects, guests (they only ever take the path of a taken table).
 *
 * INVARIANTS.  "Claims" are the references threads hold, credits, and what the queue holds.
 *
 *   1  The object dies once (once more after a finalizer).
 *   2  It never dies while there is a claim on it.
 *   3  No thread that has a claim finds it dead, and no count falls below zero where that would
 *      mean that a claim was given up twice.
 *   4  When nothing is left to do (no reference held, no credit, nothing queued, no guard
 *      entered), it is dead: nothing leaks.
 *   5  It is in the queue at most once, and never dead there.
 *   6  No two threads act as its owner at once, and who adopts it holds its only reference.
 *   7  A merge finds it unmerged: ownership ends once for every time it began.
 *
 * Each #ifdef below is a mutation that must break one of them; models/run tries them all.
 */

#ifndef THREADS
#define THREADS 2
#endif
#ifndef BUDGET
#define BUDGET 4	/* retains, moves, handoffs and adoptions together */
#endif
#ifndef MAXREF
#define MAXREF 3	/* references in threads' hands at once */
#endif
#ifndef AHEAD
#define AHEAD 1		/* times look-ahead meets the object */
#endif

#if THREADS == 2
#define SUM(x) (x[0] + x[1])
#else
#define SUM(x) (x[0] + x[1] + x[2])
#endif

#define NOBODY THREADS

/* The shared word. */
#define MERGED    1
#define PENDING   2
#define DEAD      4
#define FINALIZED 8
#define ONE       16
#define COUNT(word) ((word) >> 4)
#define FLAGS(word) ((word) & 15)
#define WORD(count, flags) ((count) * ONE + (flags))

short shared;
byte biased = 1;		/* the local count */
byte owner;

bool busy[THREADS];
bool table[THREADS] = true;	/* the credits pointer: false while it is NULL */
byte credits[THREADS];
byte queue;

byte held[THREADS];		/* ghost: the references threads hold */
byte limbo;			/* ghost: set PENDING but not queued yet */
bool owning[THREADS];		/* ghost: inside a guard, past its test of the owner */
byte deaths;			/* ghost */
bool finalizer, dying;		/* has one; it is to run */
byte budget = BUDGET;

#define ALIVE assert(!(shared & DEAD))				/* 3 */

/* With the step that sets DEAD. */
inline die()
{
	deaths++;
	assert(deaths == 1 + ((shared & FINALIZED) != 0));	/* 1 */
	assert(SUM(held) == 0);					/* 2 */
	assert(SUM(credits) == 0);				/* 2 */
	assert(queue == 0 && limbo == 0);			/* 2, 5 */
	dying = finalizer && !(shared & FINALIZED);
	shared = shared | DEAD
}

/* Gives up n references.  Sets queued if the caller has to queue the object. */
inline apply(n)
{
#ifdef APPLY_LOAD_BEFORE
	s2 = shared;
#endif
	atomic {
		ALIVE;
		c = COUNT(shared) - n;
		if
		:: shared & MERGED ->
			assert(c >= 0);				/* 3 */
			shared = WORD(c, FLAGS(shared));
#if defined(APPLY_LOAD_BEFORE)
			if
			:: COUNT(s2) == n -> die()
			:: else
			fi
#elif !defined(APPLY_LOAD_AFTER)
			if
			:: c == 0 -> die()
			:: else
			fi
#endif
		:: !(shared & MERGED) && (c >= 0 || (shared & PENDING)) ->
			shared = WORD(c, FLAGS(shared))
		:: else ->
#if defined(BELOW_ZERO_IS_DEATH)
			shared = WORD(c, FLAGS(shared));
			die()
#elif defined(BELOW_ZERO_FORGOTTEN)
			shared = WORD(c, FLAGS(shared))
#else
			queued = true;
			limbo++;
#if defined(PENDING_BY_REVOKER) || defined(PENDING_AFTER)
			shared = WORD(c + 1, FLAGS(shared))
#else
			shared = WORD(c + 1, FLAGS(shared) | PENDING)
#endif
#endif
		fi;
		c = 0
	};
#ifdef APPLY_LOAD_BEFORE
	s2 = 0;
#endif
#ifdef APPLY_LOAD_AFTER
	if
	:: atomic { (shared & MERGED) && COUNT(shared) == 0 -> die() }
	:: else
	fi;
#endif
#ifdef PENDING_AFTER
	if
	:: queued -> shared = shared | PENDING
	:: else
	fi;
#endif
	skip
}

/* Outside the guard. */
inline queue_it()
{
	if
	:: atomic { queued ->
		queued = false;
		limbo--;
		assert(queue == 0);				/* 5 */
		queue++ }
	:: else
	fi
}

/* Ends the ownership, with l references still in the local count. */
inline merge(l)
{
#ifndef MERGE_KEEPS_LOCAL
	biased = 0;
#endif
	owner = NOBODY;
	atomic {
		ALIVE;
		assert(!(shared & MERGED));			/* 7 */
		c = COUNT(shared) + l;
		shared = WORD(c, FLAGS(shared) | MERGED);
		owning[t] = false;
		if
		:: c == 0 -> die()
		:: else
		fi;
		c = 0;
		l = 0
	};
#ifdef MERGE_KEEPS_LOCAL
	biased = 0;
#endif
	skip
}

inline leave()
{
	atomic { busy[t] = false; owning[t] = false; n = 0; s = 0 }
}

#define ENTER busy[t] = true
#define OWN owning[t] = true; assert(SUM(owning) == 1); ALIVE	/* 6, 3 */

proctype Thread(byte t)
{
	byte l, n;
	short s, c;
#ifdef APPLY_LOAD_BEFORE
	short s2;
#endif
	bool queued;

end:	do
	:: atomic { held[t] && budget && SUM(held) < MAXREF -> budget--; ENTER };	/* retain */
		if
		:: atomic { owner == t -> OWN };
			l = biased;
			atomic { ALIVE; biased = l + 1; l = 0 }
		:: atomic { else -> ALIVE };
			if
			:: table[t] ->
				if
				:: credits[t] -> credits[t]--
				:: else -> atomic { ALIVE; shared = shared + ONE }
				fi
			:: else -> atomic { ALIVE; shared = shared + ONE }
			fi
		fi;
		atomic { leave(); held[t]++ }

	:: atomic { held[t] -> held[t]--; ENTER };			/* release */
		if
		:: atomic { owner == t -> OWN };
			l = biased;
			if
			:: atomic { l >= 2 -> ALIVE; biased = l - 1; l = 0 }
			:: atomic { else -> l = 0 };
				if
#if defined(SHORT_CUT_BLIND)
				:: !finalizer ->
#elif defined(SHORT_CUT_WITH_FINALIZER)
				:: shared == 0 ->
#else
				:: shared == 0 && !finalizer ->
#endif
					/* Nobody else can count the object: no read-modify-write.  But
					 * look-ahead finds it, and its PENDING may be lost here: harmless on
					 * an object that stays dead. */
					atomic { shared = WORD(0, MERGED); die() };
					biased = 0;
					owner = NOBODY
				:: else -> merge(l)
				fi
			fi
		:: atomic { else -> ALIVE };
			if
			:: table[t] ->
				s = shared;
				if
				:: atomic { (s & MERGED) && COUNT(s) == credits[t] + 1 ->
					n = credits[t] + 1;
					credits[t] = 0 };
					apply(n)
				:: else -> credits[t]++
				fi
			:: else -> apply(1)
			fi
		fi;
		leave();
		queue_it()

	:: atomic { held[t] && budget -> budget--; held[t]--;		/* move */
		if
		:: t != 0 -> held[0]++
		:: t != 1 -> held[1]++
#if THREADS == 3
		:: t != 2 -> held[2]++
#endif
		fi }

	:: atomic { held[t] && budget -> budget--; ENTER };		/* handoff */
		if
		:: atomic { owner == t -> OWN };
			l = biased;
			merge(l)
		:: else
		fi;
		leave()

	:: atomic { held[t] && budget -> budget--; ENTER };		/* adopt */
		if
		:: owner == t
		:: else ->
			if
			:: table[t] ->
				if
				:: atomic { credits[t] -> n = credits[t]; credits[t] = 0 };
					apply(n)
				:: else
				fi
			:: else
			fi;
			s = shared;
			if
#if defined(ADOPT_PENDING)
			:: (s & MERGED) && COUNT(s) == 1 ->
#elif defined(ADOPT_UNCOUNTED)
			:: (s & (MERGED | PENDING)) == MERGED ->
#else
			:: (s & (MERGED | PENDING)) == MERGED && COUNT(s) == 1 ->
#endif
				biased = 1;
#ifndef ADOPT_OWNER_LATE
				owner = t;
#endif
				if
				:: atomic { shared == s ->
					shared = WORD(0, FLAGS(s) & ~MERGED);
					assert(SUM(held) == 1 && held[t] == 1);	/* 6 */
#ifndef ADOPT_OWNER_LATE
					OWN
#endif
					};
#ifdef ADOPT_OWNER_LATE
					atomic { owner = t; OWN }
#endif
				:: else -> owner = NOBODY; biased = 0
				fi
			:: else
			fi
		fi;
		leave();
		queue_it()

	:: atomic { credits[t] -> ENTER };				/* eviction, or its end */
		if
		:: table[t] ->
			if
			:: atomic { credits[t] -> n = credits[t]; credits[t] = 0 };
				apply(n)
			:: else		/* taken and handed back since */
			fi
		:: else
		fi;
		leave();
		queue_it()
	od
}

/* The op-grace: every guard was seen open once since. */
inline grace()
{
#ifndef NO_GRACE
	!busy[0];
	!busy[1];
#if THREADS == 3
	!busy[2];
#endif
#endif
	skip
}

inline fold_local()
{
	if
	:: shared & MERGED
	:: else -> l = biased; biased = 0
	fi
}

proctype Background()
{
	byte l, n, u, ahead = AHEAD;
	short s, c;
#ifdef APPLY_LOAD_BEFORE
	short s2;
#endif
	bool queued;
	bool from_queue, from_ahead;	/* what the batch has of the object */

	do
	:: atomic { SUM(credits) ->					/* take over a table */
		if
		:: u = 0
		:: u = 1
#if THREADS == 3
		:: u = 2
#endif
		fi;
		table[u] = false };
#ifndef NO_GRACE_AFTER_TAKING
		grace();
#endif
#ifndef EMPTIED_LATE
		n = credits[u];
		credits[u] = 0;
#else
		n = credits[u];
#endif
		if
		:: n -> apply(n); n = 0
		:: else
		fi;
		table[u] = true;
#ifdef EMPTIED_LATE
		credits[u] = 0;
#endif
		atomic { u = 0; queue_it() }

	:: atomic { queue || (ahead && !(shared & DEAD)) ->		/* revoke a batch */
		from_queue = queue;
		queue = 0 };
#ifdef PENDING_BY_REVOKER
		if
		:: from_queue -> shared = shared | PENDING
		:: else
		fi;
#endif
		if
		:: atomic { ahead -> ahead-- };
			s = shared;
			if
			:: atomic { !(s & (MERGED | PENDING | DEAD)) && shared == s ->
				shared = s | PENDING;
				from_ahead = true }
			:: else
			fi;
			s = 0
		:: from_queue
		fi;
		if
		:: from_queue || from_ahead ->
#ifdef FOLD_EARLY
			fold_local();
#endif
			owner = NOBODY;
#ifndef NO_GRACE_AFTER_REVOKING
			grace();
#endif
			if
			:: (shared & DEAD) || !(shared & PENDING)
			:: else ->
#ifndef FOLD_EARLY
				fold_local();
#endif
				atomic {
					if
					:: (shared & DEAD) || !(shared & PENDING)
					:: else ->
#ifdef FOLD_KEEPS_CLAIM
						c = COUNT(shared) + l;
#else
						c = COUNT(shared) + l - from_queue;
#endif
						assert(c >= 0);		/* 3 */
						shared = WORD(c, (FLAGS(shared) | MERGED) & ~PENDING);
						if
						:: c == 0 -> die()
						:: else
						fi
					fi;
					c = 0;
					l = 0
				}
			fi
		:: else
		fi;
		atomic { from_queue = false; from_ahead = false }

	:: atomic { !SUM(held) && !SUM(busy) && !SUM(credits) && !queue && !limbo && !dying ->
		assert(shared & DEAD);				/* 4 */
		break }
	od
}

/* On any thread, after the guard in which the object died. */
proctype Finalizer()
{
end:	do
	:: atomic { dying && !SUM(busy) ->
		dying = false;
#ifdef FINALIZER_CLEARS_PENDING
		shared = WORD(1, (FLAGS(shared) & ~DEAD & ~PENDING) | FINALIZED);
#else
		shared = WORD(1, (FLAGS(shared) & ~DEAD) | FINALIZED);
#endif
		if
		:: held[0]++
		:: held[1]++
		fi }
	od
}

init {
	atomic {
		held[0] = 1;
		if
		:: finalizer = true
		:: true
		fi;
		run Thread(0);
		run Thread(1);
#if THREADS == 3
		run Thread(2);
#endif
		run Background();
		run Finalizer()
	}
}
