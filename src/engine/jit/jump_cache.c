/* jump_cache.c - the caches that indirect jumps look into first: guest address -> unit, one for each mode of units, shared
 * by all threads. They begin small, for the sake of programs that end soon, and grow with the number of units: a guest that
 * is itself a virtual machine jumps to tens of thousands of places.
 */
#include "base/alloc.h"
#include "engine/jit/jit_int.h"

/* So many misses mean that the places which the guest jumps to share entries: compilers align their code, and then the low
 * bits of its addresses say little. */
#define MISSES_PER_ENTRY 16

static struct jit_jump_cache *cache_new(unsigned bits, struct jit_jump_cache *smaller)
{
    struct jit_jump_cache *c = x_malloc(sizeof(*c) + (sizeof(c->entry[0]) << bits));

    c->bits = bits;
    c->smaller = smaller;
    atomic_init(&c->misses, 0);
    for (size_t i = 0; i < (size_t)1 << bits; i++)
        atomic_init(&c->entry[i], &cg_no_unit);
    return c;
}

struct jit_jump_cache *jit_jump_cache_get(struct cpu_engine *e, uint32_t mode)
{
    struct jit_jump_cache *c = atomic_load(&e->jump_cache[mode]);

    if (c)
        return c;
    mem_lock(e->mem);
    c = atomic_load(&e->jump_cache[mode]);
    if (!c) {
        c = cache_new(JIT_JUMP_CACHE_BITS, NULL);
        atomic_store(&e->jump_cache[mode], c);
    }
    mem_unlock(e->mem);
    return c;
}

/* With the lock held. A unit that lives belongs to the space that is current; nothing of an older one may come along. */
static void grow(struct cpu_engine *e, uint32_t mode, struct jit_jump_cache *old)
{
    struct jit_jump_cache *c = cache_new(old->bits + 2, old);

    for (size_t i = 0; i < (size_t)1 << old->bits; i++) {
        struct cg_unit *unit = atomic_load_explicit(&old->entry[i], memory_order_relaxed);

        if (atomic_load_explicit(&unit->pc, memory_order_relaxed) != CG_DEAD_PC)
            atomic_store_explicit(&c->entry[cg_jump_hash(unit->base, c->bits)], unit, memory_order_relaxed);
    }
    atomic_store(&e->jump_cache[mode], c);
}

void jit_jump_cache_fit(struct cpu_engine *e, uint32_t mode)
{
    struct jit_jump_cache *c = atomic_load(&e->jump_cache[mode]);

    if (c && c->bits < JIT_JUMP_CACHE_BITS_MAX && e->units.live > (uint64_t)1 << c->bits)
        grow(e, mode, c);
}

void jit_jump_cache_missed(struct cpu_thread *t, struct cg_unit *to)
{
    struct cpu_engine *e = t->engine;
    struct jit_jump_cache *c = t->jump_cache;
    _Atomic(struct cg_unit *) *entry = &c->entry[cg_jump_hash(to->base, c->bits)];

    atomic_store(entry, to);
    if (atomic_load(&e->space) != t->rt->space) /* renewed just now: nothing of the old space may stay behind */
        atomic_compare_exchange_strong(entry, &to, &cg_no_unit);
    if (atomic_fetch_add_explicit(&c->misses, 1, memory_order_relaxed) >> c->bits < MISSES_PER_ENTRY ||
        c->bits >= JIT_JUMP_CACHE_BITS_MAX)
        return;
    mem_lock(e->mem);
    if (atomic_load(&e->jump_cache[t->mode]) == c)
        grow(e, t->mode, c);
    mem_unlock(e->mem);
}

void jit_jump_cache_clear(struct cpu_engine *e)
{
    for (unsigned m = 0; m < JIT_MODES; m++) {
        struct jit_jump_cache *c = atomic_load(&e->jump_cache[m]);

        for (size_t i = 0; c && i < (size_t)1 << c->bits; i++)
            atomic_store_explicit(&c->entry[i], &cg_no_unit, memory_order_relaxed);
    }
}

void jit_jump_cache_free(struct jit_jump_cache *c)
{
    while (c) {
        struct jit_jump_cache *smaller = c->smaller;

        x_free(c);
        c = smaller;
    }
}

void jit_runtime_init(struct cpu_thread *t, struct cg_space *space, uint32_t mode)
{
    t->mode = mode;
    t->jump_cache = jit_jump_cache_get(t->engine, mode);
    cg_runtime_init(t->rt, space, t->jump_cache->entry, t->jump_cache->bits);
}
