/* mmap, munmap, mprotect and the growth of MAP_GROWSDOWN areas, with Linux's semantics (mm/mmap.c, mm/mprotect.c).
 *
 * The host maps first; the list and the table follow what it did. A request that the host refuses leaves the list as it
 * was, unless the host had already thrown the old mappings away (before Linux 6.12 a MAP_FIXED that fails late does).
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "base/bits.h"
#include "mem/mem_int.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#define MAP_32BIT_X86 0x40   /* not a flag of the other architectures, which ignore it */
#define MAP_ABOVE4G_X86 0x80 /* the same */
#define HUGE_PAGE ((uint64_t)2 << 20)

int mem_host_prot(int prot)
{
    /* Code is read by the translator; whatever it was mapped as, the host never executes it. */
    return (prot & (PROT_READ | PROT_WRITE)) | (prot & PROT_EXEC ? PROT_READ : 0);
}

static unsigned pt_byte(int prot)
{
    return PT_MAPPED | ((unsigned)prot & PT_PROT);
}

void mem_record(struct mem_space *m, struct mem_area area)
{
    mem_code_gone(m, area.start, area.end);
    mem_area_remove(m, area.start, area.end);
    mem_area_insert(m, area);
    mem_pt_apply(m, area.start, area.end, 0, pt_byte(area.prot));
}

/* Forgets [start, end), which the host has unmapped. */
void mem_forget(struct mem_space *m, uint64_t start, uint64_t end)
{
    mem_code_gone(m, start, end);
    mem_area_remove(m, start, end);
    mem_pt_apply(m, start, end, 0, 0);
}

