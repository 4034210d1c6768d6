/* interp.c - the interpreter as an engine (`--engine interp`): each unit is translated to IR and run by the reference
 * interpreter. Slow and simple: the oracle for the other tiers, and how a debugger steps.
 *
 * Nothing is kept between units, so guest code that changes needs no care. Guest memory is reached by the
 * fault-surviving copies of mem; the host CPU never runs on guest addresses of its own accord.
 */
#include "engine/engine_int.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/str.h"

#define INTERP_MAX_INSNS 32

struct cpu_engine {
    const struct cpu_ops *cpu;
    struct mem_space *mem;
    struct hash breakpoints; /* by guest address; the space's lock */
};

struct cpu_thread {
    struct cpu_engine *engine;
    struct ir_builder *builder; /* owned */
    _Atomic uint32_t kick;
    struct cpu_state *state; /* owned */
};

/* ---- guest memory for the reference interpreter --------------------------------------------------------------------
 */

static int memory_load(void *ctx, uint64_t addr, void *buf, unsigned size)
{
    return mem_read(ctx, addr, buf, size);
}

static int memory_store(void *ctx, uint64_t addr, const void *buf, unsigned size)
{
    return mem_write(ctx, addr, buf, size);
}

static uint64_t sign_extend(uint64_t v, unsigned size)
{
    return (uint64_t)((int64_t)(v << (64 - 8 * size)) >> (64 - 8 * size));
}

static uint64_t zero_extend(uint64_t v, unsigned size)
{
    return size >= 8 ? v : v & ((1ull << (8 * size)) - 1);
}

uint64_t engine_rmw_value(enum ir_rmw op, uint64_t old, uint64_t v, unsigned size)
{
    int64_t so = (int64_t)sign_extend(old, size), sv = (int64_t)sign_extend(v, size);
    uint64_t uo = zero_extend(old, size), uv = zero_extend(v, size);

    switch (op) {
    case IR_RMW_XCHG: return v;
    case IR_RMW_ADD: return old + v;
    case IR_RMW_AND: return old & v;
    case IR_RMW_OR: return old | v;
    case IR_RMW_XOR: return old ^ v;
    case IR_RMW_SMIN: return so < sv ? old : v;
    case IR_RMW_SMAX: return so > sv ? old : v;
    case IR_RMW_UMIN: return uo < uv ? old : v;
    case IR_RMW_UMAX: return uo > uv ? old : v;
    }
    return v;
}

static int memory_rmw(void *ctx, uint64_t addr, unsigned size, enum ir_rmw op, uint64_t *io)
{
    uint64_t operand = *io, old = 0;

    if (mem_read(ctx, addr, &old, size))
        return -EFAULT;
    for (;;) {
        uint64_t expected = old;

        if (mem_cas(ctx, addr, size, &expected, engine_rmw_value(op, old, operand, size)))
            return -EFAULT;
        if (zero_extend(expected, size) == zero_extend(old, size))
            break;
        old = expected;
    }
    *io = old;
    return 0;
}

static int memory_cas(void *ctx, uint64_t addr, unsigned size, uint64_t *io, uint64_t desired)
{
    return mem_cas(ctx, addr, size, io, desired);
}

struct ir_interp_mem engine_interp_memory(struct mem_space *m)
{
    return (struct ir_interp_mem){m, memory_load, memory_store, memory_rmw, memory_cas};
}

/* ---- shared with the other engines ----------------------------------------------------------------------------------
 */

enum cpu_fault engine_fault_kind(struct mem_space *m, uint64_t addr, enum cpu_access access)
{
    static const int need[] = {[CPU_READ] = PROT_READ, [CPU_WRITE] = PROT_WRITE, [CPU_FETCH] = PROT_EXEC};
    int prot = mem_query(m, addr);

    if (prot < 0)
        return CPU_FAULT_UNMAPPED;
    return prot & need[access] ? CPU_FAULT_BUS : CPU_FAULT_PROTECTED;
}

