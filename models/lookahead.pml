/* Look-ahead: revoking in one batch what a queued object reaches, though it may die meanwhile.
 *
 * WHAT IS MODELLED.  A parent and a child, both born to thread 0; the child hangs in the
 * parent's only field.  Threads share the parent: they release it, move it, take the child out
 * of the field (steal), put it back, clear the field, retain, release and move the child.  The
 * last release by a thread that does not own the parent queues it; the background thread takes
 * it, reads the field, sets the child PENDING without a reference of its own, revokes both,
 * and folds both.  Meanwhile the child may die by its owner's short cut, in one guard with its removal
 * from the field.  A dead object's block is free at once, to be reused by anyone, unless the thread finds
 * the keep phase on; then it is linked into the list of what is kept, through the words of
 * its own header, until the phase ends.
 *
 * The thread loads the phase at the very start of its guard, long before it needs it: the
 * earliest place to which a processor may move that load.
 *
 * WHAT IS ABSTRACTED.  Credits, handoff, adoption and finalizers (counting.pml has them): a
 * release that does not own goes to the shared word at once.  The chain is one link long.
 *
 * INVARIANTS.
 *
 *   1  Each object dies once.
 *   2  It never dies while a thread, the field or the queue has a claim on it.
 *   3  No header is touched once its block is free; no thread finds an object dead on which
 *      it has a claim; no count falls below zero where that would be a claim given up twice.
 *   4  At the end both are dead and their blocks free.
 *   5  The links of the list of kept blocks are as they were written.
 */

#ifndef BUDGET
#define BUDGET 4
#endif

#define PARENT 0
#define CHILD  1
#define NOBODY 2
#define LINK   99

#define MERGED  1
#define PENDING 2
#define DEAD    4
#define ONE     8
#define COUNT(word) ((word) >> 3)
#define FLAGS(word) ((word) & 7)
#define WORD(count, flags) ((count) * ONE + (flags))

typedef object {
	short shared;
	byte biased;
	byte owner;
	byte held[2];		/* ghost: references threads hold */
	byte queue;		/* entries, and ghost: about to be one */
	byte deaths;		/* ghost */
	bool kept;
	bool free
};
object o[2];

bool field = true;		/* holds the child */
bool busy[2];
bool keeping;
byte budget = BUDGET;

#define WHOLE(x) assert(!o[x].free)					/* 3 */
#define ALIVE(x) assert(!o[x].free && !(o[x].shared & DEAD))		/* 3 */

inline die(x)
{
	o[x].deaths++;
	assert(o[x].deaths == 1);					/* 1 */
	assert(o[x].held[0] + o[x].held[1] + o[x].queue == 0);		/* 2 */
	assert(!(x == CHILD && field));					/* 2 */
	o[x].shared = o[x].shared | DEAD;
	died = true
}

/* died, queued: what became of it. */
inline apply(x)
{
	atomic {
		ALIVE(x);
		c = COUNT(o[x].shared) - 1;
		if
		:: o[x].shared & MERGED ->
			assert(c >= 0);					/* 3 */
			o[x].shared = WORD(c, FLAGS(o[x].shared));
			if
			:: c == 0 -> die(x)
			:: else
			fi
		:: !(o[x].shared & MERGED) && (c >= 0 || (o[x].shared & PENDING)) ->
			o[x].shared = WORD(c, FLAGS(o[x].shared))
		:: else ->
			o[x].shared = o[x].shared | PENDING;
			o[x].queue++;
			assert(o[x].queue == 1)
		fi;
		c = 0
	}
}

/* The block of a dead object; k: the keep phase was on. */
inline reclaim(x, k)
{
	atomic {
		WHOLE(x);
		if
#ifndef NEVER_KEPT
		:: k -> o[x].kept = true; o[x].biased = LINK
		:: else -> o[x].free = true
#else
		:: o[x].free = true
#endif
		fi
	}
}

