// ThreadSanitizer follows longjmp by intercepting it. Debian's liblua was built with _FORTIFY_SOURCE and calls
// __longjmp_chk instead, which the sanitizer of this compiler does not know: it dies at Lua's first error. In that
// build the program brings its own.
#undef _FORTIFY_SOURCE
#include <setjmp.h>

void __longjmp_chk(jmp_buf environment, int value);

void __longjmp_chk(jmp_buf environment, int value) { longjmp(environment, value); }
