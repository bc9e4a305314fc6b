/* The Test Anything Protocol, for the programs in this folder.
 *
 *     int main(void)
 *     {
 *         ok(leash_retain(NULL) == NULL, "retain(NULL) is NULL");
 *         is_int(leash_refcount(p), 1, "newborn %s has one reference", name);
 *         return done();
 *     }
 *
 * Each check prints one numbered line, tells where it failed and what it saw, and returns whether
 * it passed. The plan is printed by done(), so that a program which ends early, with whatever
 * status, has none and counts as failed.
 *
 * Thread safety: all of it may be called from any thread; lines never mix, and no number is given
 * twice. A fork()ed child must not check anything: it would repeat the numbers of its parent. */
#ifndef TAP_H
#define TAP_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Optional: promise the number of checks at the start; done() fails when there were others. */
#define plan(count) tap__plan(count)

#define ok(condition, ...) tap__ok(!!(condition), #condition, __FILE__, __LINE__, __VA_ARGS__)
#define is_int(got, want, ...) tap__is_int((got), (want), __FILE__, __LINE__, __VA_ARGS__)
#define is_str(got, want, ...) tap__is_str((got), (want), __FILE__, __LINE__, __VA_ARGS__)
#define is_ptr(got, want, ...) tap__is_ptr((got), (want), __FILE__, __LINE__, __VA_ARGS__)

/* Stands for `count` checks that cannot be made here, and says why. */
#define skip(count, ...) tap__skip(count, __VA_ARGS__)
/* Ends the program before its first check: nothing in it can be checked here. */
#define skip_all(...) tap__skip_all(__VA_ARGS__)
/* Ends the program as failed: what the checks stand on is missing. */
#define bail_out(...) tap__bail_out(__VA_ARGS__)

/* A remark for whoever reads the log. */
#define diag(...) tap__diag(__VA_ARGS__)

/* Prints the plan and returns main's exit status: 0 when all passed. */
#define done() tap__done()

#define TAP__PRINTF(n) __attribute__((format(printf, n, n + 1)))

void tap__plan(int count);
bool tap__ok(bool passed, const char *what, const char *file, int line, const char *format, ...)
    TAP__PRINTF(5);
bool tap__is_int(long long got, long long want, const char *file, int line, const char *format, ...)
    TAP__PRINTF(5);
bool tap__is_str(const char *got, const char *want, const char *file, int line, const char *format,
                 ...) TAP__PRINTF(5);
bool tap__is_ptr(const void *got, const void *want, const char *file, int line, const char *format,
                 ...) TAP__PRINTF(5);
void tap__skip(int count, const char *format, ...) TAP__PRINTF(2);
void tap__skip_all(const char *format, ...) TAP__PRINTF(1) __attribute__((noreturn));
void tap__bail_out(const char *format, ...) TAP__PRINTF(1) __attribute__((noreturn));
void tap__diag(const char *format, ...) TAP__PRINTF(1);
int tap__done(void);

#ifdef __cplusplus
}
#endif

#endif
