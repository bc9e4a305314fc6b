/* The wiki, step 1: pages and sessions are managed objects, and say what they refer to. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <leash/leash.h>

#include "wiki.h"

struct page {
	char name[32];
	struct page *links[2];
	struct page *next;         /* in the table */
	struct session *editor;    /* not counted, and not named below */
};

struct session {
	char user[32];
	struct page *page;         /* what it edits now */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct page *table;         /* holds its pages, each by the one before */
static struct page *front;
static atomic_int pages;

static void page_gone(void *page)
{
	(void)page;
	pages--;
}

static const leash_type page_type = {
	.name = "page",
	.size = sizeof(struct page),
	LEASH_FIELDS(struct page, links, next),
	.destroy = page_gone,
};

static void session_over(void *object)
{
	struct session *session = object;

	pthread_mutex_lock(&lock);
	if (session->page)
		session->page->editor = NULL;
	pthread_mutex_unlock(&lock);
}

static const leash_type session_type = {
	.name = "session",
	.size = sizeof(struct session),
	LEASH_FIELDS(struct session, page),
	.finalize = session_over,
};

void wiki_begin(void)
{
}

static struct page *page_new(const char *name)
{
	struct page *page = leash_new(&page_type);

	if (!page)
		abort();
	snprintf(page->name, sizeof(page->name), "%s", name);
	pages++;
	return page;
}

struct page *wiki_open(const char *name)
{
	struct page *page;

	pthread_mutex_lock(&lock);
	for (page = table; page && strcmp(page->name, name); page = page->next)
		;
	if (page) {
		leash_retain(page);
	} else {
		page = page_new(name);
		leash_set_take(&page->next, leash_steal(&table));
		leash_set(&table, page);
	}
	pthread_mutex_unlock(&lock);
	return page;
}

void wiki_close(struct page *page)
{
	leash_release(page);
}

size_t page_length(const struct page *page)
{
	return strlen(page->name);
}

void page_link(struct page *page, int which, struct page *to)
{
	leash_set(&page->links[which], to);
}

struct session *session_begin(const char *user)
{
	struct session *session = leash_new(&session_type);

	if (!session)
		abort();
	snprintf(session->user, sizeof(session->user), "%s", user);
	return session;
}

void session_edit(struct session *session, struct page *page)
{
	pthread_mutex_lock(&lock);
	page->editor = session;
	pthread_mutex_unlock(&lock);
	leash_set(&session->page, page);
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
	leash_release(session);
}

void wiki_set_front(struct page *page)
{
	struct page *old;

	pthread_mutex_lock(&lock);
	old = leash_steal(&front);
	leash_set(&front, page);
	pthread_mutex_unlock(&lock);
	leash_release(old);
}

size_t wiki_front_length(void)
{
	struct page *page;
	size_t length;

	pthread_mutex_lock(&lock);
	page = leash_get(&front);
	pthread_mutex_unlock(&lock);
	length = page ? page_length(page) : 0;
	leash_release(page);
	return length;
}

int wiki_pages(void)
{
	return pages;
}

void wiki_end(void)
{
	long left;

	leash_clear(&table);
	leash_clear(&front);
	left = leash_shutdown();
	if (left)
		printf("%ld objects are left\n", left);
}
