/* Patterns of names. */
#include "commands.h"

/* What follows a `[`; *at becomes where it ends.  A class without an end reaches to that of the pattern. */
static bool class_matches(const char **at, const char *end, char c)
{
	const char *p = *at;
	bool inverted = p < end && *p == '^', found = false;

	if (inverted)
		p++;
	for (; p < end && *p != ']'; p++) {
		unsigned char low, high, is = (unsigned char)c;

		if (*p == '\\' && end - p >= 2) {
			p++;
			low = high = (unsigned char)*p;
		} else if (end - p >= 3 && p[1] == '-') {
			low = (unsigned char)p[0];
			high = (unsigned char)p[2];
			p += 2;
		} else {
			low = high = (unsigned char)*p;
		}
		if (low > high ? is >= high && is <= low : is >= low && is <= high)
			found = true;
	}
	*at = p < end ? p + 1 : p;
	return found != inverted;
}

/* One character against what stands at *at, which is not a star; *at becomes what stands behind it. */
static bool one_matches(const char **at, const char *end, char c)
{
	const char *p = (*at)++;

	switch (*p) {
	case '?':
		return true;
	case '[':
		return class_matches(at, end, c);
	case '\\':
		if (*at < end)
			p = (*at)++;
		return *p == c;
	default:
		return *p == c;
	}
}

/* When something does not fit, the last star takes one character more; stars before it need not. */
bool glob_matches(const char *pattern, size_t pattern_length, const char *name, size_t length)
{
	const char *end = pattern + pattern_length, *name_end = name + length;
	const char *star = NULL, *taken = NULL;

	while (name < name_end) {
		if (pattern < end && *pattern == '*') {
			star = ++pattern;
			taken = name;
			continue;
		}
		if (pattern < end && one_matches(&pattern, end, *name)) {
			name++;
			continue;
		}
		if (!star)
			return false;
		pattern = star;
		name = ++taken;
	}
	while (pattern < end && *pattern == '*')
		pattern++;
	return pattern == end;
}
