# The version is said in several places, and the same in all.

. "$srcdir/tests/tap.sh"

abi=$srcdir/include/leash/abi.h
map=$srcdir/lib/libleash.map
symbols=$srcdir/debian/libleash0.symbols

# macro NAME
macro() { sed -n "s/^#define LEASH_VERSION$1 *\"*\([0-9.]*\)\"* *\/\*.*/\1/p" "$srcdir/include/leash/version.h"; }
version=$(macro '')

is 'the header: the text and the numbers' "$(macro _MAJOR).$(macro _MINOR).$(macro _PATCH)" "$version"
is 'configure.ac' "$(sed -n 's/^AC_INIT(\[leash\], \[\(.*\)\])$/\1/p' "$srcdir/configure.ac")" "$version"
is 'leash.pc' "$(PKG_CONFIG_PATH=. pkg-config --modversion leash)" "$version"
is 'NEWS begins with it' "$(sed -n 1p "$srcdir/NEWS")" "leash $version"
is 'so does debian/changelog' "$(sed -n '1s/^leash (\(.*\)-[0-9]*) .*/\1/p' "$srcdir/debian/changelog")" "$version"
is 'the symbols carry its first two numbers' "$(sed -n 's/^\(LEASH_[0-9.]*\) {$/\1/p' "$map")" "LEASH_${version%.*}"

# CURRENT less AGE.
interface=$(sed -n 's/.*-version-info \([0-9]*\):[0-9]*:\([0-9]*\).*/\1 - \2/p' "$srcdir/lib/local.mk")
interface=$((interface))
is 'the interface, in the package' "$(sed -n 1p "$symbols")" "libleash.so.$interface libleash$interface #MINVER#"
[ ! -e "$LEASH_LIBRARY" ] ||
	is 'and in the library' "$(readelf --dynamic --wide "$LEASH_LIBRARY" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')" \
		"libleash.so.$interface"

layout=$(sed -n 's/^#define leash__self \(.*\)$/\1/p' "$abi")
ok 'the layout has a number' expr "$layout" : 'leash__self_[0-9]*$'
for file in "$abi" "$map" "$symbols"; do
	is "the same in ${file##*/}" "$(grep -o 'leash__self_[0-9]*' "$file" | sort -u | xargs)" "$layout"
done

finish
