/* The suspect log: every garbage cycle has a witness, and no entry outlives its object.
 *
 * WHAT IS MODELLED.  Two blocks of memory, in each an object with one field or nothing, born again at will; two
 * threads and the collector.  Threads retain, get, steal, move references into fields and to one another, and release;
 * what dies gives up its field, and its block is free at once unless it is kept or stands in a log.  Before a decrement that
 * might leave an object alive, and before a move into a field, a thread wins LOGGED by a read-modify-write
 * and appends the object to its log.  The collector does ROUNDS rounds: set "collecting", take the logs, op-grace; then, with
 * all suspects or with one after the other, snapshot, decide, commit.  There are two kinds of rounds, drawn by lot:
 *
 *   full            first, the flags of all suspects are cleared, op-grace; what could not be decided is logged again
 *   of the young    flags stay, and entries in the collector's list, but for what is found dead or committed
 *
 * With LOOPS the objects of the beginning have a second field, that refers to themselves and stays: so garbage may
 * refer to what is none, or to what an earlier part of the round found live for that.  The reference is released as by a
 * thread, or owed: looked at once more in the end.  With REVIVALS what dies may be brought back, as by its finalizer.
 *
 * Each access to a word or a log that others may touch is a step of its own.  A thread loads its log's address
 * and "collecting" when it enters the guard in which it needs them: the earliest places.  Entering
 * the guard goes with the first access, leaving with the last (collector.pml says why that loses nothing).
 *
 * WHAT IS ABSTRACTED.
 *
 *   - The count is one word: the flag is for everybody, owners included.  Who finds it 1 and no flag set
 *     has the only reference, and may take the short cut: a plain store.  Memory is sequentially consistent.
 *   - The two readings: what the snapshot takes for garbage is committed only if it is, and nothing but what is committed
 *     refers to it (that is collector.pml), and even then it may be found "not now", with what it reaches.
 *   - One generation: a round of the young looks at all there is.
 *   - A removal and its release are in guards of their own, as are a dead object's releases: that they may share one
 *     only makes the op-graces wait longer.
 *   - Threads that use one object's field take turns.  Credits: one is a reference that its thread does not use,
 *     its subtraction a release.  Nothing is struck out of a log by its thread.  Folds and the husks of slots are left
 *     out.
 *
 * INVARIANTS.
 *
 *   1  No block is touched when it is free.
 *   2  A block becomes free once, dead, with no entry for it in any log or list, and no address of it in the
 *      collector's hands.
 *   3  An object has one entry at most.
 *   4  When no operation is under way and no round, each garbage object can be reached from an entry.
 *   5  A round that nobody disturbed, and that validated what it could, leaves no garbage; unless it released what
 *      garbage referred to.
 *   6  When no operation is under way and no round, what is dead is free, or a husk that an entry stands for.
 *
 * Each #ifdef below is a mutation that must break one of them; models/run tries them all.
 */

#ifndef BUDGET
#define BUDGET 3	/* everything but releases */
#endif
#ifndef ROUNDS
#define ROUNDS 1	/* of both kinds, without ONLY_FULL and ONLY_YOUNG */
#endif
#ifndef MAXREF
#define MAXREF 2	/* references to one object in threads' hands */
#endif
#ifndef REVIVALS
#define REVIVALS 0	/* if any, all objects have finalizers, and none is open to the short cut */
#endif

#define LOGGED    1
#define DEAD      2
#define DESTROYED 4
#define FREE      8	/* ghost */

byte count[2], flags[2];	/* one word */
byte field[2];			/* object + 1; 0 is NULL */
bool loop[2];			/* one more, that refers to its own object */
bool locked[2];
byte log[4];			/* thread t's are t and 2 + t, as sets */
byte again;			/* the collector's list */
bool other[2];			/* t's log is 2 + t now */
bool busy[2], collecting;
byte kept;			/* blocks to be freed when the round ends */

