/* Guest memory accessors: range check, then a copy that survives faults (copy_x64.c).
 */
#include <errno.h>
#include <limits.h>

#include "mem/copy_int.h"
#include "mem/mem_int.h"

static bool in_range(const struct mem_space *m, uint64_t addr, uint64_t len)
{
    return addr <= m->limit && len <= m->limit - addr;
}

int mem_read(struct mem_space *m, uint64_t addr, void *buf, size_t len)
{
    return in_range(m, addr, len) ? mem_copy_faulting(buf, (const void *)addr, len) : -EFAULT;
}

int mem_write(struct mem_space *m, uint64_t addr, const void *buf, size_t len)
{
    if (!in_range(m, addr, len))
        return -EFAULT;
    mem_prepare_write(m, addr, len);
    return mem_copy_faulting((void *)addr, buf, len);
}

ssize_t mem_read_string(struct mem_space *m, uint64_t addr, char *buf, size_t size)
{
    ssize_t n;

    if (addr >= m->limit)
        return -EFAULT;
    n = mem_copy_string_faulting(buf, (const char *)addr, size < m->limit - addr ? size : m->limit - addr);
    if (n < 0 || (size_t)n < size)
        return n;
    return -ENAMETOOLONG;
}

int mem_cas(struct mem_space *m, uint64_t addr, unsigned size, uint64_t *expected_old, uint64_t desired)
{
    if (!in_range(m, addr, size))
        return -EFAULT;
    mem_prepare_write(m, addr, size);
    return mem_cas_faulting((void *)addr, size, expected_old, desired);
}

uint64_t mem_fault_fixup(uint64_t pc)
{
    for (const struct mem_fixup *f = mem_fixups; f->start; f++)
        if (pc >= f->start && pc < f->end)
            return f->resume;
    return 0;
}
