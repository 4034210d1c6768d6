/* futex.c - futexes, robust lists and membarrier are the host kernel's: a guest's word is the host's word at the same
 * address. lodge only makes pages writable that it had protected because of translated code.
 */
#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>

#include "linux/guest.h"
#include "linux/sys_c.h"

/* Operations whose fourth argument is a timeout, not a count. */
static bool takes_timeout(int op)
{
    op &= FUTEX_CMD_MASK;
    return op == FUTEX_WAIT || op == FUTEX_WAIT_BITSET || op == FUTEX_LOCK_PI || op == FUTEX_WAIT_REQUEUE_PI ||
        op == 13 /* FUTEX_LOCK_PI2 */;
}

static bool sleeps(int op)
{
    return takes_timeout(op);
}

int64_t linux_sys_futex(struct linux_thread *t, const uint64_t a[6])
{
    int op = (int)a[1], cmd = op & FUTEX_CMD_MASK;
    uint64_t limit = mem_space_limit(t->process->mm->mem);

    /* Only the address decides about a private wait or wake; the kernel reads, it does not write. */
    if (a[0] >= limit)
        return -EFAULT;
    if (cmd != FUTEX_WAIT && cmd != FUTEX_WAKE && cmd != FUTEX_WAIT_BITSET && cmd != FUTEX_WAKE_BITSET)
        mem_prepare_write(t->process->mm->mem, a[0], 4);
    if (cmd == FUTEX_WAKE_OP || cmd == FUTEX_REQUEUE || cmd == FUTEX_CMP_REQUEUE || cmd == FUTEX_WAIT_REQUEUE_PI ||
        cmd == FUTEX_CMP_REQUEUE_PI) {
        if (a[4] >= limit)
            return -EFAULT;
        mem_prepare_write(t->process->mm->mem, a[4], 4);
    }
    if (takes_timeout(op) && a[3] >= limit)
        return -EFAULT;
    if (!sleeps(op))
        return host_result(syscall(SYS_futex, a[0], op, (uint32_t)a[2], a[3], a[4], (uint32_t)a[5]));
    return linux_host_call(t, SYS_futex, a[0], (uint64_t)op, (uint32_t)a[2], a[3], a[4], (uint32_t)a[5]);
}

/* Newer calls: all pointers are guest pointers, which the host takes as they are. */
int64_t linux_sys_futex_waitv(struct linux_thread *t, const uint64_t a[6])
{
    uint64_t limit = mem_space_limit(t->process->mm->mem);

    if (a[0] >= limit || a[3] >= limit)
        return -EFAULT;
    return linux_host_call(t, 449, a[0], a[1], a[2], a[3], a[4], 0);
}

int64_t linux_sys_futex_wait(struct linux_thread *t, const uint64_t a[6])
{
    uint64_t limit = mem_space_limit(t->process->mm->mem);

    if (a[0] >= limit || a[4] >= limit)
        return -EFAULT;
    return linux_host_call(t, 455, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int64_t linux_sys_set_robust_list(struct linux_thread *t, const uint64_t a[6])
{
    return host_result(syscall(SYS_set_robust_list, a[0], a[1]));
}

int64_t linux_sys_get_robust_list(struct linux_thread *t, const uint64_t a[6])
{
    uint64_t head = 0, size = 0;

    if (syscall(SYS_get_robust_list, (int)a[0], &head, &size))
        return -errno;
    return guest_write(t, a[1], &head, sizeof(head)) || guest_write(t, a[2], &size, sizeof(size)) ? -EFAULT : 0;
}

int64_t linux_sys_membarrier(struct linux_thread *t, const uint64_t a[6])
{
    return host_result(syscall(SYS_membarrier, (int)a[0], (unsigned)a[1], (int)a[2]));
}

/* The host's rseq area is the C library's; the critical sections of a guest are no host code. libcs go on without. */
int64_t linux_sys_rseq(struct linux_thread *t, const uint64_t a[6])
{
    return -ENOSYS;
}
