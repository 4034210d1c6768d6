/* The space itself: made, locked, asked.
 */
#include <errno.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/err.h"
#include "mem/mem_int.h"

#define SV39_LIMIT ((uint64_t)1 << 38)

struct mem_space *mem_space_new(
    uint64_t limit, void (*on_code_change)(void *ctx, uint64_t start, uint64_t end), void *ctx, struct err *err)
{
    struct mem_space *m;

    if (sysconf(_SC_PAGESIZE) != MEM_PAGE) {
        err_set(err, -ENOTSUP, "this host has pages of %ld bytes; guests with pages of %u need the same",
            sysconf(_SC_PAGESIZE), MEM_PAGE);
        return NULL;
    }
    m = x_new(struct mem_space);
    m->limit = limit;
    m->foreign = limit > SV39_LIMIT;
    m->on_code_change = on_code_change;
    m->ctx = ctx;
    m->next_id = 1;
    mem_set_mmap_base(m, limit / 4 * 3);
    return m;
}

void mem_space_free(struct mem_space *m)
{
    if (!m)
        return;
    mem_pt_free(m);
    vec_fini(&m->areas);
    vec_fini(&m->pins);
    x_free(m);
}

uint64_t mem_space_limit(const struct mem_space *m)
{
    return m->limit;
}

void mem_set_code_change(
    struct mem_space *m, void (*on_code_change)(void *ctx, uint64_t start, uint64_t end), void *ctx)
{
    m->on_code_change = on_code_change;
    m->ctx = ctx;
}

void mem_set_mmap_base(struct mem_space *m, uint64_t base)
{
    m->mmap_base = m->skip_from = base;
    m->skipped = 0;
}

void mem_set_lock_future(struct mem_space *m, bool on)
{
    mem_lock(m);
    m->lock_future = on;
    mem_unlock(m);
}

/* ---- lock: Drepper's three-state futex, made recursive. The owner is known by its thread pointer, which a fork's
 * child keeps. ---- */

static uintptr_t self_token(void)
{
    return (uintptr_t)__builtin_thread_pointer();
}

void mem_lock(struct mem_space *m)
{
    uint32_t seen = 0;

    if (atomic_load_explicit(&m->owner, memory_order_relaxed) == self_token()) {
        m->depth++;
        return;
    }
    if (!atomic_compare_exchange_strong(&m->futex, &seen, 1)) {
        if (seen != 2)
            seen = atomic_exchange(&m->futex, 2);
        while (seen != 0) {
            syscall(SYS_futex, &m->futex, FUTEX_WAIT_PRIVATE, 2, NULL, NULL, 0);
            seen = atomic_exchange(&m->futex, 2);
        }
    }
    atomic_store_explicit(&m->owner, self_token(), memory_order_relaxed);
    m->depth = 1;
}

void mem_unlock(struct mem_space *m)
{
    if (--m->depth)
        return;
    atomic_store_explicit(&m->owner, 0, memory_order_relaxed);
    if (atomic_exchange(&m->futex, 0) == 2)
        syscall(SYS_futex, &m->futex, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

void mem_fork_prepare(struct mem_space *m)
{
    mem_lock(m);
}

/* Areas that MADV_DONTFORK kept out of the child are found by asking the host; in the parent they are all there. */
void mem_fork_done(struct mem_space *m)
{
    for (size_t i = m->areas.len; i-- > 0;) {
        struct mem_area a = m->areas.data[i];

        if (!a.dontfork || msync((void *)a.start, MEM_PAGE, MS_ASYNC) == 0 || errno != ENOMEM)
            continue;
        mem_code_gone(m, a.start, a.end);
        mem_area_remove(m, a.start, a.end);
        mem_pt_apply(m, a.start, a.end, 0, 0);
    }
    mem_unlock(m);
}

/* ---- questions ---- */

bool mem_next(struct mem_space *m, uint64_t addr, struct mem_area *out)
{
    size_t i;
    bool found;

    mem_lock(m);
    i = mem_area_index(m, addr);
    found = i < m->areas.len;
    if (found)
        *out = m->areas.data[i];
    mem_unlock(m);
    return found;
}

bool mem_find(struct mem_space *m, uint64_t addr, struct mem_area *out)
{
    struct mem_area area;

    if (!mem_next(m, addr, &area) || area.start > addr)
        return false;
    *out = area;
    return true;
}

int mem_query(struct mem_space *m, uint64_t addr)
{
    unsigned byte = addr < m->limit ? mem_pt_get(m, addr) : 0;

    return byte & PT_MAPPED ? (int)(byte & PT_PROT) : -1;
}

uint64_t mem_total(struct mem_space *m)
{
    uint64_t total;

    mem_lock(m);
    total = m->total;
    mem_unlock(m);
    return total;
}

uint64_t mem_data(struct mem_space *m)
{
    uint64_t data;

    mem_lock(m);
    data = m->data;
    mem_unlock(m);
    return data;
}

void mem_set_dontfork(struct mem_space *m, uint64_t start, uint64_t end, bool on)
{
    mem_lock(m);
    for (size_t i = mem_area_index(m, start); i < m->areas.len && m->areas.data[i].start < end; i++) {
        struct mem_area a = m->areas.data[i];

        if (a.dontfork == on)
            continue;
        a.offset += MAX(a.start, start) - a.start;
        a.start = MAX(a.start, start);
        a.end = MIN(a.end, end);
        a.dontfork = on;
        mem_area_remove(m, a.start, a.end);
        mem_area_insert(m, a);
        i = mem_area_index(m, a.start);
    }
    mem_unlock(m);
}
