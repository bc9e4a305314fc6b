/* What program threads do to counts and fields: included by collector.pml, which says what is abstracted. */

#define NOBODY 2

/* The shared word. */
#define TOUCHED 1
#define MERGED  2
#define PENDING 4
#define DEAD    8
#define ONE     16
#define COUNT(word) ((word) >> 4)
#define FLAGS(word) ((word) & 15)
#define WORD(count, flags) ((count) * ONE + (flags))

/* The local word; TOUCHED as above. */
#define LOCAL_ONE 2
#define LOCAL(word) ((word) >> 1)

short shared[OBJECTS];
byte biased[OBJECTS];
byte owner[OBJECTS];
byte field[OBJECTS * FIELDS];	/* object + 1; 0 is NULL */
bool locked[OBJECTS];

bool busy[3];			/* the background thread's too */
bool started, over;		/* the round */
bool watched;			/* between clearing and second reading */
bool disturbed;			/* ghost: an operation began since the bits were cleared first */
byte budget = BUDGET;
byte folds = FOLDS;

byte held[2 * OBJECTS];		/* ghost: references in threads' hands */
bool queued[OBJECTS];		/* ghost, and the queue: it holds a reference */
byte set;			/* the candidates */

#define IN(x) (set & (1 << (x)))
#define HELD(x) held[t * OBJECTS + (x)]
#define HANDS(x) (held[x] + held[OBJECTS + (x)])

#define ANY2(p) (p(0) || p(1))
#define ANY3(p) (ANY2(p) || p(2))
#define ANY4(p) (ANY3(p) || p(3))
#define OR(x, p, n) :: p(n) -> x = n
#define PICK2(x, p) OR(x, p, 0) OR(x, p, 1)
#define PICK3(x, p) PICK2(x, p) OR(x, p, 2)
#define PICK4(x, p) PICK3(x, p) OR(x, p, 3)

#if OBJECTS == 2
#define ANY(p) ANY2(p)
#define PICK(x, p) if PICK2(x, p) fi
#else
#define ANY(p) ANY3(p)
#define PICK(x, p) if PICK3(x, p) fi
#endif

#if OBJECTS * FIELDS == 2
#define ANY_FIELD(p) ANY2(p)
#define PICK_FIELD(x, p) if PICK2(x, p) fi
#elif OBJECTS * FIELDS == 3
#define ANY_FIELD(p) ANY3(p)
#define PICK_FIELD(x, p) if PICK3(x, p) fi
#else
#define ANY_FIELD(p) ANY4(p)
#define PICK_FIELD(x, p) if PICK4(x, p) fi
#endif

#define ROOM(x) (HELD(x) && HANDS(x) < MAXREF)
#define LENT(x) (HELD(x) && !locked[x])
#define SWAPS(f) (LENT((f) / FIELDS) && (!field[f] || HANDS(field[f] - 1) < MAXREF))
#define FULL(f) (field[f] && SWAPS(f))
#define UNOWNED(x) (HELD(x) && owner[x] != t)
#define OWNED(x) (HELD(x) && owner[x] == t)

/* DEAD and the shared word's TOUCHED stay: the second reading would find them. */
inline hopeless(x)
{
#ifdef ONE_READING
	skip
#else
	if
	:: watched && IN(x) -> over = true
	:: else
	fi
#endif
}

/* With the step that sets DEAD. */
inline die(x)
{
	assert(HANDS(x) == 0 && !queued[x]);			/* 3 */
	shared[x] = shared[x] | DEAD;
	hopeless(x);
	dead = x + 1
}

inline touch_shared(x)
{
	shared[x] = shared[x] | TOUCHED;
	hopeless(x)
}

/* Adds the local count to the shared one. */
inline fold_in(x, count, flags)
{
	c = count;
	assert(c >= 0);						/* 3 */
	shared[x] = WORD(c, flags);
	if
	:: c == 0 -> die(x)
	:: else ->
		if
		:: shared[x] & TOUCHED -> hopeless(x)
		:: else
		fi
	fi;
	c = 0
}

