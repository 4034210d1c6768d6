/* Register allocation of the quick tier: where values are, and what makes room. See gen.h.
 */
#include "codegen/x64/gen.h"

#define SCRATCH_XMM 0xffff0000u

bool gen_const(const struct cg_gen *g, ir_ref r, int64_t *value)
{
    const struct ir_insn *in = &g->insn[gen_root(g, r)];

    if (in->op == IR_const) {
        *value = is_float(in->type) ? (int64_t)gen_literal(in) : sext64(gen_literal(in), type_bits(in->type));
        return true;
    }
    if (in->op == IR_pcrel) {
        *value = (int64_t)(g->u->pc + gen_literal(in));
        return true;
    }
    return false;
}

bool gen_const32(const struct cg_gen *g, ir_ref r, int32_t *value)
{
    int64_t v;

    if (!gen_const(g, r, &v) || v != (int32_t)v)
        return false;
    *value = (int32_t)v;
    return true;
}

static struct x64_mem val_mem(const struct cg_val *v)
{
    return x64_base(v->mem == MEM_SPILL ? RSP : RBP, v->disp);
}

void gen_load_word(struct cg_gen *g, unsigned reg, struct x64_mem m)
{
    if (!is_xmm(reg))
        x64_rm(&g->b, X_LOAD, 8, reg, m);
    else if (g->host->avx)
        x64_vrm(&g->b, X_MOVSD_LD, 4, reg, 0, m);
    else
        x64_rm(&g->b, X_MOVSD_LD, 4, reg, m);
}

static void store_word(struct cg_gen *g, unsigned reg, struct x64_mem m)
{
    if (!is_xmm(reg))
        x64_rm(&g->b, X_STORE, 8, reg, m);
    else if (g->host->avx)
        x64_vrm(&g->b, X_MOVSD_ST, 4, reg, 0, m);
    else
        x64_rm(&g->b, X_MOVSD_ST, 4, reg, m);
}

void gen_move(struct cg_gen *g, unsigned dst, unsigned src)
{
    bool vex = g->host->avx;

    if (dst == src)
        return;
    if (!is_xmm(dst) && !is_xmm(src))
        x64_mov(&g->b, dst, src);
    else if (is_xmm(dst) && is_xmm(src))
        vex ? x64_vrr(&g->b, X_MOVAPS, 4, dst, 0, src) : x64_rr(&g->b, X_MOVAPS, 4, dst, src);
    else if (is_xmm(dst))
        vex ? x64_vrr(&g->b, X_MOVD_TO, 8, dst, 0, src) : x64_rr(&g->b, X_MOVD_TO, 8, dst, src);
    else
        vex ? x64_vrr(&g->b, X_MOVD_FROM, 8, src, 0, dst) : x64_rr(&g->b, X_MOVD_FROM, 8, src, dst);
}

/* A register that holds v, or X64_NONE. */
static unsigned holder(const struct cg_gen *g, uint32_t v)
{
    for (uint32_t set = g->busy; set; set &= set - 1)
        if (g->regval[ctz32(set)] == v)
            return ctz32(set);
    return X64_NONE;
}

/* Register reg no longer stands for its value; if another register does, that one is named from now on. */
static void unbind(struct cg_gen *g, unsigned reg)
{
    uint32_t v = g->regval[reg];

    if (!v)
        return;
    gen_hold(g, reg, 0);
    if (g->val[v].reg != reg)
        return;
    /* Of what nobody asks for any more, it does not matter who holds it. */
    g->val[v].reg = (uint8_t)(g->val[v].last < g->now ? X64_NONE : holder(g, v));
}

static void bind(struct cg_gen *g, uint32_t v, unsigned reg)
{
    gen_hold(g, reg, v);
    g->val[v].reg = (uint8_t)reg;
}

static void spill(struct cg_gen *g, uint32_t v)
{
    struct cg_val *val = &g->val[v];
    unsigned word = ~g->spilled[0] ? ctz64(~g->spilled[0]) : 64 + ctz64(~g->spilled[1]);

    if (word >= SPILL_WORDS) {
        gen_fail(g, "out of spill words");
        return;
    }
    g->spilled[word >> 6] |= 1ull << (word & 63);
    g->spill_ref[word] = v;
    val->mem = MEM_SPILL;
    val->disp = (int32_t)(word * 8);
    store_word(g, val->reg, val_mem(val));
}

