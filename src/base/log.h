/* Debug log: for whoever works on lodge, not for users (errors travel in struct err; lodge prints them in one place).
 *
 * LODGE_DEBUG=jit,signal in the environment switches topics on; `all` means every one. Lines go to descriptor 2 with
 * one write(2) each. log_line and log_debug are async-signal-safe: no allocation, no locale, no stdio.
 *
 *     log_debug(LOG_JIT, "unit at %#lx: %u insns", (unsigned long)pc, count);
 */
#ifndef LODGE_BASE_LOG_H
#define LODGE_BASE_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* topic, name in LODGE_DEBUG */
#define LOG_TOPICS(X)                                                                                                  \
    X(LOG_LOADER, "loader")                                                                                            \
    X(LOG_MEM, "mem")                                                                                                  \
    X(LOG_JIT, "jit")                                                                                                  \
    X(LOG_SIGNAL, "signal")                                                                                            \
    X(LOG_THREAD, "thread")                                                                                            \
    X(LOG_LINUX, "linux")                                                                                              \
    X(LOG_GDB, "gdb")                                                                                                  \
    X(LOG_RUN, "run")

enum log_topic {
#define X(topic, name) topic,
    LOG_TOPICS(X)
#undef X
        LOG_TOPIC_COUNT
};

/* Reads a LODGE_DEBUG value (NULL: nothing on). Called once by main before there are threads. Unknown names are
 * ignored: a log switch must never be the reason that a program does not run. */
void log_init(const char *spec);

extern unsigned log_topics_on; /* bit per topic; written by log_init only, read by signal handlers */

static inline bool log_on(enum log_topic topic)
{
    return log_topics_on >> topic & 1;
}

/* One line to descriptor 2; the newline is added. Knows %d %i %u %x %X %c %s %p %%, the lengths h hh l ll z j t, the
 * flags
 * '#', '0', '-' and ' ', a width (digits or *) and a precision for %s. Longer than 511 bytes is cut. errno survives. */
void log_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* What log_line uses, for formatting in a signal handler: returns the length written, < size; always terminated.
 * size > 0. */
size_t log_format(char *out, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
size_t log_vformat(char *out, size_t size, const char *fmt, va_list args) __attribute__((format(printf, 3, 0)));

#define log_debug(topic, ...)                                                                                          \
    do {                                                                                                               \
        if (__builtin_expect(log_on(topic), 0))                                                                        \
            log_line(__VA_ARGS__);                                                                                     \
    } while (0)

#endif
