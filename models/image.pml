/* Pictures of the heap: two looks at what threads change meanwhile, and what may be said of them.
 *
 * WHAT IS MODELLED.  Two blocks of memory, in each an object with one field or nothing, born again at will; two threads that
 * retain, release, get, steal, move references into fields and to one another, hand off and adopt; and one call that takes
 * an image of all objects: settle, keep, op-grace, census, first look, second look.  (With ONE there is no census: the image
 * begins with the first object, which its caller holds, and a removal and the end that comes of it may share a guard.)
 * Counts are two words, as in count.c: a merge empties the local one and then changes the shared one.  Who does not own an
 * object defers its releases or does not.  What dies may be brought back, as by its finalizer, gives up its field, leaves the
 * census, and then its block is free or kept, as was said when the guard began.
 *
 * Each access to a word that others may touch is a step of its own.  The image reads an object's shared word, its local
 * one, its field, and in the first look the header of what the field refers to; objects in the order of addresses.
 *
 * WHAT IS ABSTRACTED.
 *
 *   - Memory is sequentially consistent.
 *   - Settling: the image waits until no thread has deferred anything, and threads may subtract at any time.  Who
 *     subtracts for whom is table.pml.
 *   - Who would count below 0 revokes and folds by itself, later: what it wants to subtract is one more deferred reference.
 *   - Threads that use one object's field take turns.  Suspects, husks, slots, weak references are left out.
 *   - One field for each object.  (A reference that goes from one field of an object to another is the same edge still;
 *     which field it is called by is what the second look found.)
 *   - One attempt: each of the three may say what this one may.
 *
 * "The truth" of an object: whether it lives; its references, in hands, in fields, deferred; what its field refers to.
 *
 * INVARIANTS.
 *
 *   1  If an image says that it is consistent, all that it shows was so between the looks, but for truths that have
 *      changed since they were first read, and changed again before they were read again.
 *   2  No memory is read that is free, nor is a block born again as long as the image knows its address.
 *   3  What was given up before the call, and not used again, is not counted.
 *   4  If no operation was under way, the image is consistent.
 *
 * Of 1: where nothing has changed, the image is exact.  What has changed once is noticed; what has changed back is not.
 * Objects that are born, or come back, after the census was copied are not in the image, unless a field led to them.
 *
 * Each #ifdef below is a mutation that must break one of them; models/run tries them all.
 */

#ifndef BUDGET
#define BUDGET 3	/* operations */
#endif
#ifndef REVIVALS
#define REVIVALS 1
#endif
#ifndef MAXREF
#define MAXREF 2	/* references to one object in threads' hands, and deferred */
#endif

#define NOBODY 2
#define LINK   7	/* what death makes of the local word */

byte shared[2], biased[2], owner[2];	/* the shared count, and beside it: */
bool merged[2], dead[2], pending[2];
byte field[2];			/* object + 1; 0 is NULL */
byte credits[4];		/* [2 * t + x] */
byte census;			/* a set */
bool keeping, busy[2];

byte held[4];			/* ghost, as all that follow: [2 * t + x] */
byte free, kept;		/* sets */
byte nodes;			/* of the image: a set */
byte underway;			/* operations in the middle of which a thread is */
bool disturbed;			/* since it has settled */
byte reading;			/* truths that have been read and will be read again: a set */
byte changes[6];		/* of each meanwhile; 2 is many */
byte budget = BUDGET;
byte revivals = REVIVALS;

#define BIT(x) (1 << (x))
#define HELD(x) held[2 * t + (x)]
#define CREDIT(x) credits[2 * t + (x)]
#define HANDS(x) (held[x] + held[2 + (x)] + credits[x] + credits[2 + (x)])
#define IN_FIELDS(x) ((field[0] == (x) + 1) + (field[1] == (x) + 1))
#ifdef ONE
#define TRUE_COUNT(x) (HANDS(x) + IN_FIELDS(x) + !(x))	/* the caller holds the first */
#else
#define TRUE_COUNT(x) (HANDS(x) + IN_FIELDS(x))
#endif

