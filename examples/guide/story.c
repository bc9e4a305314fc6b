/* What happens to the wiki: the same for all steps of docs/guide.md. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "wiki.h"

#define READERS 4
#define VISITS 1000

static const char *const names[] = { "home", "help", "news", "notes" };
static atomic_long visits;

static void *reader(void *unused)
{
	int i;

	for (i = 0; i < VISITS; i++) {
		struct page *page = wiki_open(names[i % 4]);

		if (page_length(page) > 0 && wiki_front_length() > 0)
			atomic_fetch_add(&visits, 1);
		wiki_close(page);
	}
	return unused;
}

static void read_it(struct page *const *pages)
{
	pthread_t threads[READERS];
	int i;

	for (i = 0; i < READERS; i++)
		pthread_create(&threads[i], NULL, reader, NULL);
	for (i = 0; i < VISITS; i++)
		wiki_set_front(pages[i % 2]);
	for (i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	printf("%d readers, %ld visits\n", READERS, (long)visits);
}

static void say_editor(const char *name, struct page *page)
{
	char user[32];

	printf("%s is edited by %s\n", name, page_editor(page, user, sizeof(user)) ? user : "nobody");
}

static void edit(struct page *home, struct page *help, bool again)
{
	struct session *alice = session_begin("alice");

	session_edit(alice, home);
	say_editor("home", home);
	session_edit(alice, help);
	say_editor("help", help);
	session_end(alice);
	say_editor("help", help);
	if (again)
		say_editor("home", home);
}

/* A page that nobody wants may go a moment later than the call that gave it back. */
static int pages_left(int hoped)
{
	int naps;

	for (naps = 0; naps < 500 && wiki_pages() > hoped; naps++)
		usleep(1000);
	return wiki_pages();
}

/* With an argument it also asks for the editor of a page that was edited before: not every step survives that. */
int main(int argc, char **argv)
{
	struct page *pages[4];
	int i;

	(void)argv;
	wiki_begin();
	for (i = 0; i < 4; i++)
		pages[i] = wiki_open(names[i]);
	page_link(pages[0], 0, pages[1]);
	page_link(pages[1], 0, pages[0]);
	page_link(pages[0], 1, pages[2]);
	wiki_set_front(pages[0]);
	read_it(pages);
	edit(pages[0], pages[1], argc > 1);
	wiki_close(pages[3]);
	printf("notes is closed; pages in memory: %d\n", pages_left(3));
	for (i = 0; i < 3; i++)
		wiki_close(pages[i]);
	wiki_end();
	printf("the end; pages in memory: %d\n", wiki_pages());
	return 0;
}
