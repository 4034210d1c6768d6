/* Descriptors: complete transfers, whole files, moving out of the way, no double close. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fd.h"
#include "harness.h"

static void *write_slowly(void *arg)
{
    int fd = *(int *)arg;

    for (const char *c = "0123456789"; *c; c++) {
        CHECK_EQ(write(fd, c, 1), (ssize_t)1);
        usleep(1000);
    }
    close(fd);
    return NULL;
}

TEST(read_full_collects_pieces)
{
    char buf[32] = "";
    pthread_t thread;
    int p[2];

    CHECK_EQ(pipe(p), 0);
    CHECK_EQ(pthread_create(&thread, NULL, write_slowly, &p[1]), 0);
    CHECK_EQ(fd_read_full(p[0], buf, 6), (ssize_t)6);
    CHECK_STR(buf, "012345");
    CHECK_EQ(fd_read_full(p[0], buf, sizeof(buf)), (ssize_t)4);
    CHECK_MEM(buf, "6789", 4);
    CHECK_EQ(fd_read_full(p[0], buf, sizeof(buf)), (ssize_t)0);
    pthread_join(thread, NULL);
}

static void *drain(void *arg)
{
    static char seen[1 << 20];

    return (void *)fd_read_full(*(int *)arg, seen, sizeof(seen));
}

TEST(write_full_fills_a_pipe_many_times)
{
    static char data[1 << 20];
    pthread_t thread;
    void *total;
    int p[2];

    CHECK_EQ(pipe(p), 0);
    CHECK_EQ(pthread_create(&thread, NULL, drain, &p[0]), 0);
    CHECK_EQ(fd_write_full(p[1], data, sizeof(data)), 0);
    pthread_join(thread, &total);
    CHECK_EQ((size_t)total, sizeof(data));
}

TEST(failures_are_negative_errnos)
{
    char c;

    CHECK_EQ(fd_read_full(-1, &c, 1), (ssize_t)-EBADF);
    CHECK_EQ(fd_pread_full(-1, &c, 1, 0), (ssize_t)-EBADF);
    CHECK_EQ(fd_write_full(-1, &c, 1), -EBADF);
    errno = E2BIG;
    fd_close(-1);
    fd_close(9999);
    CHECK_EQ(errno, E2BIG);
}

TEST(read_file)
{
    char path[] = "/tmp/lodge-unit-XXXXXX";
    _cleanup_close_ int fd = mkstemp(path);
    struct err err = ERR_INIT;
    size_t size;

    CHECK(fd >= 0);
    for (int i = 0; i < 10000; i++)
        CHECK_EQ(fd_write_full(fd, "line\n", 5), 0);
    {
        _cleanup_free_ char *text = fd_read_file(path, 50000, &size, &err);

        CHECK(text != NULL);
        CHECK_EQ(size, (size_t)50000);
        CHECK_EQ(strlen(text), (size_t)50000);
    }
    CHECK(fd_read_file(path, 49999, &size, &err) == NULL);
    CHECK_EQ(err.code, -EFBIG);
    unlink(path);
    CHECK(fd_read_file(path, 50000, &size, &err) == NULL);
    CHECK_EQ(err.code, -ENOENT);
    CHECK(strstr(err.text, path) != NULL);
    {
        _cleanup_free_ char *status = fd_read_file("/proc/self/status", 1 << 20, NULL, &err);

        CHECK(status && strstr(status, "Pid:"));
    }
}

TEST(move_high)
{
    struct err err = ERR_INIT;
    struct rlimit r;
    int fd = open("/dev/null", O_RDONLY), old = fd;

    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &r), 0);
    CHECK_EQ(fd_move_high(&fd, 500, &err), 0);
    CHECK(fd >= 500);
    CHECK_EQ(fcntl(old, F_GETFD), -1);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    old = fd;
    CHECK_EQ(fd_move_high(&fd, (int)r.rlim_cur, &err), -EINVAL);
    CHECK_EQ(fd, old);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(fd_steal(&fd), old);
    CHECK_EQ(fd, -1);
    fd_close(old);
}
