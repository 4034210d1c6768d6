/* The signal-safe formatter against snprintf, and the topics. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "harness.h"

#define SAME(...)                                                                                                      \
    do {                                                                                                               \
        char got_[256], want_[256];                                                                                    \
        snprintf(want_, sizeof(want_), __VA_ARGS__);                                                                   \
        CHECK_EQ(log_format(got_, sizeof(got_), __VA_ARGS__), strlen(want_));                                          \
        CHECK_STR(got_, want_);                                                                                        \
    } while (0)

TEST(integers)
{
    const long long values[] = {0, 1, -1, 42, -42, 127, 128, 255, 32768, 2147483647, -2147483647 - 1, 4294967295,
        9223372036854775807, -9223372036854775807 - 1};

    for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        long long v = values[i];

        SAME("%d %u %x %X %i", (int)v, (unsigned)v, (unsigned)v, (unsigned)v, (int)v);
        SAME("%lld %llu %llx", v, (unsigned long long)v, (unsigned long long)v);
        SAME("%ld %zu %jd %lx", (long)v, (size_t)v, (intmax_t)v, (unsigned long)v);
        SAME("%hd %hhd %hu %hhx", (short)v, (signed char)v, (unsigned short)v, (unsigned char)v);
        SAME("[%8d] [%-8d] [%08d] [% d]", (int)v, (int)v, (int)v, (int)v);
        SAME("[%#x] [%#18llx] [%-#18llx] [%#018llx]", (unsigned)v, (unsigned long long)v, (unsigned long long)v,
            (unsigned long long)v);
        SAME("[%*d] [%-*d]", 12, (int)v, 12, (int)v);
    }
}

TEST(strings)
{
    SAME("plain");
    SAME("%%");
    SAME("%s|%8s|%-8s|%.2s|%.*s|%c%c", "abc", "abc", "abc", "abc", 1, "abc", 'x', 'y');
    SAME("%p %p", (void *)0x1234, (void *)&errno);
}

TEST(cut_and_terminated)
{
    char out[8];

    memset(out, 'z', sizeof(out));
    CHECK_EQ(log_format(out, sizeof(out), "%s", "0123456789"), (size_t)7);
    CHECK_STR(out, "0123456");
    CHECK_EQ(log_format(out, 1, "%d", 5), (size_t)0);
    CHECK_STR(out, "");
}

TEST(topics)
{
    log_init("signal,nonsense,gdb");
    CHECK(log_on(LOG_SIGNAL) && log_on(LOG_GDB) && !log_on(LOG_JIT));
    log_init("all");
    for (int t = 0; t < LOG_TOPIC_COUNT; t++)
        CHECK(log_on((enum log_topic)t));
    log_init(",,sig,");
    CHECK_EQ(log_topics_on, 0u);
    log_init(NULL);
    CHECK_EQ(log_topics_on, 0u);
}

TEST(line_goes_to_descriptor_2_when_on)
{
    char text[64] = "";
    int p[2];

    CHECK_EQ(pipe(p), 0);
    dup2(p[1], 2);
    log_init("jit");
    errno = EXDEV;
    log_debug(LOG_JIT, "on %d", 1);
    log_debug(LOG_MEM, "off");
    CHECK_EQ(errno, EXDEV);
    CHECK_EQ(read(p[0], text, sizeof(text)), (ssize_t)5);
    CHECK_STR(text, "on 1\n");
    close(2); /* a line to nowhere is lost, not fatal */
    log_line("lost");
}
