# Replies of leash-server over naive counting, and those of Debian's redis-server to the same requests, for a shorter time.

name=leash-server-naive
SERVER_SECONDS=${SERVER_SECONDS:-2}
export SERVER_SECONDS
. "$srcdir/tests/server-compare.sh"
