/* memory.c - the system calls for memory: brk, mmap and its kin, madvise, mincore, mlock, msync, System V attachments. Most
 * is src/mem; here are the arguments' checks, and what must not reach lodge's own memory.
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/shm.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/base.h"
#include "linux/guest.h"
#include "linux/sys_c.h"

static struct mem_space *mem_of(struct linux_thread *t)
{
    return t->process->mm->mem;
}

/* ---- limits that lodge keeps for itself (limits.c) ---- */

/* The stack is mapped whole at the start; a kernel's would have grown to about this much. */
enum { STACK_COUNTED = 132 << 10 };

uint64_t linux_memory_size(struct linux_thread *t)
{
    const struct linux_mm *mm = t->process->mm;
    uint64_t total = mem_total(mm->mem), stack = mm->stack_top - mm->stack_low;

    return stack > STACK_COUNTED && total > stack ? total - (stack - STACK_COUNTED) : total;
}

/* may_expand_vm of mm/mmap.c: room for len more bytes? data: they are private and writable. */
static bool may_expand(struct linux_thread *t, uint64_t len, bool data)
{
    const struct rlimit *as = &t->process->as_limit, *most = &t->process->data_limit;
    uint64_t now;

    if (as->rlim_cur != RLIM_INFINITY && (len > as->rlim_cur || linux_memory_size(t) > as->rlim_cur - len))
        return false;
    if (!data || most->rlim_cur == RLIM_INFINITY)
        return true;
    now = mem_data(mem_of(t));
    if (most->rlim_cur == 0) /* as the kernel does, for valgrind */
        return now + len <= most->rlim_max;
    return len <= most->rlim_cur && now <= most->rlim_cur - len;
}

static bool limited(struct linux_thread *t)
{
    return t->process->as_limit.rlim_cur != RLIM_INFINITY || t->process->data_limit.rlim_cur != RLIM_INFINITY;
}

/* Bytes of [start, end) that are mapped; no_data: only what RLIMIT_DATA does not count and would if it were writable. */
static uint64_t mapped(struct linux_thread *t, uint64_t start, uint64_t end, bool no_data)
{
    struct mem_area area;
    uint64_t sum = 0;

    for (uint64_t at = start; at < end && mem_next(mem_of(t), at, &area) && area.start < end; at = area.end)
        if (!no_data || (!(area.prot & PROT_WRITE) && !area.shared && !area.growsdown))
            sum += MIN(area.end, end) - MAX(area.start, at);
    return sum;
}

static uint64_t page_up(uint64_t value)
{
    return align_up(value, MEM_PAGE);
}

/* ---- brk: fails by returning the old end ---- */
static bool brk_move(struct linux_thread *t, uint64_t to)
{
    struct linux_mm *mm = t->process->mm;
    uint64_t old_end = page_up(mm->brk), new_end = page_up(to);

    if (to < mm->brk_start || to > mem_space_limit(mm->mem) - MEM_PAGE)
        return false;
    if (new_end < old_end)
        return mem_unmap(mm->mem, new_end, old_end - new_end) == 0;
    if (new_end == old_end)
        return true;
    if (to - mm->brk_start > t->process->data_limit.rlim_cur || !may_expand(t, new_end - old_end, true))
        return false;
    return mem_map(mm->mem, old_end, new_end - old_end, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) >= 0;
}

int64_t linux_sys_brk(struct linux_thread *t, const uint64_t a[6])
{
    struct linux_mm *mm = t->process->mm;
    uint64_t result;

    mem_lock(mm->mem);
    if (a[0] && brk_move(t, a[0]))
        mm->brk = a[0];
    result = mm->brk;
    mem_unlock(mm->mem);
    return (int64_t)result;
}

/* ---- mmap and its kin ---- */

static bool on_noexec_mount(int fd)
{
    struct statvfs st;

    return fstatvfs(fd, &st) == 0 && (st.f_flag & ST_NOEXEC);
}

