/* The area list: a sorted array of what the guest has mapped, without overlaps, neighbours merged where Linux would
 * merge them. Places for new mappings are chosen here, top-down, as mm/mmap.c does. The caller holds the lock.
 */
#include <sys/mman.h>

#include "base/bits.h"
#include "mem/mem_int.h"

size_t mem_area_index(const struct mem_space *m, uint64_t addr)
{
    size_t low = 0, high = m->areas.len;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (m->areas.data[mid].end > addr)
            high = mid;
        else
            low = mid + 1;
    }
    return low;
}

/* Where the space that an area needs begins: a stack keeps others off by its guard gap. */
static uint64_t area_gap_start(const struct mem_area *a)
{
    if (!a->growsdown)
        return a->start;
    return a->start > STACK_GUARD_GAP ? a->start - STACK_GUARD_GAP : 0;
}

bool mem_area_any(const struct mem_space *m, uint64_t start, uint64_t end)
{
    size_t i = mem_area_index(m, start);

    return i < m->areas.len && m->areas.data[i].start < end;
}

bool mem_area_free(const struct mem_space *m, uint64_t start, uint64_t end)
{
    size_t i = mem_area_index(m, start);

    return i == m->areas.len || area_gap_start(&m->areas.data[i]) >= end;
}

bool mem_area_covered(const struct mem_space *m, uint64_t start, uint64_t end)
{
    for (size_t i = mem_area_index(m, start); start < end; start = m->areas.data[i++].end)
        if (i == m->areas.len || m->areas.data[i].start > start)
            return false;
    return true;
}

static bool areas_merge(const struct mem_area *a, const struct mem_area *b)
{
    if (a->end != b->start || a->prot != b->prot || a->shared != b->shared || a->anonymous != b->anonymous)
        return false;
    if (a->growsdown != b->growsdown || a->shm != b->shm || a->dontfork != b->dontfork)
        return false;
    if (a->anonymous && !a->shared)
        return true;
    return a->id == b->id && a->offset + mem_area_len(a) == b->offset;
}

static void merge_at(struct mem_space *m, size_t i)
{
    if (i + 1 >= m->areas.len || !areas_merge(&m->areas.data[i], &m->areas.data[i + 1]))
        return;
    m->areas.data[i].end = m->areas.data[i + 1].end;
    vec_remove(&m->areas, i + 1, 1);
}

/* Makes addr the border of areas, if it lies inside one. */
static void split_at(struct mem_space *m, uint64_t addr)
{
    size_t i = mem_area_index(m, addr);
    struct mem_area low;

    if (i == m->areas.len || m->areas.data[i].start >= addr)
        return;
    low = m->areas.data[i];
    low.end = addr;
    m->areas.data[i].offset += addr - low.start;
    m->areas.data[i].start = addr;
    vec_insert(&m->areas, i, low);
}

/* Keeps what mem_area_choose knows true after the area before index i's went. */
static void remember_hole(struct mem_space *m, size_t i)
{
    uint64_t low = i > 0 ? m->areas.data[i - 1].end : 0;
    uint64_t high = i < m->areas.len ? area_gap_start(&m->areas.data[i]) : m->limit;

    if (high <= m->skip_from)
        return;
    if (low < m->skip_from)
        m->skip_from = MIN(high, m->mmap_base);
    else
        m->skipped = MAX(m->skipped, high - low);
}

/* The area comes (sign 1) or goes (-1). */
static void account(struct mem_space *m, const struct mem_area *a, int sign)
{
    uint64_t len = sign < 0 ? -mem_area_len(a) : mem_area_len(a);

    m->total += len;
    if ((a->prot & PROT_WRITE) && !a->shared && !a->growsdown)
        m->data += len;
    if ((a->prot & (PROT_WRITE | PROT_EXEC)) == (PROT_WRITE | PROT_EXEC))
        atomic_store(&m->writable_code, true);
}

void mem_area_remove(struct mem_space *m, uint64_t start, uint64_t end)
{
    size_t first, last;

    split_at(m, start);
    split_at(m, end);
    first = last = mem_area_index(m, start);
    for (; last < m->areas.len && m->areas.data[last].end <= end; last++)
        account(m, &m->areas.data[last], -1);
    if (first == last)
        return;
    vec_remove(&m->areas, first, last - first);
    remember_hole(m, first);
}

void mem_area_insert(struct mem_space *m, struct mem_area area)
{
    size_t i = mem_area_index(m, area.start);

    account(m, &area, 1);
    vec_insert(&m->areas, i, area);
    merge_at(m, i);
    if (i > 0)
        merge_at(m, i - 1);
}

void mem_area_protect(struct mem_space *m, uint64_t start, uint64_t end, int prot)
{
    size_t first, last;

    split_at(m, start);
    split_at(m, end);
    first = last = mem_area_index(m, start);
    for (; last < m->areas.len && m->areas.data[last].end <= end; last++) {
        account(m, &m->areas.data[last], -1);
        m->areas.data[last].prot = (uint8_t)prot;
        account(m, &m->areas.data[last], 1);
    }
    for (size_t i = last + 1; i-- > first;)
        merge_at(m, i);
    if (first > 0)
        merge_at(m, first - 1);
}

/* The highest aligned address in [low, high) with len bytes free there, or 0. *largest: the largest hole that was
 * passed. */
static uint64_t choose_below(
    const struct mem_space *m, uint64_t low, uint64_t high, uint64_t len, uint64_t align, uint64_t *largest)
{
    size_t i = mem_area_index(m, high - 1);

    if (i < m->areas.len && area_gap_start(&m->areas.data[i]) < high)
        high = area_gap_start(&m->areas.data[i]);
    for (;;) {
        uint64_t floor = i > 0 ? MAX(m->areas.data[i - 1].end, low) : low;
        uint64_t hole = high > floor ? high - floor : 0;

        if (hole >= len && align_down(high - len, align) >= floor)
            return align_down(high - len, align);
        *largest = MAX(*largest, hole);
        if (i == 0 || m->areas.data[i - 1].start <= low)
            return 0;
        high = area_gap_start(&m->areas.data[--i]);
    }
}

uint64_t mem_area_choose(struct mem_space *m, uint64_t len, uint64_t align)
{
    bool below = len > m->skipped; /* than any hole above skip_from */
    uint64_t largest = below ? m->skipped : 0, at;

    if (len > m->limit)
        return 0;
    at = choose_below(m, LOWEST_CHOICE, below ? m->skip_from : m->mmap_base, len, align, &largest);
    if (at && below && align == MEM_PAGE) {
        m->skip_from = at;
        m->skipped = largest;
    }
    if (!at && m->mmap_base < m->limit)
        at = choose_below(m, m->mmap_base, m->limit, len, align, &largest);
    return at;
}
