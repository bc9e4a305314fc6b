/* leash: reference counting for programs with many threads.
 *
 * Normal users need three calls: leash_new() makes an object and gives its first
 * reference to the caller, leash_retain() adds a reference, leash_release() gives one
 * back; the object dies with its last reference.  References that live inside other
 * managed objects are stored with leash_set() and friends (field.h).
 *
 * Every function here may be called from any thread at any time unless its comment says
 * otherwise; threads need not be registered.  None is async-signal-safe.
 *
 *     version.h  version numbers of this header and of the linked library
 *     abi.h      the object header and the thread record that the inline code works on
 *     type.h     how a type of managed objects is described
 *     count.h    retain, release and the questions one can ask of a count
 *     object.h   birth, closing, retired buffers, flushing, shutdown
 *     field.h    references held by other objects and by variables
 *     scope.h    references that end with a C scope
 *     weak.h     weak references, and functions that are called when an object dies
 *     slot.h     references that threads replace without a lock; read sections
 *     stock.h    strings, arrays and maps that are managed objects
 *     collect.h  the cycle collector
 *     see.h      statistics
 */
#ifndef LEASH_LEASH_H
#define LEASH_LEASH_H

#include <leash/version.h>
#include <leash/abi.h>
#include <leash/type.h>
#include <leash/count.h>
#include <leash/object.h>
#include <leash/field.h>
#include <leash/scope.h>
#include <leash/weak.h>
#include <leash/slot.h>
#include <leash/stock.h>
#include <leash/collect.h>
#include <leash/see.h>

#endif
