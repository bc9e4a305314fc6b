// All cases at length, by Google Benchmark.
//
// The cases are C (case-*.c) and know nothing of this file.  Each is registered with a lambda that
// runs a whole batch by one C call: a call an iteration would cost as much as what is measured.
//
// CPU time is that of the whole process, so that the library's own threads count; with several
// threads it is divided by the operations of all of them, wall time is a thread's own.
#include "case.h"
#include "processors.h"

#include <benchmark/benchmark.h>
#include <leash/leash.h>

#include <cstdio>

namespace {

const bench_case *const singles[] = {
	&pair_leash,     &pair_naive,    &pair_plain,    &set_leash,     &set_naive,
	&cold_leash,     &cold_naive,    &hot_leash,     &hot_naive,     &hot_private,
	&births_leash,   &births_malloc, &handoff_leash, &handoff_naive, &transfer_leash,
	&adopt_leash,    &chain_builder, &chain_foreign, &birth_cyclic,  &birth_leaf,
	&temp_cyclic,    &temp_leaf,     &temps_cyclic,  &temps_leaf,    &weak_leash,
	&weak_std,       &weak_glib,     &weak_hot_leash, &weak_hot_std, &weak_hot_glib,
	&slot_leash,     &slot_hot_leash, &slot_hot_std, &peek_leash,    &weak_map_leash,
	&weak_map_glib,
};

void run(benchmark::State &state, const bench_case *c)
{
	const int thread = state.thread_index();
	const bool first = thread == 0;

	// In the first KeepRunningBatch() all threads wait for the last to come there.
	if (first && c->begin != nullptr)
		c->begin(c);
	if (first && c->prepare != nullptr)
		c->prepare(c, c->exact ? c->slice : static_cast<long>(state.max_iterations));
	if (state.threads() > 1)
		processors_bind(thread);
	while (state.KeepRunningBatch(state.max_iterations))
		c->run(c, c->exact ? c->slice : static_cast<long>(state.max_iterations), thread);
	if (state.threads() > 1)
		processors_unbind();
	// The last call has returned when all had finished.
	if (first && c->end != nullptr)
		c->end(c);
}

void add(const bench_case *c)
{
	if (c->missing != nullptr) {
		std::fprintf(stderr, "gbench: %s: no %s (Debian's name) and configure again\n", c->name, c->missing);
		return;
	}

	auto *b = benchmark::RegisterBenchmark(c->name,
					       [c](benchmark::State &state) { run(state, c); });

	b->MeasureProcessCPUTime();
	if (c->exact)
		b->Iterations(c->slice);
	if (c->shared)
		b->ThreadRange(1, processors_count())->UseRealTime();
}

} // namespace

int main(int argc, char **argv)
{
	benchmark::Initialize(&argc, argv);
	if (benchmark::ReportUnrecognizedArguments(argc, argv))
		return 1;
	benchmark::AddCustomContext("leash", leash_version());
	benchmark::AddCustomContext(
		"about the library's build",
		"Debian's Google Benchmark calls itself a DEBUG build; the timed loops are not in it");
	for (const bench_case *c : singles)
		add(c);
	for (int i = 0; i < birth_size_count; i++)
		add(&birth_sizes[i]);
	for (int i = 0; i < collect_size_count; i++)
		add(&collect_sizes[i]);
	benchmark::RunSpecifiedBenchmarks();
	benchmark::Shutdown();

	const long alive = leash_shutdown();
	if (alive != 0) {
		std::fprintf(stderr, "gbench: leash_shutdown() returned %ld, nothing should be alive\n", alive);
		return 1;
	}
	return 0;
}