byte held[4];			/* ghost: [2 * t + x] */
byte underway;			/* ghost: threads that have not done all of a release, or a move */
byte addresses;			/* ghost: in the collector's hands */
bool idle = true;		/* ghost: no round */
bool disturbed;			/* ghost: an operation since the logs were taken */
byte budget = BUDGET;
#if REVIVALS
byte revivals = REVIVALS;
#endif

#define BIT(x) (1 << (x))
#define ENTRIES (log[0] | log[1] | log[2] | log[3] | again)
#define HELD(x) held[2 * t + (x)]
#define HANDS(x) (held[x] + held[2 + (x)])
#define ROOM(x) (HELD(x) && HANDS(x) < MAXREF)
#define FULL(x) (HELD(x) && !locked[x] && field[x] && HANDS(field[x] - 1) < MAXREF)
#define EMPTY(x) (HELD(x) && !locked[x] && !field[x])
#define ANY(p) (p(0) || p(1))
#define PICK(x, p) if :: p(0) -> x = 0 :: p(1) -> x = 1 fi

#define WHOLE(x) assert(!(flags[x] & FREE))				/* 1 */

inline free_block(x)
{
	assert((flags[x] & (DEAD | FREE)) == DEAD);			/* 2 */
	assert(!((ENTRIES | addresses) & BIT(x)));			/* 2 */
	flags[x] = FREE
}

#define ENTER busy[t] = true; disturbed = true; mine = t + (other[t] -> 2 : 0)
#define LEAVE busy[t] = false; won = false; mine = 0

/* The flag, and the entry. */
inline win(x)
{
	WHOLE(x);
	won = !(flags[x] & LOGGED);
	flags[x] = flags[x] | LOGGED
}
inline append(x)
{
	if
	:: atomic { won ->
		assert(!(ENTRIES & BIT(x)));				/* 3 */
		log[mine] = log[mine] | BIT(x);
		won = false }
	:: else
	fi
}
inline decrement(x)
{
	WHOLE(x);
	assert(count[x] && !(flags[x] & DEAD));
	HELD(x)--;
	count[x]--;
	if
	:: count[x] == 0 -> flags[x] = flags[x] | DEAD; dying = dying | BIT(x)
	:: else
	fi
}

