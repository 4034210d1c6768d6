/* Guest buffers on their way to the host kernel. A guest address is a host address, so the kernel gets it as it is; what must
 * be true first: the range is the guest's (lodge's own memory is never read or written for the guest), and pages that lodge
 * write-protects because code was translated from them are writable again where the kernel will write.
 */
#include "linux/sys_c.h"

#include <sys/uio.h>

static bool in_guest(struct linux_thread *t, uint64_t addr, uint64_t len)
{
    uint64_t limit = mem_space_limit(t->process->mm->mem);

    return len <= limit && addr <= limit - len;
}

/* The kernel's access would grow a MAP_GROWSDOWN area of its own; this one is lodge's to grow. */
static void grow(struct linux_thread *t, uint64_t addr)
{
    if (mem_query(t->process->mm->mem, addr) < 0)
        mem_grow(t->process->mm->mem, addr);
}

int linux_buffer_in(struct linux_thread *t, uint64_t addr, uint64_t len)
{
    if (len == 0)
        return 0;
    if (!in_guest(t, addr, len))
        return -EFAULT;
    grow(t, addr);
    return 0;
}

int linux_buffer_out(struct linux_thread *t, uint64_t addr, uint64_t len)
{
    if (len == 0)
        return 0;
    if (!in_guest(t, addr, len))
        return -EFAULT;
    grow(t, addr);
    mem_prepare_write(t->process->mm->mem, addr, len);
    if (mem_pin(t->process->mm->mem, addr, len, t->tid))
        t->pinned = true;
    return 0;
}

int linux_buffer_iov(struct linux_thread *t, uint64_t addr, uint64_t count, bool out)
{
    struct iovec iov[32];

    if (count > UIO_MAXIOV)
        return 0;
    while (count > 0) {
        uint64_t n = count < 32 ? count : 32;

        if (mem_read(t->process->mm->mem, addr, iov, n * sizeof(iov[0])))
            return -EFAULT;
        for (uint64_t i = 0; i < n; i++) {
            uint64_t base = LINUX_PTR(iov[i].iov_base);

            if ((int64_t)iov[i].iov_len < 0)
                return 0; /* the kernel's EINVAL comes first */
            if (out ? linux_buffer_out(t, base, iov[i].iov_len) : linux_buffer_in(t, base, iov[i].iov_len))
                return -EFAULT;
        }
        addr += n * sizeof(iov[0]);
        count -= n;
    }
    return 0;
}

int linux_get(struct linux_thread *t, uint64_t addr, void *to, size_t size)
{
    return mem_read(t->process->mm->mem, addr, to, size);
}

int linux_put(struct linux_thread *t, uint64_t addr, const void *from, size_t size)
{
    return mem_write(t->process->mm->mem, addr, from, size);
}
