# leash-server and clients that no server wishes for: see server-abuse.py.

. "$srcdir/tests/servers.sh"

against_server server-abuse.py
