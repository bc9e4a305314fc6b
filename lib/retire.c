/* leash_retire: buffers that are freed when nobody reads them any more.  They wait with the finalizer thread. */
#include <stdlib.h>
#include <urcu-bp.h>

#include <leash/object.h>

#include "death.h"
#include "fault.h"
#include "finalizers.h"
#include "points.h"
#include "readers.h"

/* A buffer that does not know how to wait by itself. */
struct retired {
	struct lsh_retired node;
	void *ptr;
	void (*free_fn)(void *ptr);
};

static void free_users(struct lsh_retired *node)
{
	struct retired *buffer = (struct retired *)node;

	lsh_run_hook(buffer->free_fn, buffer->ptr);
	free(buffer);
}

static struct lsh_retired_kind buffers = { .free_fn = free_users };

void leash_retire(void *ptr, void (*free_fn)(void *ptr))
{
	struct retired *node;

	if (!ptr)
		return;
	if (!free_fn)
		lsh_fault_call("leash_retire", "no function to free with");
	node = LSH_ALLOCATION_FAILS ? NULL : malloc(sizeof(*node));
	if (!node) {
		/* Waiting for readers inside a read section would wait for ourselves. */
		if (rcu_read_ongoing()) {
			lsh_say("leash_retire: no memory inside a read section; %p is leaked", ptr);
			return;
		}
		if (lsh_await_readers())
			lsh_run_hook(free_fn, ptr);
		return;
	}
	node->ptr = ptr;
	node->free_fn = free_fn;
	lsh_retire(&buffers, &node->node);
}
