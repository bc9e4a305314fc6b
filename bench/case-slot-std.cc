// std::atomic<std::shared_ptr>, loaded and dropped: what case-slot.c does, with the C++ library's counts.
//
// A second thread is alive all the time: without one libstdc++ counts without atomics.  The slot has its cache lines to
// itself, which makes it up to a third faster.
#include "case.h"
#include "hand.h"

#include <atomic>
#include <memory>

#ifdef __cpp_lib_atomic_shared_ptr

namespace {

struct leaf {
	char payload[32];
};

hand other;
alignas(128) std::atomic<std::shared_ptr<leaf>> slot;

void begin(const bench_case *)
{
	hand_start(&other);
	slot.store(std::make_shared<leaf>());
}

void run(const bench_case *, long n, int)
{
	while (n-- > 0) {
		std::shared_ptr<leaf> object = slot.load(std::memory_order_acquire);
		leaf *seen = object.get();

		bench_keep(seen);
	}
}

void end(const bench_case *)
{
	slot.store(nullptr);
	hand_stop(&other);
}

} // namespace

const bench_case slot_hot_std = {
	.name = "slot-hot/std", .begin = begin, .prepare = nullptr, .run = run, .end = end,
	.with = nullptr, .slice = 10000, .exact = 0, .shared = 1, .sleeps = 0, .missing = nullptr,
};

#endif