/* The owner, with count references left in the local word.  gone: 1 if it gives one up thereby. */
inline merge(x, count, gone)
{
	biased[x] = 0;
	owner[x] = NOBODY;
	atomic { started ->
		HELD(x) = HELD(x) - gone;
#ifdef MERGE_UNTOUCHED
		fold_in(x, COUNT(shared[x]) + count, FLAGS(shared[x]) | MERGED);
#else
		fold_in(x, COUNT(shared[x]) + count, FLAGS(shared[x]) | MERGED | TOUCHED);
#endif
		leave()
	}
}

/* The first step of an operation: what the word says that the thread will write. */
inline look(x)
{
	own = owner[x] == t;
	if
	:: own -> word = biased[x]
	:: else -> word = shared[x]
	fi
}

inline enter()
{
	busy[t] = true;
	disturbed = true
}

inline leave()
{
	busy[t] = false;
	locked[f / FIELDS] = false;
	own = false;
	word = 0;
	f = 0;
	old = 0;
	x = 0
}

/* After a look. */
inline retain(x)
{
	if
	:: atomic { own && started ->
		HELD(x)++;
#ifdef RETAIN_UNTOUCHED_OWNER
		biased[x] = word + LOCAL_ONE;
#else
		biased[x] = (word + LOCAL_ONE) | TOUCHED;
#endif
		leave() }
#ifdef RETAIN_UNTOUCHED_OTHER
	:: atomic { !own && started -> HELD(x)++; shared[x] = shared[x] + ONE; leave() }
#else
	:: atomic { !own && (word & TOUCHED) && started -> HELD(x)++; shared[x] = shared[x] + ONE; leave() }
	:: atomic { !own && !(word & TOUCHED) -> HELD(x)++; shared[x] = shared[x] + ONE };
		atomic { started -> touch_shared(x); leave() }
#endif
	fi
}

/* The end of a removal; after a look, or without. */
inline touch_after_look(x)
{
	if
	:: atomic { own && started -> biased[x] = word | TOUCHED; leave() }
	:: atomic { !own && (word & TOUCHED) && started -> leave() }
	:: atomic { !own && !(word & TOUCHED) && started -> touch_shared(x); leave() }
	fi
}

/* Not the owner: one step. */
inline lose(x)
{
	c = COUNT(shared[x]) - 1;
	HELD(x)--;
	if
	:: shared[x] & MERGED -> fold_in(x, c, FLAGS(shared[x]))
	:: !(shared[x] & MERGED) && (c >= 0 || (shared[x] & PENDING)) -> shared[x] = WORD(c, FLAGS(shared[x]))
	:: else -> queued[x] = true; shared[x] = shared[x] | PENDING
	fi;
	c = 0
}

/* After a look. */
inline release_own(x)
{
	if
	:: atomic { LOCAL(word) >= 2 && started ->
		HELD(x)--;
#ifdef RELEASE_CLEARS
		biased[x] = (word - LOCAL_ONE) & ~TOUCHED;
#else
		biased[x] = word - LOCAL_ONE;
#endif
		leave() }
	:: atomic { LOCAL(word) < 2 -> word = shared[x] };
		if
		:: atomic { (word & ~TOUCHED) == 0 ->	/* the short cut */
			HELD(x)--;
			shared[x] = word | MERGED;
			die(x) };
			biased[x] = 0;
			atomic { started -> owner[x] = NOBODY; leave() }
		:: else -> merge(x, 0, 1)
		fi
	fi
}

inline adopt(x)
{
	if
	:: FLAGS(word | TOUCHED) == (MERGED | TOUCHED) && COUNT(word) == 1 ->
#ifdef ADOPT_UNTOUCHED
		biased[x] = LOCAL_ONE;
#else
		biased[x] = LOCAL_ONE | TOUCHED;
#endif
		owner[x] = t;
		if
		:: atomic { shared[x] == word && started ->
#ifdef ADOPT_UNTOUCHED
			shared[x] = WORD(0, word & TOUCHED);
#else
			shared[x] = WORD(0, TOUCHED);
			hopeless(x);
#endif
			leave() }
		:: shared[x] != word ->
			owner[x] = NOBODY;
			atomic { started -> biased[x] = 0; leave() }
		fi
	:: atomic { else -> leave() }
	fi
}

