/* Unit tests: a file of TEST(name) { ... } bodies is a program that prints TAP.
 *
 *     TEST(adds)
 *     {
 *         CHECK_EQ(add(2, 3), 5);
 *         CHECK_STR(name(5), "five");
 *     }
 *
 * Each test runs in a process of its own with a time limit (30 s; TEST_TIMEOUT(name, seconds) for another one), so a
 * crash, a hang or a leaked signal handler is one failed test. A failed CHECK reports file, line and both values, and
 * ends the test. `./unit-base_err NAME...` runs those tests alone; with LODGE_TEST_NOFORK=1 in this process, for a
 * debugger.
 */
#ifndef LODGE_TESTS_HARNESS_H
#define LODGE_TESTS_HARNESS_H

#include <stdbool.h>
#include <stdint.h>

struct harness_test {
    const char *name;
    void (*run)(void);
    int timeout_s;
    int line;
    struct harness_test *next;
};

void harness_add(struct harness_test *test);

/* Constructors are banned from lodge itself; here they are what keeps a test's name in one place. */
#define TEST_TIMEOUT(id, seconds)                                                                                      \
    static void test_##id(void);                                                                                       \
    static void __attribute__((constructor)) test_add_##id(void)                                                       \
    {                                                                                                                  \
        static struct harness_test test = {#id, test_##id, seconds, __LINE__, 0};                                      \
        harness_add(&test);                                                                                            \
    }                                                                                                                  \
    static void test_##id(void)
#define TEST(id) TEST_TIMEOUT(id, 30)

/* Ends the test as failed. */
void harness_fail(const char *file, int line, const char *fmt, ...) __attribute__((noreturn, format(printf, 3, 4)));
/* Ends the test as skipped; the reason is shown at the end of ./check. */
void harness_skip(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
void harness_check_str(const char *file, int line, const char *what, const char *got, const char *want);
void harness_check_mem(const char *file, int line, const char *what, const void *got, const void *want, uint64_t size);

/* Compares text with the file `path`, relative to the source tree. `./check --update-golden` writes the file instead.
 */
void harness_check_golden(const char *file, int line, const char *path, const char *text);

#define CHECK_GOLDEN(path, text) harness_check_golden(__FILE__, __LINE__, (path), (text))
#define SKIP(...) harness_skip(__VA_ARGS__)
#define FAIL(...) harness_fail(__FILE__, __LINE__, __VA_ARGS__)
#define CHECK(cond)                                                                                                    \
    do {                                                                                                               \
        if (!(cond))                                                                                                   \
            harness_fail(__FILE__, __LINE__, "%s", #cond);                                                             \
    } while (0)
/* Integers or pointers, compared as 64-bit values after conversion to the type of `want`. */
#define CHECK_EQ(got, want)                                                                                            \
    do {                                                                                                               \
        __typeof__(want) check_want_ = (want);                                                                         \
        __typeof__(want) check_got_ = (__typeof__(want))(got);                                                         \
        if (check_got_ != check_want_)                                                                                 \
            harness_fail(__FILE__, __LINE__, "%s: got %lld (%#llx), want %lld (%#llx)", #got, (long long)check_got_,   \
                (unsigned long long)check_got_, (long long)check_want_, (unsigned long long)check_want_);              \
    } while (0)
#define CHECK_STR(got, want) harness_check_str(__FILE__, __LINE__, #got, (got), (want))
#define CHECK_MEM(got, want, size) harness_check_mem(__FILE__, __LINE__, #got, (got), (want), (size))

#endif
