/* guest.h - three-word helpers of the system-call handlers: guest memory by the thread, the host's result as -errno. */
#ifndef LODGE_LINUX_GUEST_H
#define LODGE_LINUX_GUEST_H

#include <errno.h>
#include <unistd.h>

#include "linux/linux_int.h"

static inline int guest_read(struct linux_thread *t, uint64_t addr, void *buf, size_t len)
{
    return mem_read(t->process->mm->mem, addr, buf, len);
}

static inline int guest_write(struct linux_thread *t, uint64_t addr, const void *buf, size_t len)
{
    return mem_write(t->process->mm->mem, addr, buf, len);
}

/* Of syscall(2) and its kin. */
static inline int64_t host_result(int64_t r)
{
    return r == -1 ? -errno : r;
}

#endif
