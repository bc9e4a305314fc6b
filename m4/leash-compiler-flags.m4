# LEASH_COMPILER_FLAGS(VARIABLE, LANGUAGE, FLAGS)
# Sets VARIABLE to those of FLAGS that the compiler of LANGUAGE knows. -Werror, because clang only
# warns of a flag that it does not know.
AC_DEFUN([LEASH_COMPILER_FLAGS], [
  AC_LANG_PUSH([$2])
  $1=
  leash_saved_flags=$[]_AC_LANG_PREFIX[]FLAGS
  for leash_flag in m4_normalize([$3]); do
    AC_MSG_CHECKING([whether the $2 compiler accepts $leash_flag])
    _AC_LANG_PREFIX[]FLAGS="$leash_saved_flags -Werror $leash_flag"
    AC_COMPILE_IFELSE([AC_LANG_PROGRAM],
      [AC_MSG_RESULT([yes])
       AS_VAR_APPEND([$1], [" $leash_flag"])],
      [AC_MSG_RESULT([no])])
  done
  _AC_LANG_PREFIX[]FLAGS=$leash_saved_flags
  AC_LANG_POP([$2])
  AC_SUBST([$1])
])
