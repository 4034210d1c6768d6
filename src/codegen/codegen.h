/* codegen.h - host code from IR: compile a unit, enter it, link units, and know for every host address which guest state
 * stands behind it.
 *
 * Register convention between units (x86-64): rbp = guest state + CG_STATE_BIAS; a fixed set of host registers holds the
 * guest's hottest slots (ir_guest.hot_int, hot_float) for as long as guest code runs, the other slots live in the state; rsp
 * is the host stack, 16-byte aligned as after a call's push removed; the rest is scratch. MXCSR is the guest's: its rounding
 * mode and its accrued flags. So at every instruction boundary each slot has one place, known statically, and a
 * quick-tier exit map is just a guest address.
 *
 * Code is append-only and never patched. Everything that changes (chaining, inline caches, invalidation) is a data word in
 * private memory, so the child of a fork shares code and changes only its own words:
 *
 *      unit A ... jmp [link.target] --> entry of unit B, or A's cold stub for this link, which leaves with CG_LEAVE_LINK
 *
 * Code pages have two views, one writable and one executable, never both (MAP_SHARED anonymous memory mapped twice by
 * mremap(old_size = 0): no descriptor is needed).
 */
#ifndef LODGE_CODEGEN_H
#define LODGE_CODEGEN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ir/ir.h"

struct err;
struct strbuf;

#define CG_STATE_BIAS 128 /* rbp points this far into the guest's state: a disp8 reaches its first 256 bytes */

/* Host features, found once by cg_host_detect; tests override them to fix a level. */
struct cg_host {
    bool sse41, popcnt, lzcnt, bmi1, bmi2, avx, avx2, fma, f16c, pclmul;
};
void cg_host_detect(struct cg_host *h);

/* A direct exit or return point. Lives in the data part of a cg_space as long as the space. */
struct cg_link {
    _Atomic(void *) target; /* host code to jump to */
    uint64_t pc;            /* guest address that it stands for */
    void *unresolved;       /* the cold stub; target's first value and its value after an unlink */
    struct cg_link *next;   /* engine: list of the links that enter one unit */
};

/* A compiled unit. `pc` comes first: indirect jumps compare against it, so a unit dies for all look-ups at once when its pc
 * becomes CG_DEAD_PC. */
struct cg_unit {
    _Atomic uint64_t pc;
    void *entry;
    uint64_t base; /* guest address it was compiled for, kept after death */
    struct cg_link *link;
    const struct cg_map_entry *map; /* by ascending host offset */
    const struct ir_range *range;   /* guest bytes it was made from */
    uint16_t nlinks, nmaps;
    uint8_t nranges, mode;
    uint16_t guest_insns, ir_insns;
    uint16_t host_insns; /* in the straight path, cold code not counted */
    uint32_t code_size;
    struct cg_link *incoming;  /* engine: links that point here; engine's lock */
    struct cg_unit *hash_next; /* engine: chain of the table by guest address */
};
#define CG_DEAD_PC 1u /* odd: no guest instruction is there */

/* Exit map: the host instruction at code offset `host` (an access that may fault, or the return address of a helper call)
 * belongs to the guest instruction at unit base + pc. */
struct cg_map_entry {
    int32_t pc;
    uint16_t host, host_len;
};

/* Why guest code was left. */
enum cg_leave {
    CG_LEAVE_LINK,   /* rt->link: unresolved direct exit; go on at link->pc */
    CG_LEAVE_LOOKUP, /* indirect jump to rt->pc missed the jump cache; rt->ic: inline cache word to fill, or NULL */
    CG_LEAVE_KICK,   /* safepoint with a request pending; go on at rt->pc */
    CG_LEAVE_EXIT,   /* an IR exit: rt->why, rt->info, rt->pc */
    CG_LEAVE_FAULT,  /* the engine's signal handler sent it here; rt->pc */
};

#define CG_RAS_SIZE 32

/* Per guest thread; the guest's state follows it in memory (rt + 1). Field order is private to codegen/x64, which uses
 * offsetof. */