proctype Thread(byte t)
{
	byte x, p, mine, dying, old;
	bool won, keep;

end:	do
	:: atomic { budget && ANY(ROOM) -> budget--; PICK(x, ROOM); disturbed = true;	/* retain */
		WHOLE(x);
		count[x]++;
		HELD(x)++;
		x = 0 }

	:: atomic { budget && ANY(FULL) -> budget--; PICK(x, FULL); disturbed = true;
		x = field[x] - 1;					/* get */
		WHOLE(x);
		count[x]++;
		HELD(x)++;
		x = 0 }

	:: atomic { budget && ANY(FULL) -> budget--; PICK(p, FULL); disturbed = true;
		x = field[p] - 1;					/* steal */
		HELD(x)++;
		field[p] = 0;
		p = 0;
		x = 0 }

	:: atomic { budget && ANY(HELD) -> budget--; PICK(x, HELD);	/* to the other thread */
		HELD(x)--;
		held[2 * (1 - t) + x]++;
		x = 0 }

	:: atomic { budget && ANY(EMPTY) -> budget--; PICK(p, EMPTY); PICK(x, HELD);	/* set_take */
		underway++;
		locked[p] = true;
		ENTER;
#ifndef MOVES_UNLOGGED
		win(x);
#endif
		skip };
		append(x);
#ifdef LOGGED_IN_ANOTHER_GUARD
		busy[t] = false;
		busy[t] = true;
#endif
		atomic { HELD(x)--; field[p] = x + 1; locked[p] = false; LEAVE; underway--; p = 0; x = 0 }

	:: atomic { budget && (flags[0] & FREE || flags[1] & FREE) -> budget--;		/* birth */
		disturbed = true;
		if
		:: flags[0] & FREE -> x = 0
		:: flags[1] & FREE -> x = 1
		fi;
		flags[x] = 0;
		count[x] = 1;
		HELD(x)++;
		x = 0 }

	:: atomic { ANY(HELD) -> PICK(x, HELD); underway++ };		/* release */
release:	atomic { ENTER; keep = collecting; old = (count[x] == 1 -> 1 + flags[x] : 0) };
		if
#if REVIVALS
		:: atomic { old && count[x] == 1 -> old = 0; decrement(x) }
#else
		:: atomic { old == 1 ->		/* the short cut: a plain store over all flags */
			old = 0;
			flags[x] = 0;
			decrement(x) }
		:: atomic { old > 1 && count[x] == 1 -> old = 0; decrement(x) }
#endif
#ifdef LOGGED_AFTER
		:: atomic { else -> old = 0; decrement(x) };
			atomic { win(x) };
			append(x);
#else
		:: atomic { else -> old = 0; win(x) };
			append(x);
#ifdef LOGGED_IN_ANOTHER_GUARD
			busy[t] = false;
			busy[t] = true;
#endif
			atomic { decrement(x) };
#endif
		fi;
		if
#if !REVIVALS
		:: (dying & BIT(x)) && !field[x] -> goto destroy	/* in the same guard */
#endif
		:: atomic { else -> LEAVE; keep = false; x = 0 }
		fi;
		do
#if REVIVALS
		:: atomic { dying && revivals -> revivals--; disturbed = true;	/* a finalizer's reference */
			x = (dying & 1 -> 0 : 1);
			WHOLE(x);
			flags[x] = flags[x] & ~DEAD;
			count[x] = 1;
			HELD(x)++;
			dying = dying & ~BIT(x);
			x = 0 }
#endif
		:: atomic { dying ->
			x = (dying & 1 -> 0 : 1);
			if
			:: field[x] ->
				WHOLE(x);
				old = x;
				x = field[x] - 1;
				field[old] = 0;
				old = 0;
				HELD(x)++;
				goto release
			:: else -> busy[t] = true; keep = collecting
			fi };
destroy:
#ifdef HUSK_BY_LOAD
			atomic { WHOLE(x); old = flags[x] };
			atomic { WHOLE(x); flags[x] = flags[x] | DESTROYED };
#else
			atomic { WHOLE(x); old = flags[x]; flags[x] = flags[x] | DESTROYED };
#endif
			atomic {
				if
#ifndef NO_HUSKS
				:: old & LOGGED
#endif
				:: else ->
					if
					:: keep -> kept = kept | BIT(x)
					:: else -> free_block(x)
					fi
				fi;
				dying = dying & ~BIT(x);
				LEAVE; keep = false; old = 0; x = 0 }
		:: atomic { else -> underway--; break }
		od
	od
}

inline grace() { !busy[0]; !busy[1] }

/* Ghost: live = what can be reached from hands or from what is dead, or is not there; seen = what entries lead to. */
inline reach(from)
{
	live = (HANDS(0) || (flags[0] & (DEAD | FREE)) -> 1 : 0) | (HANDS(1) || (flags[1] & (DEAD | FREE)) -> 2 : 0);
	seen = from;
	if
	:: (live & 1) && field[0] -> live = live | field[0]
	:: else
	fi;
	if
	:: (live & 2) && field[1] -> live = live | field[1]
	:: else
	fi;
	if
	:: (seen & 1) && field[0] -> seen = seen | field[0]
	:: else
	fi;
	if
	:: (seen & 2) && field[1] -> seen = seen | field[1]
	:: else
	fi
}

proctype Monitor()
{
	byte live, seen;

end:	do
	:: atomic { idle && !underway ->
		reach(ENTRIES);
		assert((live | seen) == 3);				/* 4 */
		assert((flags[0] & (DEAD | FREE)) != DEAD || (ENTRIES & 1));	/* 6 */
		assert((flags[1] & (DEAD | FREE)) != DEAD || (ENTRIES & 2));	/* 6 */
		live = 0;
		seen = 0 }
	od
}

