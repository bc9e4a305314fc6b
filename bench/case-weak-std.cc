// std::weak_ptr, locked and dropped: what case-weak.c does, with the C++ library's counts.
//
// Objects and counts lie in one block (std::make_shared), as close as they can.  A second thread is alive all the time:
// without one libstdc++ counts without atomics.
#include "case.h"
#include "hand.h"
#include "pool.h"

#include <memory>

namespace {

struct leaf {
	char payload[32];
};

hand other;
pool drawn;
std::shared_ptr<leaf> strong[POOL];
std::weak_ptr<leaf> row[OBJECTS];

void begin(const bench_case *)
{
	hand_start(&other);
	for (int i = 0; i < POOL; i++) {
		strong[i] = std::make_shared<leaf>();
		drawn.all[i] = &strong[i];
	}
}

void prepare(const bench_case *, long)
{
	draw(&drawn);
	for (int i = 0; i < OBJECTS; i++)
		row[i] = *static_cast<std::shared_ptr<leaf> *>(drawn.row[i]);
}

void run(const bench_case *, long n, int)
{
	for (long i = 0; i < n; i++) {
		std::shared_ptr<leaf> object = row[i % OBJECTS].lock();
		leaf *seen = object.get();

		bench_keep(seen);
	}
}

void end(const bench_case *)
{
	for (auto &weak : row)
		weak.reset();
	for (auto &object : strong)
		object.reset();
	hand_stop(&other);
}

std::shared_ptr<leaf> hot;
std::weak_ptr<leaf> hot_weak;

void begin_hot(const bench_case *)
{
	hand_start(&other);
	hot = std::make_shared<leaf>();
	hot_weak = hot;
}

void run_hot(const bench_case *, long n, int)
{
	while (n-- > 0) {
		std::shared_ptr<leaf> object = hot_weak.lock();
		leaf *seen = object.get();

		bench_keep(seen);
	}
}

void end_hot(const bench_case *)
{
	hot_weak.reset();
	hot.reset();
	hand_stop(&other);
}

} // namespace

const bench_case weak_std = {
	.name = "weak/std", .begin = begin, .prepare = prepare, .run = run, .end = end,
	.with = nullptr, .slice = 50000, .exact = 0, .shared = 0, .sleeps = 0, .missing = nullptr,
};
const bench_case weak_hot_std = {
	.name = "weak-hot/std", .begin = begin_hot, .prepare = nullptr, .run = run_hot, .end = end_hot,
	.with = nullptr, .slice = 20000, .exact = 0, .shared = 1, .sleeps = 0, .missing = nullptr,
};
