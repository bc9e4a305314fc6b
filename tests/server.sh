# examples/server/leash-server under redis-cli: it starts, answers, and stops with nothing left.  (server-naive.sh runs this for
# another program.)

. "$srcdir/tests/tap.sh"

name=${name:-leash-server} counting=${counting:-leash}
server=$PWD/${top_builddir:-.}/examples/server/$name
[ -f "$server" ] || skip_all 'configure has not found libuv'
command -v redis-cli >/dev/null || skip_all 'no redis-cli'

work=$(mktemp -d)
trap 'kill "$pid" 2>/dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 1

# ThreadSanitizer does not start where addresses are randomised widely.
run=
if [ -n "$LEASH_SANITIZER" ] && setarch "$(uname -m)" -R true 2>/dev/null; then
	run="setarch $(uname -m) -R"
fi

# start OPTION...: runs it on a free port, and waits until it is ready.  (Not in a group: timeout would signal all of that, and might meet
# the process that LeakSanitizer makes at the end.)
start() {
	: >out
	LEASH_OPTIONS=leak_report:true $run timeout --foreground -k 10 60 "$server" --port 0 "$@" >out 2>err &
	pid=$!
	for _ in $(seq 200); do
		port=$(sed -n "s/^$name: ready on 127\.0\.0\.1:\([0-9]*\), .*/\1/p" out)
		[ -n "$port" ] && return
		sleep 0.05
	done
	echo "Bail out! it does not get ready: $(cat out err)"
	exit 1
}

cli() { timeout 10 redis-cli -p "$port" "$@" 2>&1; }

# asked WORD...: what it answers, on one line.
asked() { cli "$@" | tr '\n' ' ' | sed 's/ *$//'; }

# said_to: sends what it reads, and prints, on one line, what comes until the connection is closed.
said_to() {
	timeout 5 bash -c "exec 3<>/dev/tcp/127.0.0.1/$port; cat >&3; cat <&3 && echo closed" | tr -d '\r' | tr '\n' ' '
}

# ends_well NAME: waits for its end.
ends_well() {
	wait "$pid"
	is "$1" "$? $(cat err)" '0 '
}

start --threads 2
is 'PING' "$(asked PING)" PONG
is 'SET' "$(asked SET name value EX 100)" OK
is 'GET' "$(asked GET name)" value
is 'TTL' "$(asked TTL name)" 100
is 'INCR' "$(asked INCR number)" 1
is 'APPEND makes the text of a number longer' "$(asked APPEND number 0) $(asked INCRBY number -3)" '2 7'
is 'SCAN finds all keys, and the cursor ends' "$(cli SCAN 0 COUNT 1000 | sort | tr '\n' ' ')" '0 name number '
is 'a list' "$(asked RPUSH list a b c) $(asked LRANGE list 0 -1)" '3 a b c'
if [ "$name" = leash-server ]; then
	is 'a hash that is in itself' "$(asked HSET hash field value) $(asked LINK hash self hash)" '1 1'
	is 'LEASH STATS: the library answers' "$(cli LEASH STATS | grep -c '^births ')" 1
else
	is 'a hash in a hash' "$(asked HSET other field value) $(asked LINK hash other other)" '1 1'
	is 'LEASH STATS: there is no library to ask' "$(asked LEASH STATS)" 'ERR naive counting has no such answer'
fi
is 'DEL' "$(asked DEL hash list none)" 2
is 'an unknown command' "$(asked NONE such)" "ERR unknown command 'NONE', with args beginning with: 'such'"
is 'the number of words' "$(asked GET)" "ERR wrong number of arguments for 'get' command"
is 'a large value comes back whole' "$(head -c 3000000 /dev/zero | tr '\0' x | cli -x SET large) $(cli GET large | wc -c)" 'OK 3000001'
is 'pipelined' "$(for i in 1 2 3 4 5; do echo "INCR number"; done | cli | tr '\n' ' ')" '8 9 10 11 12 '
is 'a request in no known form ends the connection' \
	"$(printf '*1\r\n+PING\r\nPING\r\n' | said_to)" "-ERR Protocol error: expected '\$', got '+' closed "