#define ROOM(x) (HELD(x) && HANDS(x) < MAXREF)
#define FULL(x) (HELD(x) && field[x] && HANDS(field[x] - 1) < MAXREF)
#define EMPTY(x) (HELD(x) && !field[x])
#define OWNED(x) (HELD(x) && owner[x] == t)
#define ADOPTABLE(x) (HELD(x) && merged[x] && shared[x] == 1)
#define FREE(x) (free & BIT(x))
#define SUBTRACTABLE(x) (CREDIT(x) && !pending[x])
#define DYING(x) (dying & BIT(x))
#define ANY(p) (p(0) || p(1))
#define PICK(x, p) if :: p(0) -> x = 0 :: p(1) -> x = 1 fi

#define WHOLE(x) assert(!(free & BIT(x)))				/* 2 */

#define COUNT_OF(x) (x)
#define FIELD_OF(x) (2 + (x))
#define LIFE_OF(x)  (4 + (x))
#define CHANGE(truth) changes[truth] = ((reading & BIT(truth)) && changes[truth] < 2 -> changes[truth] + 1 : changes[truth])

/* One reference more. */
inline up(x)
{
	WHOLE(x);
	assert(!dead[x]);
	CHANGE(COUNT_OF(x));
	if
	:: owner[x] == t -> biased[x]++
	:: else -> shared[x]++
	fi
}
/* One less, by somebody else than the owner: the object is merged, or the count does not go below 0. */
inline down(x)
{
	WHOLE(x);
	assert(shared[x] && !dead[x]);
	CHANGE(COUNT_OF(x));
	shared[x]--;
	if
	:: merged[x] && !shared[x] -> dead[x] = true; CHANGE(LIFE_OF(x)); dying = dying | BIT(x)
	:: else
	fi
}

inline give_back(x)
{
	WHOLE(x);
#ifdef NOT_KEPT
	free = free | BIT(x)
#else
	kept = kept | (keep -> BIT(x) : 0);
	free = free | (keep -> 0 : BIT(x))
#endif
}

