/* The page table: a byte a page, readable without the lock and from signal handlers. Three levels, so that it costs
 * address space and memory only where the guest has some: a root of 256 GiB steps, a second level of 2 MiB steps whose
 * entry is one byte for all pages or a leaf of 512 bytes.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/log.h"
#include "mem/mem_int.h"

#define LEAF_POOL (16u * 1024)

static void *pt_alloc(size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (p == MAP_FAILED) {
        log_line("lodge: out of memory: page table of the guest");
        _exit(125);
    }
    return p;
}

static unsigned char *leaf_new(struct mem_space *m, unsigned value)
{
    unsigned char *leaf;

    if (m->leaf_pool_left < LEAF_PAGES) {
        m->leaf_pool = pt_alloc(LEAF_POOL);
        m->leaf_pool_left = LEAF_POOL;
    }
    leaf = m->leaf_pool;
    m->leaf_pool += LEAF_PAGES;
    m->leaf_pool_left -= LEAF_PAGES;
    if (value)
        memset(leaf, (int)value, LEAF_PAGES);
    return leaf;
}

static mem_pt_entry *entry_of(const struct mem_space *m, uint64_t addr)
{
    mem_pt_entry *mid = atomic_load_explicit(&m->root[addr >> ROOT_SHIFT], memory_order_acquire);

    return mid ? mid + (addr >> LEAF_SHIFT & (MID_SIZE - 1)) : NULL;
}

unsigned mem_pt_get(const struct mem_space *m, uint64_t addr)
{
    mem_pt_entry *entry = entry_of(m, addr);
    uintptr_t value = entry ? atomic_load_explicit(entry, memory_order_acquire) : 0;

    if (!value || (value & 1))
        return (unsigned)(value >> 1);
    return __atomic_load_n((unsigned char *)value + (addr / MEM_PAGE & (LEAF_PAGES - 1)), __ATOMIC_RELAXED);
}

static void leaf_apply(unsigned char *leaf, unsigned first, unsigned count, unsigned keep, unsigned set)
{
    if (!keep) {
        memset(leaf + first, (int)set, count);
        return;
    }
    for (unsigned i = first; i < first + count; i++)
        __atomic_store_n(&leaf[i], (unsigned char)((leaf[i] & keep) | set), __ATOMIC_RELAXED);
}

static void entry_apply(
    struct mem_space *m, mem_pt_entry *entry, unsigned first, unsigned count, unsigned keep, unsigned set)
{
    uintptr_t value = atomic_load_explicit(entry, memory_order_relaxed);
    unsigned char *leaf = (unsigned char *)value;
    unsigned uniform = (unsigned)(value >> 1), next = (uniform & keep) | set;

    if (value && !(value & 1)) {
        leaf_apply(leaf, first, count, keep, set);
        return;
    }
    if (next == uniform)
        return;
    if (count == LEAF_PAGES) {
        atomic_store_explicit(entry, (uintptr_t)next << 1 | 1, memory_order_release);
        return;
    }
    leaf = leaf_new(m, uniform);
    leaf_apply(leaf, first, count, keep, set);
    atomic_store_explicit(entry, (uintptr_t)leaf, memory_order_release);
}

void mem_pt_apply(struct mem_space *m, uint64_t start, uint64_t end, unsigned keep, unsigned set)
{
    while (start < end) {
        uint64_t next = MIN(end, align_down(start, (uint64_t)1 << LEAF_SHIFT) + ((uint64_t)1 << LEAF_SHIFT));

        if (!atomic_load_explicit(&m->root[start >> ROOT_SHIFT], memory_order_relaxed))
            atomic_store_explicit(
                &m->root[start >> ROOT_SHIFT], pt_alloc(MID_SIZE * sizeof(mem_pt_entry)), memory_order_release);
        entry_apply(m, entry_of(m, start), (unsigned)(start / MEM_PAGE & (LEAF_PAGES - 1)),
            (unsigned)((next - start) / MEM_PAGE), keep, set);
        start = next;
    }
}

/* The first page from addr on (within its 2 MiB) that has, or has not, one of the bits; the end of the 2 MiB if none.
 */
static uint64_t pt_skip(const struct mem_space *m, uint64_t addr, unsigned bits, bool want)
{
    uint64_t chunk_end = align_down(addr, (uint64_t)1 << LEAF_SHIFT) + ((uint64_t)1 << LEAF_SHIFT);
    mem_pt_entry *entry = entry_of(m, addr);
    uintptr_t value = entry ? atomic_load_explicit(entry, memory_order_acquire) : 0;
    const unsigned char *leaf = (const unsigned char *)value;

    if (!value || (value & 1))
        return ((value >> 1 & bits) != 0) == want ? addr : chunk_end;
    for (; addr < chunk_end; addr += MEM_PAGE) {
        const unsigned char *at = leaf + (addr / MEM_PAGE & (LEAF_PAGES - 1));

        if (((__atomic_load_n(at, __ATOMIC_RELAXED) & bits) != 0) == want)
            return addr;
    }
    return chunk_end;
}

static uint64_t pt_seek(const struct mem_space *m, uint64_t addr, uint64_t end, unsigned bits, bool want)
{
    while (addr < end) {
        uint64_t next = pt_skip(m, addr, bits, want);

        if (next == addr || !is_aligned(next, (uint64_t)1 << LEAF_SHIFT))
            return MIN(next, end);
        addr = next; /* the border of the next 2 MiB: not looked at yet */
    }
    return end;
}

bool mem_pt_find(
    const struct mem_space *m, uint64_t start, uint64_t end, unsigned bits, uint64_t *run, uint64_t *run_end)
{
    *run = pt_seek(m, start, end, bits, true);
    if (*run >= end)
        return false;
    *run_end = pt_seek(m, *run, end, bits, false);
    return true;
}

void mem_pt_free(struct mem_space *m)
{
    for (size_t i = 0; i < ROOT_SIZE; i++)
        if (m->root[i])
            munmap((void *)(uintptr_t)m->root[i], MID_SIZE * sizeof(mem_pt_entry));
    /* The leaves are left: the process ends soon, and a signal handler may be looking at one. */
}
