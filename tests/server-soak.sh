# leash-server under a mixed load, and whether it is then as it was: see server-soak.py.

. "$srcdir/tests/servers.sh"

against_server server-soak.py