/* In a guard. */
inline release(x)
{
	if
	:: atomic { o[x].owner == t -> ALIVE(x) };
		l = o[x].biased;
		if
		:: atomic { l >= 2 -> ALIVE(x); o[x].biased = l - 1 }
		:: else ->
			if
			:: o[x].shared == 0 ->
				atomic { WHOLE(x); o[x].shared = 0; die(x) };
				atomic { WHOLE(x); o[x].owner = NOBODY }
			:: else ->
				o[x].biased = 0;
				o[x].owner = NOBODY;
				atomic {
					ALIVE(x);
					c = COUNT(o[x].shared);
					o[x].shared = WORD(c, FLAGS(o[x].shared) | MERGED);
					if
					:: c == 0 -> die(x)
					:: else
					fi;
					c = 0
				}
			fi
		fi;
		l = 0
	:: atomic { else -> ALIVE(x) };
		apply(x)
	fi
}

#define ENTER busy[t] = true; k = keeping

inline leave()
{
	atomic { busy[t] = false; k = false; died = false }
}

proctype Thread(byte t)
{
	byte l, x;
	short c;
	bool k, died, got;

end:	do
	:: atomic { o[CHILD].held[t] && budget -> budget--; ENTER };	/* retain */
		if
		:: atomic { o[CHILD].owner == t -> ALIVE(CHILD) };
			l = o[CHILD].biased;
			atomic { ALIVE(CHILD); o[CHILD].biased = l + 1; l = 0 }
		:: else -> atomic { ALIVE(CHILD); o[CHILD].shared = o[CHILD].shared + ONE }
		fi;
		atomic { leave(); o[CHILD].held[t]++ }

	:: atomic { o[CHILD].held[t] -> o[CHILD].held[t]--; ENTER };	/* release the child */
		release(CHILD);
		if
		:: died -> reclaim(CHILD, k)
		:: else
		fi;
		leave()

	:: atomic { o[PARENT].held[t] -> o[PARENT].held[t]--; ENTER };	/* release the parent */
		release(PARENT);
		if
		:: died ->
			atomic { died = false; got = field; field = false };
			reclaim(PARENT, k);
			if
			:: got -> got = false;
				release(CHILD);
				if
				:: died -> reclaim(CHILD, k)
				:: else
				fi
			:: else
			fi
		:: else
		fi;
		leave()

	:: atomic { o[PARENT].held[t] && field && budget -> budget--; ENTER };
		if							/* clear the field */
		:: atomic { field -> field = false };
			release(CHILD);
			if
			:: died -> reclaim(CHILD, k)
			:: else
			fi
		:: else
		fi;
		leave()

	:: atomic { o[PARENT].held[t] && field && budget -> budget--; ENTER };
		if							/* steal */
		:: atomic { field -> field = false; o[CHILD].held[t]++ }
		:: else
		fi;
		leave()

	:: atomic { o[PARENT].held[t] && o[CHILD].held[t] && !field && budget ->	/* put it back */
		budget--;
		o[CHILD].held[t]--;
		field = true }

	:: atomic { o[PARENT].held[t] && budget ->			/* move */
		budget--; o[PARENT].held[t]--; o[PARENT].held[1 - t]++ }
	:: atomic { o[CHILD].held[t] && budget ->
		budget--; o[CHILD].held[t]--; o[CHILD].held[1 - t]++ }
	od
}

inline grace() { !busy[0]; !busy[1] }

/* e: the claim the entry holds */
inline fold(x, e)
{
	if
#ifndef FOLD_THE_DEAD
	:: atomic { (o[x].shared & DEAD) || !(o[x].shared & PENDING) -> WHOLE(x) };
#ifdef FOLD_CLEARS_FIRST
		o[x].biased = 0
#endif
#endif
	:: atomic { else -> WHOLE(x) };
		if
		:: o[x].shared & MERGED
		:: else -> l = o[x].biased; o[x].biased = 0
		fi;
		atomic {
			WHOLE(x);
			if
#ifndef FOLD_THE_DEAD
			:: (o[x].shared & DEAD) || !(o[x].shared & PENDING)
#endif
			:: else ->
				c = COUNT(o[x].shared) + l - e;
				assert(c >= 0);				/* 3 */
				o[x].shared = WORD(c, (FLAGS(o[x].shared) | MERGED) & ~PENDING);
				if
				:: c == 0 -> die(x)
				:: else
				fi
			fi;
			c = 0;
			l = 0
		}
	fi
}

