# Promela models, checked by models/run, one of the tests.

EXTRA_DIST += models/README.md models/counting.pml models/lookahead.pml models/table.pml \
	models/collector.pml models/collector-threads.pml models/suspects.pml models/finalizers.pml models/image.pml \
	models/readers.pml models/slot.pml models/verdict.pml models/weak.pml
