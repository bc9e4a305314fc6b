/* C++ objects of thread storage duration, whose destructors use the library while their thread ends; and of static
 * storage duration, while the program does. */
#include <leash/leash.h>
#include <thread>
#include <vector>
#include "mortal.h"
#include "tap.h"
#include "wait.h"

namespace {

obituary dead;
mortal *shared;

struct holder {
	mortal *mine = nullptr, *foreign = nullptr;

	~holder()
	{
		mortal *fresh = mortal_new(&dead);

		leash_release(leash_retain(mine));
		leash_release(leash_retain(foreign));
		leash_clear(&mine);
		leash_clear(&foreign);
		leash_release(fresh);
		leash_flush();
	}
};

/* Constructed before and after the thread's first operation: destroyed after and before the library's part. */
thread_local holder first;
thread_local holder second;

void work()
{
	first.foreign = nullptr;
	leash_set_take(&first.mine, mortal_new(&dead));
	leash_set(&first.foreign, shared);
	leash_set_take(&second.mine, mortal_new(&dead));
	leash_set(&second.foreign, shared);
}

/* Outlives main: its destructor runs at exit. */
struct last {
	mortal *mine = nullptr;

	~last()
	{
		leash_release(mine);
		leash_release(mortal_new(&dead));
		if (leash_shutdown() != 0)
			_exit(3);
	}
} at_exit;

} // namespace

int main()
{
	const int batches = 50, crew = 4;

	shared = mortal_new(&dead);
	for (int b = 0; b < batches; b++) {
		std::vector<std::thread> threads;

		for (int i = 0; i < crew; i++)
			threads.emplace_back(work);
		for (auto &thread : threads)
			thread.join();
	}
	eventually(deaths(&dead) == batches * crew * 4, "thread_local destructors may make and drop objects (%d of %d)",
	   deaths(&dead), batches * crew * 4);
	eventually(leash_refcount(shared) == 1, "and references");
	leash_release(shared);
	leash_set_take(&at_exit.mine, mortal_new(&dead));
	is_int(leash_shutdown(), 1, "what a static object holds is left for its destructor");
	return done();
}