static bool is_const_op(const struct cg_gen *g, uint32_t v)
{
    return g->insn[v].op == IR_const || g->insn[v].op == IR_pcrel;
}

/* Makes v live without register reg, which is about to change. */
static void displace(struct cg_gen *g, unsigned reg)
{
    uint32_t v = g->regval[reg];

    if (v && g->val[v].last >= g->now && g->val[v].reg == reg && !is_const_op(g, v) && g->val[v].mem == MEM_NONE) {
        unsigned other;

        gen_hold(g, reg, 0);
        other = holder(g, v);
        if (other == X64_NONE)
            spill(g, v);
        g->val[v].reg = (uint8_t)other;
        return;
    }
    unbind(g, reg);
}

static uint32_t class_scratch(const struct cg_gen *g, bool xmm)
{
    return (g->conv->scratch | g->avail) & (xmm ? SCRATCH_XMM : ~SCRATCH_XMM);
}

static uint32_t free_among(const struct cg_gen *g, uint32_t candidates)
{
    uint32_t result = 0;

    for (uint32_t set = candidates; set; set &= set - 1) {
        uint32_t v = g->regval[ctz32(set)];
        if (!v || g->val[v].last < g->now)
            result |= set & -set;
    }
    return result;
}

/* The register whose loss costs least: a free one (homes last, for their puts are to come), then one with a copy
 * elsewhere, then the one needed last. */
static unsigned victim(const struct cg_gen *g, uint32_t candidates)
{
    uint32_t free_regs = free_among(g, candidates), best_score = 0;
    unsigned best = X64_NONE;

    if (free_regs & g->conv->scratch)
        return ctz32(free_regs & g->conv->scratch);
    if (free_regs)
        return ctz32(free_regs);
    for (uint32_t set = candidates; set; set &= set - 1) {
        unsigned r = ctz32(set);
        uint32_t v = g->regval[r], score;

        score = (g->val[v].mem != MEM_NONE || is_const_op(g, v) ? 0x80000000u : 0) | g->val[v].last;
        if (score > best_score) {
            best_score = score;
            best = r;
        }
    }
    return best;
}

unsigned gen_temp(struct cg_gen *g, bool xmm)
{
    uint32_t candidates = class_scratch(g, xmm) & ~g->locked;
    unsigned r;

    if (!candidates) {
        gen_fail(g, "out of scratch registers");
        return xmm ? XMM0 : RAX;
    }
    r = victim(g, candidates);
    displace(g, r);
    g->locked |= 1u << r;
    return r;
}

void gen_take(struct cg_gen *g, unsigned reg)
{
    uint32_t v = g->regval[reg];

    if (v && g->val[v].last >= g->now && g->val[v].reg == reg && !is_const_op(g, v) && g->val[v].mem == MEM_NONE) {
        uint32_t others = class_scratch(g, is_xmm(reg)) & ~g->locked & ~(1u << reg);

        for (uint32_t set = others; set; set &= set - 1) {
            unsigned r = ctz32(set);
            if (!g->regval[r]) { /* a free register is cheaper than a spill */
                gen_move(g, r, reg);
                gen_hold(g, reg, 0);
                bind(g, v, r);
                break;
            }
        }
    }
    displace(g, reg);
    g->locked |= 1u << reg;
}

static void load_const(struct cg_gen *g, unsigned reg, uint64_t bits)
{
    if (!is_xmm(reg)) {
        x64_mov_i(&g->b, reg, bits);
    } else if (!bits) {
        g->host->avx ? x64_vrr(&g->b, X_XORPS, 4, reg, reg, reg) : x64_rr(&g->b, X_XORPS, 4, reg, reg);
    } else {
        uint32_t locked = g->locked;
        unsigned t = gen_temp(g, false);
        x64_mov_i(&g->b, t, bits);
        gen_move(g, reg, t);
        g->locked = locked;
    }
}

unsigned gen_reg(struct cg_gen *g, ir_ref ref)
{
    uint32_t v = gen_root(g, ref);
    struct cg_val *val = &g->val[v];
    int64_t k;
    unsigned r;

    if (val->reg == X64_NONE && (val->flags & VAL_LAZY))
        gen_lazy(g, v);
    if (val->reg != X64_NONE) {
        g->locked |= 1u << val->reg;
        return val->reg;
    }
    r = gen_temp(g, is_float(gen_type(g, v)));
    if (gen_const(g, v, &k))
        load_const(g, r, (uint64_t)k);
    else if (val->mem != MEM_NONE)
        gen_load_word(g, r, val_mem(val));
    else
        gen_fail(g, "value is nowhere");
    bind(g, v, r);
    return r;
}

