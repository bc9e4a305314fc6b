# leash-server under redis-benchmark, and clients that are killed: see server-load.py.

. "$srcdir/tests/servers.sh"

NEEDED='redis-benchmark redis-cli' against_server server-load.py
