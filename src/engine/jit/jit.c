/* jit.c - the translating engine: threads, the run loop, breakpoints, forks.
 *
 * The run loop is what is outside of guest code: find the unit, enter it, and look why it was left. Most leaves are
 * unresolved links (linked, then never seen again) and jump-cache misses; system calls and faults become events.
 */
#include "engine/jit/jit_int.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/alloc.h"
#include "base/bits.h"
#include "base/err.h"
#include "base/str.h"

/* ---- construction ---------------------------------------------------------------------------------------------------
 */

static unsigned dump_topics(void)
{
    static const char *const names[] = {"guest", "ir", "code"};
    const char *spec = secure_getenv("LODGE_DUMP");
    unsigned bits = 0;

    for (unsigned i = 0; spec && i < ARRAY_LEN(names); i++)
        if (strstr(spec, names[i]))
            bits |= 1u << i;
    return bits;
}

/* A dead unit that loops to itself is left by nobody: so whoever is in guest code is kicked. Runs in signal handlers. */
static void on_code_change(void *ctx, uint64_t start, uint64_t end)
{
    struct cpu_engine *e = ctx;
    uint64_t killed = e->units.killed;

    jit_units_kill_range(&e->units, start, end);
    if (e->units.killed == killed)
        return;
    e->stats.changes++;
    for (struct cpu_thread *t = e->threads; t; t = t->next)
        if (atomic_load(&t->using))
            atomic_store(&t->rt->kick, 1);
}

static struct cpu_engine *jit_create(const struct cpu_engine_config *config, struct err *err)
{
    struct cpu_engine *e = x_new(struct cpu_engine);
    struct cg_space *space;

    e->cpu = config->cpu;
    e->mem = config->mem;
    cg_host_detect(&e->host);
    e->dump = dump_topics();
    e->lockstep = str_eq(config->tier, "lockstep");
    e->code_bytes = config->code_bytes ? config->code_bytes : JIT_CODE_BYTES;
    space = jit_space_new(e, err);
    if (!space) {
        x_free(e);
        return NULL;
    }
    jit_units_init(&e->units);
    atomic_init(&e->space, space);
    e->builder = ir_builder_new(e->cpu->ir);
    mem_set_code_change(e->mem, on_code_change, e);
    return e;
}

static void jit_destroy(struct cpu_engine *e)
{
    mem_set_code_change(e->mem, NULL, NULL);
    jit_units_fini(&e->units);
    cg_space_free(atomic_load(&e->space));
    for (unsigned i = 0; i < e->nretired; i++)
        cg_space_free(e->retired[i]);
    for (unsigned m = 0; m < JIT_MODES; m++)
        jit_jump_cache_free(atomic_load(&e->jump_cache[m]));
    ir_builder_free(e->builder);
    hash_fini(&e->breakpoints);
    x_free(e);
}

static struct cpu_thread *jit_thread_new(struct cpu_engine *e, const struct cpu_thread *copy_from)
{
    struct cpu_thread *t = x_new(struct cpu_thread);

    t->engine = e;
    t->rt = aligned_alloc(64, (sizeof(*t->rt) + e->cpu->state_size + 63) & ~(size_t)63);
    memset(t->rt, 0, sizeof(*t->rt) + e->cpu->state_size);
    jit_runtime_init(t, atomic_load(&e->space), 0);
    e->cpu->reset(jit_state(t));
    if (copy_from)
        memcpy(jit_state(t), copy_from->rt + 1, e->cpu->state_size);
    mem_lock(e->mem);
    t->next = e->threads;
    e->threads = t;
    mem_unlock(e->mem);
    return t;
}

static void jit_thread_free(struct cpu_thread *t)
{
    if (!t)
        return;
    mem_lock(t->engine->mem);
    for (struct cpu_thread **p = &t->engine->threads; *p; p = &(*p)->next) {
        if (*p != t)
            continue;
        *p = t->next;
        break;
    }
    mem_unlock(t->engine->mem);
    if (t->builder)
        ir_builder_free(t->builder);
    free(t->rt);
    x_free(t);
}

static struct cpu_state *jit_thread_state(struct cpu_thread *t)
{
    return jit_state(t);
}

/* ---- running --------------------------------------------------------------------------------------------------------
 */

static uint32_t host_rounding(const struct cpu_state *s)
{
    return s->fp_rm <= IR_RM_RUP ? s->fp_rm : IR_RM_RNE; /* other modes: units that do not use the host's */
}

