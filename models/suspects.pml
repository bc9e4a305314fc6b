/* The suspect log: every garbage cycle has a witness, and no entry outlives its object.
 *
 * WHAT IS MODELLED.  Two blocks of memory, in each an object with one field or nothing, born again at will; two
 * threads and the collector.  Threads retain, get, steal, move references into fields and to one another, and release;
 * what dies gives up its field, and its block is free at once unless it is kept or stands in a log.  Before a decrement that
 * might leave an object alive, and before a move into a field, a thread wins LOGGED by a read-modify-write
 * and appends the object to its log.  The collector does ROUNDS rounds: set "collecting", take the logs,
 * op-grace, clear the flags of what they hold, op-grace, snapshot, decide, commit, log again what could not be validated.
 *
 * Each access to a word or a log that others may touch is a step of its own.  A thread loads its log's address
 * and "collecting" when it enters the guard in which it needs them: the earliest places.  Entering
 * the guard goes with the first access, leaving with the last (collector.pml says why that loses nothing).
 *
 * WHAT IS ABSTRACTED.
 *
 *   - The count is one word: the flag is for everybody, owners included.  Who finds it 1 and no flag set
 *     has the only reference, and may take the short cut: a plain store.  Memory is sequentially consistent.
 *   - The two readings: what the snapshot takes for garbage is committed only if it is (that is collector.pml),
 *     and even then it may be found "not now".
 *   - One generation: what the snapshot finds live leaves the logs, as after a full round.
 *   - A removal and its release are in guards of their own, as are a dead object's releases: that they may share one
 *     only makes the op-graces wait longer.
 *   - Threads that use one object's field take turns.  Credits: one is a reference that its thread does not use,
 *     its subtraction a release.  Finalizers, folds and the husks of slots are left out.
 *
 * INVARIANTS.
 *
 *   1  No block is touched when it is free.
 *   2  A block becomes free once, dead, with no entry for it in any log, and no address of it in the collector's hands.
 *   3  An object has one entry at most.
 *   4  When no operation is under way and no round, each garbage object can be reached from an entry of a log.
 *   5  A round that nobody disturbed, and that validated what it could, leaves no garbage.
 *   6  When no operation is under way and no round, what is dead is free, or a husk that an entry stands for.
 *
 * Each #ifdef below is a mutation that must break one of them; models/run tries them all.
 */

#ifndef BUDGET
#define BUDGET 3	/* everything but releases */
#endif
#ifndef ROUNDS
#define ROUNDS 1
#endif
#ifndef MAXREF
#define MAXREF 2	/* references to one object in threads' hands */
#endif

#define LOGGED    1
#define DEAD      2
#define DESTROYED 4
#define FREE      8	/* ghost */

byte count[2], flags[2];	/* one word */
byte field[2];			/* object + 1; 0 is NULL */
bool locked[2];
byte log[4];			/* thread t's are t and 2 + t, as sets */
byte again;			/* the collector's own log */
bool other[2];			/* t's log is 2 + t now */
bool busy[2], collecting;
byte kept;			/* blocks to be freed when the round ends */

byte held[4];			/* ghost: [2 * t + x] */
byte underway;			/* ghost: threads that have not done all of a release, or a move */
byte addresses;			/* ghost: in the collector's hands */
bool idle = true;		/* ghost: no round */
bool disturbed;			/* ghost: an operation since the logs were taken */
byte budget = BUDGET;

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
		:: atomic { old == 1 ->		/* the short cut: a plain store over all flags */
			old = 0;
			flags[x] = 0;
			decrement(x) }
		:: atomic { old > 1 && count[x] == 1 -> old = 0; decrement(x) }
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
		:: (dying & BIT(x)) && !field[x] -> goto destroy	/* in the same guard */
		:: atomic { else -> LEAVE; keep = false; x = 0 }
		fi;
		do
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

/* Step 1, for the log l: clear the flags.  The entries are gone then. */
inline clear_flag(l, x)
{
	if
	:: atomic { log[l] & BIT(x) ->
		WHOLE(x);
		log[l] = log[l] & ~BIT(x);
		old = flags[x];
		flags[x] = flags[x] & ~LOGGED };
		atomic {
			if
			:: (old & (DEAD | DESTROYED)) == (DEAD | DESTROYED) -> kept = kept | BIT(x)
			:: (old & (DEAD | DESTROYED)) == DEAD
			:: else -> suspects = suspects | BIT(x); addresses = addresses | BIT(x)
			fi;
			old = 0 }
	:: else
	fi
}

