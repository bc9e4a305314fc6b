/* Memory can wait for its last reference; a file, a lock or a connection cannot.  close gives up the resource, and
 * the object stays a valid one for those who hold it. */
#include "tour.h"

struct connection {
	bool open;
};

static void hang_up(void *object)
{
	struct connection *connection = object;

	connection->open = false;
	printf("the connection is closed\n");
}

static void end(void *object)
{
	(void)object;
	printf("the object dies\n");
}

static const leash_type connection_type = {
	.name = "connection",
	.size = sizeof(struct connection),
	.close = hang_up,
	.destroy = end,
};

static struct connection *dial(void)
{
	struct connection *connection = need(leash_new(&connection_type));

	connection->open = true;
	return connection;
}

static struct connection *last_used; /* somebody always keeps one too long */

static void talk(void)
{
	LEASH_WITH(struct connection *c, dial()) {
		leash_set(&last_used, c);
		printf("inside the block it is open: %s\n", yes_no(c->open));
	}
	printf("behind the block it is open: %s, references: %zu\n", yes_no(last_used->open),
	       leash_refcount(last_used));
}

void resources(void)
{
	talk();
	leash_clear(&last_used);
	printf("who forgets the block:\n");
	leash_release(dial());
}
