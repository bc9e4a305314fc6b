# The Test Anything Protocol for the scripts in this folder:  . "$srcdir/tests/tap.sh"
#
# The plan is printed by `finish`, the last command of a script: one that dies early has none and
# counts as failed.

tap_checked=0
tap_failed=0

# ok NAME COMMAND...: passes when the command does; what it printed is shown when it does not.
ok() {
	tap_name=$1
	shift
	tap_checked=$((tap_checked + 1))
	if tap_output=$("$@" 2>&1); then
		echo "ok $tap_checked - $tap_name"
	else
		tap_failed=$((tap_failed + 1))
		echo "not ok $tap_checked - $tap_name"
		diag "failed: $*"
		diag "$tap_output"
	fi
}

# is NAME GOT WANT
is() {
	tap_checked=$((tap_checked + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $tap_checked - $1"
	else
		tap_failed=$((tap_failed + 1))
		echo "not ok $tap_checked - $1"
		diag "got:  $2"
		diag "want: $3"
	fi
}

# skip WHY: stands for one check that cannot be made here.
skip() {
	tap_checked=$((tap_checked + 1))
	echo "ok $tap_checked # SKIP $1"
}

# skip_all WHY: ends a script that can check nothing here.
skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

diag() { printf '%s\n' "$*" | sed 's/^/# /' >&2; }

finish() {
	echo "1..$tap_checked"
	[ "$tap_failed" = 0 ]
	exit
}
