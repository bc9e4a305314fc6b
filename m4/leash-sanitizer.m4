# LEASH_ENABLE_SANITIZER
# --enable-sanitizer=LIST. Sets enable_sanitizer (no, or the list), SANITIZER_CFLAGS and the
# conditional SANITIZED; defines LEASH_SANITIZED.
#
# UBSan prints and goes on by default, and the program then exits with 0: made fatal here, so that a
# test cannot pass with a report in its log.
AC_DEFUN([LEASH_ENABLE_SANITIZER], [
  AC_ARG_ENABLE([sanitizer],
    [AS_HELP_STRING([--enable-sanitizer=LIST], [thread, or address,undefined])],
    [], [enable_sanitizer=no])
  SANITIZER_CFLAGS=
  AS_CASE([$enable_sanitizer],
    [no], [],
    [yes|''], [AC_MSG_ERROR([--enable-sanitizer needs a list: thread, or address,undefined])],
    [SANITIZER_CFLAGS="-fsanitize=$enable_sanitizer -fno-sanitize-recover=undefined -fno-omit-frame-pointer"
     leash_saved_CFLAGS=$CFLAGS
     CFLAGS="$CFLAGS $SANITIZER_CFLAGS"
     AC_MSG_CHECKING([whether $CC links with -fsanitize=$enable_sanitizer])
     AC_LINK_IFELSE([AC_LANG_PROGRAM],
       [AC_MSG_RESULT([yes])],
       [AC_MSG_RESULT([no])
        AC_MSG_ERROR([the compiler or its runtime has no -fsanitize=$enable_sanitizer])])
     CFLAGS=$leash_saved_CFLAGS
     AC_DEFINE([LEASH_SANITIZED], [1],
       [Define when a sanitizer watches: take memory from malloc, keep none in magazines.])])
  AC_SUBST([SANITIZER_CFLAGS])
  AM_CONDITIONAL([SANITIZED], [test "$enable_sanitizer" != no])
])
