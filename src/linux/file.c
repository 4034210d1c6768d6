/* Descriptors and paths: open, close, duplicate, fcntl, links. Reading and writing need no handlers (abi/generic.def).
 *
 * Paths that name what must look different to a guest (its own entries in /proc) are recognised before the host is asked.
 */
#include "linux/sys_c.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "linux/limits_int.h"

/* The host's path of an absolute path inside the sysroot, symlinks resolved as if the sysroot were the root directory. */
static void sysroot_lookup(const char *sysroot, char path[LINUX_PATH_MAX], bool nofollow)
{
    struct open_how how = {.flags = O_PATH | O_CLOEXEC | (nofollow ? O_NOFOLLOW : 0), .resolve = RESOLVE_IN_ROOT};
    _cleanup_close_ int root = linux_own_open(AT_FDCWD, sysroot, O_PATH | O_DIRECTORY);
    _cleanup_close_ int fd = -1;
    char link[40], found[LINUX_PATH_MAX];
    ssize_t n;

    if (root < 0)
        return;
    fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
    if (fd < 0)
        return;
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    n = readlink(link, found, sizeof(found) - 1);
    if (n <= 0 || found[0] != '/')
        return;
    memcpy(path, found, (size_t)n);
    path[n] = '\0';
}

int linux_path_get(struct linux_thread *t, uint64_t addr, char path[LINUX_PATH_MAX], bool nofollow)
{
    const char *sysroot = t->process->config->sysroot;
    ssize_t n = mem_read_string(t->process->mm->mem, addr, path, LINUX_PATH_MAX);

    if (n < 0)
        return (int)n;
    if (sysroot && path[0] == '/')
        sysroot_lookup(sysroot, path, nofollow);
    return 0;
}

int64_t linux_sys_openat(struct linux_thread *t, const uint64_t a[6])
{
    char path[LINUX_PATH_MAX];
    int flags = (int)a[2];
    int64_t r = linux_path_get(t, a[1], path, flags & O_NOFOLLOW);

    if (r < 0)
        return r;
    r = linux_proc_open(t, (int)a[0], path, flags);
    if (r != LINUX_PROC_HOST)
        return r;
    return linux_block(t, SYS_openat, (uint64_t[6]){a[0], LINUX_PTR(path), a[2], a[3]});
}

int64_t linux_sys_openat2(struct linux_thread *t, const uint64_t a[6])
{
    char path[LINUX_PATH_MAX];
    struct open_how how;
    int64_t r = linux_path_get(t, a[1], path, false);

    if (r < 0)
        return r;
    if (a[3] < sizeof(how))
        return -EINVAL;
    if (linux_get(t, a[2], &how, sizeof(how)) || linux_buffer_in(t, a[2], a[3]))
        return -EFAULT;
    if (!(how.resolve & (RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV | RESOLVE_BENEATH | RESOLVE_IN_ROOT))) {
        r = linux_proc_open(t, (int)a[0], path, (int)how.flags);
        if (r != LINUX_PROC_HOST)
            return r;
    }
    return linux_block(t, SYS_openat2, (uint64_t[6]){a[0], LINUX_PTR(path), a[2], a[3]});
}

int64_t linux_sys_readlinkat(struct linux_thread *t, const uint64_t a[6])
{
    char path[LINUX_PATH_MAX], target[LINUX_PATH_MAX];
    int64_t r = linux_path_get(t, a[1], path, true);
    size_t n;

    if (r < 0)
        return r;
    if ((int)a[3] <= 0)
        return -EINVAL;
    if (linux_proc_hidden(t, (int)a[0], path))
        return -ENOENT;
    if (!linux_proc_exe(t, (int)a[0], path, target))
        return linux_host(SYS_readlinkat, a[0], LINUX_PTR(path), a[2], a[3], 0, 0);
    n = strlen(target);
    if (n > a[3])
        n = a[3];
    return linux_put(t, a[2], target, n) ? -EFAULT : (int64_t)n;
}

int64_t linux_sys_close(struct linux_thread *t, const uint64_t a[6])
{
    return linux_host(SYS_close, a[0], 0, 0, 0, 0, 0);
}

int64_t linux_sys_dup3(struct linux_thread *t, const uint64_t a[6])
{
    int r = linux_hidden_make_room(t, (int)a[1]);

    return r ? r : linux_host(SYS_dup3, a[0], a[1], a[2], 0, 0, 0);
}

/* Closes or marks [first, last] except lodge's own descriptors: the pieces between them. */
int64_t linux_sys_close_range(struct linux_thread *t, const uint64_t a[6])
{
    uint32_t first = (uint32_t)a[0], last = (uint32_t)a[1];
    uint64_t flags = a[2];

    if (first > last || (flags & ~(uint64_t)(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)))
        return -EINVAL;
    for (;;) {
        int hidden = linux_hidden_next(t, first); /* first hidden descriptor >= first, or -1 */
        uint32_t end = hidden >= 0 && (uint32_t)hidden <= last ? (uint32_t)hidden : last;
        bool stop = hidden < 0 || (uint32_t)hidden > last;
        int64_t r;

        if (!stop && end == first) {
            if (first++ == last)
                return 0;
            continue;
        }
        r = linux_host(SYS_close_range, first, stop ? last : end - 1, flags, 0, 0, 0);
        if (r < 0 || stop || end == last)
            return r;
        flags &= ~(uint64_t)CLOSE_RANGE_UNSHARE;
        first = end + 1;
    }
}

/* Bytes that a fcntl command moves through its argument; 0: the argument is a number. */
static unsigned fcntl_size(int cmd)
{
    switch (cmd) {
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
    case F_OFD_GETLK:
    case F_OFD_SETLK:
    case F_OFD_SETLKW: return sizeof(struct flock);
    case F_GETOWN_EX:
    case F_SETOWN_EX: return sizeof(struct f_owner_ex);
    case 17: /* F_GETOWNER_UIDS */
    case F_GET_RW_HINT:
    case F_SET_RW_HINT:
    case F_GET_FILE_RW_HINT:
    case F_SET_FILE_RW_HINT: return 8;
    default: return 0;
    }
}

int64_t linux_sys_fcntl(struct linux_thread *t, const uint64_t a[6])
{
    int cmd = (int)a[1];
    unsigned size = fcntl_size(cmd);

    if (size && linux_buffer_out(t, a[2], size))
        return -EFAULT;
    if (cmd == F_SETLKW || cmd == F_OFD_SETLKW)
        return linux_block(t, SYS_fcntl, a);
    return linux_host(SYS_fcntl, a[0], a[1], a[2], 0, 0, 0);
}
