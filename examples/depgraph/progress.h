/* One line on standard error that says what is going on. */
#ifndef PROGRESS_H
#define PROGRESS_H

/* Off: nothing is printed.  On a terminal the line is rewritten in place. */
void progress_init(int on);

/* A new stage: elsewhere than on a terminal, a line of its own. */
void progress_stage(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* More about it: elsewhere than on a terminal, nothing. */
void progress_update(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Clears the line. */
void progress_end(void);

#endif