int mem_reserve_foreign(struct mem_space *m, uint64_t start, uint64_t end)
{
    uint64_t at = start;

    if (!m->foreign)
        return 0;
    for (size_t i = mem_area_index(m, start); at < end; i++) {
        uint64_t hole_end = i < m->areas.len ? MIN(m->areas.data[i].start, end) : end;

        if (hole_end > at &&
            mmap((void *)at, hole_end - at, PROT_NONE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED)
            return -ENOMEM;
        if (i >= m->areas.len)
            break;
        at = m->areas.data[i].end;
    }
    return 0;
}

/* Gives back what mem_reserve_foreign took: the holes of [start, end) between the guest's areas. */
void mem_unreserve_foreign(struct mem_space *m, uint64_t start, uint64_t end)
{
    uint64_t at = start;

    if (!m->foreign)
        return;
    for (size_t i = mem_area_index(m, start); at < end; i++) {
        uint64_t hole_end = i < m->areas.len ? MIN(m->areas.data[i].start, end) : end;

        if (hole_end > at)
            munmap((void *)at, hole_end - at);
        if (i >= m->areas.len)
            break;
        at = m->areas.data[i].end;
    }
}

/* A call that replaces or moves failed: what the host dropped on the way, the list drops too. */
void mem_resync(struct mem_space *m, uint64_t start, uint64_t end)
{
    uint64_t to;

    for (size_t i = mem_area_index(m, start); i < m->areas.len && m->areas.data[i].start < end;
         i = mem_area_index(m, to)) {
        uint64_t from = MAX(m->areas.data[i].start, start);

        to = MIN(m->areas.data[i].end, end);
        if (msync((void *)from, MEM_PAGE, MS_ASYNC) < 0 && errno == ENOMEM)
            mem_forget(m, from, to);
        if (to == end)
            break;
    }
}

struct map_request {
    uint64_t addr, len, offset;
    int prot, flags, fd;
};

static int64_t map_at(struct mem_space *m, const struct map_request *r, bool replace)
{
    int flags = (r->flags & ~(MAP_FIXED | MAP_FIXED_NOREPLACE | MAP_GROWSDOWN)) | (m->lock_future ? MAP_LOCKED : 0);
    struct mem_area area = {
        .start = r->addr,
        .end = r->addr + r->len,
        .prot = (uint8_t)(r->prot & (int)PT_PROT),
        .shared = (r->flags & MAP_TYPE) != MAP_PRIVATE,
        .anonymous = r->flags & MAP_ANONYMOUS,
        .growsdown = r->flags & MAP_GROWSDOWN,
        .id = m->next_id,
        .offset = r->flags & MAP_ANONYMOUS ? 0 : r->offset,
    };
    int64_t status;

    replace = replace && mem_area_any(m, area.start, area.end);
    if (replace && mem_reserve_foreign(m, area.start, area.end) < 0)
        return -ENOMEM;
    flags |= replace ? MAP_FIXED : MAP_FIXED_NOREPLACE;
    if (mmap((void *)r->addr, r->len, mem_host_prot(r->prot), flags, r->fd, (off_t)r->offset) == MAP_FAILED) {
        status = -errno;
        if (replace) {
            mem_resync(m, area.start, area.end);
            mem_unreserve_foreign(m, area.start, area.end);
        }
        return status;
    }
    m->next_id++;
    mem_record(m, area);
    return (int64_t)r->addr;
}

static uint64_t map_align(const struct map_request *r)
{
    unsigned log = (unsigned)r->flags >> MAP_HUGE_SHIFT & MAP_HUGE_MASK;

    if (r->flags & MAP_HUGETLB)
        return log > 12 ? (uint64_t)1 << log : HUGE_PAGE;
    /* Linux >= 6.7 aligns such mappings, so that they get huge pages. */
    return (r->flags & MAP_ANONYMOUS) && is_aligned(r->len, HUGE_PAGE) ? HUGE_PAGE : MEM_PAGE;
}

/* Chooses a place. In a space shared with lodge's own mappings the first choice may be taken: others are tried below.
 */
static int64_t map_anywhere(struct mem_space *m, struct map_request *r)
{
    uint64_t align = map_align(r), hint = align_up(r->addr, MEM_PAGE), base = m->mmap_base;
    int64_t at = -ENOMEM;

    if (hint >= LOWEST_CHOICE && is_aligned(hint, r->flags & MAP_HUGETLB ? align : MEM_PAGE) &&
        hint <= m->limit - r->len && mem_area_free(m, hint, hint + r->len)) {
        r->addr = hint;
        at = map_at(m, r, false);
        if (at != -EEXIST)
            return at;
    }
    for (int tries = 0; tries < 64; tries++) {
        r->addr = mem_area_choose(m, r->len, align);
        if (!r->addr && align > MEM_PAGE && !(r->flags & MAP_HUGETLB))
            r->addr = mem_area_choose(m, r->len, align = MEM_PAGE);
        at = r->addr ? map_at(m, r, false) : -ENOMEM;
        if (at != -EEXIST || r->addr < (uint64_t)1 << 31)
            break;
        mem_set_mmap_base(m, r->addr - ((uint64_t)1 << 30));
    }
    mem_set_mmap_base(m, base);
    return at == -EEXIST ? -ENOMEM : at;
}

int64_t mem_map(struct mem_space *m, uint64_t addr, uint64_t len, int prot, int flags, int fd, uint64_t offset)
{
    bool fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);
    struct map_request r = {.addr = addr, .offset = offset, .prot = prot & (int)PT_PROT, .fd = fd};
    int64_t result;

    r.flags = flags & ~(MAP_32BIT_X86 | MAP_ABOVE4G_X86);
    if (!is_aligned(offset, MEM_PAGE) || len == 0)
        return -EINVAL;
    if (!align_up_ok(len, MEM_PAGE) || align_up(len, MEM_PAGE) > m->limit)
        return -ENOMEM;
    r.len = align_up(len, r.flags & MAP_HUGETLB ? map_align(&r) : MEM_PAGE);
    if (r.len > m->limit || (fixed && addr > m->limit - r.len))
        return -ENOMEM;
    if (fixed && !is_aligned(addr, MEM_PAGE))
        return -EINVAL;
    mem_lock(m);
    if (!fixed)
        result = map_anywhere(m, &r);
    else if ((flags & MAP_FIXED_NOREPLACE) && mem_area_any(m, addr, addr + r.len))
        result = -EEXIST;
    else
        result = map_at(m, &r, true);
    mem_unlock(m);
    /* Lodge's own mapping stood there: for the guest, which cannot see it, there is no memory. */
    return fixed && result == -EEXIST && !(flags & MAP_FIXED_NOREPLACE) ? -ENOMEM : result;
}

int64_t mem_unmap_range(struct mem_space *m, uint64_t start, uint64_t end)
{
    if (!m->foreign) {
        if (munmap((void *)start, end - start) < 0)
            return -errno;
        mem_forget(m, start, end);
        return 0;
    }
    for (size_t i = mem_area_index(m, start); i < m->areas.len && m->areas.data[i].start < end;) {
        uint64_t from = MAX(m->areas.data[i].start, start), to = MIN(m->areas.data[i].end, end);

        if (munmap((void *)from, to - from) < 0)
            return -errno;
        mem_forget(m, from, to);
        i = mem_area_index(m, to);
    }
    return 0;
}