bool gen_reg_or_mem(struct cg_gen *g, ir_ref ref, unsigned *reg, struct x64_mem *m)
{
    uint32_t v = gen_root(g, ref);
    struct cg_val *val = &g->val[v];

    if (val->reg == X64_NONE && val->mem != MEM_NONE && val->last == g->now) {
        *m = val_mem(val);
        return true;
    }
    *reg = gen_reg(g, v);
    return false;
}

void gen_value_to(struct cg_gen *g, unsigned reg, ir_ref ref)
{
    uint32_t v = gen_root(g, ref);
    struct cg_val *val = &g->val[v];
    int64_t k;

    if (val->reg == X64_NONE && gen_const(g, v, &k))
        load_const(g, reg, (uint64_t)k);
    else if (val->reg == X64_NONE && val->mem != MEM_NONE)
        gen_load_word(g, reg, val_mem(val));
    else {
        uint32_t locked = g->locked; /* copied: the register is not needed any more */
        gen_move(g, reg, gen_reg(g, v));
        g->locked = locked;
    }
}

/* Home register `reg` is about to be overwritten, after the operands of the current instruction were read: a value in it
 * that is needed later moves to a scratch register or a spill word. */
static void save_home(struct cg_gen *g, unsigned reg)
{
    uint32_t v = g->regval[reg], free_regs;

    if (!gen_live_after(g, v) || g->val[v].reg != reg) {
        unbind(g, reg);
        return;
    }
    gen_hold(g, reg, 0);
    g->val[v].reg = (uint8_t)holder(g, v);
    if (g->val[v].reg != X64_NONE || g->val[v].mem != MEM_NONE || is_const_op(g, v))
        return;
    free_regs = free_among(g, class_scratch(g, is_xmm(reg)) & ~g->locked & ~(1u << reg));
    if (free_regs & g->conv->scratch)
        free_regs &= g->conv->scratch;
    if (free_regs) {
        unsigned r = ctz32(free_regs);
        unbind(g, r);
        gen_move(g, r, reg);
        bind(g, v, r);
        g->locked |= 1u << r;
        return;
    }
    g->val[v].reg = (uint8_t)reg;
    spill(g, v);
    g->val[v].reg = X64_NONE;
}

unsigned gen_dest(struct cg_gen *g, ir_ref v, unsigned prefer, bool early)
{
    bool xmm = is_float(gen_type(g, v));
    unsigned hint = g->val[v].hint;

    /* A locked register is that of an operand, which may be overwritten if not early, or holds no value: a temporary. */
    if (hint != X64_NONE && (!(g->locked >> hint & 1) || (!early && g->regval[hint]))) {
        save_home(g, hint);
        g->locked |= 1u << hint;
        return hint;
    }
    if (!early && prefer != X64_NONE && (class_scratch(g, xmm) >> prefer & 1)) {
        uint32_t w = g->regval[prefer];
        if (!gen_live_after(g, w)) {
            unbind(g, prefer);
            g->locked |= 1u << prefer;
            return prefer;
        }
    }
    return gen_temp(g, xmm);
}

void gen_result(struct cg_gen *g, ir_ref v, unsigned reg)
{
    if (g->regval[reg])
        unbind(g, reg);
    bind(g, v, reg);
    g->locked |= 1u << reg;
}

void gen_alias(struct cg_gen *g, ir_ref v, ir_ref of)
{
    uint32_t root = gen_root(g, of);

    g->val[v].root = root;
    if (g->val[root].last < g->val[v].last)
        g->val[root].last = g->val[v].last;
}

void gen_get(struct cg_gen *g, ir_ref v)
{
    unsigned slot = g->insn[v].aux, home = g->conv->home[slot];
    uint32_t old = home != X64_NONE ? g->regval[home] : g->memval[slot];

    if (g->val[v].flags & VAL_FREES_HOME)
        g->avail |= 1u << home;
    if (old && g->val[old].last >= g->now && is_float(gen_type(g, old)) == is_float(gen_type(g, v))) {
        gen_alias(g, v, old);
        return;
    }
    if (home != X64_NONE) {
        unbind(g, home);
        bind(g, v, home);
        return;
    }
    g->memval[slot] = v;
    g->val[v].mem = MEM_SLOT;
    g->val[v].disp = g->conv->disp[slot];
}

