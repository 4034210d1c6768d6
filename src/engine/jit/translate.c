/* translate.c - from a guest address to a unit: front end, IR, code; code spaces that fill up; what LODGE_DUMP shows.
 */
#include "engine/jit/jit_int.h"

#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"

/* The space stays locked for the whole translation, so a page that was found executable and watched once is so until the
 * end. */
static unsigned fetch(void *ctx, uint64_t pc, void *buf, unsigned len, enum cpu_fault *fault)
{
    struct jit_fetch *f = ctx;
    uint64_t page = pc / MEM_PAGE;
    unsigned n;

    if (page == f->good_page && (pc + len - 1) / MEM_PAGE == page && !mem_read(f->engine->mem, pc, buf, len))
        return len;
    n = engine_fetch(f->engine->mem, pc, buf, len, fault);
    if (n)
        f->good_page = page;
    if (n < len) {
        f->failed = true;
        f->fault = *fault;
        f->bad_addr = pc + n;
    }
    return n;
}

static bool stop_before(void *ctx, uint64_t pc)
{
    struct jit_fetch *f = ctx;

    return hash_get(&f->engine->breakpoints, pc) != NULL;
}

struct cpu_translate_request jit_request(struct cpu_engine *e, struct jit_fetch *ctx, uint64_t pc, uint32_t mode)
{
    *ctx = (struct jit_fetch){e, UINT64_MAX};
    return (struct cpu_translate_request){.pc = pc,
        .mode = mode,
        .max_insns = JIT_TRACE_INSNS,
        .trace = true,
        .fetch = fetch,
        .fetch_ctx = ctx,
        .stop_before = e->breakpoints.count ? stop_before : NULL};
}

static void dump_guest(struct cpu_engine *e, const struct ir_unit *u, struct strbuf *out)
{
    for (uint32_t i = 0; i < u->nranges; i++) {
        uint64_t pc = u->range[i].start;

        while (pc < u->range[i].end) {
            uint8_t bytes[16];
            unsigned n = (unsigned)(u->range[i].end - pc), len;

            if (n > sizeof(bytes))
                n = sizeof(bytes);
            if (mem_read(e->mem, pc, bytes, n))
                return;
            strbuf_addf(out, "%10lx:  ", (unsigned long)pc);
            len = e->cpu->disassemble(pc, bytes, n, out);
            strbuf_addc(out, '\n');
            if (!len)
                return;
            pc += len;
        }
    }
}

static void dump(struct cpu_engine *e, const struct cg_unit *unit, const struct ir_unit *u)
{
    _cleanup_strbuf_ struct strbuf out = {0};

    strbuf_addf(
        &out, "---- unit %#lx: %u guest instructions, %u ops\n", (unsigned long)u->pc, u->guest_insns, u->ninsns);
    if (e->dump & JIT_DUMP_GUEST)
        dump_guest(e, u, &out);
    if (e->dump & JIT_DUMP_IR)
        ir_print(u, &out);
    if (e->dump & JIT_DUMP_CODE)
        cg_dump(unit, u, &out);
    fd_write_full(STDERR_FILENO, out.data, out.len);
}

/* Frees the retired spaces that no thread uses. */
static void retire_collect(struct cpu_engine *e)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < e->nretired; i++) {
        bool used = false;

        for (struct cpu_thread *t = e->threads; t; t = t->next)
            used |= atomic_load(&t->using) == e->retired[i];
        if (used)
            e->retired[kept++] = e->retired[i];
        else
            cg_space_free(e->retired[i]);
    }
    e->nretired = kept;
}

/* A limit on memory that we could not lift counts the guest's too: most of it is left to the guest. A code space takes up
 * to five times its code. */