/* True: the thread holds the space, the mode and the jump cache that are current, so every unit it finds is one it may enter. */
static bool is_current(struct cpu_thread *t)
{
    struct cpu_engine *e = t->engine;

    return e->cpu->unit_mode(jit_state(t)) == t->mode && atomic_load(&t->using) == atomic_load(&e->space) &&
        t->jump_cache == atomic_load_explicit(&e->jump_cache[t->mode], memory_order_acquire);
}

/* Takes hold of the current space and mode. The thread's return stack and caches belong to one space and one mode. */
static void begin(struct cpu_thread *t)
{
    struct cpu_engine *e = t->engine;
    uint32_t mode = e->cpu->unit_mode(jit_state(t));
    struct cg_space *space;

    do {
        space = atomic_load(&e->space);
        atomic_store(&t->using, space);
    } while (atomic_load(&e->space) != space);
    if (t->rt->space != space || t->mode != mode || t->jump_cache != atomic_load(&e->jump_cache[mode]))
        jit_runtime_init(t, space, mode);
}

static void enter(struct cpu_thread *t, struct cg_unit *unit)
{
    struct cpu_state *s = jit_state(t);

    t->rt->mxcsr = cg_mxcsr_make(host_rounding(s), s->fp_flags);
    cg_enter(t->rt, unit->entry);
    s->fp_flags |= (uint8_t)cg_mxcsr_flags(t->rt->mxcsr); /* fp_set_flags writes the state and clears MXCSR */
}

/* Makes the way from the exit that was just taken to `to` short for the next time. */
static void connect(struct cpu_thread *t, struct cg_unit *to, struct cg_link *link, bool lookup)
{
    struct cpu_engine *e = t->engine;

    if (lookup) {
        jit_jump_cache_missed(t, to);
        if (t->rt->ic)
            atomic_store(t->rt->ic, to);
        jit_count(&e->stats.lookups);
        return;
    }
    mem_lock(e->mem);
    if (atomic_load(&to->pc) != CG_DEAD_PC && atomic_load(&e->space) == t->rt->space)
        jit_link(link, to);
    mem_unlock(e->mem);
    jit_count(&e->stats.links);
}

/* After a fault: the event that host_fault prepared. Where the kernel gave no address (a non-canonical one), the
 * instruction is interpreted once more: it faults again, with an address. */
static void fault_event(struct cpu_thread *t, struct cpu_event *event)
{
    *event = t->fault;
    jit_count(&t->engine->stats.faults);
    if (!t->fault_inexact)
        return;
    if (!t->builder)
        t->builder = ir_builder_new(t->engine->cpu->ir);
    engine_interpret(t->engine->cpu, t->builder, t->engine->mem, jit_state(t), 1, event);
    if (event->kind == CPU_STEPPED)
        event->kind = CPU_KICKED; /* the memory has come back meanwhile: just go on */
}

/* Turns the last leave into an event, or into the next pc (false). */
__attribute__((no_sanitize_thread)) /* it reads what code led to, and the sanitizer does not see translated code */
static bool
left(struct cpu_thread *t, struct cpu_event *event, struct cg_link **link, bool *lookup)
{
    struct cg_runtime *rt = t->rt;
    struct cpu_state *s = jit_state(t);

    *link = NULL;
    *lookup = false;
    switch ((enum cg_leave)rt->leave) {
    case CG_LEAVE_LINK:
        *link = rt->link;
        s->pc = rt->link->pc;
        return false;
    case CG_LEAVE_LOOKUP:
        *lookup = true;
        s->pc = rt->pc;
        return false;
    case CG_LEAVE_KICK:
        s->pc = rt->pc;
        jit_count(&t->engine->stats.kicks);
        return false;
    case CG_LEAVE_EXIT:
        s->pc = rt->pc;
        jit_count(&t->engine->stats.exits);
        if (rt->why == IR_EXIT_FLUSH_CODE) {
            /* fence.i: writes through this mapping were seen when they happened; those through another view were not.
             */
            struct mem_area area;

            mem_lock(t->engine->mem);
            for (uint64_t a = 0; mem_next(t->engine->mem, a, &area); a = area.end)
                if (area.shared && (area.prot & PROT_EXEC))
                    jit_units_kill_range(&t->engine->units, area.start, area.end);
            mem_unlock(t->engine->mem);
        }
        return engine_exit_event(t->engine->mem, (enum ir_exit)rt->why, rt->info, s->pc, event);
    case CG_LEAVE_FAULT:
        s->pc = rt->pc;
        fault_event(t, event);
        return true;
    }
    return false;
}

