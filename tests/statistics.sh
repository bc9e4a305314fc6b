# What leash_stats_print() says, in its three formats: parsed, and compared with one another.

. "$srcdir/tests/tap.sh"

life=${top_builddir:-.}/tests/life
[ -f "$life" ] || { echo "Bail out! no $life"; exit 1; }

# Debian's packages of Python are seen by Debian's Python.
python=/usr/bin/python3
[ -x $python ] || python=$(command -v python3) || skip_all 'no python3'

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

ok 'a program writes its statistics' "$life" "$work"
check() { "$python" "$srcdir/tests/statistics.py" "$work" "$1"; }
ok 'text, JSON and Prometheus say the same' check agree
ok 'the numbers add up' check consistent
ok 'the exposition is well formed' check grammar
if "$python" -c 'import prometheus_client' 2>/dev/null; then
	ok "Prometheus' client reads it" check client
else
	skip 'no python3-prometheus-client'
fi
if command -v jq >/dev/null; then
	ok 'jq reads the JSON' jq --exit-status '.births == .frees + .alive' "$work/json"
else
	skip 'no jq'
fi
if command -v promtool >/dev/null; then
	ok 'promtool has no objection' sh -c "promtool check metrics <'$work/prometheus'"
else
	skip 'no promtool'
fi

finish
