/* mremap(2), after mm/mremap.c: shrink, grow in place, move, duplicate (old length 0), MREMAP_DONTUNMAP. Checks come in
 * the kernel's order, so that a wrong call gets the kernel's errno.
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/bits.h"
#include "mem/mem_int.h"

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

struct remap {
    uint64_t old, old_len, new_len, to; /* whole pages; to: with fixed or hint */
    bool may_move, fixed, dontunmap;
};

static bool overlaps(const struct remap *r)
{
    return r->old + r->old_len > r->to && r->to + r->new_len > r->old;
}

/* vma_to_resize: the area that holds [old, old + old_len) whole. */
static int find_area(struct mem_space *m, const struct remap *r, struct mem_area *area)
{
    size_t i = mem_area_index(m, r->old);

    if (i == m->areas.len || m->areas.data[i].start > r->old)
        return -EFAULT;
    *area = m->areas.data[i];
    if (r->old_len == 0 && !area->shared)
        return -EINVAL;
    if (r->dontunmap && area->shm)
        return -EINVAL;
    if (r->old_len > area->end - r->old)
        return -EFAULT;
    return 0;
}

static int64_t shrink(struct mem_space *m, const struct remap *r)
{
    return mem_unmap_range(m, r->old + r->new_len, r->old + r->old_len);
}

/* Grows at the same address if what follows is free. */
static int64_t grow_in_place(struct mem_space *m, const struct remap *r, const struct mem_area *area)
{
    uint64_t end = r->old + r->new_len;
    struct mem_area tail = *area;

    if (r->old + r->old_len != area->end || end > m->limit || !mem_area_free(m, area->end, end))
        return -ENOMEM;
    mem_unwatch(m, r->old, r->old + r->old_len); /* the new pages get the protection of the last old one */
    if (mremap((void *)r->old, r->old_len, r->new_len, 0) == MAP_FAILED)
        return -errno;
    tail.offset += mem_area_len(area);
    tail.start = area->end;
    tail.end = end;
    mem_record(m, tail);
    return (int64_t)r->old;
}

/* The list after the host moved (or copied) the pages: every piece of the old range turns up at the new one. One that
 * grows takes the new length. Kernels since 6.17 move several mappings, and the holes between them, at once. */
static void record_move(struct mem_space *m, const struct remap *r)
{
    VEC(struct mem_area) pieces = {0};
    uint64_t old_end = r->old + (r->old_len ? MIN(r->old_len, r->new_len) : 1); /* a tail beyond new_len was unmapped */

    for (size_t i = mem_area_index(m, r->old); i < m->areas.len && m->areas.data[i].start < old_end; i++) {
        struct mem_area a = m->areas.data[i];
        uint64_t from = MAX(a.start, r->old), to = MIN(a.end, old_end);

        a.offset += from - a.start;
        a.start = from - r->old + r->to;
        a.end = to - r->old + r->to;
        vec_push(&pieces, a);
    }
    if (pieces.len == 1 && r->new_len > r->old_len)
        pieces.data[0].end = r->to + r->new_len;
    if (r->old_len && !r->dontunmap) {
        mem_area_remove(m, r->old, r->old + r->old_len);
        mem_pt_apply(m, r->old, r->old + r->old_len, 0, 0);
    }
    vec_foreach (p, &pieces)
        mem_record(m, *p);
    mem_unreserve_foreign(m, r->to, r->to + r->new_len);
    vec_fini(&pieces);
}

/* Moves (or copies) the pages to r->to, over whatever is there. The host decides; the list follows. */
static int64_t move(struct mem_space *m, const struct remap *r)
{
    int flags = MREMAP_MAYMOVE | MREMAP_FIXED | (r->dontunmap ? MREMAP_DONTUNMAP : 0);

    if (mem_reserve_foreign(m, r->to, r->to + r->new_len) < 0)
        return -ENOMEM;
    mem_unwatch(m, r->old, r->old + r->old_len); /* one host mapping again, and its code is at another address */
    if (mremap((void *)r->old, r->old_len, r->new_len, flags, (void *)r->to) == MAP_FAILED) {
        int status = -errno;

        mem_resync(m, r->to, r->to + r->new_len);
        mem_resync(m, r->old, r->old + r->old_len);
        mem_unreserve_foreign(m, r->to, r->to + r->new_len);
        return status;
    }
    record_move(m, r);
    return (int64_t)r->to;
}