/* Step 2: the word, then the field, or the other way round. */
inline read_word(x)
{
	WHOLE(x);
	counts[x] = (flags[x] & DEAD -> 0 : count[x]);
	todo = todo & ~BIT(x)
}
inline read_field(x)
{
	WHOLE(x);
	fields[x] = field[x];
	todo = todo & ~(4 << x);
	if
	:: fields[x] && !(addresses & fields[x]) ->
		addresses = addresses | fields[x];
		todo = todo | fields[x] * 5
	:: else
	fi
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

inline look_again(x)
{
	again = ((again & BIT(x)) && (flags[x] & (DEAD | LOGGED)) == DEAD -> again & ~BIT(x) : again)
}

inline commit(x)
{
	if
	:: atomic { garbage & BIT(x) ->
		WHOLE(x);
		assert(!(flags[x] & DEAD) && !HANDS(x));
		flags[x] = flags[x] | DEAD;
		count[x] = 0 }
	:: else
	fi
}
/* Its field, then its block.  What it leaves behind is released as by a thread. */
inline sever(x)
{
	if
	:: atomic { garbage & BIT(x) -> old = field[x]; field[x] = 0 };
		if
		:: old && !(garbage & old) ->
			old--;
			log_again(old);
			atomic {
				WHOLE(old);
				count[old]--;
				if
				:: count[old] == 0 -> flags[old] = flags[old] | DEAD; garbage = garbage | BIT(old)
				:: else
				fi }
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
	byte rounds = ROUNDS, suspects, todo, garbage, counts[2], fields[2], old, live, seen;
	bool spared;

end:	do
	:: atomic { rounds && idle && ENTRIES -> rounds--; idle = false;
#ifndef NEVER_KEPT
		collecting = true
#endif
		};
		atomic { disturbed = underway; other[0] = !other[0] };
		other[1] = !other[1];
#ifndef CLEARED_AT_ONCE
		grace();
#endif
		atomic { todo = again; again = 0;
			log[(other[0] -> 0 : 2)] = log[(other[0] -> 0 : 2)] | todo;	/* with what was logged again */
			todo = 0 };
		clear_flag((other[0] -> 0 : 2), 0);
		clear_flag((other[0] -> 0 : 2), 1);
		clear_flag((other[1] -> 1 : 3), 0);
		clear_flag((other[1] -> 1 : 3), 1);
#ifndef NO_GRACE_AFTER_CLEARING
		grace();
#endif
		todo = suspects * 5;
		do
		:: atomic { todo & 1 -> read_word(0) }
		:: atomic { todo & 2 -> read_word(1) }
		:: atomic { todo & 4 -> read_field(0) }
		:: atomic { todo & 8 -> read_field(1) }
		:: else -> break
		od;
		atomic {
			fields[0] = (counts[0] -> fields[0] : 0);
			fields[1] = (counts[1] -> fields[1] : 0);
			garbage = (counts[0] -> 1 : 0) | (counts[1] -> 2 : 0);
			live = 0;
			seen = 0;
			todo = (fields[0] == 1) + (fields[1] == 1);
			if
			:: counts[0] > todo -> live = live | 1
			:: counts[0] < todo -> spared = true
			:: else
			fi;
			todo = (fields[0] == 2) + (fields[1] == 2);
			if
			:: counts[1] > todo -> live = live | 2
			:: counts[1] < todo -> spared = true
			:: else
			fi;
			todo = 0;
			live = live | (live & 1 -> fields[0] : 0) | (live & 2 -> fields[1] : 0);
			garbage = garbage & ~live;
			suspects = suspects & ~live;	/* these leave the logs */
			counts[0] = 0; counts[1] = 0; fields[0] = 0; fields[1] = 0;
			reach(0);
			if
			:: garbage && !(garbage & live) && !spared
			:: else -> garbage = 0; spared = true
			:: garbage -> garbage = 0; spared = true	/* not now */
			fi;
			assert(spared || disturbed || (live | garbage) == 3);	/* 5 */
			live = 0 };
		commit(0);
		commit(1);
		todo = suspects & ~garbage;
		do
		:: garbage -> sever(0); sever(1)
		:: else -> break
		od;
#ifdef LOGGED_AGAIN_LATE
		collecting = false;
		grace();
		atomic { free_kept() };
#endif
#ifndef NOT_NOW_FORGOTTEN
		if
		:: todo & 1 -> log_again(0)
		:: else
		fi;
		if
		:: todo & 2 -> log_again(1)
		:: else
		fi;
#endif
#ifndef SHORT_CUT_OVERLOOKED
		if
		:: again ->	/* who took the short cut has overwritten the flag: it is no husk */
			grace();
			atomic { look_again(0); look_again(1) }
		:: else
		fi;
#endif
		atomic { todo = 0; suspects = 0; addresses = 0; spared = false };
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
