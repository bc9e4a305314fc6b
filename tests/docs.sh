# `make docs`: every public name is on a page, and doxygen has nothing to say.  And the manual pages.

. "$srcdir/tests/tap.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset MAKEFLAGS MFLAGS MAKELEVEL

public_functions() { sed -n 's/^	\(leash_[a-z0-9_]*\);$/\1/p' "$srcdir/lib/libleash.map" | grep -v '^leash__'; }
public_macros() {
	sed -n 's/^# *define \(LEASH_[A-Z][A-Z_]*\).*/\1/p' "$srcdir"/include/leash/*.h* | grep -v '_HP*$' | sort -u
}

# Prints those of the names on stdin that doxygen has documented nowhere.
undocumented() {
	sed -n 's,.*<name>\(.*\)</name>.*,\1,p' "$work/html/leash.tag" | sort -u >"$work/documented"
	sort -u | comm -23 - "$work/documented"
}

# Doxygen's older versions do not complain of enumerators without a comment; they do not link to them.
bare_enumerators() { sed -n '/>enum &#160;/,/}/p' "$work"/html/*.html | grep -o '<b>LEASH_[A-Z_]*</b>'; }

# Prints the pictures that the pages show and that are not beside them.
missing_pictures() {
	grep -oh '\(src\|data\)="[^"]*\.svg"' "$work"/html/*.html | sed 's/.*="\(.*\)"/\1/' | sort -u |
		while read -r file; do
			[ -e "$work/html/$file" ] || echo "$file"
		done
}

# Prints the files that the pages name and that are not there.
missing_files() {
	grep -oh '`\(lib\|models\|tests\|include\|examples\|docs\)/[A-Za-z0-9_./-]*`' "$srcdir"/docs/*.md | tr -d '`' | sort -u |
		while read -r file; do
			# The guide also names programs.
			[ -e "$srcdir/$file" ] || [ -e "$srcdir/$file.c" ] || echo "$file"
		done
}
is 'the files that the pages name are there' "$(missing_files)" ''

# Prints the mistakes that docs/protocol.md names and no model knows.
missing_mutations() {
	grep -oh '`[A-Z]*_[A-Z_]*`' "$srcdir/docs/protocol.md" | tr -d '`' | grep -v '^LEASH_' | sort -u |
		while read -r name; do
			grep -q "\b$name\b" "$srcdir"/models/*.pml || echo "$name"
		done
}
is 'the models know the mistakes that docs/protocol.md names' "$(missing_mutations)" ''

if make docs DOXYGEN= docs_html="$work/none" >"$work/said" 2>&1; then
	ok 'without doxygen there are no pages' false
else
	ok 'without doxygen it says what to install' grep 'install doxygen' "$work/said"
fi

if command -v doxygen >/dev/null; then
	ok 'make docs, without a warning' make --silent docs DOXYGEN=doxygen docs_html="$work/html"
	ok 'there are functions to look for' [ "$(public_functions | wc -l)" -gt 90 ]
	is 'every exported function is on a page' "$(public_functions | undocumented)" ''
	ok 'there are macros to look for' [ "$(public_macros | wc -l)" -gt 10 ]
	is 'every macro is on a page' "$(public_macros | undocumented)" ''
	is 'every enumerator has its comment' "$(bare_enumerators)" ''
	is 'every picture is beside its page' "$(missing_pictures)" ''
	is 'no name of the inlined code is' "$(grep -l 'leash__\|LEASH__\|leash_detail' "$work/documented")" ''
else
	skip 'no doxygen'
fi

# --- Manual pages.

# Prints what LEASH_OPTIONS knows.
options() { sed -n -e 's/^	{ "\([a-z_]*\)", offsetof.*/\1/p' -e 's/.*has_name(part, name, "\([a-z]*\)").*"\([a-z]*\)").*/\1\n\2/p' "$srcdir/lib/options.c"; }

not_in_manual() {
	while read -r name; do
		grep -q "$1 $name\b" "$srcdir/docs/man/leash.3" || echo "$name"
	done
}
is 'leash(3) has every exported function' "$(public_functions | not_in_manual Fn)" ''
ok 'there are options to look for' [ "$(options | wc -l)" -ge 7 ]
is 'leash(3) has every option' "$(options | not_in_manual Cm)" ''

for page in "$srcdir"/docs/man/*; do
	name=$(basename "$page")
	if command -v mandoc >/dev/null; then
		is "$name, mandoc" "$(mandoc -T lint -W warning "$page" 2>&1)" ''
	else
		skip 'no mandoc'
	fi
	if man --version 2>/dev/null | grep -q '^man 2'; then
		is "$name, man" "$(LC_ALL=C MANWIDTH=80 man --warnings -l "$page" 2>&1 >/dev/null)" ''
	else
		skip "no man of man-db's"
	fi
done

finish