/* A full round clears the flag, for the entries of todo.  They are gone then. */
inline clear_flag(x)
{
	if
	:: atomic { todo & BIT(x) ->
		WHOLE(x);
		todo = todo & ~BIT(x);
		again = again & ~BIT(x);
		flags[x] = flags[x] & ~LOGGED;
		if
		:: flags[x] & DEAD ->
			kept = kept | (flags[x] & DESTROYED -> BIT(x) : 0);
			rest = rest & ~BIT(x);
			part = part & ~BIT(x)
		:: else
		fi }
	:: else
	fi
}

/* One of the young takes out what is dead, and nothing else. */
inline take_out(x)
{
	if
	:: atomic { young && (part & BIT(x)) && (flags[x] & DEAD) -> WHOLE(x); old = flags[x] };
		atomic {
			WHOLE(x);
#ifndef TAKEN_OUT_BY_LOAD
			old = flags[x];
#endif
			if
#ifdef REVIVED_FORGOTTEN
			:: true ->
#else
			:: old & DEAD ->
#endif
				again = again & ~BIT(x);
				part = part & ~BIT(x);
				flags[x] = flags[x] & ~LOGGED;
				kept = kept | (old & DESTROYED -> BIT(x) : 0)
#ifndef REVIVED_FORGOTTEN
			:: else		/* brought back meanwhile */
#endif
			fi;
			old = 0 }
	:: else
	fi
}

/* Step 2: the word, then the field, or the other way round.  What an earlier part has seen is left alone. */
inline read_word(x)
{
	WHOLE(x);
	counts[x] = (flags[x] & DEAD -> 0 : count[x]);
	todo = todo & ~BIT(x)
}
inline read_field(x)
{
	WHOLE(x);
	fields[x] = field[x] & ~(settled | open);
	todo = todo & ~(4 << x);
	if
	:: fields[x] && !(nodes & fields[x]) ->
		nodes = nodes | fields[x];
		addresses = addresses | fields[x];
		todo = todo | fields[x] * 5
	:: else
	fi
}

#ifdef OWED_FROM_OUTSIDE
#define OWED(bit) 0
#else
#define OWED(bit) (last & (bit) -> 1 : 0)
#endif

/* What members of a set refer to, as read. */
#define TARGETS(set) (((set) & 1 -> fields[0] : 0) | ((set) & 2 -> fields[1] : 0))

/* Ghost: what all others refer to. */
#define OTHERS(set) (((set) & 1 -> 0 : field[0]) | ((set) & 2 -> 0 : field[1]))

/* Step 3, and 5 to 7: of what is garbage by the snapshot, some may fail, and must if others refer to it; what that
 * reaches fails with it. */
inline decide()
{
	fields[0] = (counts[0] -> fields[0] : 0);
	fields[1] = (counts[1] -> fields[1] : 0);
	todo = (fields[0] == 1) + (fields[1] == 1) + (counts[0] && loop[0]) + OWED(1);
	found_live = (counts[0] > todo -> 1 : 0);
	failed = (counts[0] < todo -> 1 : 0);
	todo = (fields[0] == 2) + (fields[1] == 2) + (counts[1] && loop[1]) + OWED(2);
	found_live = found_live | (counts[1] > todo -> 2 : 0);
	failed = failed | (counts[1] < todo -> 2 : 0);
	todo = 0;
	found_live = found_live | TARGETS(found_live) & ~failed;
	failed = failed | TARGETS(failed) & ~found_live;
	garbage = ((counts[0] -> 1 : 0) | (counts[1] -> 2 : 0)) & ~(found_live | failed);
	reach(0);
	failed = failed | garbage & (live | OTHERS(garbage));
	if
	:: true
	:: garbage & 1 -> failed = failed | 1
	:: garbage & 2 -> failed = failed | 2
	:: garbage == 3 -> failed = failed | 3
	fi;
	failed = failed | TARGETS(failed) & ~found_live;
	failed = failed | garbage & OTHERS(garbage & ~failed);
	garbage = garbage & ~failed;
	spared = spared || failed;
	open = open | nodes & ~(found_live | garbage);
	settled = settled | found_live | garbage;
	counts[0] = 0; counts[1] = 0; fields[0] = 0; fields[1] = 0;
	nodes = 0; live = 0; failed = 0
#ifndef YOUNG_FORGETS
	; found_live = 0
#endif
}

