/* wait.c - wait4 and waitid: a guest's children are the host's, with the same numbers and states. */
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "linux/guest.h"
#include "linux/sys_c.h"

int64_t linux_sys_wait4(struct linux_thread *t, const uint64_t a[6])
{
    int status = 0;
    struct rusage usage;
    int64_t r = linux_host_call(
        t, SYS_wait4, (uint64_t)(int)a[0], (uint64_t)&status, (uint64_t)(int)a[2], a[3] ? (uint64_t)&usage : 0, 0, 0);

    if (r <= 0)
        return r;
    if (a[3] && guest_write(t, a[3], &usage, sizeof(usage)))
        return -EFAULT;
    if (a[1] && guest_write(t, a[1], &status, sizeof(status)))
        return -EFAULT;
    return r;
}

/* The kernel writes six fields of the siginfo and leaves the rest of it alone. */
static int write_info(struct linux_thread *t, uint64_t addr, const siginfo_t *info)
{
    int head[3] = {info->si_signo, info->si_errno, info->si_code};
    int tail[3] = {info->si_pid, (int)info->si_uid, info->si_status};

    return guest_write(t, addr, head, sizeof(head)) || guest_write(t, addr + 16, tail, sizeof(tail)) ? -EFAULT : 0;
}

int64_t linux_sys_waitid(struct linux_thread *t, const uint64_t a[6])
{
    siginfo_t info;
    struct rusage usage;
    int64_t r;

    memset(&info, 0, sizeof(info));
    r = linux_host_call(t, SYS_waitid, (uint64_t)(int)a[0], (uint64_t)(int)a[1], (uint64_t)&info, (uint64_t)(int)a[3],
        a[4] ? (uint64_t)&usage : 0, 0);
    if (r < 0)
        return r;
    if (a[4] && info.si_pid && guest_write(t, a[4], &usage, sizeof(usage)))
        return -EFAULT;
    if (a[2] && write_info(t, a[2], &info))
        return -EFAULT;
    return r;
}
