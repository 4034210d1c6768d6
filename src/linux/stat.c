/* File status. The kernel's asm-generic struct stat (riscv64, arm64, ...) differs from x86-64's in the order and the width of
 * st_mode, st_nlink and st_blksize; statx has one layout.
 */
#include "linux/stat_int.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "linux/sys_c.h"

void linux_stat_convert(struct linux_stat *to, const struct stat *from)
{
    *to = (struct linux_stat){
        .st_dev = from->st_dev,
        .st_ino = from->st_ino,
        .st_mode = from->st_mode,
        .st_nlink = (uint32_t)from->st_nlink,
        .st_uid = from->st_uid,
        .st_gid = from->st_gid,
        .st_rdev = from->st_rdev,
        .st_size = from->st_size,
        .st_blksize = (int32_t)from->st_blksize,
        .st_blocks = from->st_blocks,
        .st_atime_sec = from->st_atim.tv_sec,
        .st_atime_nsec = (uint64_t)from->st_atim.tv_nsec,
        .st_mtime_sec = from->st_mtim.tv_sec,
        .st_mtime_nsec = (uint64_t)from->st_mtim.tv_nsec,
        .st_ctime_sec = from->st_ctim.tv_sec,
        .st_ctime_nsec = (uint64_t)from->st_ctim.tv_nsec,
    };
}

static int64_t put_stat(struct linux_thread *t, uint64_t addr, const struct stat *from)
{
    struct linux_stat st;

    linux_stat_convert(&st, from);
    return linux_put(t, addr, &st, sizeof(st));
}

int64_t linux_sys_fstat(struct linux_thread *t, const uint64_t a[6])
{
    struct stat st;
    int64_t r = linux_host(SYS_fstat, a[0], LINUX_PTR(&st), 0, 0, 0, 0);

    return r < 0 ? r : put_stat(t, a[1], &st);
}

/* The path argument of a stat call, after sysroot and /proc: 0 or a negative errno. */
static int64_t stat_path(struct linux_thread *t, const uint64_t a[6], unsigned flags, char path[LINUX_PATH_MAX])
{
    bool nofollow = flags & AT_SYMLINK_NOFOLLOW;
    char program[LINUX_PATH_MAX];
    int64_t r;

    if (!a[1] && (flags & AT_EMPTY_PATH)) { /* since Linux 6.11 NULL means "" */
        path[0] = '\0';
        return 0;
    }
    r = linux_path_get(t, a[1], path, nofollow);
    if (r < 0)
        return r;
    if (linux_proc_hidden(t, (int)a[0], path))
        return -ENOENT;
    if (!nofollow && linux_proc_exe(t, (int)a[0], path, program))
        strcpy(path, program);
    return 0;
}

int64_t linux_sys_newfstatat(struct linux_thread *t, const uint64_t a[6])
{
    char path[LINUX_PATH_MAX];
    struct stat st;
    int64_t r = stat_path(t, a, (unsigned)a[3], path);

    if (r < 0)
        return r;
    r = linux_host(SYS_newfstatat, a[0], LINUX_PTR(path), LINUX_PTR(&st), a[3], 0, 0);
    return r < 0 ? r : put_stat(t, a[2], &st);
}

int64_t linux_sys_statx(struct linux_thread *t, const uint64_t a[6])
{
    char path[LINUX_PATH_MAX];
    int64_t r = stat_path(t, a, (unsigned)a[2], path);

    return r < 0 ? r : linux_host(SYS_statx, a[0], LINUX_PTR(path), a[2], a[3], a[4], 0);
}
