# The models of the protocol: the right one holds, and each wrong one is found out.

. "$srcdir/tests/tap.sh"

command -v spin >/dev/null || skip_all 'no spin'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
TMPDIR=$work ok 'models' "$srcdir/models/run"

finish
