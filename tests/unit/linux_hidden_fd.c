/* lodge's own descriptors: a guest can neither name nor close them, and every number below its limit is its own, however it
 * changes the limit.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "linux/hidden_fd.h"
#include "linux/limits_int.h"
#include "linux/thread_int.h"
#include "linux_fixture.h"

/* Numbers of the riscv64 table. */
enum { DUP = 23, DUP3 = 24, FCNTL = 25, CLOSE = 57, READ = 63, FSTAT = 80, PRLIMIT = 261, CLOSE_RANGE = 436 };

static int hidden, reader; /* the two ends of a pipe: what is written to the one comes out of the other */

static int64_t call(struct linux_thread *t, int nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    return linux_syscall(t, (uint64_t)nr, (const uint64_t[6]){a, b, c, d, 0, 0});
}

static int64_t set_limit(struct linux_thread *t, rlim_t soft, rlim_t hard)
{
    struct rlimit limit = {soft, hard};

    return call(t, PRLIMIT, 0, RLIMIT_NOFILE, (uint64_t)&limit, 0);
}

static struct linux_thread *guest(rlim_t limit)
{
    static const struct linux_config config = {.trace_fd = -1};
    struct linux_thread *t = fixture_thread(&config);
    int p[2];

    CHECK_EQ(close_range(3, ~0u, 0), 0); /* of the harness: the numbers are told below */
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &(struct rlimit){limit, 8192}), 0);
    linux_limits_init(t->process);
    linux_set_current(t);
    CHECK_EQ(pipe(p), 0);
    t->process->self_fd = p[1];
    reader = p[0];
    linux_hidden_add(t->process, &t->process->self_fd);
    hidden = t->process->self_fd;
    return t;
}

static bool works(struct linux_thread *t)
{
    char byte = 0;

    return write(t->process->self_fd, "x", 1) == 1 && read(reader, &byte, 1) == 1 && byte == 'x' &&
        linux_fd_hidden(t->process->self_fd) && fcntl(t->process->self_fd, F_GETFD) == FD_CLOEXEC;
}

/* How many numbers the guest can have, those that are open included. */
static int numbers(struct linux_thread *t)
{
    int last = -1, n = 0, fd;

    while ((fd = (int)call(t, DUP, 0, 0, 0, 0)) >= 0)
        last = fd, n++;
    CHECK_EQ(fd, -EMFILE);
    for (int i = 3; i <= last; i++)
        if (i != reader)
            call(t, CLOSE, (uint64_t)i, 0, 0, 0);
    return n + 4; /* 0, 1, 2 and the reader */
}

TEST(stands_above_the_limit)
{
    struct linux_thread *t = guest(64);

    CHECK(hidden >= 64);
    CHECK(works(t));
    CHECK_EQ(numbers(t), 64);
    CHECK(works(t));
}

TEST(cannot_be_named)
{
    struct linux_thread *t = guest(64);
    struct rlimit limit;
    char buffer[128];

    CHECK_EQ(call(t, CLOSE, (uint64_t)hidden, 0, 0, 0), -EBADF);
    CHECK_EQ(call(t, DUP, (uint64_t)hidden, 0, 0, 0), -EBADF);
    CHECK_EQ(call(t, DUP3, (uint64_t)hidden, 5, 0, 0), -EBADF);
    CHECK_EQ(call(t, FCNTL, (uint64_t)hidden, F_GETFD, 0, 0), -EBADF);
    CHECK_EQ(call(t, READ, (uint64_t)hidden, (uint64_t)buffer, 1, 0), -EBADF);
    CHECK_EQ(call(t, FSTAT, (uint64_t)hidden, (uint64_t)buffer, 0, 0), -EBADF);
    CHECK(works(t));
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    CHECK_EQ(limit.rlim_cur, 64u);
}

TEST(makes_room_for_dup3)
{
    struct linux_thread *t = guest(64);

    CHECK_EQ(set_limit(t, 8192, 8192), 0); /* now its number lies below the limit */
    hidden = t->process->self_fd;
    CHECK(works(t));
    for (int i = 0; i < 4; i++) {
        int at = t->process->self_fd;

        CHECK_EQ(call(t, DUP3, 0, (uint64_t)at, 0, 0), at);
        CHECK(t->process->self_fd != at && !linux_fd_hidden(at));
        CHECK(works(t));
        CHECK_EQ(call(t, CLOSE, (uint64_t)at, 0, 0, 0), 0);
    }
}

TEST(survives_close_range)
{
    struct linux_thread *t = guest(64);
    int64_t before, after;

    reader = (int)call(t, DUP3, (uint64_t)reader, 10, 0, 0);
    CHECK_EQ(reader, 10);
    before = call(t, DUP, 0, 0, 0, 0);
    after = call(t, DUP3, 0, 40, 0, 0);
    CHECK_EQ(call(t, CLOSE_RANGE, 11, ~0u, 0, 0), 0);
    CHECK_EQ(call(t, CLOSE_RANGE, 3, 9, 0, 0), 0);
    CHECK(fcntl((int)before, F_GETFD) == -1 && fcntl((int)after, F_GETFD) == -1);
    CHECK(works(t));
    CHECK_EQ(call(t, CLOSE_RANGE, (uint64_t)hidden, (uint64_t)hidden, 0, 0), 0);
    CHECK_EQ(call(t, CLOSE_RANGE, (uint64_t)hidden, ~0u, 0, 0), 0);
    CHECK_EQ(call(t, CLOSE_RANGE, 11, (uint64_t)hidden, 4 /* CLOEXEC */, 0), 0);
    CHECK(works(t));
}

TEST(follows_the_limit)
{
    struct linux_thread *t = guest(64);
    static const rlim_t limits[] = {3, 4, 128, 16, 1024, 4096, 64};

    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        CHECK_EQ(set_limit(t, limits[i], 8192), 0);
        CHECK(works(t));
        if (limits[i] > 4 && limits[i] < 4000)
            CHECK_EQ(numbers(t), (int)limits[i]);
    }
}

/* RLIMIT_NOFILE=3 for good: nothing is left to the guest, lodge still has its own. */
TEST(a_hard_limit_of_three)
{
    struct linux_thread *t = guest(64);
    struct rlimit seen;
    int own;

    CHECK_EQ(set_limit(t, 3, 3), 0);
    CHECK_EQ(call(t, PRLIMIT, 0, RLIMIT_NOFILE, 0, (uint64_t)&seen), 0);
    CHECK_EQ(seen.rlim_max, 3u);
    CHECK_EQ(call(t, DUP, 0, 0, 0, 0), -EMFILE);
    own = linux_own_open(AT_FDCWD, "/dev/null", O_RDONLY);
    CHECK(own >= 3);
    linux_hidden_add(t->process, &own);
    CHECK_EQ(call(t, CLOSE, (uint64_t)own, 0, 0, 0), -EBADF);
    CHECK(works(t));
    CHECK_EQ(call(t, CLOSE_RANGE, 3, ~0u, 4, 0), 0);
    CHECK(works(t));
    if (!linux_has_capability(CAP_SYS_RESOURCE))
        CHECK_EQ(set_limit(t, 4, 4), -EPERM);
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){64, 8192}); /* a sanitizer looks around at the end */
}
