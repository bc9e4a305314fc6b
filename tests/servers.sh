# For scripts that run one in Python against leash-server, or another program of which `name` is set:  . "$srcdir/tests/servers.sh"

. "$srcdir/tests/tap.sh"

# against_server SCRIPT [ARGUMENT...]: runs it, in place of this one.  NEEDED names programs that it needs besides.
against_server() {
	LEASH_SERVER=$(cd "${top_builddir:-.}" && pwd)/examples/server/${name:-leash-server}
	export LEASH_SERVER PYTHONDONTWRITEBYTECODE=1
	[ -x "$LEASH_SERVER" ] || skip_all "no ${name:-leash-server}"
	for program in python3 $NEEDED; do
		command -v "$program" >/dev/null || skip_all "no $program"
	done
	script=$srcdir/tests/$1
	shift
	exec python3 "$script" "$@"
}
