/* Error values. No allocation, no locale: usable in lodge-guest at any time but inside a signal handler (snprintf).
 * A text never exceeds ERR_TEXT_MAX and is always terminated, whatever is wrapped around it.
 */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *err, int code, const char *fmt, ...)
{
    va_list args;

    if (!err)
        return code;
    err->code = code;
    va_start(args, fmt);
    vsnprintf(err->text, sizeof(err->text), fmt, args);
    va_end(args);
    return code;
}

int err_errno(struct err *err, int code, const char *fmt, ...)
{
    va_list args;
    const char *why;
    size_t len;

    if (!err)
        return code;
    err->code = code;
    va_start(args, fmt);
    vsnprintf(err->text, sizeof(err->text), fmt, args);
    va_end(args);
    why = strerrordesc_np(-code);
    len = strlen(err->text);
    snprintf(err->text + len, sizeof(err->text) - len, ": %s", why ? why : "unknown error");
    return code;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
    char inner[ERR_TEXT_MAX];
    va_list args;
    size_t len;

    if (!err)
        return -EIO;
    memcpy(inner, err->text, sizeof(inner));
    va_start(args, fmt);
    vsnprintf(err->text, sizeof(err->text), fmt, args);
    va_end(args);
    len = strlen(err->text);
    snprintf(err->text + len, sizeof(err->text) - len, ": %s", inner);
    return err->code;
}
