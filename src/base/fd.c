/* File descriptor helpers: complete reads and writes, whole small files, moving out of the guest's way.
 */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/bits.h"

void fd_close(int fd)
{
    int saved_errno = errno;

    if (fd >= 0)
        close(fd); /* Linux frees the number even when it reports EINTR: never twice */
    errno = saved_errno;
}

ssize_t fd_read_full(int fd, void *buf, size_t size)
{
    size_t done = 0;
    ssize_t n;

    while (done < size) {
        n = read(fd, (char *)buf + done, size - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

ssize_t fd_pread_full(int fd, void *buf, size_t size, uint64_t offset)
{
    size_t done = 0;
    ssize_t n;

    while (done < size) {
        n = pread(fd, (char *)buf + done, size - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

int fd_write_full(int fd, const void *buf, size_t size)
{
    const char *at = buf;
    ssize_t n;

    while (size) {
        n = write(fd, at, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        at += n;
        size -= (size_t)n;
    }
    return 0;
}

char *fd_read_file(const char *path, size_t max, size_t *size, struct err *err)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    _cleanup_free_ char *buf = NULL;
    size_t len = 0, cap = MIN(max, (size_t)4096);
    ssize_t n;

    if (fd < 0) {
        err_errno(err, -errno, "open %s", path);
        return NULL;
    }
    for (;;) {
        buf = x_realloc(buf, cap + 1); /* one byte more than allowed: the terminator, or the proof of too much */
        n = fd_read_full(fd, buf + len, cap + 1 - len);
        if (n < 0) {
            err_errno(err, (int)n, "read %s", path);
            return NULL;
        }
        len += (size_t)n;
        if (len <= cap)
            break;
        if (cap == max) {
            err_set(err, -EFBIG, "read %s: more than %zu bytes", path, max);
            return NULL;
        }
        cap = MIN(max, cap * 2);
    }
    buf[len] = 0;
    if (size)
        *size = len;
    return steal(&buf);
}

int fd_move_high(int *fd, int floor, struct err *err)
{
    int moved = fcntl(*fd, F_DUPFD_CLOEXEC, floor);

    if (moved < 0)
        return err_errno(err, -errno, "move descriptor %d to %d or above", *fd, floor);
    fd_close(*fd);
    *fd = moved;
    return 0;
}