/* What a MAP_FIXED replaces does not count, but is looked at only where it matters. */
static bool mmap_fits(struct linux_thread *t, uint64_t addr, uint64_t len, int prot, int flags)
{
    bool data = (prot & PROT_WRITE) && (flags & MAP_TYPE) == MAP_PRIVATE && !(flags & MAP_GROWSDOWN);

    if (!limited(t) || len + MEM_PAGE < len || may_expand(t, page_up(len), data))
        return true;
    return (flags & MAP_FIXED) && addr + len > addr &&
        may_expand(t, page_up(len) - mapped(t, addr, addr + page_up(len), false), data);
}

int64_t linux_sys_mmap(struct linux_thread *t, const uint64_t a[6])
{
    int prot = (int)a[2], flags = (int)a[3], fd = (int)a[4];
    int64_t r;

    if ((prot & PROT_READ) && (t->process->personality & READ_IMPLIES_EXEC))
        prot |= PROT_EXEC;
    if (!(flags & MAP_ANONYMOUS) && (prot & PROT_EXEC) && on_noexec_mount(fd))
        return -EPERM;
    mem_lock(mem_of(t));
    r = mmap_fits(t, a[0], a[1], prot, flags) ? mem_map(mem_of(t), a[0], a[1], prot, flags, fd, a[5]) : -ENOMEM;
    mem_unlock(mem_of(t));
    return r;
}

int64_t linux_sys_munmap(struct linux_thread *t, const uint64_t a[6])
{
    return mem_unmap(mem_of(t), a[0], a[1]);
}

/* Files of a noexec mount stay so (VM_MAYEXEC). Rare enough to ask for the file's name. */
static bool may_become_executable(struct linux_thread *t, uint64_t start, uint64_t end)
{
    struct mem_area area;
    struct statvfs st;
    char path[LINUX_PATH_MAX];

    for (uint64_t at = start; at < end && mem_next(mem_of(t), at, &area) && area.start < end; at = area.end) {
        if (area.anonymous || area.shm || (area.prot & PROT_EXEC))
            continue;
        if (linux_maps_path(MAX(area.start, at), path) && statvfs(path, &st) == 0 && (st.f_flag & ST_NOEXEC))
            return false;
    }
    return true;
}

int64_t linux_sys_mprotect(struct linux_thread *t, const uint64_t a[6])
{
    int prot = (int)a[2];

    if ((prot & PROT_READ) && (t->process->personality & READ_IMPLIES_EXEC))
        prot |= PROT_EXEC;
    if ((prot & PROT_EXEC) && a[0] + a[1] >= a[0] && !may_become_executable(t, a[0], a[0] + a[1]))
        return -EACCES;
    if ((prot & PROT_WRITE) && limited(t) && a[0] + a[1] >= a[0] &&
        !may_expand(t, mapped(t, a[0], a[0] + a[1], true), true) && may_expand(t, 0, false))
        return -ENOMEM;
    return mem_protect(mem_of(t), a[0], a[1], prot);
}

/* Protection keys are the host CPU's; the guest's has none. */
int64_t linux_sys_pkey_mprotect(struct linux_thread *t, const uint64_t a[6])
{
    return (int)a[3] == -1 ? linux_sys_mprotect(t, a) : -EINVAL;
}

int64_t linux_sys_mremap(struct linux_thread *t, const uint64_t a[6])
{
    struct mem_area area;

    if (a[2] > a[1] && limited(t) && mem_find(mem_of(t), a[0], &area) &&
        !may_expand(t, a[2] - a[1], (area.prot & PROT_WRITE) && !area.shared && !area.growsdown))
        return -ENOMEM;
    return mem_remap(mem_of(t), a[0], a[1], a[2], (int)a[3], a[4]);
}