/* mremap_to: MREMAP_FIXED, or MREMAP_DONTUNMAP with or without it. */
static int64_t remap_to(struct mem_space *m, struct remap *r)
{
    if (!is_aligned(r->to, MEM_PAGE) || r->new_len > m->limit || r->to > m->limit - r->new_len || overlaps(r))
        return -EINVAL;
    if (!r->fixed && (r->to < LOWEST_CHOICE || !mem_area_free(m, r->to, r->to + r->new_len)))
        r->to = mem_area_choose(m, r->new_len, MEM_PAGE);
    if (!r->to)
        return -ENOMEM;
    return move(m, r);
}

static int64_t remap_locked(struct mem_space *m, struct remap *r)
{
    struct mem_area area;
    int64_t result;
    int status;

    if (r->fixed || r->dontunmap)
        return remap_to(m, r);
    if (r->old_len >= r->new_len) {
        if (!mem_area_any(m, r->old, r->old + 1))
            return -EFAULT;
        result = r->old_len > r->new_len ? shrink(m, r) : 0;
        return result < 0 ? result : (int64_t)r->old;
    }
    status = find_area(m, r, &area);
    if (status < 0)
        return status;
    if (r->old_len) {
        result = grow_in_place(m, r, &area);
        if (result != -ENOMEM || !r->may_move)
            return result;
    }
    r->to = r->may_move ? mem_area_choose(m, r->new_len, MEM_PAGE) : 0;
    return r->to ? move(m, r) : -ENOMEM;
}

int64_t mem_remap(struct mem_space *m, uint64_t old, uint64_t old_len, uint64_t new_len, int flags, uint64_t new_addr)
{
    struct remap r = {.old = old,
        .to = new_addr,
        .may_move = flags & MREMAP_MAYMOVE,
        .fixed = flags & MREMAP_FIXED,
        .dontunmap = flags & MREMAP_DONTUNMAP};
    int64_t result;

    if (flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP))
        return -EINVAL;
    if ((r.fixed || r.dontunmap) && !r.may_move)
        return -EINVAL;
    r.old_len = align_up(old_len, MEM_PAGE);
    r.new_len = align_up(new_len, MEM_PAGE);
    if (r.new_len == 0 || !is_aligned(old, MEM_PAGE) || (r.dontunmap && r.old_len != r.new_len))
        return -EINVAL;
    if (old >= m->limit)
        return -EFAULT;
    if (r.old_len > m->limit - old)
        return r.old_len > r.new_len ? -EINVAL : -EFAULT; /* of the munmap that shrinks; of the look-up */
    if (r.new_len > m->limit)
        return r.fixed || r.dontunmap ? -EINVAL : -ENOMEM;
    mem_lock(m);
    result = remap_locked(m, &r);
    mem_unlock(m);
    return result;
}

/* The host emulates it by a mapping of the same file over the old one (mm/mmap.c), and says what is wrong with a call. The
 * new mapping's protection is the host's at the start, which must be the guest's: no watched page may be left there. */
int64_t mem_remap_pages(struct mem_space *m, uint64_t start, uint64_t len, int prot, uint64_t pgoff, int flags)
{
    struct mem_area area;
    int64_t result = -EINVAL;
    size_t i;

    start = align_down(start, MEM_PAGE);
    len = align_down(len, MEM_PAGE);
    if (len == 0 || start >= m->limit || len > m->limit - start)
        return -EINVAL;
    mem_lock(m);
    i = mem_area_index(m, start);
    if (mem_area_covered(m, start, start + len) && m->areas.data[i].shared) {
        area = m->areas.data[i];
        mem_unwatch(m, start, start + len);
        result = syscall(SYS_remap_file_pages, start, len, prot, pgoff, flags) < 0 ? -errno : 0;
        area.start = start;
        area.end = start + len;
        area.offset = pgoff * MEM_PAGE;
        if (result == 0)
            mem_record(m, area);
    }
    mem_unlock(m);
    return result;
}
