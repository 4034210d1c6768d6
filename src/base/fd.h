/* File descriptors. A descriptor variable starts at -1; _cleanup_close_ closes it at the end of its scope unless
 * fd_steal took it. Calls that are interrupted by a signal are continued.
 */
#ifndef LODGE_BASE_FD_H
#define LODGE_BASE_FD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/alloc.h"
#include "base/err.h"

#define _cleanup_close_ _cleanup_(fd_cleanup_close)

void fd_close(int fd); /* nothing for fd < 0; errno survives */

static inline void fd_cleanup_close(const int *fd)
{
    fd_close(*fd);
}

/* Takes the descriptor out of a _cleanup_close_ variable. */
static inline int fd_steal(int *fd)
{
    int taken = *fd;

    *fd = -1;
    return taken;
}

/* Bytes read: fewer than size only at the end of the file. Negative errno on failure. */
ssize_t fd_read_full(int fd, void *buf, size_t size);
ssize_t fd_pread_full(int fd, void *buf, size_t size, uint64_t offset);

/* 0 when everything is written, else a negative errno. */
int fd_write_full(int fd, const void *buf, size_t size);

/* A whole file (of /proc too, where st_size is 0) as a terminated string; *size, where not NULL, is without the
 * terminator. A file longer than `max` bytes fails with -EFBIG. Free with x_free; NULL on failure. */
char *fd_read_file(const char *path, size_t max, size_t *size, struct err *err);

/* Moves *fd to the lowest free number >= floor, close-on-exec, and closes the old number: lodge's own descriptors must
 * not stand where the guest's are expected. Fails with -EINVAL or -EMFILE (floor beyond RLIMIT_NOFILE, or nothing
 * free); *fd is then as before. */
int fd_move_high(int *fd, int floor, struct err *err);

#endif
