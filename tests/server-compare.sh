# leash-server's replies, and those of Debian's redis-server to the same requests: see server-compare.py.  (server-compare-naive.sh
# runs this for another program.)

. "$srcdir/tests/tap.sh"

LEASH_SERVER=$(cd "${top_builddir:-.}" && pwd)/examples/server/${name:-leash-server}
export LEASH_SERVER PYTHONDONTWRITEBYTECODE=1
[ -x "$LEASH_SERVER" ] || skip_all 'no leash-server'
command -v redis-server >/dev/null || skip_all 'no redis-server'
command -v python3 >/dev/null || skip_all 'no python3'

exec python3 "$srcdir/tests/server-compare.py" leash