/* An object that stays a suspect. */
inline log_again(x)
{
	atomic {
		WHOLE(x);
		if
		:: flags[x] & DEAD
#ifndef COPIES_KEPT
		:: !(flags[x] & DEAD) && (flags[x] & LOGGED)
#endif
		:: else ->
			assert(!(ENTRIES & BIT(x)));			/* 3 */
			flags[x] = flags[x] | LOGGED;
			again = again | BIT(x)
		fi
	}
}

inline file(x)
{
	if
	:: todo & BIT(x) -> log_again(x)
	:: else
	fi
}

inline look_again(x)
{
	again = ((again & BIT(x)) && (flags[x] & (DEAD | LOGGED)) == DEAD -> again & ~BIT(x) : again)
}

#ifdef YOUNG_FORGETS
inline forget(x)
{
	if
	:: atomic { young && (part & found_live & BIT(x)) -> again = again & ~BIT(x); flags[x] = flags[x] & ~LOGGED }
	:: else
	fi
}
#endif

/* A plain store, over all flags.  The entry of a suspect goes with its flag. */
#if defined(YOUNG_KEEPS_FLAG)
#define FLAG_OF(x) 0
#elif defined(YOUNG_CLEARS_ANOTHERS)
#define FLAG_OF(x) (young -> LOGGED : 0)
#elif defined(FULL_CLEARS_ANOTHERS)
#define FLAG_OF(x) (part & BIT(x) -> LOGGED : 0)
#else
#define FLAG_OF(x) (young && (part & BIT(x)) -> LOGGED : 0)
#endif
inline commit(x)
{
	if
	:: atomic { garbage & BIT(x) -> WHOLE(x); assert(!(flags[x] & DEAD)); old = flags[x] };
		atomic {
			WHOLE(x);
			assert(!HANDS(x));
			flags[x] = (old & ~FLAG_OF(x)) | DEAD;
			count[x] = 0;
			again = again & ~(young && (part & BIT(x)) -> BIT(x) : 0);
			old = 0 }
	:: else
	fi
}
/* A reference that severed garbage leaves behind is released as by a thread. */
inline drop(x)
{
#ifndef SEVERED_UNLOGGED
	log_again(x);
#endif
	atomic {
		WHOLE(x);
		assert(!(flags[x] & DEAD));
		count[x]--;
		if
		:: count[x] == 0 -> flags[x] = flags[x] | DEAD; garbage = garbage | BIT(x)
		:: else
		fi }
}
/* Its field, then its block. */
inline sever(x)
{
	if
	:: atomic { garbage & BIT(x) -> old = field[x]; field[x] = 0; loop[x] = false };
		if
		:: old && !(flags[old - 1] & DEAD) && !last -> owed = owed | old	/* and counted still */
		:: atomic { old && !(flags[old - 1] & DEAD) -> spared = true; old-- };
			drop(old)
		:: else
		fi;
		atomic {
			if
			:: !(flags[x] & LOGGED) -> kept = kept | BIT(x)
			:: else
			fi;
			flags[x] = flags[x] | DESTROYED;
			garbage = garbage & ~BIT(x);
			old = 0 }
	:: else
	fi
}
inline drop_owed(x)
{
	if
	:: (last & BIT(x)) && !(flags[x] & DEAD) -> drop(x)
	:: else
	fi
}
inline sever_all()
{
	do
	:: garbage -> sever(0); sever(1)
	:: else -> break
	od
}

inline free_kept()
{
	addresses = 0;
	if
	:: kept & 1 -> free_block(0)
	:: else
	fi;
	if
	:: kept & 2 -> free_block(1)
	:: else
	fi;
	kept = 0
}