is 'HELP' "$(for one in CLIENT CONFIG COMMAND LEASH; do cli $one HELP | sed -n '1s/ .*//p; $p'; done | uniq -c | tr -s ' \n' ' ')" \
	' 1 CLIENT 1 Prints this help. 1 CONFIG 1 Prints this help. 1 COMMAND 1 Prints this help. 1 LEASH 1 Prints this help. '
is 'COMMAND COUNT, COMMAND DOCS' "$([ "$(asked COMMAND COUNT)" -gt 40 ] && echo many) $(asked COMMAND DOCS get)" 'many '
is 'a port that is taken: it does not start, and leaves nothing' \
	"$(LEASH_OPTIONS=leak_report:true $run timeout -s KILL 20 "$server" --port "$port" 2>&1) $?" \
	"$name: 127.0.0.1, port $port: Address already in use 1"
# 20 files are too few for the loops of 4 threads, but not for the first.
is 'nor does it, made in part, where it cannot have its files' \
	"$(ulimit -n 20; LEASH_OPTIONS=leak_report:true $run timeout -s KILL 20 "$server" --port 0 --threads 4 >said 2>&1; echo $?
		tail -n +2 said)" \
	"1
$name: an event loop cannot be made: Too many open files"
is 'INFO: which counting it is' "$(asked INFO | tr -d '\r' | grep -o "server_name:$name counting:[a-z]*")" \
	"server_name:$name counting:$counting"
kill "$pid"
ends_well 'SIGTERM: it ends well, and nothing leaks'

start --threads 1
is 'SETNAME joins a session, which CLIENT LIST shows' \
	"$(printf 'CLIENT SETNAME joe\nPING\nCLIENT LIST\n' | cli | grep -c 'name=joe .*session-commands=2$')" 1
cli SUBSCRIBE one two >subscribed &
for _ in $(seq 50); do
	cli CLIENT LIST | tr -d '\r' >said
	grep -q 'flags=P db=0 sub=2 cmd=subscribe' said && break
	sleep 0.1
done
is 'and who has subscribed to how much' "$(sed -n 's/.*\(flags=[NP] db=0 sub=.*cmd=[a-z|]*\).*/\1/p' said | sort | tr '\n' ' ')" \
	'flags=N db=0 sub=0 cmd=client|list flags=P db=0 sub=2 cmd=subscribe '
kill $!
# The server hears of a client's end a moment later.
for _ in $(seq 50); do
	asked INFO | grep -o 'sessions:[0-9]*' >said
	grep -q 'sessions:0' said && break
	sleep 0.1
done
is 'a session ends with its last client' "$(cat said)" sessions:0
is 'SHUTDOWN' "$(asked SHUTDOWN)" ''
ends_well 'it ends well, and nothing leaks'

start --threads 1 --maxmemory 20m
# 60 MB, in values of 10 kB.
head -c 10000 /dev/zero | tr '\0' x >value
awk -v value="$(cat value)" 'BEGIN { for (i = 0; i < 6000; i++) print "SET key" i " " value }' | cli >said
# Of the limit, most stays in use.
sleep 0.5
keys=$(cli DBSIZE)
[ "$keys" -gt 1500 ] && [ "$keys" -lt 2100 ] && keys=enough
is 'memory is limited by eviction' "$(sort said | uniq -c | tr -s ' ') $keys" \
	' 6000 OK enough'
kill "$pid"
ends_well 'it ends well, and nothing leaks then'

start --threads 1 --maxmemory 1
sleep 0.2
is 'what is refused first: words, then memory, then what a subscriber may not' "$(printf '%s\n' 'SET a' 'SET a b' 'SUBSCRIBE c' 'SET a b' 'GET a' \
	'CLIENT ID' 'CLIENT NONE' 'CLIENT ID x' QUIT | said_to | sed "s/: only (P|S)[^-+]*context//g; s/$/\n/" | tr -d "'")" \
	"-ERR wrong number of arguments for set command -OOM command not allowed when used memory > maxmemory. \
*3 \$9 subscribe \$1 c :1 -OOM command not allowed when used memory > maxmemory. -ERR Cant execute get -ERR Cant execute client|id \
-ERR unknown subcommand NONE. Try CLIENT HELP. -ERR wrong number of arguments for client|id command +OK closed "
kill "$pid"
ends_well 'it ends well, and nothing leaks there'

is 'a bad argument' "$("$server" --threads x 2>&1)" "$name: --threads: x is not a number from 1 to 256"

finish
