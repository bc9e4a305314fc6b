/* A small wiki in memory: pages that link to each other and are read by many threads, sessions that edit them.  story.c uses
 * it; each step of docs/guide.md is another way to write it. */
#ifndef WIKI_H
#define WIKI_H

#include <stdbool.h>
#include <stddef.h>

struct page;
struct session;

/* Before anything else. */
void wiki_begin(void);

/* The page of that name, which is made if it is not in memory.  The caller gives it back by wiki_close(). */
struct page *wiki_open(const char *name);
void wiki_close(struct page *page);

size_t page_length(const struct page *page);
void page_link(struct page *page, int which, struct page *to);

/* Whether a session edits the page; copies the name of its user. */
bool page_editor(struct page *page, char *user, size_t size);

struct session *session_begin(const char *user);
void session_edit(struct session *session, struct page *page);
void session_end(struct session *session);

/* The page that visitors see first.  The length is asked for by every visitor. */
void wiki_set_front(struct page *page);
size_t wiki_front_length(void);

/* Pages in memory. */
int wiki_pages(void);

/* The end: nobody uses the wiki any more. */
void wiki_end(void);

#endif
