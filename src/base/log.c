/* Debug log and the small formatter under it. Everything after log_init is async-signal-safe; that is why there is a
 * formatter here at all. log_topics_on is global because signal handlers and every room's fast path read it.
 */
#include "base/log.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/bits.h"

unsigned log_topics_on;

static const char *const topic_names[] = {
#define X(topic, name) name,
    LOG_TOPICS(X)
#undef X
};

void log_init(const char *spec)
{
    unsigned on = 0;
    size_t len;

    for (; spec && *spec; spec += len + (spec[len] == ',')) {
        len = strcspn(spec, ",");
        if (len == 3 && !memcmp(spec, "all", 3))
            on = ~0u;
        for (size_t i = 0; i < ARRAY_LEN(topic_names); i++)
            if (strlen(topic_names[i]) == len && !memcmp(spec, topic_names[i], len))
                on |= 1u << i;
    }
    log_topics_on = on;
}

struct out {
    char *at, *end; /* end: where the terminator goes at the latest */
};

/* One conversion: %[flags][width][.precision][length]letter */
struct spec {
    bool left, zero, alt, space;
    int width, precision; /* precision -1: none */
    int size;             /* bytes of the integer argument */
};

static void put(struct out *o, char c)
{
    if (o->at < o->end)
        *o->at++ = c;
}

static void put_padded(struct out *o, const struct spec *s, const char *text, size_t len)
{
    size_t pad = s->width > 0 && (size_t)s->width > len ? (size_t)s->width - len : 0;

    for (; pad && !s->left; pad--)
        put(o, ' ');
    for (size_t i = 0; i < len; i++)
        put(o, text[i]);
    for (; pad; pad--)
        put(o, ' ');
}

static void put_number(struct out *o, struct spec *s, uint64_t value, char sign, unsigned base, const char *digits)
{
    char text[96], *at = text + sizeof(text);
    const char *prefix = s->alt && base == 16 && value ? (digits[10] == 'a' ? "x0" : "X0") : "";
    size_t fixed = strlen(prefix) + (sign != 0);

    do
        *--at = digits[value % base];
    while (value /= base);
    if (s->zero && !s->left)
        while ((size_t)(text + sizeof(text) - at) + fixed < (size_t)(s->width < 64 ? s->width : 64))
            *--at = '0';
    for (; *prefix; prefix++)
        *--at = *prefix;
    if (sign)
        *--at = sign;
    put_padded(o, s, at, (size_t)(text + sizeof(text) - at));
}

static const char *parse_number(const char *f, int *value)
{
    for (*value = 0; *f >= '0' && *f <= '9'; f++)
        if (*value < 100000)
            *value = *value * 10 + (*f - '0');
    return f;
}

static const char *parse_length(const char *f, struct spec *s)
{
    for (;; f++)
        switch (*f) {
        case 'l':
        case 'z':
        case 'j':
        case 't': s->size = 8; break;
        case 'h': s->size = s->size == 2 ? 1 : 2; break;
        default: return f;
        }
}

static const char *parse_flags(const char *f, struct spec *s)
{
    for (;; f++)
        switch (*f) {
        case '-': s->left = true; break;
        case '0': s->zero = true; break;
        case '#': s->alt = true; break;
        case ' ': s->space = true; break;
        default: return f;
        }
}

static void put_signed(struct out *o, struct spec *s, int64_t value)
{
    value = sext64((uint64_t)value, (unsigned)s->size * 8);
    put_number(
        o, s, value < 0 ? -(uint64_t)value : (uint64_t)value, value < 0 ? '-' : (s->space ? ' ' : 0), 10, "0123456789");
}

static void put_string(struct out *o, const struct spec *s, const char *text)
{
    if (!text)
        text = "(null)";
    put_padded(o, s, text, s->precision >= 0 ? strnlen(text, (size_t)s->precision) : strlen(text));
}

size_t log_vformat(char *out, size_t size, const char *fmt, va_list args)
{
    struct out o = {out, out + size - 1};

    for (const char *f = fmt; *f; f++) {
        struct spec s = {.precision = -1, .size = 4};
        char c;

        if (*f != '%') {
            put(&o, *f);
            continue;
        }
        f = parse_flags(f + 1, &s);
        if (*f == '*') {
            s.width = va_arg(args, int);
            f++;
        } else {
            f = parse_number(f, &s.width);
        }
        if (*f == '.' && f[1] == '*') {
            s.precision = va_arg(args, int);
            f += 2;
        } else if (*f == '.') {
            f = parse_number(f + 1, &s.precision);
        }
        f = parse_length(f, &s);
        switch (*f) {
        case 'd':
        case 'i': put_signed(&o, &s, s.size == 8 ? va_arg(args, int64_t) : va_arg(args, int)); break;
        case 'u':
        case 'x':
        case 'X': {
            uint64_t value = s.size == 8 ? va_arg(args, uint64_t) : va_arg(args, unsigned);

            put_number(&o, &s, value & mask64((unsigned)s.size * 8), 0, *f == 'u' ? 10 : 16,
                *f == 'X' ? "0123456789ABCDEF" : "0123456789abcdef");
            break;
        }
        case 'p':
            s.alt = true;
            put_number(&o, &s, (uintptr_t)va_arg(args, void *), 0, 16, "0123456789abcdef");
            break;
        case 'c':
            c = (char)va_arg(args, int);
            put_padded(&o, &s, &c, 1);
            break;
        case 's': put_string(&o, &s, va_arg(args, const char *)); break;
        case '%': put(&o, '%'); break;
        default: /* a conversion this formatter does not know: show it, and stop before reading a wrong argument */
            put(&o, '%');
            for (; *f; f++)
                put(&o, *f);
            *o.at = 0;
            return (size_t)(o.at - out);
        }
    }
    *o.at = 0;
    return (size_t)(o.at - out);
}

size_t log_format(char *out, size_t size, const char *fmt, ...)
{
    va_list args;
    size_t len;

    va_start(args, fmt);
    len = log_vformat(out, size, fmt, args);
    va_end(args);
    return len;
}

void log_line(const char *fmt, ...)
{
    char line[512];
    int saved_errno = errno;
    va_list args;
    size_t len;

    va_start(args, fmt);
    len = log_vformat(line, sizeof(line), fmt, args);
    va_end(args);
    line[len] = '\n'; /* over the terminator */
    if (write(2, line, len + 1) < 0) {
        /* Nowhere to say that there is nowhere to say it. */
    }
    errno = saved_errno;
}
