# leash-top, on a terminal that tmux plays, and on none.

. "$srcdir/tests/tap.sh"

build=$(cd "${top_builddir:-.}" && pwd)
life=$build/tests/life
top=$build/tools/leash-top
[ -f "$life" ] && [ -f "$top" ] || { echo "Bail out! no $life or $top"; exit 1; }

# ThreadSanitizer does not start where addresses are randomised widely.
run=
if [ -n "$LEASH_SANITIZER" ] && setarch "$(uname -m)" -R true 2>/dev/null; then
	run="setarch $(uname -m) -R"
fi

work=$(mktemp -d)
work=$(cd "$work" && pwd)
session=leash-top-$$
cleanup() {
	tmux -L $session kill-server 2>"$work/err"
	exec 9>&-
	rm -rf "$work"
}
trap cleanup EXIT

# live NAME: starts the program with a socket of that name, until stop.
live() {
	mkfifo "$work/$1.stop"
	LEASH_OPTIONS="socket:$work/$1" $run "$life" <"$work/$1.stop" >"$work/said" &
	life_pid=$!
	exec 9>"$work/$1.stop"
	until [ -s "$work/said" ]; do sleep 0.05; done
}
stop() {
	exec 9>&-
	wait "$life_pid"
}

has() { printf '%s\n' "$2" | grep -q -- "$1"; }
# soon COMMAND...: true when it is within ten seconds.
soon() {
	for try in $(seq 100); do
		"$@" && return
		sleep 0.1
	done
	return 1
}

ok '--help' sh -c "'$top' --help | grep -q 'usage: leash-top'"
ok '--version' sh -c "'$top' --version | grep -qx 'leash-top [0-9.]*'"
for wrong in '' '-d x y' '-d 0 y' '-n 0 y' '--no-such y' 'a b'; do
	$run "$top" $wrong >"$work/out" 2>"$work/err"
	is "leash-top $wrong: status 2" "$? $(wc -c <"$work/out")" '2 0'
done

$run "$top" "$work/none" >"$work/out" 2>"$work/err"
is 'no such socket: status 1' "$?" 1
ok 'it says so' grep -q "^leash-top: $work/none: no such socket" "$work/err"
touch "$work/file"
$run "$top" "$work/file" >"$work/out" 2>"$work/err"
is 'no socket: status 1' "$?" 1
ok 'it says so' grep -q "^leash-top: $work/file: nobody listens" "$work/err"

# A program whose numbers are known: 1000 births and 10 waits more each time; then another process, with fewer.
cat >"$work/told.py" <<'END'
import socket, sys
listening = socket.socket(socket.AF_UNIX)
listening.bind(sys.argv[1])
listening.listen()
for births in 5000, 6000, 7000, 100, None:
    client = listening.accept()[0]
    assert client.recv(100) == b"text\n"
    waits = births and births // 100
    client.send(f"""births {births}
deaths_owner {births}
alive 42
waiting_revocation 3
waiting_finalizers 4
wait_le_1us 0
wait_le_4096us {waits and waits // 2}
wait_le_65536us {waits}
wait_count {waits}
block_bytes 2048000
unknown_to_us 7
""".encode())
    client.close()
END
if command -v python3 >/dev/null; then
	python3 "$work/told.py" "$work/told" &
	until [ -S "$work/told" ]; do sleep 0.05; done
	$run "$top" -d 0.1 "$work/told" >"$work/out" 2>"$work/err"
	is 'an answer that is none: status 1' "$?" 1
	ok 'it says so' grep -q 'the answer is not' "$work/err"
	ok 'what has been added, by the seconds' awk '
		NR == 2 || NR == 3 { n++; if ($1 > 10100 || $1 < 1050 || $2 != $1 || $7 > 101 || $7 < 10.5) exit 1 }
		END { if (n != 2) exit 1 }' "$work/out"
	is 'what is, and the wait that nearly all had' "$(awk 'NR == 2 { print $4, $5, $8, $9 }' "$work/out")" '42 7 66ms 2000KiB'
	is 'another process begins with nothing' "$(awk 'NR == 4 { print $1, $7, $8 }' "$work/out")" '0 0 -'
else
	skip 'no python3'
fi

live here
$run "$top" -d 0.1 -n 23 "$work/here" >"$work/out" 2>"$work/err"
is 'no terminal: status 0' "$? $(cat "$work/err")" '0 '
is 'two headings and 23 lines' "$(grep -c births "$work/out") $(grep -vc births "$work/out")" '2 23'
ok 'no escapes' sh -c "! grep -q '$(printf '\033')' '$work/out'"
ok 'births and deaths in every line' awk '!/births/ && (NF != 9 || $1 + 0 <= 0 || $2 + 0 <= 0 || $4 !~ /^[0-9.]+[kM]?$/) { exit 1 }' \
	"$work/out"
