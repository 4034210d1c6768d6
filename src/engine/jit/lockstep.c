/* lockstep.c - `--engine lockstep`: every unit runs twice, first in the reference interpreter on a copy of the state
 * with its stores kept aside, then as host code for real; state and stored bytes must agree. For one-threaded guests:
 * what another thread writes in between looks like a difference.
 *
 * The unit is entered with a kick pending and nothing is ever linked, so host code leaves at its first exit, as the
 * interpreter does.
 */
#include "engine/jit/jit_int.h"

#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fd.h"
#include "base/str.h"

#define LOG_SIZE 1024

struct shadow_store {
    uint64_t addr;
    uint8_t byte;
};

/* Guest memory under the interpreter: reads see its own stores first. */
struct shadow {
    struct mem_space *mem;
    unsigned count;
    struct shadow_store store[LOG_SIZE];
};

static int shadow_load(void *ctx, uint64_t addr, void *buf, unsigned size)
{
    struct shadow *s = ctx;
    uint8_t *bytes = buf;

    if (mem_read(s->mem, addr, buf, size))
        return -1;
    for (unsigned i = 0; i < s->count; i++)
        if (s->store[i].addr - addr < size)
            bytes[s->store[i].addr - addr] = s->store[i].byte;
    return 0;
}

static int shadow_store(void *ctx, uint64_t addr, const void *buf, unsigned size)
{
    struct shadow *s = ctx;
    uint64_t last = addr + size - 1;

    if (engine_fault_kind(s->mem, addr, CPU_WRITE) != CPU_FAULT_BUS ||
        engine_fault_kind(s->mem, last, CPU_WRITE) != CPU_FAULT_BUS)
        return -1;
    for (unsigned i = 0; i < size && s->count < LOG_SIZE; i++)
        s->store[s->count++] = (struct shadow_store){addr + i, ((const uint8_t *)buf)[i]};
    return 0;
}

static int shadow_rmw(void *ctx, uint64_t addr, unsigned size, enum ir_rmw op, uint64_t *io)
{
    struct shadow *s = ctx;
    uint64_t old = 0, next;

    if (shadow_load(s, addr, &old, size))
        return -1;
    next = engine_rmw_value(op, old, *io, size);
    *io = old;
    return shadow_store(s, addr, &next, size);
}

static int shadow_cas(void *ctx, uint64_t addr, unsigned size, uint64_t *io, uint64_t desired)
{
    struct shadow *s = ctx;
    uint64_t old = 0, expected = *io;
    unsigned up = 64 - 8 * size;

    if (shadow_load(s, addr, &old, size))
        return -1;
    *io = old;
    return old << up == expected << up ? shadow_store(s, addr, &desired, size) : 0;
}

static void report(struct cpu_thread *t, const struct ir_unit *u, const struct cpu_state *before,
    const struct cpu_state *want, const char *what)
{
    const struct ir_guest *g = t->engine->cpu->ir;
    _cleanup_strbuf_ struct strbuf out = {0};

    strbuf_addf(&out, "lodge: lockstep: unit %#lx: %s differs\n", (unsigned long)u->pc, what);
    strbuf_addf(&out, "  pc: interpreter %#lx, host code %#lx; flags %x, %x\n", (unsigned long)want->pc,
        (unsigned long)jit_state(t)->pc, want->fp_flags, jit_state(t)->fp_flags);
    for (uint32_t i = 0; i < g->nslots; i++) {
        uint64_t b = 0, w = 0, h = 0;
        size_t size = g->slot[i].type == IR_I32 ? 4 : 8;

        if (!g->slot[i].name)
            continue;
        memcpy(&b, (const char *)before + g->slot[i].offset, size);
        memcpy(&w, (const char *)want + g->slot[i].offset, size);
        memcpy(&h, (const char *)jit_state(t) + g->slot[i].offset, size);
        if (w == h)
            continue;
        strbuf_addf(&out, "  %-10s before %016lx interpreter %016lx host code %016lx\n", g->slot[i].name,
            (unsigned long)b, (unsigned long)w, (unsigned long)h);
    }
    ir_print(u, &out);
    fd_write_full(STDERR_FILENO, out.data, out.len);
    _exit(125);
}

static bool calls_helper(const struct ir_unit *u)
{
    for (uint32_t i = 0; i < u->ninsns; i++)
        if (u->insn[i].op == IR_call)
            return true;
    return false;
}

static bool stores_agree(const struct shadow *s)
{
    for (unsigned i = s->count; i-- > 0;) {
        uint8_t now;
        bool newest = true;

        for (unsigned j = i + 1; j < s->count && newest; j++)
            newest = s->store[j].addr != s->store[i].addr;
        if (newest && (mem_read(s->mem, s->store[i].addr, &now, 1) || now != s->store[i].byte))
            return false;
    }
    return true;
}

void jit_lockstep(struct cpu_thread *t, struct cg_unit *unit)
{
    struct cpu_engine *e = t->engine;
    struct shadow shadow = {.mem = e->mem};
    struct ir_interp_mem memory = {&shadow, shadow_load, shadow_store, shadow_rmw, shadow_cas};
    struct jit_fetch ctx;
    struct cpu_translate_request req = jit_request(e, &ctx, unit->base, unit->mode);
    struct cpu_state *s = jit_state(t), *want = x_memdup(s, e->cpu->state_size),
                     *before = x_memdup(s, e->cpu->state_size);
    struct cpu_event event;
    struct ir_unit *u;

    if (!t->builder)
        t->builder = ir_builder_new(e->cpu->ir);
    mem_lock(e->mem);
    ir_begin(t->builder, unit->base, unit->mode);
    e->cpu->translate(t->builder, &req);
    u = ir_end(t->builder);
    mem_unlock(e->mem);
    engine_interpret_unit(u, e->mem, &memory, want, &event);

    atomic_store(&t->rt->kick, 1);
    t->rt->mxcsr = cg_mxcsr_make(s->fp_rm <= IR_RM_RUP ? s->fp_rm : IR_RM_RNE, s->fp_flags);
    cg_enter(t->rt, unit->entry);
    s->fp_flags |= (uint8_t)cg_mxcsr_flags(t->rt->mxcsr); /* fp_set_flags writes the state and clears MXCSR */
    atomic_store(&t->rt->kick, 0);
    s->pc = t->rt->leave == CG_LEAVE_LINK ? t->rt->link->pc : t->rt->pc;
    if (!calls_helper(u)) {
        if (memcmp(s, want, e->cpu->state_size))
            report(t, u, before, want, "the state");
        if (!stores_agree(&shadow))
            report(t, u, before, want, "memory");
    }
    x_free(want);
    x_free(before);
}