proctype Thread(byte t)
{
	byte x, p, l, dying;
	bool keep, in_guard;

end:	do
	:: atomic { budget && ANY(ROOM) -> budget--; disturbed = true; PICK(x, ROOM);	/* retain */
		if
		:: owner[x] != t && CREDIT(x) -> CREDIT(x)--
		:: else -> up(x)
		fi;
		HELD(x)++;
		x = 0 }

	:: atomic { budget && ANY(FULL) -> budget--; disturbed = true; PICK(p, FULL);	/* get */
		x = field[p] - 1;
		up(x);
		HELD(x)++;
		p = 0;
		x = 0 }

	:: atomic { budget && ANY(FULL) -> budget--; disturbed = true; PICK(p, FULL);	/* steal */
		x = field[p] - 1;
		HELD(x)++;
		field[p] = 0;
		CHANGE(FIELD_OF(p));
		p = 0;
		x = 0 }

#ifdef ONE
	:: atomic { budget && ANY(FULL) -> budget--; disturbed = true; PICK(p, FULL);	/* clear */
		underway++;
		busy[t] = true;
		in_guard = true;
		keep = keeping };
		atomic {
			x = field[p] - 1;
			HELD(x)++;
			field[p] = 0;
			CHANGE(FIELD_OF(p));
			p = 0;
			goto release }
#endif

	:: atomic { budget && ANY(EMPTY) -> budget--; disturbed = true; PICK(p, EMPTY); PICK(x, HELD);	/* set_take */
		HELD(x)--;
		field[p] = x + 1;
		CHANGE(FIELD_OF(p));
		p = 0;
		x = 0 }

	:: atomic { budget && ANY(HELD) -> budget--; disturbed = true; PICK(x, HELD);	/* to the other thread */
		HELD(x)--;
		held[2 * (1 - t) + x]++;
		x = 0 }

	:: atomic { budget && ANY(OWNED) -> budget--; disturbed = true; PICK(x, OWNED);	/* handoff */
		underway++;
		busy[t] = true;
		WHOLE(x);
		l = biased[x];
		biased[x] = 0;
		owner[x] = NOBODY };
		atomic { shared[x] = shared[x] + l; merged[x] = true; disturbed = true;
			busy[t] = false; underway--; l = 0; x = 0 }

	:: atomic { budget && ANY(ADOPTABLE) -> budget--; disturbed = true; PICK(x, ADOPTABLE);	/* adopt */
		WHOLE(x);
		owner[x] = t;
		biased[x] = 1;
		shared[x] = 0;
		merged[x] = false;
		x = 0 }

	:: atomic { budget && ANY(FREE) -> budget--; disturbed = true; PICK(x, FREE);	/* birth */
		free = free & ~BIT(x);
		assert(!(nodes & BIT(x)));				/* 2 */
		shared[x] = 0;
		merged[x] = false;
		dead[x] = false;
		biased[x] = 1;
		owner[x] = t;
		census = census | BIT(x);
		HELD(x)++;
		x = 0 }

	:: atomic { ANY(SUBTRACTABLE) -> disturbed = true; PICK(x, SUBTRACTABLE);	/* subtract */
		underway++;
		if
		:: merged[x] || shared[x] -> CREDIT(x)--; down(x)
		:: else -> pending[x] = true; owner[x] = NOBODY		/* revoke */
		fi };
		if
		:: pending[x] ->
			!busy[1 - t];
			atomic { busy[t] = true; disturbed = true;	/* fold */
				WHOLE(x);
				l = (merged[x] -> 0 : biased[x]);
				biased[x] = 0 };
			atomic { busy[t] = false; disturbed = true;
				merged[x] = true;
				pending[x] = false;
				shared[x] = shared[x] + l;
				l = 0;
				CREDIT(x)--;
				down(x) }
		:: else
		fi;
		x = 0;
		goto bury

	:: atomic { budget && ANY(HELD) -> budget--; PICK(x, HELD); underway++ };		/* release */
release:	atomic { disturbed = true;
		WHOLE(x);
		if
		:: owner[x] != t ->
			HELD(x)--;
			if
			:: CREDIT(x)++
			:: merged[x] || shared[x] -> down(x)
			fi;
			l = 0
		:: owner[x] == t && biased[x] > 1 -> HELD(x)--; CHANGE(COUNT_OF(x)); biased[x]--; l = 0
		:: owner[x] == t && biased[x] == 1 ->		/* a merge */
			busy[t] = true;
			HELD(x)--;
			CHANGE(COUNT_OF(x));
			biased[x] = 0;
			owner[x] = NOBODY;
			l = 1
		fi };
		if
		:: l ->	atomic { disturbed = true; WHOLE(x);
				merged[x] = true;
				l = 0;
				busy[t] = in_guard;
				if
				:: !shared[x] -> dead[x] = true; CHANGE(LIFE_OF(x)); dying = dying | BIT(x)
				:: else
				fi }
		:: else
		fi;
#ifdef ONE
		if
		:: atomic { in_guard ->			/* without hooks, fields and census: free in this guard */
			if
			:: (dying & BIT(x)) && !field[x] -> give_back(x); dying = dying & ~BIT(x)
			:: else
			fi;
			busy[t] = false; in_guard = false; keep = false }
		:: else
		fi;
#endif
bury:		do
		:: atomic { dying && revivals -> revivals--; disturbed = true;	/* a finalizer's reference */
			PICK(x, DYING);
			WHOLE(x);
			biased[x] = 0;
			shared[x] = 1;
			dead[x] = false;
			CHANGE(LIFE_OF(x));
			CHANGE(COUNT_OF(x));
			HELD(x)++;
			dying = dying & ~BIT(x);
			x = 0 }
		:: atomic { dying -> disturbed = true; PICK(p, DYING);
			biased[p] = LINK;
			if
			:: field[p] -> x = field[p] - 1; field[p] = 0; CHANGE(FIELD_OF(p)); HELD(x)++; p = 0; goto release
			:: else -> census = census & ~BIT(p); dying = dying & ~BIT(p)
			fi };
			atomic { busy[t] = true; disturbed = true; keep = keeping };
			atomic { give_back(p); busy[t] = false; disturbed = true; keep = false; p = 0 }
		:: atomic { !dying -> underway--; x = 0; break }
		od
	od
}

