# The comparison of examples/server with redis-server, made short: see server-bench.py.

. "$srcdir/tests/tap.sh"

LEASH_SERVER=$(cd "${top_builddir:-.}" && pwd)/examples/server/leash-server
export LEASH_SERVER PYTHONDONTWRITEBYTECODE=1
[ -x "$LEASH_SERVER" ] || skip_all 'no leash-server'
command -v python3 >/dev/null || skip_all 'no python3'
command -v redis-benchmark >/dev/null || skip_all 'no redis-benchmark'

exec python3 "$srcdir/tests/server-bench.py"
