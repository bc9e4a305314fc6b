/* The wiki with counts of its own.  It has three faults, all of them usual; docs/guide.md names them. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wiki.h"

struct page {
	atomic_int references;
	char name[32];
	struct page *links[2];     /* counted */
	struct session *editor;    /* not counted, or page and session would hold each other */
	struct page *next;         /* in the table; not counted, or no page would ever go */
};

struct session {
	atomic_int references;
	char user[32];
	struct page *page;         /* counted: what it edits now */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct page *table;
static struct page *front;         /* counted */
static atomic_int pages;

void wiki_begin(void)
{
}

static struct page *page_get(struct page *page)
{
	if (page)
		atomic_fetch_add_explicit(&page->references, 1, memory_order_relaxed);
	return page;
}

static void page_put(struct page *page)
{
	struct page **p;
	int i;

	if (!page || atomic_fetch_sub_explicit(&page->references, 1, memory_order_acq_rel) != 1)
		return;
	pthread_mutex_lock(&lock);
	for (p = &table; *p != page; p = &(*p)->next)
		;
	*p = page->next;
	pthread_mutex_unlock(&lock);
	for (i = 0; i < 2; i++)
		page_put(page->links[i]);
	free(page);
	pages--;
}

/* Under the lock. */
static struct page *page_new(const char *name)
{
	struct page *page = calloc(1, sizeof(*page));

	if (!page)
		abort();
	page->references = 1;
	snprintf(page->name, sizeof(page->name), "%s", name);
	page->next = table;
	table = page;
	pages++;
	return page;
}

struct page *wiki_open(const char *name)
{
	struct page *page;

	pthread_mutex_lock(&lock);
	for (page = table; page && strcmp(page->name, name); page = page->next)
		;
	page = page ? page_get(page) : page_new(name);
	pthread_mutex_unlock(&lock);
	return page;
}

void wiki_close(struct page *page)
{
	page_put(page);
}

size_t page_length(const struct page *page)
{
	return strlen(page->name);
}

void page_link(struct page *page, int which, struct page *to)
{
	struct page *old = page->links[which];

	page->links[which] = page_get(to);
	page_put(old);
}

struct session *session_begin(const char *user)
{
	struct session *session = calloc(1, sizeof(*session));

	if (!session)
		abort();
	session->references = 1;
	snprintf(session->user, sizeof(session->user), "%s", user);
	return session;
}

void session_edit(struct session *session, struct page *page)
{
	struct page *old = session->page;

	pthread_mutex_lock(&lock);
	page->editor = session;
	pthread_mutex_unlock(&lock);
	session->page = page_get(page);
	page_put(old);
}

bool page_editor(struct page *page, char *user, size_t size)
{
	bool known;

	pthread_mutex_lock(&lock);
	known = page->editor != NULL;
	if (known)
		snprintf(user, size, "%s", page->editor->user);
	pthread_mutex_unlock(&lock);
	return known;
}

void session_end(struct session *session)
{
	if (atomic_fetch_sub_explicit(&session->references, 1, memory_order_acq_rel) != 1)
		return;
	if (session->page) {
		pthread_mutex_lock(&lock);
		session->page->editor = NULL;
		pthread_mutex_unlock(&lock);
	}
	page_put(session->page);
	free(session);
}

void wiki_set_front(struct page *page)
{
	struct page *old;

	page_get(page);
	pthread_mutex_lock(&lock);
	old = front;
	front = page;
	pthread_mutex_unlock(&lock);
	page_put(old);
}

size_t wiki_front_length(void)
{
	struct page *page;
	size_t length;

	pthread_mutex_lock(&lock);
	page = page_get(front);
	pthread_mutex_unlock(&lock);
	length = page ? page_length(page) : 0;
	page_put(page);
	return length;
}

int wiki_pages(void)
{
	return pages;
}

void wiki_end(void)
{
	wiki_set_front(NULL);
}
