/* jit_int.h - the translating engine's own structures.
 *
 * One lock: the mem_space's (recursive). Translating needs it anyway, and invalidation arrives with it held. What runs
 * without it: guest code, look-ups in the unit table (units are published whole and freed only with their code space),
 * and kick.
 *
 * Code spaces. When one is full, a fresh one takes its place: every unit of the old one dies, so whoever runs in it
 * leaves at its next exit. It is freed when no thread uses it any more (jit_thread.using, a hazard pointer).
 */
#ifndef LODGE_JIT_INT_H
#define LODGE_JIT_INT_H

#include "base/hash.h"
#include "codegen/codegen.h"
#include "cpu/cpu.h"
#include "engine/engine_int.h"

#define JIT_CODE_BYTES ((size_t)128 << 20)
#define JIT_CODE_BYTES_MIN ((size_t)1 << 20)
#define JIT_TRACE_INSNS 48
#define JIT_TABLE_BITS 8       /* of the first unit table */
#define JIT_JUMP_CACHE_BITS 10 /* of the first jump cache */
#define JIT_JUMP_CACHE_BITS_MAX 16
#define JIT_MODES 4 /* enum ir_mode combinations */

/* A unit in the list of one guest page. */
struct jit_page_node {
    struct cg_unit *unit;
    struct jit_page_node *next;
};

/* Units by guest address: heads of chains by hash_next. It grows with the number of units, since every page that a start-up
 * touches costs microseconds; a smaller one stays allocated, for readers may still be in it. */
struct jit_table {
    struct jit_table *smaller; /* owned */
    uint32_t bits;
    _Atomic(struct cg_unit *) head[]; /* 1 << bits */
};

/* Where indirect jumps look first. A bigger one takes its place as units become many; the old one stays, since threads may
 * be using it. */
struct jit_jump_cache {
    struct jit_jump_cache *smaller; /* owned */
    unsigned bits;
    _Atomic uint32_t misses;
    _Atomic(struct cg_unit *) entry[]; /* 1 << bits */
};

struct jit_units {
    _Atomic(struct jit_table *) table; /* owned */
    struct hash pages;                 /* guest page number -> struct jit_page_node list */
    struct jit_page_node *free_nodes;  /* recycled */
    void *node_blocks;                 /* owned: blocks the nodes live in, linked by their first word */
    uint64_t live, killed;
};

struct cpu_engine {
    const struct cpu_ops *cpu;
    struct mem_space *mem;
    struct cg_host host;
    struct jit_units units;
    _Atomic(struct cg_space *) space; /* current; owned */
    struct cg_space *retired[16];     /* owned; waiting for their last user */
    unsigned nretired;
    _Atomic(struct jit_jump_cache *) jump_cache[JIT_MODES]; /* owned; [0] from the start; written under the lock */
    struct ir_builder *builder;                             /* owned; under the lock */
    struct hash breakpoints;                                /* guest address -> engine */
    struct cpu_thread *threads;                             /* list by next */
    size_t code_bytes;                                      /* of one space */
    unsigned dump;                                          /* enum jit_dump bits */
    bool lockstep;
    struct {
        uint64_t units, guest_insns, code_bytes, flushes, changes; /* under the lock */
        _Atomic uint64_t links, lookups, kicks, exits, faults;
    } stats;
};

enum jit_dump { JIT_DUMP_GUEST = 1, JIT_DUMP_IR = 2, JIT_DUMP_CODE = 4 };

struct cpu_thread {
    struct cpu_engine *engine;
    struct cpu_thread *next;
    _Atomic(struct cg_space *) using; /* space whose units this thread may touch; NULL outside run */
    struct ir_builder *builder;       /* owned; for steps, made at the first */
    struct cpu_event fault;           /* written by host_fault before CG_LEAVE_FAULT */
    bool fault_inexact;               /* the kernel gave no address */
    uint64_t retry_pc, retry_addr;    /* the last write fault that was resumed without a watched page */
    unsigned retries;
    struct jit_jump_cache *jump_cache; /* rt's */
    uint32_t mode;                     /* of the units rt points to */
    struct cg_runtime *rt;             /* owned; the guest's state follows it */
};

static inline void jit_count(_Atomic uint64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static inline struct cpu_state *jit_state(struct cpu_thread *t)
{
    return (struct cpu_state *)(t->rt + 1);
}

/* ---- units.c ---- */
void jit_units_init(struct jit_units *u);
void jit_units_fini(struct jit_units *u);
/* Needs no lock, but without one it may miss a unit that exists. */
struct cg_unit *jit_units_find(const struct jit_units *u, uint64_t pc, uint32_t mode);
void jit_units_add(struct jit_units *u, struct cg_unit *unit);
/* Kills the units that were translated from bytes in [start, end). Neither allocates nor frees: it runs in signal
 * handlers. */
void jit_units_kill_range(struct jit_units *u, uint64_t start, uint64_t end);
void jit_units_kill_all(struct jit_units *u); /* and forgets them: their space is about to go */
void jit_link(struct cg_link *link, struct cg_unit *to);

/* ---- jump_cache.c ---- */
/* The jump cache for units of one mode, made when there is none. */
struct jit_jump_cache *jit_jump_cache_get(struct cpu_engine *e, uint32_t mode);
/* After a unit of this mode was added, with the lock held: a bigger one where it is too small by now. */
void jit_jump_cache_fit(struct cpu_engine *e, uint32_t mode);
/* t looked for `to` in vain and found it otherwise: enters it. */
void jit_jump_cache_missed(struct cpu_thread *t, struct cg_unit *to);
void jit_jump_cache_clear(struct cpu_engine *e);    /* with the lock held */
void jit_jump_cache_free(struct jit_jump_cache *c); /* and the smaller ones; NULL is fine */
/* t's way into units of space and mode. */
void jit_runtime_init(struct cpu_thread *t, struct cg_space *space, uint32_t mode);

/* ---- translate.c ---- */
/* A fresh code space; where address space is scarce (RLIMIT_AS), a smaller one. */
struct cg_space *jit_space_new(struct cpu_engine *e, struct err *err);
struct jit_fetch { /* what the front end's callbacks need */
    struct cpu_engine *engine;
    uint64_t good_page; /* the last one that engine_fetch accepted */
    bool failed;        /* a fetch came back short: at bad_addr, because of fault */
    enum cpu_fault fault;
    uint64_t bad_addr;
};
/* How the front end is asked for the unit at pc; ctx lives as long as the request. With the space locked. */
struct cpu_translate_request jit_request(struct cpu_engine *e, struct jit_fetch *ctx, uint64_t pc, uint32_t mode);
/* The unit for pc in this mode: found or made. NULL: the code there cannot run, *event says why (breakpoint). */
struct cg_unit *jit_unit_get(struct cpu_thread *t, uint64_t pc, uint32_t mode, struct cpu_event *event);

/* ---- lockstep.c ---- */
/* Runs the unit at the state's pc both ways, compares, and ends the process with status 125 and a report on a
 * difference. */
void jit_lockstep(struct cpu_thread *t, struct cg_unit *unit);

/* ---- fault.c ---- */
enum cpu_fault_result jit_host_fault(struct cpu_thread *t, int sig, siginfo_t *info, void *uc);

#endif
