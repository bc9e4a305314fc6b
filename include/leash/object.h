/* Birth, closing, and the end of the program.
 *
 * How an object dies, in this order: its count reaches 0 and it is dead for everybody; close, if
 * it was never closed; finalize, which may bring it back, once; its strong fields are emptied and
 * released; destroy; the memory goes.  Each function runs outside every lock of the library and
 * may use the library.  Objects released by one of them die after it has returned, so that chains of
 * any length die in constant stack space.
 */
#ifndef LEASH_OBJECT_H
#define LEASH_OBJECT_H

#include <leash/abi.h>
#include <leash/type.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* A new object, all bytes of its payload 0, 16-byte aligned.  The caller holds its one reference and
 * is its owner.  NULL with errno ENOMEM when memory is short, after everything that waited to be
 * freed has been; NULL with errno EINVAL for a type that is NULL, has no name or is too large.
 * About as fast as malloc; lock-free as long as this thread's store of free blocks lasts. */
LEASH__DIRECT void *leash_new(const leash_type *type)
	__attribute__((warn_unused_result, assume_aligned(16)));

/* The same with `bytes` more at the end of the payload, which are 0 too (EINVAL when the sum
 * exceeds 2^32 - 1).  LEASH_TAIL() makes them references. */
void *leash_new_extra(const leash_type *type, size_t bytes)
	__attribute__((warn_unused_result, assume_aligned(16)));

/* Runs the type's close function now, if it has not run yet, whoever else holds the object.
 * Afterwards the object is as alive as before.  NULL does nothing.  Thread-safe: one caller runs
 * it; others return at once and do not wait for it. */
void leash_close(void *object);

/* Calls free_fn(ptr) when no thread can still be reading *ptr that found it before this call: for
 * buffers that hold an object's references and are read by the type's trace.  free_fn runs once, on a
 * thread of the library; it must not block.  NULL does nothing.  Never fails: without memory for the
 * request it waits and frees at once. */
void leash_retire(void *ptr, void (*free_fn)(void *ptr));

/* Subtracts what this thread has deferred.  What dies of it without hooks is gone when the call
 * returns; hooks (close, finalize, destroy) run on the library's thread, except that a caller who finds
 * that thread far behind runs some of them itself. */
void leash_flush(void);

/* Brings the library to rest: applies what all threads have deferred, waits until every death that
 * follows has run its hooks, stops the library's threads and gives its memory back.  Returns the
 * number of objects still alive, immortal ones not counted (exact when no other thread is using the
 * library); -EDEADLK inside a close, finalize or destroy function; -ETIMEDOUT, with a line on stderr,
 * when a hook has not come to its end for ten seconds.  The library may be used again afterwards.
 *
 * Threads that live on keep what is theirs: up to 192 KiB each of dead objects without hooks and of what weak references have
 * shared, and free blocks.  It goes with their next deaths, their leash_flush(), or their end. */
long leash_shutdown(void);

/* For leash.hpp: releases an object that its constructor did not finish.  It dies as one of type `bare`, which differs from
 * its own in having no hooks. */
void leash__unmake(void *object, const leash_type *bare);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
