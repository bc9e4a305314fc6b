# LINK and LEASH, which only leash-server has: see server-leash.py.

. "$srcdir/tests/servers.sh"

against_server server-leash.py