int64_t mem_unmap(struct mem_space *m, uint64_t addr, uint64_t len)
{
    int64_t result;

    if (!is_aligned(addr, MEM_PAGE) || addr > m->limit || len > m->limit - addr || len == 0)
        return -EINVAL;
    mem_lock(m);
    result = mem_area_any(m, addr, addr + align_up(len, MEM_PAGE))
        ? mem_unmap_range(m, addr, addr + align_up(len, MEM_PAGE))
        : 0;
    mem_unlock(m);
    return result;
}

/* The host's protection of [start, end), one area's pages, becomes what `prot` asks. Pages with code in them stay
 * read-only when they are, or become, writable. */
static int protect_host(uint64_t start, uint64_t end, int prot)
{
    return mprotect((void *)start, end - start, mem_host_prot(prot)) < 0 ? -errno : 0;
}

static int64_t protect_range(struct mem_space *m, uint64_t start, uint64_t end, int prot)
{
    uint64_t run, run_end, at = start;
    int status;

    if (!(prot & PROT_EXEC))
        mem_unwatch(m, start, end);
    while (at < end && mem_pt_find(m, at, end, PT_CODE, &run, &run_end)) {
        if (run > at && (status = protect_host(at, run, prot)) < 0)
            return status;
        if ((status = protect_host(run, run_end, prot & ~PROT_WRITE)) < 0)
            return status;
        at = run_end;
    }
    if (at < end && (status = protect_host(at, end, prot)) < 0)
        return status;
    mem_area_protect(m, start, end, prot);
    mem_pt_apply(m, start, end, PT_CODE | PT_WATCHED, pt_byte(prot));
    mem_rewatch(m, start, end, prot);
    return 0;
}

int64_t mem_protect(struct mem_space *m, uint64_t addr, uint64_t len, int prot)
{
    const int grows = PROT_GROWSDOWN | PROT_GROWSUP;
    uint64_t end = addr + align_up(len, MEM_PAGE), at;
    int64_t result = 0;
    size_t i;

    if ((prot & grows) == grows || !is_aligned(addr, MEM_PAGE))
        return -EINVAL;
    if (len == 0)
        return 0;
    if (end <= addr || end > m->limit)
        return -ENOMEM;
    if (prot & ~(grows | PROT_READ | PROT_WRITE | PROT_EXEC | 8 /* PROT_SEM */))
        return -EINVAL;
    mem_lock(m);
    i = mem_area_index(m, addr);
    if (i == m->areas.len || m->areas.data[i].start >= end)
        result = -ENOMEM;
    else if (prot & PROT_GROWSDOWN) {
        addr = m->areas.data[i].start;
        result = m->areas.data[i].growsdown ? 0 : -EINVAL;
    } else if (m->areas.data[i].start > addr)
        result = -ENOMEM;
    for (at = addr; result == 0 && at < end;) {
        i = mem_area_index(m, at);
        if (i == m->areas.len || m->areas.data[i].start > at) {
            result = -ENOMEM;
            break;
        }
        uint64_t next = MIN(end, m->areas.data[i].end);
        result = m->areas.data[i].prot == (prot & (int)PT_PROT) ? 0 : protect_range(m, at, next, prot & (int)PT_PROT);
        at = next;
    }
    mem_unlock(m);
    return result;
}

/* mm/mmap.c expand_downwards: within RLIMIT_STACK, and never closer than the guard gap to what lies below. */
static bool grow_locked(struct mem_space *m, uint64_t addr)
{
    size_t i = mem_area_index(m, addr);
    struct map_request r = {.flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, .fd = -1};
    struct mem_area a;
    struct rlimit limit;

    if (i == m->areas.len)
        return false;
    a = m->areas.data[i];
    if (a.start <= addr)
        return a.growsdown; /* by another thread, just now */
    addr = align_down(addr, MEM_PAGE);
    if (!a.growsdown || a.shared || getrlimit(RLIMIT_STACK, &limit) < 0 || a.end - addr > limit.rlim_cur)
        return false;
    if (addr < LOWEST_CHOICE ||
        (i > 0 && m->areas.data[i - 1].prot && addr - m->areas.data[i - 1].end < STACK_GUARD_GAP))
        return false;
    r.addr = addr;
    r.len = a.start - addr;
    r.prot = a.prot;
    return map_at(m, &r, false) >= 0;
}

bool mem_grow(struct mem_space *m, uint64_t addr)
{
    bool grown;

    if (addr >= m->limit || (mem_pt_get(m, addr) & PT_MAPPED))
        return false;
    mem_lock(m);
    grown = grow_locked(m, addr);
    mem_unlock(m);
    return grown;
}