/* Nodes are added when their headers say that they live. */
inline add(x)
{
	WHOLE(x);
	nodes = (dead[x] -> nodes : nodes | BIT(x))
}

#define IS_ON_ITS_WAY(x) (!is_merged[x] && !a_local[x])
#define COUNT(x) (a_shared[x] + (is_merged[x] -> 0 : a_local[x]))

inline first_look(x)
{
	if
	:: nodes & BIT(x) ->
		atomic { WHOLE(x);
			a_shared[x] = shared[x];
			is_merged[x] = merged[x];
			is_dead[x] = dead[x];
			reading = reading | BIT(COUNT_OF(x)) | BIT(LIFE_OF(x)) };
		atomic { WHOLE(x); a_local[x] = biased[x] };
		if
		:: !is_dead[x] ->
			atomic { WHOLE(x); y = field[x]; reading = reading | BIT(FIELD_OF(x)) };
			atomic {
				if
				:: y && !(nodes & y) -> add(y - 1)
				:: else
				fi;
				a_field[x] = (nodes & y -> y : 0);
				y = 0 }
		:: else
		fi
	:: else
	fi
}

/* Which truths the image gets wrong, as of now. */
#define DEFERRED(x) (credits[x] + credits[2 + (x)])
inline compare(x)
{
	if
	:: !(nodes & BIT(x))
	:: else ->
		wrong = wrong | (is_dead[x] != dead[x] -> BIT(LIFE_OF(x)) : 0);
		if
		:: !is_dead[x] && !dead[x] ->
			wrong = wrong | (COUNT(x) != TRUE_COUNT(x) -> BIT(COUNT_OF(x)) : 0);
			wrong = wrong | (a_field[x] != field[x] -> BIT(FIELD_OF(x)) : 0);
			above = above | (COUNT(x) != TRUE_COUNT(x) - DEFERRED(x) -> BIT(x) : 0)
		:: else
		fi
	fi
}

/* What has been read again, and was wrong for no good reason. */
#define UNEXCUSED(truth) ((wrong & BIT(truth)) && changes[truth] < 2 -> BIT(truth) : 0)
inline done(truth)
{
	bad = bad | UNEXCUSED(truth);
	wrong = wrong & ~BIT(truth);
	reading = reading & ~BIT(truth);
	changes[truth] = 0
}
/* Of an image that has changed nothing is claimed. */
inline forget()
{
	if
	:: !consistent -> bad = 0; wrong = 0; reading = 0; above = 0;
		changes[0] = 0; changes[1] = 0; changes[2] = 0; changes[3] = 0; changes[4] = 0; changes[5] = 0
	:: else
	fi
}