static void jit_run(struct cpu_thread *t, struct cpu_event *event)
{
    struct cg_link *link = NULL;
    bool lookup = false;

    for (;;) {
        struct cg_space *space;
        struct cg_unit *unit;

        if (atomic_load_explicit(&t->rt->kick, memory_order_relaxed) && atomic_exchange(&t->rt->kick, 0)) {
            *event = (struct cpu_event){.kind = CPU_KICKED};
            break;
        }
        if (!is_current(t)) {
            begin(t);
            link = NULL;
            lookup = false;
        }
        space = t->rt->space;
        unit = jit_unit_get(t, jit_state(t)->pc, t->mode, event);
        if (!unit)
            break;
        if (!is_current(t))
            continue; /* another thread has renewed the space meanwhile: the unit may be of either */
        if (t->engine->lockstep) {
            jit_lockstep(t, unit);
        } else {
            if ((link || lookup) && t->rt->space == space) /* else the link went with its space */
                connect(t, unit, link, lookup);
            enter(t, unit);
        }
        if (left(t, event, &link, &lookup))
            break;
    }
    atomic_store_explicit(&t->using, NULL, memory_order_release);
}

static void jit_step(struct cpu_thread *t, struct cpu_event *event)
{
    if (!t->builder)
        t->builder = ir_builder_new(t->engine->cpu->ir);
    engine_interpret(t->engine->cpu, t->builder, t->engine->mem, jit_state(t), 1, event);
}

static void jit_kick(struct cpu_thread *t)
{
    atomic_store(&t->rt->kick, 1);
}

/* ---- code that changes, forks, debuggers
 * ------------------------------------------------------------------------------ */

static void jit_invalidate(struct cpu_engine *e, uint64_t start, uint64_t end)
{
    mem_lock(e->mem);
    on_code_change(e, start, end);
    mem_unlock(e->mem);
}

static void jit_fork_prepare(struct cpu_engine *e)
{
    mem_lock(e->mem);
}

static void jit_fork_parent(struct cpu_engine *e)
{
    mem_unlock(e->mem);
}

/* Only self lives on in the child: the others' hazard pointers would keep spaces alive for ever. Their records are left
 * to the process's end, since a thread of the parent may have been anywhere in them. */
static void jit_fork_child(struct cpu_engine *e, struct cpu_thread *self)
{
    e->threads = self;
    self->next = NULL;
    cg_space_after_fork(atomic_load(&e->space));
    mem_unlock(e->mem);
}

static void jit_breakpoint(struct cpu_engine *e, uint64_t pc, bool set)
{
    mem_lock(e->mem);
    if (set)
        hash_put(&e->breakpoints, pc, e);
    else
        hash_del(&e->breakpoints, pc);
    jit_units_kill_range(&e->units, pc, pc + 1);
    mem_unlock(e->mem);
}

static void jit_stats(struct cpu_engine *e, struct strbuf *out)
{
    strbuf_addf(out, "units %lu, guest instructions translated %lu, host code bytes %lu\n",
        (unsigned long)e->stats.units, (unsigned long)e->stats.guest_insns, (unsigned long)e->stats.code_bytes);
    strbuf_addf(out, "units live %lu, invalidated %lu by %lu changes of code, code spaces filled %lu\n",
        (unsigned long)e->units.live, (unsigned long)e->units.killed, (unsigned long)e->stats.changes,
        (unsigned long)e->stats.flushes);
    strbuf_addf(out, "left guest code: links %lu, lookups %lu, exits %lu, kicks %lu, faults %lu\n",
        (unsigned long)e->stats.links, (unsigned long)e->stats.lookups, (unsigned long)e->stats.exits,
        (unsigned long)e->stats.kicks, (unsigned long)e->stats.faults);
}

const struct cpu_engine_ops jit_engine_ops = {
    .name = "jit",
    .create = jit_create,
    .destroy = jit_destroy,
    .thread_new = jit_thread_new,
    .thread_free = jit_thread_free,
    .thread_state = jit_thread_state,
    .run = jit_run,
    .step = jit_step,
    .kick = jit_kick,
    .host_fault = jit_host_fault,
    .invalidate = jit_invalidate,
    .fork_prepare = jit_fork_prepare,
    .fork_parent = jit_fork_parent,
    .fork_child = jit_fork_child,
    .breakpoint = jit_breakpoint,
    .stats = jit_stats,
};
