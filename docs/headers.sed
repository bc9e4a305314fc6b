# What doxygen reads of a public header: a comment in front of a declaration documents it, one behind it on its line does so
# too, and the first is about the file.  A macro with a function's name is that function.
/^#define leash_[a-z]/d
s,/\* --- ,/* ,
1s,^/\* ,/** @file\n * ,
s,^\([ 	]*\)/\* ,\1/** ,
t
s,\([^ 	][ 	]*\)/\* ,\1/**< ,
