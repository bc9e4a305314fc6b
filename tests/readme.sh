# The first program in README.md is examples/first.c, and does what its comments say.

. "$srcdir/tests/tap.sh"

expand "$srcdir/examples/first.c" | sed 1d >first.expected
awk '/^    #include <stdio.h>/ { in_code = 1 }
     /^It is `examples/ { in_code = 0 }
     in_code' "$srcdir/README.md" | sed -e 's/^    //' -e '$d' >first.readme
ok 'README.md shows examples/first.c' diff first.expected first.readme
printf 'node 1 is gone\nnode 2 is gone\n' >first.wanted
examples/first >first.printed
ok 'it ends with nothing alive' [ $? = 0 ]
ok 'its objects die in order' diff first.wanted first.printed
rm -f first.expected first.readme first.wanted first.printed

finish
