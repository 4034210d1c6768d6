/* Directory entries: the host's, less lodge's own descriptors in /proc/self/fd and fdinfo.
 */
#include "linux/sys_c.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* struct linux_dirent64: u64 d_ino, s64 d_off, u16 d_reclen, u8 d_type, char d_name[] (getdents64(2)). */
#define DIRENT_RECLEN 16
#define DIRENT_NAME 19

/* The number that a name of digits stands for, or -1. */
static int decimal_name(const char *name)
{
    int n = 0;

    if (!*name)
        return -1;
    for (; *name; name++) {
        if (*name < '0' || *name > '9' || n > 100000000)
            return -1;
        n = n * 10 + (*name - '0');
    }
    return n;
}

/* Is there an entry that could be a hidden descriptor's? */
static bool suspicious(const char *buf, int64_t size)
{
    uint16_t len;

    for (int64_t at = 0; at + DIRENT_NAME < size; at += len) {
        int fd = decimal_name(buf + at + DIRENT_NAME);

        if (fd >= 0 && linux_fd_hidden(fd))
            return true;
        memcpy(&len, buf + at + DIRENT_RECLEN, sizeof(len));
        if (len == 0)
            return false;
    }
    return false;
}

/* Removes entries of hidden descriptors from buf; returns the bytes left. */
static int64_t filter(char *buf, int64_t size)
{
    int64_t at = 0, kept = 0;

    while (at + DIRENT_NAME < size) {
        uint16_t len;
        char *e = buf + at;
        int fd = decimal_name(e + DIRENT_NAME);

        memcpy(&len, e + DIRENT_RECLEN, sizeof(len));
        if (len == 0)
            break;
        at += len;
        if (fd >= 0 && linux_fd_hidden(fd))
            continue;
        memmove(buf + kept, e, len);
        kept += len;
    }
    return kept;
}

int64_t linux_sys_getdents64(struct linux_thread *t, const uint64_t a[6])
{
    int64_t r;

    if (linux_buffer_out(t, a[1], (uint32_t)a[2]))
        return -EFAULT;
    for (;;) {
        r = linux_host(SYS_getdents64, a[0], a[1], a[2], 0, 0, 0);
        if (r <= 0 || !suspicious((const char *)(uintptr_t)a[1], r) || !linux_proc_is_fd_dir(t, (int)a[0]))
            return r;
        r = filter((char *)(uintptr_t)a[1], r);
        if (r > 0)
            return r;
    }
}
