/* Unit-test runner: forks for each test, waits with a limit, prints one TAP line. The result travels in the exit status
 * (0 ok, 1 failed, 77 skipped, anything else or a signal: failed) and its text through a pipe, so that what a test
 * prints itself cannot be taken for a result.
 */
#include "harness.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct harness_test *first;
static int report_fd = -1; /* in the test's process: where the reason of a failure or skip goes */

void harness_add(struct harness_test *test)
{
    struct harness_test **at = &first;

    while (*at)
        at = &(*at)->next;
    *at = test;
}

static void __attribute__((noreturn, format(printf, 2, 0))) finish(int status, const char *fmt, va_list args)
{
    char text[2048];

    vsnprintf(text, sizeof(text), fmt, args);
    dprintf(report_fd < 0 ? 2 : report_fd, "%s\n", text);
    _exit(status);
}

void harness_fail(const char *file, int line, const char *fmt, ...)
{
    char place[512];
    va_list args;

    snprintf(place, sizeof(place), "%s:%d: %s", file, line, fmt);
    va_start(args, fmt);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    finish(1, place, args);
#pragma GCC diagnostic pop
}

void harness_skip(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    finish(77, fmt, args);
}

void harness_check_str(const char *file, int line, const char *what, const char *got, const char *want)
{
    if (!got || !want ? got != want : strcmp(got, want) != 0)
        harness_fail(
            file, line, "%s:\n     got \"%s\"\n    want \"%s\"", what, got ? got : "(NULL)", want ? want : "(NULL)");
}

void harness_check_mem(const char *file, int line, const char *what, const void *got, const void *want, uint64_t size)
{
    const unsigned char *g = got, *w = want;

    for (uint64_t i = 0; i < size; i++)
        if (g[i] != w[i])
            harness_fail(file, line, "%s: byte %llu: got %#x, want %#x", what, (unsigned long long)i, g[i], w[i]);
}

static void show_first_difference(const char *file, int line, const char *path, const char *got, const char *want)
{
    int number = 1;

    for (; *got && *got == *want; got++, want++)
        number += *got == '\n';
    harness_fail(file, line,
        "%s:%d differs (./check --update-golden accepts it), from there on:\n     got %.*s\n    want %.*s", path,
        number, (int)strcspn(got, "\n"), got, (int)strcspn(want, "\n"), want);
}

void harness_check_golden(const char *file, int line, const char *path, const char *text)
{
    const char *source = getenv("LODGE_SOURCE");
    static char want[1 << 20];
    char full[4096];
    size_t len;
    FILE *f;

    snprintf(full, sizeof(full), "%s/%s", source ? source : ".", path);
    if (getenv("LODGE_UPDATE_GOLDEN")) {
        f = fopen(full, "w");
        if (!f || fputs(text, f) < 0 || fclose(f) != 0)
            harness_fail(file, line, "cannot write %s: %s", full, strerror(errno));
        return;
    }
    f = fopen(full, "r");
    if (!f)
        harness_fail(file, line, "cannot open %s: %s", full, strerror(errno));
    len = fread(want, 1, sizeof(want) - 1, f);
    fclose(f);
    want[len] = 0;
    if (strcmp(text, want))
        show_first_difference(file, line, path, text, want);
}

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Reads the test's report until the test ends or the time is over. A grandchild may hold the pipe open for ever, so the
 * end of the test, not the end of the pipe, is what counts. Returns false when the time was over. */
static bool wait_for(pid_t pid, int fd, int timeout_s, char *text, size_t size, int *status)
{
    int64_t deadline = now_ms() + (int64_t)timeout_s * 1000;
    size_t len = 0;
    pid_t done = 0;
    ssize_t n;

    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};

        done = waitpid(pid, status, WNOHANG);
        if (poll(&p, 1, done ? 0 : 10) > 0 && len + 1 < size) {
            n = read(fd, text + len, size - 1 - len);
            len += n > 0 ? (size_t)n : 0;
            if (n <= 0 && !done)
                usleep(2000);
        }
        text[len] = 0;
        if (done == pid)
            return true;
        if (now_ms() > deadline) {
            kill(-pid, SIGKILL);
            kill(pid, SIGKILL);
            waitpid(pid, status, 0);
            return false;
        }
    }
}

static void print_comment(char *text)
{
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        printf("# %s\n", line);
}

static void run_test(struct harness_test *test)
{
    if (getenv("LODGE_TEST_NOFORK")) {
        test->run();
        return;
    }
    setpgid(0, 0);
    test->run();
    fflush(NULL);
    /* exit, not _exit: the leak checker of a sanitizer build runs at exit */
    exit(0);
}

/* Returns true unless the test failed. */
static bool run_one(struct harness_test *test, int number)
{
    char text[4096] = "";
    int pipe_fds[2], status = 0;
    bool in_time;
    pid_t pid;

    if (getenv("LODGE_TEST_NOFORK")) {
        run_test(test);
        printf("ok %d - %s\n", number, test->name);
        return true;
    }
    fflush(NULL);
    if (pipe(pipe_fds) < 0 || (pid = fork()) < 0) {
        printf("not ok %d - %s\n# cannot start: %s\n", number, test->name, strerror(errno));
        return false;
    }
    if (pid == 0) {
        close(pipe_fds[0]);
        dup2(2, 1); /* standard output is TAP's */
        report_fd = pipe_fds[1];
        run_test(test);
    }
    close(pipe_fds[1]);
    in_time = wait_for(pid, pipe_fds[0], test->timeout_s, text, sizeof(text), &status);
    close(pipe_fds[0]);
    if (in_time && WIFEXITED(status) && WEXITSTATUS(status) == 77) {
        text[strcspn(text, "\n")] = 0;
        printf("ok %d - %s # SKIP %s\n", number, test->name, text);
        return true;
    }
    if (in_time && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        printf("ok %d - %s\n", number, test->name);
        return true;
    }
    printf("not ok %d - %s\n", number, test->name);
    print_comment(text);
    if (!in_time)
        printf("# still running after %d s\n", test->timeout_s);
    else if (WIFSIGNALED(status))
        printf("# killed by signal %d (%s)\n", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status) != 1)
        printf("# exit status %d\n", WEXITSTATUS(status));
    return false;
}

static bool wanted(const struct harness_test *test, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], test->name))
            return true;
    return argc < 2;
}

int main(int argc, char **argv)
{
    int count = 0, number = 0, failed = 0;

    for (struct harness_test *t = first; t; t = t->next)
        count += wanted(t, argc, argv);
    if (!count) {
        fprintf(stderr, "%s: no such test\n", argv[0]);
        return 1;
    }
    printf("1..%d\n", count);
    for (struct harness_test *t = first; t; t = t->next)
        if (wanted(t, argc, argv))
            failed += !run_one(t, ++number);
    return failed != 0;
}
