# The server's parser against libFuzzer, where there is one (clang's): the inputs that are kept, and some seconds of new ones.
# FUZZ_SECONDS=600 looks longer.  Without it, the inputs that are kept all the same.

. "$srcdir/tests/tap.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

corpus=$srcdir/tests/corpus/server-parse
sources="$srcdir/tests/fuzz-server-parse.c $srcdir/examples/server/parse.c"
flags="-std=gnu11 -D_GNU_SOURCE -g -O1"

# builds COMPILER FLAG...
builds() {
	"$@" $flags $sources -o "$work/fuzz" 2>"$work/log"
}

# What is shown of an input that fails: the bytes, to be kept in the corpus.
watched() {
	"$@" >"$work/log" 2>&1 && return
	tail -n 40 "$work/log"
	for file in "$work"/*-????????????????????????????????????????; do
		[ ! -e "$file" ] || od -c "$file"
	done
	return 1
}

fuzzing=
for clang in clang clang-14; do
	[ -n "$fuzzing" ] || ! builds $clang -fsanitize=fuzzer,address,undefined -fno-sanitize-recover || fuzzing=$clang
done

if [ -z "$fuzzing" ]; then
	builds ${CC:-cc} -DFUZZ_MAIN -fsanitize=address,undefined -fno-sanitize-recover ||
		ok 'the inputs can be looked at' sh -c "${CC:-cc} -DFUZZ_MAIN $flags $sources -o '$work/fuzz'"
	ok 'the inputs that are kept' watched "$work/fuzz" "$corpus"/*
	skip 'no clang with libFuzzer'
	finish
fi

ok 'the inputs that are kept' watched "$work/fuzz" -runs=0 -timeout=10 -artifact_prefix="$work/" "$corpus"
mkdir "$work/found"
ok "${FUZZ_SECONDS:-5} seconds of new ones" watched "$work/fuzz" -max_total_time="${FUZZ_SECONDS:-5}" -timeout=10 -max_len=4096 \
	-artifact_prefix="$work/" -dict="$srcdir/tests/fuzz-server-parse.dict" "$work/found" "$corpus"
diag "$(grep -E 'stat::number_of_executed_units|^Done' "$work/log")"

finish