int64_t linux_sys_remap_file_pages(struct linux_thread *t, const uint64_t a[6])
{
    return mem_remap_pages(mem_of(t), a[0], a[1], (int)a[2], a[3], (int)a[4]);
}

/* ---- calls on ranges: only what the guest has mapped goes to the host ---- */

/* 0, -EINVAL (alignment, wrap-around), -ENOMEM (outside the address space); *end is the page-aligned end. */
static int64_t range(struct linux_thread *t, uint64_t addr, uint64_t len, uint64_t *end)
{
    if (addr & (MEM_PAGE - 1))
        return -EINVAL;
    *end = addr + page_up(len);
    if (*end < addr || (len && !page_up(len)))
        return -EINVAL;
    return *end <= mem_space_limit(mem_of(t)) ? 0 : -ENOMEM;
}

/* Calls the host for each area in [addr, end); holes make the result -ENOMEM, after the rest was done. */
static int64_t each_area(struct linux_thread *t, uint64_t addr, uint64_t end, long nr, uint64_t arg)
{
    struct mem_space *m = mem_of(t);
    struct mem_area area;
    int64_t result = 0;

    mem_lock(m);
    while (addr < end) {
        uint64_t from = addr, to;
        int64_t r;

        if (!mem_next(m, addr, &area) || area.start >= end) {
            result = -ENOMEM;
            break;
        }
        if (area.start > from) {
            result = -ENOMEM;
            from = area.start;
        }
        to = MIN(area.end, end);
        r = host_result(syscall(nr, from, to - from, arg));
        if (r < 0) {
            result = r;
            break;
        }
        addr = to;
    }
    mem_unlock(m);
    return result;
}

/* Advice after which the bytes are others. */
static bool advice_changes_bytes(int advice)
{
    return advice == MADV_DONTNEED || advice == MADV_FREE || advice == MADV_REMOVE ||
        advice == 24 /* DONTNEED_LOCKED */;
}

int64_t linux_sys_madvise(struct linux_thread *t, const uint64_t a[6])
{
    int advice = (int)a[2];
    uint64_t end;
    int64_t r = range(t, a[0], a[1], &end);

    if (r == -ENOMEM && a[0] >= mem_space_limit(mem_of(t)))
        return r;
    if (r < 0 || a[0] == end)
        return r == 0 ? host_result(madvise(NULL, 0, advice)) : r; /* the host knows which advice exists */
    if (advice_changes_bytes(advice))
        mem_forget_code(mem_of(t), a[0], end);
    r = each_area(t, a[0], end, SYS_madvise, (uint64_t)advice);
    if ((advice == MADV_DONTFORK || advice == MADV_DOFORK) && r == 0)
        mem_set_dontfork(mem_of(t), a[0], end, advice == MADV_DONTFORK);
    return r;
}