proctype Collector()
{
	byte rounds = ROUNDS, rest, part, settled, open, todo, nodes, garbage, counts[2], fields[2], old;
	byte owed, last, found_live, failed, late, live, seen;
	bool young, spared;

end:	do
	:: atomic { rounds && idle && ENTRIES -> rounds--; idle = false;
		if
#if !ONLY_FULL
		:: young = true
#endif
#if !ONLY_YOUNG
		:: true
#endif
		fi;
#ifndef NEVER_KEPT
		collecting = true
#endif
		};
		atomic { disturbed = underway != 0; other[0] = !other[0] };
		other[1] = !other[1];
#ifndef CLEARED_AT_ONCE
		grace();
#endif
		atomic {	/* what was taken is the collector's */
			again = again | log[(other[0] -> 0 : 2)] | log[(other[1] -> 1 : 3)];
			log[(other[0] -> 0 : 2)] = 0;
			log[(other[1] -> 1 : 3)] = 0;
			rest = again;
			addresses = again;
			todo = (young -> 0 : rest) };
#ifndef FLAGS_CLEARED_BY_PARTS
		clear_flag(0);
		clear_flag(1);
#ifndef NO_GRACE_AFTER_CLEARING
		if
		:: young
		:: else -> grace()
		fi;
#endif
#endif
		do
		:: atomic { rest || owed ->
			if
			:: rest -> part = rest
			:: rest == 3 -> part = 1
			:: rest == 3 -> part = 2
			:: !rest ->	/* what is owed: a part without suspects */
				last = owed;
				owed = 0;
				settled = 0;
				open = 0
			fi;
			rest = rest & ~part };
#ifdef FLAGS_CLEARED_BY_PARTS
			todo = (young -> 0 : part);
			clear_flag(0);
			clear_flag(1);
			grace();
#endif
			take_out(0);
			take_out(1);
			atomic {
				nodes = (part & ~(settled | open)) | last;
				todo = nodes * 5 };
			do
			:: atomic { todo & 1 -> read_word(0) }
			:: atomic { todo & 2 -> read_word(1) }
			:: atomic { todo & 4 -> read_field(0) }
			:: atomic { todo & 8 -> read_field(1) }
			:: atomic { else -> decide(); break }
			od;
#ifdef YOUNG_FORGETS
			forget(0);
			forget(1);
			found_live = 0;
#endif
			commit(0);
			commit(1);
			todo = (young -> 0 : part & open);
#if defined(LOGGED_AGAIN_LATE)
			atomic { late = late | todo; todo = 0 };
#elif !defined(NOT_NOW_FORGOTTEN)
			file(0);
			file(1);
#endif
			atomic { todo = 0; part = 0 };
			sever_all();
			if
			:: last ->
				drop_owed(0);
				drop_owed(1);
				last = 0;
				sever_all()
			:: else
			fi
		:: else -> break
		od;
		atomic {
			reach(0);
			assert(spared || disturbed || live == 3);	/* 5 */
			live = 0; settled = 0; open = 0; spared = false };
#ifdef LOGGED_AGAIN_LATE
		collecting = false;
		grace();
		atomic { free_kept(); todo = late; late = 0 };
		file(0);
		file(1);
		todo = 0;
#endif
#ifndef SHORT_CUT_OVERLOOKED
		if
		:: again && !young ->	/* who took the short cut has overwritten the flag: it is no husk */
			grace();
			atomic { look_again(0); look_again(1) }
		:: else
		fi;
#endif
		atomic { young = false; addresses = 0 };
#ifndef LOGGED_AGAIN_LATE
		collecting = false;
#endif
#ifndef NO_GRACE_BEFORE_FREEING
		grace();
#endif
		atomic { free_kept(); idle = true }
	od
}

/* A cycle or a chain of two, the first object in thread 0's hands, the other perhaps in thread 1's. */
init {
	atomic {
		held[0] = 1;
		count[0] = 1;
		count[1] = 1;
		field[0] = 2;
#if LOOPS
		loop[0] = true;
		count[0]++;
		if
		:: loop[1] = true; count[1]++
		:: true
		fi;
#endif
		if
		:: field[1] = 1; count[0]++
		:: true
		fi;
		if
		:: held[3] = 1; count[1]++
		:: true
		fi;
		run Thread(0);
		run Thread(1);
		run Collector();
		run Monitor()
	}
}
