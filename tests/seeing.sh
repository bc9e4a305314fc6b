# docs/seeing.md: what it shows is what examples/seeing prints, but for the addresses.

. "$srcdir/tests/tap.sh"

seeing=${top_builddir:-.}/examples/seeing
[ -f "$seeing" ] || { echo "Bail out! no $seeing"; exit 1; }
unset LEASH_OPTIONS

without_addresses() { sed 's/0x[0-9a-f]\{1,\}/0x/g'; }

page=$(without_addresses <"$srcdir/docs/seeing.md")

# shows NAME TEXT: the page has it, as a block, and nothing more in it
shows() {
	block=$(printf '%s\n' "$2" | without_addresses | sed 's/^/    /')
	case $page in
	*"

$block

"*) is "$1" shown shown ;;
	*) is "$1" "$block" 'in docs/seeing.md' ;;
	esac
}

for how in why cycle referrers json advice; do
	text=$("$seeing" $how 2>&1)
	is "$how: status" $? 0
	shows "$how" "$text"
done
shows 'the report of what is left' "$(LEASH_OPTIONS=leak_report:true "$seeing" leak 2>&1)"

finish
