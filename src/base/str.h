/* Strings: a growing buffer, and the few comparisons that read better with a name.
 *
 *     struct strbuf s = {0};
 *     strbuf_addf(&s, "%s/%s", root, path);
 *     return strbuf_take(&s);
 */
#ifndef LODGE_BASE_STR_H
#define LODGE_BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/alloc.h"

struct strbuf {
    char *data; /* owned; NULL while empty, else terminated at data[len] */
    size_t len, cap;
};

#define _cleanup_strbuf_ _cleanup_(strbuf_fini)

void strbuf_fini(struct strbuf *s);
void strbuf_clear(struct strbuf *s); /* keeps the memory */
void strbuf_reserve(struct strbuf *s, size_t extra);
void strbuf_addc(struct strbuf *s, char c);
void strbuf_add(struct strbuf *s, const char *text);
void strbuf_addn(struct strbuf *s, const void *data, size_t len);
void strbuf_addf(struct strbuf *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void strbuf_vaddf(struct strbuf *s, const char *fmt, va_list args) __attribute__((format(printf, 2, 0)));
char *strbuf_take(struct strbuf *s); /* the text ("" at least), to be freed by x_free; the buffer is empty again */

static inline const char *strbuf_text(const struct strbuf *s)
{
    return s->data ? s->data : "";
}

static inline bool str_eq(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* If text begins with prefix: what follows it, else NULL. */
static inline const char *str_after(const char *text, const char *prefix)
{
    size_t len = strlen(prefix);

    return strncmp(text, prefix, len) ? NULL : text + len;
}

static inline bool str_ends(const char *text, const char *suffix)
{
    size_t len = strlen(text), n = strlen(suffix);

    return n <= len && !memcmp(text + len - n, suffix, n);
}

#endif
