# leash-server over naive counting: that it does what leash-server does, since they are compared.

name=leash-server-naive counting=naive
. "$srcdir/tests/server.sh"
