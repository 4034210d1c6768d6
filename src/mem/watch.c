/* Pages that code was translated from. A page the guest may write is made read-only in the host when code is read from
 * it; the first write makes it writable again and throws the code away. So self-modifying code and guest JITs need no
 * check on stores. What this cannot see: writes through another mapping of the same object; the guest says so by
 * riscv_flush_icache. Pages that a system call in progress writes to cannot be read-only: they are pinned, and what was
 * translated from them goes when the call is over.
 */
#include <sys/mman.h>

#include "base/bits.h"
#include "base/log.h"
#include "mem/mem_int.h"

void mem_code_gone(struct mem_space *m, uint64_t start, uint64_t end)
{
    uint64_t first = end, last = start, run, run_end, at = start;

    if (!atomic_load(&m->code_pages))
        return;
    for (; at < end && mem_pt_find(m, at, end, PT_CODE, &run, &run_end); at = run_end) {
        uint64_t watched = 0;

        for (uint64_t page = run; page < run_end; page += MEM_PAGE)
            watched += (mem_pt_get(m, page) & PT_WATCHED) != 0;
        mem_pt_apply(m, run, run_end, (unsigned char)~(PT_CODE | PT_WATCHED), 0);
        atomic_fetch_sub(&m->code_pages, (run_end - run) / MEM_PAGE);
        atomic_fetch_sub(&m->watched_pages, watched);
        first = MIN(first, run);
        last = run_end;
    }
    if (first < last && m->on_code_change)
        m->on_code_change(m->ctx, first, last);
}

/* Removes the watch from the pages of [start, end): they are writable again before their code is gone, but nobody runs
 * guest code in between with the lock held by us that could see old code as new. */
void mem_unwatch(struct mem_space *m, uint64_t start, uint64_t end)
{
    uint64_t run, run_end, at = start;

    for (; at < end && mem_pt_find(m, at, end, PT_WATCHED, &run, &run_end); at = run_end)
        if (mprotect((void *)run, run_end - run, PROT_READ | PROT_WRITE) < 0)
            log_debug(LOG_MEM, "unwatch %#lx-%#lx failed", (unsigned long)run, (unsigned long)run_end);
    mem_code_gone(m, start, end);
}

static bool hit_pin(struct mem_space *m, uint64_t page)
{
    bool hit = false;

    vec_foreach (p, &m->pins)
        if (page >= p->start && page < p->end)
            hit = p->hit = true;
    return hit;
}

void mem_watch_code(struct mem_space *m, uint64_t start, uint64_t end)
{
    start = align_down(start, MEM_PAGE);
    mem_lock(m);
    for (uint64_t page = start; page < end && page < m->limit; page += MEM_PAGE) {
        unsigned byte = mem_pt_get(m, page), watch = 0;

        if (!(byte & PT_MAPPED) || (byte & PT_CODE))
            continue;
        if ((byte & PROT_WRITE) && !hit_pin(m, page)) {
            if (mprotect((void *)page, MEM_PAGE, PROT_READ) < 0)
                continue;
            watch = PT_WATCHED;
            atomic_fetch_add(&m->watched_pages, 1);
        }
        atomic_fetch_add(&m->code_pages, 1);
        mem_pt_apply(m, page, page + MEM_PAGE, 0xff, PT_CODE | watch);
    }
    mem_unlock(m);
}

void mem_rewatch(struct mem_space *m, uint64_t start, uint64_t end, int prot)
{
    uint64_t run, run_end, at = start;

    if (!atomic_load(&m->code_pages))
        return;
    for (; at < end && mem_pt_find(m, at, end, PT_CODE, &run, &run_end); at = run_end) {
        for (uint64_t page = run; page < run_end; page += MEM_PAGE) {
            bool was = mem_pt_get(m, page) & PT_WATCHED, is = prot & PROT_WRITE;

            atomic_fetch_add(&m->watched_pages, (uint64_t)is - (uint64_t)was);
        }
        mem_pt_apply(m, run, run_end, (unsigned char)~PT_WATCHED, prot & PROT_WRITE ? PT_WATCHED : 0);
    }
}

void mem_forget_code(struct mem_space *m, uint64_t start, uint64_t end)
{
    if (!atomic_load(&m->code_pages))
        return;
    start = align_down(start, MEM_PAGE);
    end = end > m->limit ? m->limit : align_up(end, MEM_PAGE);
    mem_lock(m);
    mem_unwatch(m, start, end);
    mem_unlock(m);
}

bool mem_write_fault(struct mem_space *m, uint64_t addr)
{
    unsigned byte;
    bool ours;

    if (addr >= m->limit || !(mem_pt_get(m, addr) & PT_MAPPED))
        return false;
    mem_lock(m);
    byte = mem_pt_get(m, addr);
    ours = (byte & (PT_MAPPED | PROT_WRITE)) == (PT_MAPPED | PROT_WRITE);
    /* Writable and no longer watched: another thread was faster, and the access succeeds now. The protection is set all the
     * same: were the host's another one, the access would be retried for ever. */
    if (ours && !(byte & PT_WATCHED))
        ours = mprotect((void *)align_down(addr, MEM_PAGE), MEM_PAGE, PROT_READ | PROT_WRITE) == 0;
    if (byte & PT_WATCHED)
        mem_unwatch(m, align_down(addr, MEM_PAGE), align_down(addr, MEM_PAGE) + MEM_PAGE);
    mem_unlock(m);
    return ours;
}

void mem_prepare_write(struct mem_space *m, uint64_t addr, uint64_t len)
{
    uint64_t run, run_end, end;

    if (!atomic_load_explicit(&m->watched_pages, memory_order_relaxed) || addr >= m->limit || len == 0)
        return;
    end = len > m->limit - addr ? m->limit : align_up(addr + len, MEM_PAGE);
    addr = align_down(addr, MEM_PAGE);
    if (!mem_pt_find(m, addr, end, PT_WATCHED, &run, &run_end))
        return;
    mem_lock(m);
    mem_unwatch(m, addr, end);
    mem_unlock(m);
}

static bool writable_and_executable(struct mem_space *m, uint64_t addr, uint64_t end)
{
    for (uint64_t run, run_end; addr < end && mem_pt_find(m, addr, end, PROT_EXEC, &run, &run_end); addr = run_end)
        for (uint64_t page = run; page < run_end; page += MEM_PAGE)
            if (mem_pt_get(m, page) & PROT_WRITE)
                return true;
    return false;
}

bool mem_pin(struct mem_space *m, uint64_t addr, uint64_t len, int owner)
{
    struct mem_pin pin = {.start = align_down(addr, MEM_PAGE), .owner = owner};

    if (!atomic_load_explicit(&m->writable_code, memory_order_relaxed) || addr >= m->limit || len == 0)
        return false;
    pin.end = len > m->limit - addr ? m->limit : align_up(addr + len, MEM_PAGE);
    if (!writable_and_executable(m, pin.start, pin.end))
        return false;
    mem_lock(m);
    mem_unwatch(m, pin.start, pin.end);
    vec_push(&m->pins, pin);
    mem_unlock(m);
    return true;
}

void mem_unpin(struct mem_space *m, int owner)
{
    mem_lock(m);
    for (size_t i = m->pins.len; i-- > 0;) {
        struct mem_pin pin = m->pins.data[i];

        if (owner != -1 && pin.owner != owner)
            continue;
        vec_remove(&m->pins, i, 1);
        if (pin.hit)
            mem_code_gone(m, pin.start, pin.end);
    }
    mem_unlock(m);
}
