/* A terminal whose lines are written over again and again. */
#ifndef SCREEN_H
#define SCREEN_H

#include <stdbool.h>

/* Whether standard output is a terminal that can be written over. */
bool screen_is_possible(void);

/* Takes the terminal over: no cursor, keys at once.  It is given back by screen_close(), when the process ends by exit(), and
 * for as long as Ctrl-Z stops it. */
void screen_open(void);
void screen_close(void);

/* Shows lines in place of those before, as much of them as fits. */
void screen_show(const char *text);

/* Waits so many seconds; or until a key is pressed (true if that is q), the window changes, the process has been stopped and is
 * continued, or a signal asks for the end (true). */
bool screen_wait(double seconds);

#endif
