/* Mailboxes: references on their way from thread to thread.  A mailbox's lock protects its reference; nothing nests in it
 * but a retain. */
#include <pthread.h>

#include "stress-oracle.h"

static struct mailbox {
	pthread_mutex_t lock;
	struct managed *object;
} __attribute__((aligned(64))) mailboxes[MAILBOXES] = {
	[0 ... MAILBOXES - 1] = { .lock = PTHREAD_MUTEX_INITIALIZER },
};

struct managed *mailbox_exchange(unsigned number, struct managed *object)
{
	struct mailbox *mailbox = &mailboxes[number % MAILBOXES];
	struct managed *old;

	pthread_mutex_lock(&mailbox->lock);
	old = mailbox->object;
	mailbox->object = object;
	pthread_mutex_unlock(&mailbox->lock);
	return old;
}

struct managed *mailbox_peek(unsigned number)
{
	struct mailbox *mailbox = &mailboxes[number % MAILBOXES];
	struct managed *object;

	pthread_mutex_lock(&mailbox->lock);
	object = mailbox->object;
	if (object)
		oracle_retain(object);
	pthread_mutex_unlock(&mailbox->lock);
	return object;
}

void mailbox_empty_all(void)
{
	unsigned i;

	for (i = 0; i < MAILBOXES; i++) {
		struct managed *object = mailbox_exchange(i, NULL);

		if (object)
			oracle_release(object);
	}
}

bool mailbox_any(void)
{
	unsigned i;

	for (i = 0; i < MAILBOXES; i++)
		if (mailboxes[i].object)
			return true;
	return false;
}
