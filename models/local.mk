# Promela models, checked by tests/models.sh.

EXTRA_DIST += models/run models/README.md models/counting.pml models/lookahead.pml