proctype Background()
{
	byte l;
	short s, c;
	bool died, got, child, parent_dead, child_dead;

	do
	:: atomic { o[PARENT].queue -> o[PARENT].queue = 0 };		/* a batch with look-ahead */
#ifndef NEVER_KEPT
		keeping = true;
#endif
#ifndef KEPT_WITHOUT_GRACE
		grace();
#endif
		got = field;		/* the entry's claim keeps the parent */
		if
		:: got ->
			got = false;
			atomic { WHOLE(CHILD); s = o[CHILD].shared };
			if
			:: atomic { !(s & (MERGED | PENDING | DEAD)) && o[CHILD].shared == s ->
				WHOLE(CHILD);
				o[CHILD].shared = s | PENDING;
				child = true }
			:: else
			fi;
			s = 0
		:: else
		fi;
		o[PARENT].owner = NOBODY;
		if
		:: atomic { child -> WHOLE(CHILD); o[CHILD].owner = NOBODY }
		:: else
		fi;
		grace();
#ifdef KEPT_TOO_SHORT
		keeping = false;
		if
		:: atomic { o[CHILD].kept && !o[CHILD].free -> o[CHILD].free = true }
		:: else
		fi;
#endif
		/* The child first: a dead parent releases it, once buried. */
		if
		:: child ->
#ifdef CLAIM_FOR_ALL
			fold(CHILD, 1);
#else
			fold(CHILD, 0);
#endif
			atomic { child_dead = died; died = false; child = false }
		:: else
		fi;
		fold(PARENT, 1);
		atomic { parent_dead = died; died = false };
#ifndef KEPT_TOO_SHORT
		keeping = false;
#endif
		if
		:: parent_dead ->
			atomic { parent_dead = false; got = field; field = false };
			reclaim(PARENT, 0);
			if
			:: got -> got = false;
				apply(CHILD);
				atomic { child_dead = died; died = false }
			:: else
			fi
		:: else
		fi;
		if
		:: child_dead -> child_dead = false; reclaim(CHILD, 0)
		:: else
		fi

	:: atomic { o[CHILD].queue -> o[CHILD].queue = 0 };		/* a batch without */
		o[CHILD].owner = NOBODY;
		grace();
		fold(CHILD, 1);
		if
		:: died -> died = false; reclaim(CHILD, 0)
		:: else
		fi

	:: atomic { !keeping && o[PARENT].kept && !o[PARENT].free ->
		assert(o[PARENT].biased == LINK); o[PARENT].free = true }	/* 5 */
	:: atomic { !keeping && o[CHILD].kept && !o[CHILD].free ->
		assert(o[CHILD].biased == LINK); o[CHILD].free = true }	/* 5 */

	:: atomic { !o[PARENT].held[0] && !o[PARENT].held[1] && !o[CHILD].held[0] && !o[CHILD].held[1] &&
		    !busy[0] && !busy[1] && !o[PARENT].queue && !o[CHILD].queue &&
		    (o[PARENT].free || !o[PARENT].kept) && (o[CHILD].free || !o[CHILD].kept) ->
		assert(o[PARENT].free && o[CHILD].free);		/* 4 */
		break }
	od
}

init {
	atomic {
		o[PARENT].biased = 2;
		o[PARENT].held[0] = 1;
		o[PARENT].held[1] = 1;
		o[CHILD].biased = 1;
		run Thread(0);
		run Thread(1);
		run Background()
	}
}