int64_t linux_sys_msync(struct linux_thread *t, const uint64_t a[6])
{
    uint64_t end;
    int64_t r = range(t, a[0], a[1], &end);

    if ((a[2] & ~(uint64_t)(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) ||
        (a[2] & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC))
        return -EINVAL;
    if (r == -EINVAL && !(a[0] & (MEM_PAGE - 1)))
        return -ENOMEM;
    return r < 0 || a[0] == end ? r : linux_host_call(t, SYS_msync, a[0], end - a[0], a[2], 0, 0, 0);
}

int64_t linux_sys_mincore(struct linux_thread *t, const uint64_t a[6])
{
    uint64_t limit = mem_space_limit(mem_of(t)), pages = page_up(a[1]) / MEM_PAGE;

    if (a[0] & (MEM_PAGE - 1))
        return -EINVAL;
    if (a[0] > limit || a[1] > limit - a[0])
        return -ENOMEM;
    if (linux_buffer_out(t, a[2], pages))
        return -EFAULT;
    return host_result(syscall(SYS_mincore, a[0], a[1], a[2]));
}

/* mlock rounds to whole pages. */
static int64_t lock_range(struct linux_thread *t, const uint64_t a[6], long nr, uint64_t arg)
{
    uint64_t start = align_down(a[0], MEM_PAGE), len = a[1] + (a[0] - start), end;
    int64_t r = len < a[1] ? -EINVAL : range(t, start, len, &end);

    return r < 0 || start == end ? r : each_area(t, start, end, nr, arg);
}

int64_t linux_sys_mlock(struct linux_thread *t, const uint64_t a[6])
{
    return lock_range(t, a, SYS_mlock, 0);
}

int64_t linux_sys_mlock2(struct linux_thread *t, const uint64_t a[6])
{
    return a[2] & ~1ull ? -EINVAL : lock_range(t, a, SYS_mlock2, a[2]);
}

int64_t linux_sys_munlock(struct linux_thread *t, const uint64_t a[6])
{
    return lock_range(t, a, SYS_munlock, 0);
}

/* The host's mlockall would lock lodge's own large reservations as well: area by area instead. */
static int64_t lock_everything(struct linux_thread *t, long nr, uint64_t arg)
{
    struct mem_space *m = mem_of(t);
    struct mem_area area;
    int64_t r = 0;

    mem_lock(m);
    for (uint64_t at = 0; mem_next(m, at, &area); at = area.end) {
        int64_t one = host_result(syscall(nr, area.start, area.end - area.start, arg));

        if (one < 0 && area.prot) /* as the kernel's, a page that cannot be read is no reason */
            r = one;
    }
    mem_unlock(m);
    return r;
}

int64_t linux_sys_mlockall(struct linux_thread *t, const uint64_t a[6])
{
    uint64_t flags = a[0];
    int64_t r = 0;

    if (!flags || (flags & ~(uint64_t)(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) || flags == MCL_ONFAULT)
        return -EINVAL;
    if (flags & MCL_CURRENT)
        r = lock_everything(t, SYS_mlock2, flags & MCL_ONFAULT ? 1 : 0);
    if (r == 0)
        mem_set_lock_future(mem_of(t), flags & MCL_FUTURE);
    return r;
}

int64_t linux_sys_munlockall(struct linux_thread *t, const uint64_t a[6])
{
    mem_set_lock_future(mem_of(t), false);
    return lock_everything(t, SYS_munlock, 0);
}

int64_t linux_sys_mbind(struct linux_thread *t, const uint64_t a[6])
{
    uint64_t end;
    int64_t r = range(t, a[0], a[1], &end);

    if (r < 0)
        return r == -ENOMEM ? -EFAULT : r;
    if (a[3] && linux_buffer_in(t, a[3], (a[4] + 63) / 64 * 8))
        return -EFAULT;
    return host_result(syscall(SYS_mbind, a[0], a[1], a[2], a[3], a[4], a[5]));
}

/* Into our own memory, where code pages are to be noticed. In another guest's, a page that code was translated from is
 * read-only for the host, and the call ends there as at any such page. */
int64_t linux_sys_process_vm_writev(struct linux_thread *t, const uint64_t a[6])
{
    if ((int)a[0] == getpid() && linux_buffer_iov(t, a[3], a[4], true))
        return -EFAULT;
    return host_result(syscall(SYS_process_vm_writev, (int)a[0], a[1], a[2], a[3], a[4], a[5]));
}

/* ---- System V shared memory ---- */

int64_t linux_sys_shmat(struct linux_thread *t, const uint64_t a[6])
{
    struct shmid_ds info;

    if (limited(t) && shmctl((int)a[0], IPC_STAT, &info) == 0 && !may_expand(t, page_up(info.shm_segsz), false))
        return -ENOMEM;
    return mem_shmat(mem_of(t), (int)a[0], a[1], (int)a[2]);
}

int64_t linux_sys_shmdt(struct linux_thread *t, const uint64_t a[6])
{
    return mem_shmdt(mem_of(t), a[0]);
}
