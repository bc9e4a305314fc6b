# leash-server's replies, and those of Debian's redis-server to the same requests: see server-compare.py.  (server-compare-naive.sh
# runs this for another program.)

. "$srcdir/tests/servers.sh"

NEEDED=redis-server against_server server-compare.py leash