struct cg_runtime {
    _Atomic uint32_t kick; /* nonzero: leave at the next safepoint */
    uint32_t leave;        /* enum cg_leave */
    uint64_t pc;
    struct cg_link *link;
    _Atomic(struct cg_unit *) *ic;
    uint32_t why;
    uint32_t mxcsr; /* the guest's, while outside */
    uint64_t info;
    uint64_t host_rsp;
    uint32_t host_mxcsr;
    uint32_t ras_top;                      /* byte offset into ras */
    _Atomic(struct cg_unit *) *jump_cache; /* 1 << bits entries, never NULL, shared by the threads: index by
                                              cg_jump_hash; empty ones point to cg_no_unit */
    uint32_t jump_mask;                    /* ((1 << bits) - 1) << 1: what of a guest address counts */
    const struct cg_link *ras[CG_RAS_SIZE];
    uint64_t scratch[8]; /* codegen's own */
    struct cg_space *space;
};
static inline uint32_t cg_jump_hash(uint64_t pc, unsigned bits)
{
    return (uint32_t)(pc >> 1) & ((1u << bits) - 1);
}
extern struct cg_unit cg_no_unit;       /* pc CG_DEAD_PC */
extern const struct cg_link cg_no_link; /* pc CG_DEAD_PC */
/* Sets ras and mxcsr to their neutral values; the jump cache has 1 << bits entries. */
void cg_runtime_init(
    struct cg_runtime *rt, struct cg_space *space, _Atomic(struct cg_unit *) *jump_cache, unsigned bits);

/* MXCSR <-> IR flags and rounding. rm must not be RMM. */
uint32_t cg_mxcsr_make(enum ir_rm rm, unsigned ir_flags);
unsigned cg_mxcsr_flags(uint32_t mxcsr);

/* ---- code space ----------------------------------------------------------------------------------------------------
 * A space holds code (bytes reserved once, touched as used) and the data that goes with it: units, links, maps, inline
 * caches. Not locked: the engine serialises cg_compile. */
struct cg_space;
struct cg_space *cg_space_new(
    const struct ir_guest *guest, const struct cg_host *host, size_t code_bytes, struct err *err);
void cg_space_free(struct cg_space *s);
size_t cg_space_used(const struct cg_space *s);
/* In the child of a fork: code so far stays as it is (shared, read and executed only); new code goes to fresh memory of
 * the same size class, allocated at the first compile. */
void cg_space_after_fork(struct cg_space *s);
bool cg_space_contains(const struct cg_space *s, uint64_t host_pc);
/* Compiles u. NULL: -ENOSPC in err (space full: the engine stops the world and takes a new space), -E2BIG (more values at
 * once than the quick tier holds, or several blocks: translate fewer instructions). */
struct cg_unit *cg_compile_quick(struct cg_space *s, const struct ir_unit *u, struct err *err);
void cg_dump(
    const struct cg_unit *u, const struct ir_unit *ir, struct strbuf *out); /* IR and host bytes, for LODGE_DUMP */

/* Runs code at `entry` (a unit's entry) for rt until it leaves. rt->leave and its companions say why; all slots are at home
 * in the state; MXCSR is the host's again. */
void cg_enter(struct cg_runtime *rt, void *entry);

/* ---- from host state to guest state (in a signal handler: async-signal-safe) ---------------------------------------- */
/* The unit whose code contains host_pc, or NULL. */
const struct cg_unit *cg_unit_at(const struct cg_space *s, uint64_t host_pc);
/* host_pc is a faulting host instruction in guest code. Writes every slot home to the state, sets rt->pc to the guest
 * instruction, rt->leave = CG_LEAVE_FAULT, and changes uc (ucontext_t) so that returning from the signal continues in
 * cg_enter's exit path. False: no map entry covers host_pc (a bug: nothing was changed). A fault inside a helper
 * called from guest code is found by what its call left in rt; the helper is abandoned (helpers that touch guest memory hold
 * no resources). */
bool cg_recover(struct cg_runtime *rt, void *uc);

#endif