static size_t code_bytes_within(int resource, size_t bytes)
{
    struct rlimit limit;

    if (getrlimit(resource, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
        return bytes;
    while (bytes / 4 >= JIT_CODE_BYTES_MIN && 5 * bytes > limit.rlim_cur / 4)
        bytes /= 4;
    return bytes;
}

struct cg_space *jit_space_new(struct cpu_engine *e, struct err *err)
{
    struct cg_space *s;

    e->code_bytes = code_bytes_within(RLIMIT_DATA, code_bytes_within(RLIMIT_AS, e->code_bytes));
    while (!(s = cg_space_new(e->cpu->ir, &e->host, e->code_bytes, err)) && e->code_bytes / 4 >= JIT_CODE_BYTES_MIN)
        e->code_bytes /= 4;
    return s;
}

/* The space is full: begin another. The thread that calls is in the old one too, and moves to the new one. */
static int space_renew(struct cpu_thread *t, struct err *err)
{
    struct cpu_engine *e = t->engine;
    struct cg_space *fresh = jit_space_new(e, err);

    if (!fresh)
        return err->code;
    jit_units_kill_all(&e->units);
    jit_jump_cache_clear(e);
    e->retired[e->nretired++] = atomic_load(&e->space);
    atomic_store(&e->space, fresh);
    for (struct cpu_thread *other = e->threads; other; other = other->next)
        atomic_store(&other->rt->kick, 1);
    atomic_store(&t->using, fresh);
    jit_runtime_init(t, fresh, t->mode);
    retire_collect(e);
    e->stats.flushes++;
    return 0;
}

static struct cg_unit *compile(struct cpu_thread *t, const struct ir_unit *u)
{
    struct cpu_engine *e = t->engine;
    struct err err = {0};
    struct cg_unit *unit = cg_compile_quick(atomic_load(&e->space), u, &err);

    if (unit)
        return unit;
    if (err.code == -ENOSPC && e->nretired < sizeof(e->retired) / sizeof(e->retired[0]) && !space_renew(t, &err))
        unit = cg_compile_quick(atomic_load(&e->space), u, &err);
    if (!unit) {
        log_line("lodge: cannot translate: %#lx: %s", (unsigned long)u->pc, err.text);
        _exit(125);
    }
    return unit;
}

/* NULL: not even the first instruction can be fetched, *event says why. No unit is made of that: nothing would tell that the
 * page has become executable since. */
static struct cg_unit *translate(struct cpu_thread *t, uint64_t pc, uint32_t mode, struct cpu_event *event)
{
    struct cpu_engine *e = t->engine;
    struct jit_fetch ctx;
    struct cpu_translate_request req = jit_request(e, &ctx, pc, mode);
    const struct ir_insn *last;
    struct cg_unit *unit;
    struct ir_unit *u;

    ir_begin(e->builder, pc, mode);
    e->cpu->translate(e->builder, &req);
    u = e->dump || e->lockstep ? ir_end(e->builder) : ir_end_unswept(e->builder);
    if (ctx.failed && u->nranges == 0) {
        *event = (struct cpu_event){.kind = CPU_FAULT, .fault = ctx.fault, .access = CPU_FETCH, .addr = ctx.bad_addr};
        return NULL;
    }
    last = &u->insn[u->block[0].end - 1];
    unit = compile(t, u);
    if (e->dump)
        dump(e, unit, u);
    /* What cannot be fetched now may be there the next time, without notice: such a unit is used once. */
    if (last->op == IR_exit && last->aux == IR_EXIT_FETCH_FAULT)
        atomic_store(&unit->pc, CG_DEAD_PC);
    else {
        jit_units_add(&e->units, unit);
        jit_jump_cache_fit(e, mode);
    }
    e->stats.units++;
    e->stats.guest_insns += u->guest_insns;
    e->stats.code_bytes += unit->code_size;
    return unit;
}

struct cg_unit *jit_unit_get(struct cpu_thread *t, uint64_t pc, uint32_t mode, struct cpu_event *event)
{
    struct cpu_engine *e = t->engine;
    struct cg_unit *unit = jit_units_find(&e->units, pc, mode);

    if (unit)
        return unit;
    mem_lock(e->mem);
    unit = jit_units_find(&e->units, pc, mode);
    if (!unit && hash_get(&e->breakpoints, pc))
        *event = (struct cpu_event){.kind = CPU_BREAKPOINT};
    else if (!unit)
        unit = translate(t, pc, mode, event);
    mem_unlock(e->mem);
    return unit;
}