ok 'numbers change' sh -c "[ \$(grep -v births '$work/out' | sort -u | wc -l) -gt 5 ]"

ln -s "$work/here" "$work/leash.$life_pid"
XDG_RUNTIME_DIR=$work $run "$top" -d 0.1 -n 1 "$life_pid" >"$work/out" 2>"$work/err"
is 'a process is found by its number' "$? $(cat "$work/err")" '0 '

if ! command -v tmux >/dev/null; then
	skip 'no tmux'
	stop
	finish
fi

# Its server must not keep the program alive.
in_tmux() { tmux -L $session "$@" 9>&-; }
screen() { in_tmux capture-pane -p -t top; }
shows() { has "$1" "$(screen)"; }
numbers() { screen | grep -o 'births/s .*'; }
changed() { [ "$(numbers)" != "$1" ]; }

# open COMMAND: in a new session; afterwards the pane shows the status.
open() {
	in_tmux new-session -d -s top -x 100 -y 30 \
		"stty -echo; $1; echo status \$?; stty -a | grep -o '[-]*icanon'; sleep 60"
}
close() { in_tmux kill-session -t top; }

# One session lasts: the server goes with the last.
in_tmux -f /dev/null new-session -d -s base 'sleep 600'

open "$run '$top' -d 0.2 '$work/here'"
ok 'on a terminal, numbers appear' soon shows 'births/s  [1-9]'
ok 'a line for each generation' shows 'generation 2 '
before=$(numbers)
ok 'they change' soon changed "$before"
is 'in place' "$(screen | grep -c births/s)" 1
is 'the first line is the first' "$(screen | head -n 1)" "$(screen | grep -m 1 'q ends')"
is 'the cursor is hidden' "$(in_tmux display-message -p -t top '#{cursor_flag}')" 0
in_tmux resize-window -t top -x 40 -y 10
fits() { [ "$(screen | wc -l)" -le 10 ] && shows '^births/s' && ! shows '^generation' && ! shows 'suspects  logged.*frozen'; }
ok 'in a small window, what fits' soon fits
in_tmux resize-window -t top -x 100 -y 30
ok 'in a large one, all of it' soon shows '^generation 2'
in_tmux send-keys -t top x
sleep 0.3
before=$(numbers)
ok 'another key does not matter' soon changed "$before"
in_tmux send-keys -t top q
ok 'q ends it: status 0' soon shows '^status 0'
is 'the cursor is back' "$(in_tmux display-message -p -t top '#{cursor_flag}')" 1
ok 'and so are lines' soon shows '^icanon'
close

open "$run '$top' -d 100 '$work/here'"
ok 'once more' soon shows 'births/s'
in_tmux send-keys -t top C-c
ok 'Ctrl-C ends it, however long it would wait: status 0' soon shows '^status 0'
is 'the cursor is back' "$(in_tmux display-message -p -t top '#{cursor_flag}')" 1
close

# A shell that puts it into a process group of its own, as those do that people use.
open "set -m; $run '$top' -d 0.2 '$work/here'; echo stopped; stty -a | grep -o '[-]*icanon'; read line; fg >/dev/null"
ok 'once more' soon shows 'births/s'
in_tmux send-keys -t top C-z
ok 'Ctrl-Z stops it' soon shows '^stopped'
ok 'lines are back' soon shows '^icanon'
is 'and the cursor' "$(in_tmux display-message -p -t top '#{cursor_flag}')" 1
in_tmux send-keys -t top Enter
hidden() { [ "$(in_tmux display-message -p -t top '#{cursor_flag}')" = 0 ] && ! shows stopped && shows 'births/s'; }
ok 'it goes on where it was: on a screen of its own, without a cursor' soon hidden
in_tmux send-keys -t top q
ok 'with keys at once: q ends it, status 0' soon shows '^status 0'
is 'the cursor is back' "$(in_tmux display-message -p -t top '#{cursor_flag}')" 1
ok 'and so are lines' soon shows '^icanon'
close

open "TERM=dumb $run '$top' -d 0.2 -n 2 '$work/here'"
ok 'a terminal that can do nothing: plain lines' soon shows '^status 0'
ok 'under a heading' shows '^ *births/s  *deaths/s'
close

open "$run '$top' -d 0.2 '$work/here'"
ok 'once more' soon shows 'births/s'
stop
ok 'a process that ends: status 1' soon shows '^status 1'
ok 'it says so' shows 'the process has gone'
is 'the cursor is back' "$(in_tmux display-message -p -t top '#{cursor_flag}')" 1

finish