unsigned engine_fetch(void *ctx, uint64_t pc, void *buf, unsigned len, enum cpu_fault *fault)
{
    struct mem_space *m = ctx;
    uint64_t page = pc & ~(uint64_t)(MEM_PAGE - 1);
    unsigned got = 0;

    while (got < len) {
        int prot = page < mem_space_limit(m) ? mem_query(m, page) : -1;
        uint64_t from = pc + got;
        unsigned n = (unsigned)(page + MEM_PAGE - from);

        if (n > len - got)
            n = len - got;
        if (prot < 0 || !(prot & PROT_EXEC)) {
            *fault = prot < 0 ? CPU_FAULT_UNMAPPED : CPU_FAULT_PROTECTED;
            break;
        }
        mem_watch_code(m, page, page + MEM_PAGE);
        if (mem_read(m, from, (char *)buf + got, n)) {
            *fault = CPU_FAULT_BUS;
            break;
        }
        got += n;
        page += MEM_PAGE;
    }
    return got;
}

bool engine_exit_event(struct mem_space *m, enum ir_exit why, uint64_t info, uint64_t pc, struct cpu_event *event)
{
    *event = (struct cpu_event){.addr = info};
    switch (why) {
    case IR_EXIT_SYSCALL: event->kind = CPU_SYSCALL; return true;
    case IR_EXIT_BREAK: event->kind = CPU_BREAKPOINT; return true;
    case IR_EXIT_ILLEGAL: event->kind = CPU_ILLEGAL; return true;
    case IR_EXIT_MISALIGNED:
        event->kind = CPU_FAULT;
        event->fault = CPU_FAULT_MISALIGNED;
        event->access = CPU_WRITE;
        return true;
    case IR_EXIT_FETCH_FAULT:
        event->kind = CPU_FAULT;
        event->access = CPU_FETCH;
        /* An instruction may straddle into the page that is missing. */
        if (mem_query(m, pc) >= 0 && (mem_query(m, pc) & PROT_EXEC) && (pc & (MEM_PAGE - 1)) == MEM_PAGE - 2)
            pc += 2;
        event->addr = pc;
        event->fault = engine_fault_kind(m, pc, CPU_FETCH);
        return true;
    case IR_EXIT_FLUSH_CODE:
    case IR_EXIT_YIELD:
    case IR_EXIT_INTERP:
    case IR_EXIT_MODE: return false;
    case IR_EXIT_STEP: event->kind = CPU_STEPPED; return true;
    }
    return false;
}

void engine_interpret_unit(const struct ir_unit *u, struct mem_space *m, const struct ir_interp_mem *mem,
    struct cpu_state *s, struct cpu_event *event)
{
    struct ir_interp_result r = {0};

    ir_interp_run(u, s->pc, s, &s->fp_flags, &s->fp_rm, mem, &r);
    s->pc = r.next_pc;
    *event = (struct cpu_event){.kind = CPU_STEPPED};
    switch (r.kind) {
    case IR_RUN_NEXT: break;
    case IR_RUN_EXIT:
        if (!engine_exit_event(m, r.why, r.info, s->pc, event))
            event->kind = CPU_STEPPED;
        break;
    case IR_RUN_FAULT:
        event->kind = CPU_FAULT;
        event->addr = r.fault_addr;
        event->access = r.fault_write ? CPU_WRITE : CPU_READ;
        event->fault = engine_fault_kind(m, r.fault_addr, event->access);
        if (event->fault == CPU_FAULT_BUS && (r.fault_addr & (MEM_PAGE - 1)) > MEM_PAGE - 16) {
            /* It may begin in a good page and end in a bad one, which is then the one at fault. */
            uint64_t next = (r.fault_addr | (MEM_PAGE - 1)) + 1;
            enum cpu_fault fault = engine_fault_kind(m, next, event->access);

            if (fault != CPU_FAULT_BUS) {
                event->addr = next;
                event->fault = fault;
            }
        }
        break;
    }
}

void engine_interpret(const struct cpu_ops *cpu, struct ir_builder *b, struct mem_space *m, struct cpu_state *s,
    unsigned max_insns, struct cpu_event *event)
{
    struct ir_interp_mem memory = engine_interp_memory(m);
    struct cpu_translate_request req = {
        .pc = s->pc, .mode = cpu->unit_mode(s), .max_insns = max_insns, .fetch = engine_fetch, .fetch_ctx = m};
    struct ir_unit *u;

    mem_lock(m);
    ir_begin(b, s->pc, req.mode);
    cpu->translate(b, &req);
    u = ir_end(b);
    mem_unlock(m);
    engine_interpret_unit(u, m, &memory, s, event);
}

/* ---- the engine -----------------------------------------------------------------------------------------------------
 */

