/* Version numbers, of this header at compile time and of the library at run time. */
#ifndef LEASH_VERSION_H
#define LEASH_VERSION_H

#define LEASH_VERSION_MAJOR 0 /* counts incompatible changes */
#define LEASH_VERSION_MINOR 1 /* counts additions */
#define LEASH_VERSION_PATCH 0 /* counts corrections */
#define LEASH_VERSION "0.1.0" /* the three as text, as leash_version() has them */

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* The version of the library the program runs with, as "major.minor.patch"; constant text.  A program
 * whose header and library disagree about the layout in abi.h does not start at all: the
 * inline code refers to a symbol that carries the layout's number. */
const char *leash_version(void);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