/* The slot's memory is about to be overwritten by v. */
static void save_slot(struct cg_gen *g, unsigned slot, uint32_t v)
{
    uint32_t old = g->memval[slot];
    struct cg_val *val = &g->val[old];

    if (!old || old == v || val->mem != MEM_SLOT || val->disp != g->conv->disp[slot])
        return;
    if (gen_live_after(g, old) && val->reg == X64_NONE)
        gen_reg(g, old);
    val->mem = MEM_NONE;
}

static void put_memory(struct cg_gen *g, unsigned slot, uint32_t v)
{
    struct cg_val *val = &g->val[v];
    struct x64_mem m = x64_base(RBP, g->conv->disp[slot]);
    int32_t k;

    if (g->memval[slot] == v && val->mem == MEM_SLOT && val->disp == g->conv->disp[slot])
        return;
    save_slot(g, slot, v);
    if (val->reg == X64_NONE && gen_const32(g, v, &k) && !is_float(gen_type(g, v)))
        x64_store_i(&g->b, 8, m, k);
    else
        store_word(g, gen_reg(g, v), m);
    g->memval[slot] = v;
    if (val->mem == MEM_NONE && !is_const_op(g, v)) {
        val->mem = MEM_SLOT;
        val->disp = g->conv->disp[slot];
    }
}

void gen_put(struct cg_gen *g, unsigned slot, ir_ref value)
{
    uint32_t v = gen_root(g, value);
    struct cg_val *val = &g->val[v];
    unsigned home = g->conv->home[slot];
    unsigned old;

    if (val->reg == X64_NONE && (val->flags & VAL_LAZY))
        gen_lazy(g, v);
    if (home == X64_NONE) {
        put_memory(g, slot, v);
        return;
    }
    g->avail &= ~(1u << home);
    if (g->regval[home] == v)
        return;
    save_home(g, home);
    old = val->reg;
    gen_value_to(g, home, v);
    if (old == X64_NONE || ((g->conv->scratch | g->avail) >> old & 1)) { /* the home lasts longer */
        if (old != X64_NONE)
            gen_hold(g, old, 0);
        val->reg = (uint8_t)home;
    }
    gen_hold(g, home, v);
}

void gen_done(struct cg_gen *g)
{
    g->locked = 0;
    for (uint32_t set = g->busy & (g->conv->scratch | g->avail); set; set &= set - 1) {
        unsigned r = ctz32(set);
        struct cg_val *val = &g->val[g->regval[r]];

        if (val->last > g->now)
            continue;
        gen_hold(g, r, 0);
        if (val->reg == r)
            val->reg = X64_NONE;
    }
    if (!(g->spilled[0] | g->spilled[1]))
        return;
    for (unsigned half = 0; half < 2; half++)
        for (uint64_t set = g->spilled[half]; set; set &= set - 1) {
            unsigned word = half * 64 + ctz64(set);
            if (g->val[g->spill_ref[word]].last <= g->now) {
                g->spilled[half] &= ~(1ull << (word & 63));
                g->val[g->spill_ref[word]].mem = MEM_NONE;
            }
        }
}

void gen_save_for_call(struct cg_gen *g, bool slots)
{
    for (unsigned r = 0; r < X64_NREGS; r++) {
        uint32_t v = g->regval[r];

        if (!v || !(slots || (g->conv->scratch >> r & 1)))
            continue;
        if (slots && g->val[v].last >= g->now && !is_const_op(g, v) && g->val[v].mem != MEM_SPILL) {
            g->val[v].reg = (uint8_t)r;
            spill(g, v);
        }
        displace(g, r);
    }
    for (unsigned slot = 0; slots && slot < g->s->guest->nslots; slot++) {
        uint32_t v = g->memval[slot];

        g->memval[slot] = 0;
        if (!v || g->val[v].mem != MEM_SLOT || !gen_live_after(g, v))
            continue;
        gen_reg(g, v);
        spill(g, v);
        unbind(g, g->val[v].reg);
        g->locked = 0;
    }
}