inline second_look(x)
{
	if
	:: nodes & BIT(x) ->
		atomic { WHOLE(x); b_shared = shared[x]; b_merged = merged[x]; b_dead = dead[x] };
		atomic { WHOLE(x); b_local = biased[x];
			/* What is compared. */
			if
			:: is_dead[x] ->
#ifndef REVIVAL_UNSEEN
				consistent = consistent && b_dead;
#endif
				skip
			:: else ->
#ifndef DEATH_UNSEEN
				consistent = consistent && !b_dead;
#endif
#ifndef COUNTS_NOT_COMPARED
				consistent = consistent && b_shared + (b_merged -> 0 : b_local) == COUNT(x);
#endif
#ifndef FIRST_ON_ITS_WAY
				consistent = consistent && !IS_ON_ITS_WAY(x);
#endif
#ifndef SECOND_ON_ITS_WAY
#ifdef MERGED_IS_ON_ITS_WAY
				consistent = consistent && b_local;
#else
				consistent = consistent && (b_merged || b_local);
#endif
#endif
				skip
			fi;
			b_shared = 0; b_merged = false; b_local = 0;
			a_shared[x] = 0; is_merged[x] = false; a_local[x] = 0;
			done(COUNT_OF(x));
			done(LIFE_OF(x));
			forget() };
		if
		:: !is_dead[x] && !b_dead ->
			atomic { WHOLE(x);
#ifndef FIELDS_NOT_COMPARED
				consistent = consistent && field[x] == a_field[x];
#endif
				done(FIELD_OF(x));
				forget() }
		:: atomic { else -> done(FIELD_OF(x)) }
		fi
	:: else
	fi;
	atomic { b_dead = false; is_dead[x] = false; a_field[x] = 0 }
}

inline copy_census()
{
	atomic { y = census & 1 };
	atomic { y = y | census & 2 }
}

inline grace() { !busy[0]; !busy[1] }

proctype Image()
{
	byte y, wrong, bad, above;
	byte a_shared[2], a_local[2], a_field[2];
	bool is_merged[2], is_dead[2];
	byte b_shared, b_local;
	bool b_merged, b_dead;
	bool consistent = true;

	atomic {
#ifndef NOT_SETTLED
		!(credits[0] || credits[1] || credits[2] || credits[3]);
#endif
		disturbed = underway != 0 };
#ifdef CENSUS_FIRST
	copy_census();
#endif
	atomic { keeping = true };
#ifndef KEPT_WITHOUT_GRACE
	grace();
#endif
#ifdef ONE
	nodes = 1;
#else
#ifndef CENSUS_FIRST
	copy_census();
#endif
	atomic {
		if
		:: y & 1 -> add(0)
		:: else
		fi };
	atomic {
		if
		:: y & 2 -> add(1)
		:: else
		fi;
		y = 0 };
#endif
	first_look(0);
	first_look(1);
	if
	:: (nodes & 1) && !(reading & 1) -> first_look(0)	/* found by a field */
	:: else
	fi;
#ifdef KEPT_TOO_SHORT
	atomic { keeping = false; free = free | kept; kept = 0 };
#endif
	atomic { compare(0); compare(1) };
#ifndef NO_SECOND_LOOK
	second_look(0);
	second_look(1);
#endif
	atomic {
#ifdef NO_SECOND_LOOK
		done(0); done(1); done(2); done(3); done(4); done(5);
#endif
		assert(!consistent || !bad);		/* 1 */
		assert(disturbed || consistent);	/* 4 */
		assert(disturbed || !above);		/* 3 */
		nodes = 0;
		reading = 0;
		budget = 0 };
	atomic { keeping = false };
	atomic { free = free | kept; kept = 0 }
}

/* A reference to the first object in a thread's hands; the second is in its field, in the other thread's hands, or has been
 * given up by the first thread, too, and not subtracted. */
init {
	byte x;

	atomic {
		held[0] = 1;
		if
		:: field[0] = 2
		:: held[3] = 1
		:: field[0] = 2; credits[1] = 1
		fi;
		if
		:: field[1] = 1
		:: true
		fi;
		if
		:: owner[0] = NOBODY; owner[1] = NOBODY
		:: owner[1] = 1
		fi;
		do
		:: x < 2 ->
			census = census | BIT(x);
			shared[x] = TRUE_COUNT(x);
			merged[x] = owner[x] == NOBODY;
			biased[x] = (merged[x] -> 0 : 1);
			shared[x] = shared[x] - biased[x];
			x++
		:: else -> break
		od;
		x = 0;
		run Thread(0);
		run Thread(1);
		run Image()
	}
}
