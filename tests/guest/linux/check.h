/* check.h - guest tests print what they see; the same source runs natively and under lodge, and the outputs must agree.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Prints the expression, its value and, when that is -1, the error's name. */
#define SHOW(expr)                                                                                                     \
    do {                                                                                                               \
        errno = 0;                                                                                                     \
        long show_value_ = (long)(expr);                                                                               \
        printf("%s = %ld%s%s\n", #expr, show_value_, show_value_ == -1 ? " " : "",                                     \
            show_value_ == -1 ? strerrorname_np(errno) : "");                                                          \
    } while (0)
#define SHOW_STR(expr) printf("%s = \"%s\"\n", #expr, (expr))
