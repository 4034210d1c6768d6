/* jump_cache.c - the caches that indirect jumps look into first: guest address -> unit, one for each mode of units, shared
 * by all threads. They begin small, for the sake of programs that end soon, and grow with the number of units: a guest that
 * is itself a virtual machine jumps to tens of thousands of places.
 */
#include "base/alloc.h"
#include "engine/jit/jit_int.h"

static struct jit_jump_cache *cache_new(unsigned bits, struct jit_jump_cache *smaller)
{
    struct jit_jump_cache *c = x_malloc(sizeof(*c) + (sizeof(c->entry[0]) << bits));

    c->bits = bits;
    c->smaller = smaller;
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

void jit_jump_cache_fit(struct cpu_engine *e, uint32_t mode)
{
    struct jit_jump_cache *old = atomic_load(&e->jump_cache[mode]), *c;

    if (!old || old->bits >= JIT_JUMP_CACHE_BITS_MAX || e->units.live <= (uint64_t)1 << old->bits)
        return;
    c = cache_new(old->bits + 2, old);
    for (size_t i = 0; i < (size_t)1 << old->bits; i++) {
        struct cg_unit *unit = atomic_load_explicit(&old->entry[i], memory_order_relaxed);

        if (unit != &cg_no_unit)
            atomic_store_explicit(&c->entry[cg_jump_hash(unit->base, c->bits)], unit, memory_order_relaxed);
    }
    atomic_store(&e->jump_cache[mode], c);
}

void jit_jump_cache_clear(struct cpu_engine *e)
{
    for (unsigned m = 0; m < JIT_MODES; m++) {
        struct jit_jump_cache *c = atomic_load(&e->jump_cache[m]);

        for (size_t i = 0; c && i < (size_t)1 << c->bits; i++)
            atomic_store_explicit(&c->entry[i], &cg_no_unit, memory_order_relaxed);
    }
}

void jit_runtime_init(struct cpu_thread *t, struct cg_space *space, uint32_t mode)
{
    t->mode = mode;
    t->jump_cache = jit_jump_cache_get(t->engine, mode);
    cg_runtime_init(t->rt, space, t->jump_cache->entry, t->jump_cache->bits);
}