/* Puts new, an object in hand + 1 or NULL, in the place of what is in a field; that is in hand then. */
inline swap_field()
{
	if
	:: new -> HELD(new - 1) = HELD(new - 1) - 1
	:: else
	fi;
	if
	:: old -> HELD(old - 1) = HELD(old - 1) + 1
	:: else
	fi;
	field[f] = new;
	new = 0
}

/* After the guard: what a dead object held is in the thread's hands now.  No touch. */
inline bury()
{
	do
	:: atomic { dead ->
		f = (dead - 1) * FIELDS;
		do
		:: f < dead * FIELDS && !field[f] -> f++
		:: else -> break
		od;
		if
		:: f < dead * FIELDS ->
			old = field[f];
			field[f] = 0;
			HELD(old - 1) = HELD(old - 1) + 1;
			old = 0
		:: else -> dead = 0
		fi;
		f = 0 }
	:: else -> break
	od
}

inline lock_field()
{
	locked[f / FIELDS] = true;
	old = field[f]
}

proctype Thread(byte t) provided (!over)
{
	byte x, dead, f, new, old;
	short word, c;
	bool own;

end:	do
	:: atomic { budget && ANY(ROOM) -> budget--; PICK(x, ROOM); enter(); look(x) };
		retain(x)

	:: atomic { budget && ANY_FIELD(FULL) -> budget--; PICK_FIELD(f, FULL); enter();	/* get */
		lock_field();
		x = old - 1;
		look(x) };
		retain(x)

	:: atomic { started && ANY(UNOWNED) -> PICK(x, UNOWNED); disturbed = true;		/* release */
		lose(x);
		x = 0 };
		bury()

	:: atomic { ANY(OWNED) -> PICK(x, OWNED); enter(); look(x) };
		release_own(x);
		bury()

	:: atomic { budget && ANY_FIELD(FULL) -> budget--; PICK_FIELD(f, FULL); enter();
		lock_field();			/* steal, set, set_take: first the touch */
		x = old - 1;
		look(x);
		if
		:: PICK(new, HELD); new++
		:: true
		fi };
#ifndef STEAL_UNTOUCHED
		if
		:: atomic { own -> biased[x] = word | TOUCHED }
		:: !own && (word & TOUCHED)
		:: atomic { !own && !(word & TOUCHED) -> touch_shared(x) }
		fi;
#endif
		atomic { started -> swap_field(); leave() }

	:: atomic { budget && ANY_FIELD(SWAPS) -> budget--; PICK_FIELD(f, SWAPS); enter();
		lock_field();			/* first the removal */
		if
		:: old
		:: PICK(new, HELD); new++
		fi;
		swap_field() };
		if
#ifdef STEAL_UNTOUCHED
		:: atomic { started -> leave() }
#else
		:: atomic { !old && started -> leave() }
		:: atomic { old -> x = old - 1; look(x) };
			touch_after_look(x)
#endif
		fi

#ifdef CLEAR_UNTOUCHED
	:: atomic { started && budget && ANY_FIELD(FULL) -> budget--; PICK_FIELD(f, FULL); enter();
		lock_field();
		swap_field();
		x = old - 1 };
		if
		:: atomic { owner[x] != t -> lose(x); leave() }
		:: atomic { owner[x] == t -> look(x) };
			release_own(x)
		fi;
		bury()
#endif

	:: atomic { started && budget && ANY(HELD) -> budget--; PICK(x, HELD);	/* to the other thread */
		HELD(x)--;
		held[(1 - t) * OBJECTS + x]++;
		x = 0 }

	:: atomic { budget && ANY(OWNED) -> budget--; PICK(x, OWNED); enter(); look(x) };	/* handoff */
		merge(x, LOCAL(word), 0)

	:: atomic { budget && ANY(UNOWNED) -> budget--; PICK(x, UNOWNED); enter(); look(x) };
		adopt(x)
	od
}