static struct cpu_engine *interp_create(const struct cpu_engine_config *config, struct err *err)
{
    struct cpu_engine *e = x_new(struct cpu_engine);

    (void)err;
    e->cpu = config->cpu;
    e->mem = config->mem;
    return e;
}

static void interp_destroy(struct cpu_engine *e)
{
    hash_fini(&e->breakpoints);
    x_free(e);
}

static struct cpu_thread *interp_thread_new(struct cpu_engine *e, const struct cpu_thread *copy_from)
{
    struct cpu_thread *t = x_new(struct cpu_thread);

    t->engine = e;
    t->builder = ir_builder_new(e->cpu->ir);
    t->state = x_calloc(1, e->cpu->state_size);
    e->cpu->reset(t->state);
    if (copy_from)
        memcpy(t->state, copy_from->state, e->cpu->state_size);
    return t;
}

static void interp_thread_free(struct cpu_thread *t)
{
    if (!t)
        return;
    ir_builder_free(t->builder);
    x_free(t->state);
    x_free(t);
}

static struct cpu_state *interp_thread_state(struct cpu_thread *t)
{
    return t->state;
}

static bool is_breakpoint(struct cpu_engine *e, uint64_t pc)
{
    bool found;

    if (!e->breakpoints.count)
        return false;
    mem_lock(e->mem);
    found = hash_get(&e->breakpoints, pc) != NULL;
    mem_unlock(e->mem);
    return found;
}

static void interp_step(struct cpu_thread *t, struct cpu_event *event)
{
    engine_interpret(t->engine->cpu, t->builder, t->engine->mem, t->state, 1, event);
}

static void interp_run(struct cpu_thread *t, struct cpu_event *event)
{
    for (;;) {
        if (atomic_exchange(&t->kick, 0)) {
            *event = (struct cpu_event){.kind = CPU_KICKED};
            return;
        }
        if (is_breakpoint(t->engine, t->state->pc)) {
            *event = (struct cpu_event){.kind = CPU_BREAKPOINT};
            return;
        }
        engine_interpret(t->engine->cpu, t->builder, t->engine->mem, t->state,
            t->engine->breakpoints.count ? 1 : INTERP_MAX_INSNS, event);
        if (event->kind != CPU_STEPPED)
            return;
    }
}

static void interp_kick(struct cpu_thread *t)
{
    atomic_store(&t->kick, 1);
}

/* Guest memory is only touched by mem's own copy routines, which survive faults by themselves; a write to a watched
 * page is all that is left to do here. */
static enum cpu_fault_result interp_host_fault(struct cpu_thread *t, int sig, siginfo_t *info, void *uc)
{
    (void)uc;
    if (t && sig == SIGSEGV && mem_write_fault(t->engine->mem, (uint64_t)info->si_addr))
        return CPU_FAULT_RESUME;
    return CPU_FAULT_NOT_OURS;
}

static void interp_invalidate(struct cpu_engine *e, uint64_t start, uint64_t end)
{
    (void)e, (void)start, (void)end; /* nothing is kept between units */
}

static void interp_fork(struct cpu_engine *e)
{
    (void)e;
}

static void interp_fork_child(struct cpu_engine *e, struct cpu_thread *self)
{
    (void)e, (void)self;
}

static void interp_breakpoint(struct cpu_engine *e, uint64_t pc, bool set)
{
    mem_lock(e->mem);
    if (set)
        hash_put(&e->breakpoints, pc, e);
    else
        hash_del(&e->breakpoints, pc);
    mem_unlock(e->mem);
}

static void interp_stats(struct cpu_engine *e, struct strbuf *out)
{
    (void)e;
    strbuf_add(out, "engine interp\n");
}

const struct cpu_engine_ops interp_engine_ops = {
    .name = "interp",
    .create = interp_create,
    .destroy = interp_destroy,
    .thread_new = interp_thread_new,
    .thread_free = interp_thread_free,
    .thread_state = interp_thread_state,
    .run = interp_run,
    .step = interp_step,
    .kick = interp_kick,
    .host_fault = interp_host_fault,
    .invalidate = interp_invalidate,
    .fork_prepare = interp_fork,
    .fork_parent = interp_fork,
    .fork_child = interp_fork_child,
    .breakpoint = interp_breakpoint,
    .stats = interp_stats,
};
