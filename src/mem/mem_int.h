/* mem_int.h - inside the mem room: the area list, the page table for lock-free questions, and the lock.
 *
 * The area list is a sorted array; neighbours that Linux would merge are merged, so that it stays short. The page table
 * holds a byte a page (PT_*): what mem_query and the fault handler may look at without the lock. Both change together,
 * under the lock, after the host's mapping did.
 */
#ifndef LODGE_MEM_INT_H
#define LODGE_MEM_INT_H

#include <stdatomic.h>

#include "base/vec.h"
#include "mem/mem.h"

/* Page table bytes. 0: unmapped. */
#define PT_PROT 0x07u /* PROT_* of the guest */
#define PT_MAPPED 0x10u
#define PT_CODE 0x20u    /* code was translated from here */
#define PT_WATCHED 0x40u /* writable for the guest, read-only in the host; implies PT_CODE */

#define LEAF_SHIFT 21 /* a leaf covers 2 MiB */
#define LEAF_PAGES 512u
#define ROOT_SHIFT 38 /* a second-level table covers 256 GiB: one is enough for Sv39 */
#define ROOT_SIZE 512u
#define MID_SIZE (1u << (ROOT_SHIFT - LEAF_SHIFT))

#define STACK_GUARD_GAP (256u * (uint64_t)MEM_PAGE) /* Linux's default stack_guard_gap */
#define LOWEST_CHOICE 0x10000u                      /* no mapping is put below by choice: vm.mmap_min_addr */

/* An entry of the second level: a pointer to a leaf, or (odd) one byte for all its pages, shifted left by 1. A leaf is
 * never given back while the space lives, so a reader without the lock never sees somebody else's. */
typedef _Atomic uintptr_t mem_pt_entry;

/* Pages that the host kernel is about to write to (mem_pin). */
struct mem_pin {
    uint64_t start, end;
    int owner;
    bool hit; /* code was translated from them meanwhile, and is not watched */
};

struct mem_space {
    uint64_t limit, mmap_base;
    bool foreign; /* lodge's own mappings lie inside [0, limit) */
    bool lock_future;
    void (*on_code_change)(void *ctx, uint64_t start, uint64_t end);
    void *ctx; /* borrowed */
    VEC(struct mem_area) areas;
    uint32_t next_id;
    uint64_t total, data; /* mem_total, mem_data */
    /* No hole of more than `skipped` bytes lies in [skip_from, mmap_base). */
    uint64_t skip_from, skipped;
    _Atomic uint64_t code_pages, watched_pages;
    _Atomic bool writable_code; /* some area has been writable and executable at once */
    VEC(struct mem_pin) pins;
    _Atomic(mem_pt_entry *) root[ROOT_SIZE];
    unsigned char *leaf_pool; /* unused part of the newest pool */
    size_t leaf_pool_left;
    /* recursive lock: a futex of its own, since a fork's child must be able to release it whatever its thread id is */
    _Atomic uint32_t futex; /* 0 free, 1 held, 2 held and waited for */
    _Atomic uintptr_t owner;
    unsigned depth;
};

/* ---- areas.c ---- */
size_t mem_area_index(const struct mem_space *m, uint64_t addr); /* first area that ends after addr, or the length */
bool mem_area_free(const struct mem_space *m, uint64_t start, uint64_t end); /* nothing mapped, guard gaps included */
bool mem_area_any(const struct mem_space *m, uint64_t start, uint64_t end);
bool mem_area_covered(const struct mem_space *m, uint64_t start, uint64_t end); /* no hole */
void mem_area_remove(struct mem_space *m, uint64_t start, uint64_t end);
void mem_area_insert(struct mem_space *m, struct mem_area area); /* its range must be free */
void mem_area_protect(struct mem_space *m, uint64_t start, uint64_t end, int prot);
/* A place for len bytes: top-down below the mmap base, then anywhere above. 0: there is none. */
uint64_t mem_area_choose(struct mem_space *m, uint64_t len, uint64_t align);
static inline uint64_t mem_area_len(const struct mem_area *a)
{
    return a->end - a->start;
}

/* ---- table.c ---- */
void mem_pt_apply(
    struct mem_space *m, uint64_t start, uint64_t end, unsigned keep, unsigned set); /* b = b & keep | set */
unsigned mem_pt_get(const struct mem_space *m, uint64_t addr);
/* The first run of pages in [start, end) that have (a bit of) `bits`; false: none. */
bool mem_pt_find(
    const struct mem_space *m, uint64_t start, uint64_t end, unsigned bits, uint64_t *run, uint64_t *run_end);
void mem_pt_free(struct mem_space *m);

/* ---- watch.c ---- */
/* The bytes in [start, end) go away or change: on_code_change if something was translated there. The pages' host
 * protection is left as it is, and no flag remains. */
void mem_code_gone(struct mem_space *m, uint64_t start, uint64_t end);
void mem_unwatch(struct mem_space *m, uint64_t start, uint64_t end); /* host protection restored, code gone */
/* The guest's protection of [start, end) became prot, the host's accordingly: pages with code are watched or not. */
void mem_rewatch(struct mem_space *m, uint64_t start, uint64_t end, int prot);
int mem_host_prot(int prot); /* what the host gets for what the guest asked */

/* ---- map.c ---- */
/* In a space that lodge's own mappings lie in: 0 if every page of [start, end) that the guest does not own is free in
 * the host (and is now reserved), else -ENOMEM. */
int mem_reserve_foreign(struct mem_space *m, uint64_t start, uint64_t end);
void mem_unreserve_foreign(struct mem_space *m, uint64_t start, uint64_t end);
void mem_resync(struct mem_space *m, uint64_t start, uint64_t end);
void mem_forget(struct mem_space *m, uint64_t start, uint64_t end); /* the host unmapped it */
int64_t mem_unmap_range(struct mem_space *m, uint64_t start, uint64_t end);
void mem_record(struct mem_space *m, struct mem_area area); /* the host mapped it: replaces what was there */

#endif
