/* The growing string buffer. Invariant: data is NULL or data[len] == 0.
 */
#include "base/str.h"

#include <stdio.h>

#include "base/bits.h"

void strbuf_fini(struct strbuf *s)
{
    x_free(s->data);
    memset(s, 0, sizeof(*s));
}

void strbuf_clear(struct strbuf *s)
{
    s->len = 0;
    if (s->data)
        s->data[0] = 0;
}

void strbuf_reserve(struct strbuf *s, size_t extra)
{
    size_t need = s->len + extra + 1;

    if (need <= s->cap)
        return;
    s->cap = MAX(need, MAX(s->cap * 2, (size_t)64));
    s->data = x_realloc(s->data, s->cap);
    s->data[s->len] = 0;
}

void strbuf_addn(struct strbuf *s, const void *data, size_t len)
{
    strbuf_reserve(s, len);
    if (len)
        memcpy(s->data + s->len, data, len);
    s->len += len;
    s->data[s->len] = 0;
}

void strbuf_addc(struct strbuf *s, char c)
{
    strbuf_addn(s, &c, 1);
}

void strbuf_add(struct strbuf *s, const char *text)
{
    strbuf_addn(s, text, strlen(text));
}

void strbuf_vaddf(struct strbuf *s, const char *fmt, va_list args)
{
    va_list again;
    int len;

    va_copy(again, args);
    len = vsnprintf(NULL, 0, fmt, args);
    if (len > 0) {
        strbuf_reserve(s, (size_t)len);
        vsnprintf(s->data + s->len, (size_t)len + 1, fmt, again);
        s->len += (size_t)len;
    }
    va_end(again);
}

void strbuf_addf(struct strbuf *s, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    strbuf_vaddf(s, fmt, args);
    va_end(args);
}

char *strbuf_take(struct strbuf *s)
{
    strbuf_reserve(s, 0);
    s->len = s->cap = 0;
    return steal(&s->data);
}
