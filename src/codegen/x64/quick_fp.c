/* Selection of floating-point arithmetic. MXCSR is the guest's: rounding mode DYN costs nothing, flags accrue by themselves.
 * NaN results are made canonical in cold code. A single lives in the low 32 bits of a register; VAL_BOXED says that the
 * bits above are known to be ones, and scalar instructions carry them from their first source to the result, so boxing
 * mostly costs nothing.
 */
#include "codegen/x64/fp.h"

#define SCRATCH_MXCSR_OLD 3
#define SCRATCH_MXCSR_NEW 4

static const uint8_t rounding_control[] = {[IR_RM_RNE] = 0, [IR_RM_RTZ] = 3, [IR_RM_RDN] = 1, [IR_RM_RUP] = 2};

bool fp_boxed(const struct cg_gen *g, ir_ref r)
{
    return g->val[gen_root(g, r)].flags & VAL_BOXED;
}

void fp_set_boxed(struct cg_gen *g, ir_ref v, bool boxed)
{
    if (boxed && (g->insn[v].type == IR_F32 || g->insn[v].op == IR_fbox))
        g->val[v].flags |= VAL_BOXED;
}

/* d = a op b. d may be any register. */
void fp_op3(struct cg_gen *g, unsigned op, unsigned d, unsigned a, unsigned b)
{
    if (g->host->avx) {
        x64_vrr(&g->b, op, 4, d, a, b);
    } else if (d != b || d == a) {
        gen_move(g, d, a);
        x64_rr(&g->b, op, 4, d, b);
    } else {
        uint32_t locked = g->locked;
        unsigned t = gen_temp(g, true);
        gen_move(g, t, a);
        x64_rr(&g->b, op, 4, t, b);
        gen_move(g, d, t);
        g->locked = locked;
    }
}

void fp_op3_mem(struct cg_gen *g, unsigned op, unsigned d, unsigned a, struct x64_mem m)
{
    if (g->host->avx) {
        x64_vrm(&g->b, op, 4, d, a, m);
    } else {
        gen_move(g, d, a);
        x64_rm(&g->b, op, 4, d, m);
    }
}

/* reg, r/m forms without a second source; size for those with a general register. */
void fp_op2(struct cg_gen *g, unsigned op, unsigned size, unsigned reg, unsigned rm)
{
    if (g->host->avx)
        x64_vrr(&g->b, op, size, reg, 0, rm);
    else
        x64_rr(&g->b, op, size, reg, rm);
}

void fp_op2_mem(struct cg_gen *g, unsigned op, unsigned size, unsigned reg, struct x64_mem m)
{
    if (g->host->avx)
        x64_vrm(&g->b, op, size, reg, 0, m);
    else
        x64_rm(&g->b, op, size, reg, m);
}

unsigned fp_sized(unsigned type, unsigned double_op)
{
    if (type == IR_F64)
        return double_op;
    return (double_op & 0x3000u) == X_66 ? double_op ^ X_66 : double_op ^ X_F2 ^ X_F3;
}

/* Only a NaN is unordered with itself. */
struct cg_cold *fp_canonical(struct cg_gen *g, unsigned type, unsigned d)
{
    struct cg_cold *c;

    if (!g->s->guest->canonical_nan)
        return NULL;
    fp_op2(g, fp_sized(type, X_UCOMISD), 4, d, d);
    c = gen_cold(g, COLD_NAN);
    c->from = x64_jcc_fwd(&g->b, CC_P);
    c->back = g->b.p;
    c->type = (uint8_t)type;
    c->reg = (uint8_t)d;
    return c;
}

bool fp_needs_slow(const struct cg_gen *g, unsigned rm)
{
    return rm == IR_RM_RMM || (rm == IR_RM_DYN && (g->u->mode & IR_MODE_SOFT_RM));
}

/* A static rounding mode: MXCSR is switched around the instruction. `t` is a general register. */
unsigned fp_round_begin(struct cg_gen *g, unsigned rm)
{
    struct x64_mem old = rt_mem(RT_DISP(scratch[SCRATCH_MXCSR_OLD])), new = rt_mem(RT_DISP(scratch[SCRATCH_MXCSR_NEW]));
    unsigned t;

    if (rm == IR_RM_DYN || rm > IR_RM_RUP)
        return X64_NONE;
    t = gen_temp(g, false);
    x64_stmxcsr(&g->b, old);
    x64_rm(&g->b, X_LOAD, 4, t, old);
    x64_alu_ri(&g->b, G_AND, 4, t, ~0x6000);
    if (rounding_control[rm])
        x64_alu_ri(&g->b, G_OR, 4, t, rounding_control[rm] << 13);
    x64_rm(&g->b, X_STORE, 4, t, new);
    x64_ldmxcsr(&g->b, new);
    return t;
}

void fp_round_end(struct cg_gen *g, unsigned t)
{
    struct x64_mem old = rt_mem(RT_DISP(scratch[SCRATCH_MXCSR_OLD])), new = rt_mem(RT_DISP(scratch[SCRATCH_MXCSR_NEW]));

    if (t == X64_NONE)
        return;
    x64_stmxcsr(&g->b, new);
    x64_rm(&g->b, X_LOAD, 4, t, new);
    x64_alu_ri(&g->b, G_AND, 4, t, 0x3f);
    x64_rm(&g->b, X_OR, 4, t, old);
    x64_rm(&g->b, X_STORE, 4, t, new);
    x64_ldmxcsr(&g->b, new);
}

static void gen_arith(struct cg_gen *g, ir_ref i, unsigned op, bool commutes)
{
    const struct ir_insn *in = &g->insn[i];
    ir_ref ra = in->a, rb = in->b;
    unsigned a, b, d, t;
    struct x64_mem m;
    bool mem;

    if (fp_needs_slow(g, in->aux & 7)) {
        gen_slow(g, i);
        return;
    }
    if (commutes && in->type == IR_F32 && !fp_boxed(g, ra) && fp_boxed(g, rb)) {
        ra = in->b;
        rb = in->a;
    }
    mem = gen_reg_or_mem(g, rb, &b, &m);
    a = gen_reg(g, ra);
    t = fp_round_begin(g, in->aux & 7);
    d = gen_dest(g, i, a, false);
    op = fp_sized(in->type, op);
    if (mem)
        fp_op3_mem(g, op, d, a, m);
    else if (commutes && d == b && !g->host->avx && !(in->type == IR_F32 && fp_boxed(g, ra) && !fp_boxed(g, rb)))
        fp_op3(g, op, d, b, a);
    else
        fp_op3(g, op, d, a, b);
    fp_round_end(g, t);
    fp_canonical(g, in->type, d);
    gen_result(g, i, d);
    fp_set_boxed(g, i, fp_boxed(g, ra));
}

static void gen_sqrt(struct cg_gen *g, ir_ref i)
{
    const struct ir_insn *in = &g->insn[i];
    unsigned a, d, t;

    if (fp_needs_slow(g, in->aux & 7)) {
        gen_slow(g, i);
        return;
    }
    a = gen_reg(g, in->a);
    t = fp_round_begin(g, in->aux & 7);
    d = gen_dest(g, i, a, false);
    fp_op3(g, fp_sized(in->type, X_SQRTSD), d, a, a);
    fp_round_end(g, t);
    fp_canonical(g, in->type, d);
    gen_result(g, i, d);
    fp_set_boxed(g, i, fp_boxed(g, in->a));
}

/* VFMADD and kin, forms 213 (d = v * d + m) and 231 (d = v * m + d). The product's operands are kept for the NaN path:
 * infinity * 0 + quiet NaN is invalid for RISC-V (unprivileged manual, "F", fused multiply-add), not for x86. */
static void gen_fma(struct cg_gen *g, ir_ref i)
{
    const struct ir_insn *in = &g->insn[i];
    unsigned a, b, c, d, t, keep_a, keep_b, op = X_66 | X_0F38 | (in->type == IR_F64 ? (unsigned)X_W : 0u);
    unsigned sign = (in->aux & IR_FMA_NEG_PRODUCT ? 4u : 0) + (in->aux & IR_FMA_NEG_C ? 2u : 0);
    struct cg_cold *cold;

    if (fp_needs_slow(g, in->aux & 7) || !g->host->fma) {
        gen_slow(g, i);
        return;
    }
    a = keep_a = gen_reg(g, in->a);
    b = keep_b = gen_reg(g, in->b);
    c = gen_reg(g, in->c);
    t = fp_round_begin(g, in->aux & 7);
    d = gen_dest(g, i, c, false);
    if (d == a || d == b) {
        unsigned copy = gen_temp(g, true);
        gen_move(g, copy, d);
        if (d == a)
            keep_a = copy;
        if (d == b)
            keep_b = copy;
    }
    if ((d == a || d == b) && d != c) {
        x64_vrr(&g->b, op | (0xa9 + sign), 4, d, d == a ? b : a, c);
        fp_set_boxed(g, i, fp_boxed(g, d == a ? in->a : in->b));
    } else {
        gen_move(g, d, c);
        x64_vrr(&g->b, op | (0xb9 + sign), 4, d, keep_a, keep_b);
        fp_set_boxed(g, i, fp_boxed(g, in->c));
    }
    fp_round_end(g, t);
    cold = fp_canonical(g, in->type, d);
    if (cold) {
        cold->op = IR_fma;
        cold->reg2 = (uint8_t)keep_a;
        cold->reg3 = (uint8_t)keep_b;
    }
    gen_result(g, i, d);
}

/* Equal operands (zeros of either sign) and NaN are for the cold path. */
static void gen_fminmax(struct cg_gen *g, ir_ref i)
{
    const struct ir_insn *in = &g->insn[i];
    bool min = in->op == IR_fmin || in->op == IR_fminm;
    unsigned a = gen_reg(g, in->a), b = gen_reg(g, in->b), d = gen_dest(g, i, a, false);
    struct cg_cold *c;

    if (!g->host->avx && d == b && d != a) { /* these two are the same but for the cases that are cold */
        b = a;
        a = d;
    }
    fp_op2(g, fp_sized(in->type, X_UCOMISD), 4, a, b);
    c = gen_cold(g, COLD_FMINMAX);
    c->from = x64_jcc_fwd(&g->b, CC_E);
    c->op = in->op;
    c->type = in->type;
    c->reg = (uint8_t)d;
    c->reg2 = (uint8_t)a;
    c->reg3 = (uint8_t)b;
    fp_op3(g, fp_sized(in->type, min ? X_MINSD : X_MAXSD), d, a, b);
    c->back = g->b.p;
    gen_result(g, i, d);
    fp_set_boxed(g, i, fp_boxed(g, in->a) && fp_boxed(g, in->b));
}

static void load_nan(struct cg_gen *g, unsigned type, unsigned d)
{
    gen_load_word(g, d, x64_rip(type == IR_F64 ? g->seg->consts->nan64 : g->seg->consts->nan32));
}

/* infinity * 0: multiply again and take over the invalid flag alone. */
static void cold_fma_invalid(struct cg_gen *g, const struct cg_cold *c)
{
    struct x64_mem old = rt_mem(RT_DISP(scratch[SCRATCH_MXCSR_OLD])), new = rt_mem(RT_DISP(scratch[SCRATCH_MXCSR_NEW]));

    x64_stmxcsr(&g->b, old);
    x64_vrr(&g->b, fp_sized(c->type, X_MULSD), 4, c->reg, c->reg2, c->reg3);
    x64_stmxcsr(&g->b, new);
    x64_alu_mi(&g->b, G_AND, 4, new, 1);
    x64_push(&g->b, RAX);
    x64_rm(&g->b, X_LOAD, 4, RAX, new);
    x64_rm(&g->b, 0x09, 4, RAX, old);
    x64_pop(&g->b, RAX);
    x64_ldmxcsr(&g->b, old);
}

static void cold_fminmax(struct cg_gen *g, const struct cg_cold *c)
{
    bool min = c->op == IR_fmin || c->op == IR_fminm;
    unsigned ucomis = fp_sized(c->type, X_UCOMISD);
    uint8_t *nan = x64_jcc8_fwd(&g->b, CC_P), *not_a, *not_b;

    if (c->reg == c->reg3) /* d is b: a op b commutes */
        fp_op3(g, min ? X_ORPS : X_ANDPS, c->reg, c->reg3, c->reg2);
    else
        fp_op3(g, min ? X_ORPS : X_ANDPS, c->reg, c->reg2, c->reg3);
    x64_jmp(&g->b, c->back);
    x64_here8(&g->b, nan);
    if (c->op == IR_fmin || c->op == IR_fmax) {
        fp_op2(g, ucomis, 4, c->reg2, c->reg2);
        not_a = x64_jcc8_fwd(&g->b, CC_P);
        gen_move(g, c->reg, c->reg2);
        x64_jmp(&g->b, c->back);
        x64_here8(&g->b, not_a);
        fp_op2(g, ucomis, 4, c->reg3, c->reg3);
        not_b = x64_jcc8_fwd(&g->b, CC_P);
        gen_move(g, c->reg, c->reg3);
        x64_jmp(&g->b, c->back);
        x64_here8(&g->b, not_b);
    }
    load_nan(g, c->type, c->reg);
    x64_jmp(&g->b, c->back);
}

void gen_cold_fp(struct cg_gen *g, const struct cg_cold *c)
{
    g->locked = 0;
    switch (c->kind) {
    case COLD_FMINMAX: cold_fminmax(g, c); break;
    case COLD_F_TO_I: fp_cold_to_int(g, c); break;
    default:
        if (c->op == IR_fma)
            cold_fma_invalid(g, c);
        load_nan(g, c->type, c->reg);
        x64_jmp(&g->b, c->back);
        break;
    }
}

/* ---- bits ---------------------------------------------------------------------------------------------------------- */

static void gen_sign(struct cg_gen *g, ir_ref i)
{
    const struct ir_insn *in = &g->insn[i];
    const struct cg_consts *k = g->seg->consts;
    bool wide = in->type == IR_F64;
    struct x64_mem sign = x64_rip(wide ? k->sign64 : k->sign32), abs = x64_rip(wide ? k->abs64 : k->abs32);
    unsigned a = gen_reg(g, in->a), b, d, t;

    if (in->op == IR_fneg || in->op == IR_fabs) {
        d = gen_dest(g, i, a, false);
        if (in->op == IR_fneg)
            fp_op3_mem(g, X_XORPS, d, a, sign);
        else
            fp_op3_mem(g, X_ANDPS, d, a, abs);
    } else {
        b = gen_reg(g, in->b);
        t = gen_temp(g, true);
        fp_op3_mem(g, in->op == IR_fsgnjn ? X_ANDNPS : X_ANDPS, t, b, sign);
        d = gen_dest(g, i, a, false);
        if (in->op != IR_fsgnjx)
            fp_op3_mem(g, X_ANDPS, d, a, abs);
        else
            gen_move(g, d, a);
        fp_op3(g, in->op == IR_fsgnjx ? X_XORPS : X_ORPS, d, d, t);
    }
    gen_result(g, i, d);
    fp_set_boxed(g, i, fp_boxed(g, in->a));
}

static void gen_bitcast(struct cg_gen *g, ir_ref i)
{
    const struct ir_insn *in = &g->insn[i];
    unsigned a, d;

    if (is_float(in->type) == is_float(gen_type(g, in->a))) {
        gen_alias(g, i, in->a);
        return;
    }
    a = gen_reg(g, in->a);
    if (is_xmm(a) == is_float(in->type)) { /* the same value under another name */
        gen_alias(g, i, in->a);
        return;
    }
    d = gen_dest(g, i, X64_NONE, false);
    gen_move(g, d, a);
    gen_result(g, i, d);
}

static void gen_box(struct cg_gen *g, ir_ref i)
{
    const struct ir_insn *in = &g->insn[i];
    unsigned a, d;

    if (fp_boxed(g, in->a)) {
        gen_alias(g, i, in->a);
        return;
    }
    a = gen_reg(g, in->a);
    d = gen_dest(g, i, a, false);
    fp_op3_mem(g, X_ORPS, d, a, x64_rip(g->seg->consts->box));
    gen_result(g, i, d);
    fp_set_boxed(g, i, true);
}

static void gen_unbox(struct cg_gen *g, ir_ref i)
{
    const struct ir_insn *in = &g->insn[i];
    unsigned a, d, t;
    struct cg_cold *c;

    if (fp_boxed(g, in->a)) {
        gen_alias(g, i, in->a);
        return;
    }
    a = gen_reg(g, in->a);
    t = gen_temp(g, false);
    if (g->host->avx) {
        x64_vrri8(&g->b, X_PEXTRD, 4, a, 0, t, 1);
    } else {
        gen_move(g, t, a);
        x64_shift_i(&g->b, G_SAR, 8, t, 32);
    }
    d = gen_dest(g, i, a, false);
    gen_move(g, d, a);
    x64_alu_ri(&g->b, G_CMP, 4, t, -1);
    c = gen_cold(g, COLD_NAN);
    c->from = x64_jcc_fwd(&g->b, CC_NE);
    c->back = g->b.p;
    c->type = IR_F32;
    c->reg = (uint8_t)d;
    gen_result(g, i, d);
    fp_set_boxed(g, i, true);
}

/* ---- comparisons --------------------------------------------------------------------------------------------------- */

static void gen_fcompare(struct cg_gen *g, ir_ref i)
{
    const struct ir_insn *in = &g->insn[i];
    unsigned type = gen_type(g, in->a), a = gen_reg(g, in->a), b = gen_reg(g, in->b),
             d = gen_dest(g, i, X64_NONE, false), t;

    if (in->op == IR_feq) { /* cmpeqsd is quiet and false for NaN */
        t = gen_temp(g, true);
        if (g->host->avx) {
            x64_vrri8(&g->b, (type == IR_F64 ? X_F2 : X_F3) | X_0F | 0xc2, 4, t, a, b, 0);
        } else {
            gen_move(g, t, a);
            x64_rri8(&g->b, (type == IR_F64 ? X_F2 : X_F3) | X_0F | 0xc2, 4, t, b, 0);
        }
        fp_op2(g, X_MOVD_FROM, 4, t, d);
        x64_alu_ri(&g->b, G_AND, 4, d, 1);
    } else { /* a < b is b above a; unordered is below */
        bool quiet = in->op == IR_fltq || in->op == IR_fleq;
        x64_rr(&g->b, X_XOR, 4, d, d);
        fp_op2(g, fp_sized(type, quiet ? X_UCOMISD : X_COMISD), 4, b, a);
        x64_setcc(&g->b, in->op == IR_flt || in->op == IR_fltq ? CC_A : CC_AE, d);
    }
    gen_result(g, i, d);
}

/* ---- environment --------------------------------------------------------------------------------------------------- */

static void gen_get_flags(struct cg_gen *g, ir_ref i)
{
    struct x64_mem word = rt_mem(RT_DISP(scratch[SCRATCH_MXCSR_OLD]));
    unsigned d = gen_dest(g, i, X64_NONE, false), t = gen_temp(g, false);

    x64_stmxcsr(&g->b, word);
    x64_rm(&g->b, X_LOAD, 4, d, word);
    x64_alu_ri(&g->b, G_AND, 4, d, 0x3f);
    x64_rm(&g->b, X_LEA, 8, t, x64_rip(g->seg->consts->flags));
    x64_rm(&g->b, X_MOVZX8 & ~X_BYTE, 4, d, x64_sib(t, d, 0, 0));
    x64_rm(&g->b, X_MOVZX8 & ~X_BYTE, 4, t, rt_mem(STATE_DISP(IR_STATE_FP_FLAGS)));
    x64_rr(&g->b, X_OR, 4, d, t);
    gen_result(g, i, d);
}

/* ldmxcsr is slow, and mostly there is nothing to clear. */
static void gen_set_flags(struct cg_gen *g, const struct ir_insn *in)
{
    struct x64_mem word = rt_mem(RT_DISP(scratch[SCRATCH_MXCSR_OLD]));
    unsigned a = gen_reg(g, in->a);
    uint8_t *clear;

    x64_rm(&g->b, X_STORE8, 4, a, rt_mem(STATE_DISP(IR_STATE_FP_FLAGS)));
    x64_stmxcsr(&g->b, word);
    x64_rm(&g->b, 0xf6, 4, 0, word); /* testb $0x3f, word */
    x64_bytes(&g->b, "\x3f", 1);
    clear = x64_jcc8_fwd(&g->b, CC_E);
    x64_alu_mi(&g->b, G_AND, 4, word, ~0x3f);
    x64_ldmxcsr(&g->b, word);
    x64_here8(&g->b, clear);
}

static void gen_set_rm(struct cg_gen *g, const struct ir_insn *in)
{
    struct x64_mem word = rt_mem(RT_DISP(scratch[SCRATCH_MXCSR_OLD]));
    unsigned a = gen_reg(g, in->a), t = gen_temp(g, false), u = gen_temp(g, false);

    x64_rm(&g->b, X_STORE8, 4, a, rt_mem(STATE_DISP(IR_STATE_FP_RM)));
    x64_mov32(&g->b, t, a);
    x64_alu_ri(&g->b, G_AND, 4, t, 7);
    x64_rm(&g->b, X_LEA, 8, u, x64_rip(g->seg->consts->rounding));
    x64_rm(&g->b, X_MOVZX8 & ~X_BYTE, 4, t, x64_sib(u, t, 0, 0));
    x64_shift_i(&g->b, G_SHL, 4, t, 13);
    x64_stmxcsr(&g->b, word);
    x64_alu_mi(&g->b, G_AND, 4, word, ~0x6000);
    x64_rm(&g->b, 0x09, 4, t, word); /* or %t, word */
    x64_ldmxcsr(&g->b, word);
}

void gen_fp_op(struct cg_gen *g, ir_ref i)
{
    const struct ir_insn *in = &g->insn[i];
    unsigned d;

    switch ((enum ir_op)in->op) {
    case IR_bitcast: gen_bitcast(g, i); break;
    case IR_fbox: gen_box(g, i); break;
    case IR_funbox: gen_unbox(g, i); break;
    case IR_fadd: gen_arith(g, i, X_ADDSD, true); break;
    case IR_fsub: gen_arith(g, i, X_SUBSD, false); break;
    case IR_fmul: gen_arith(g, i, X_MULSD, true); break;
    case IR_fdiv: gen_arith(g, i, X_DIVSD, false); break;
    case IR_fsqrt: gen_sqrt(g, i); break;
    case IR_fma: gen_fma(g, i); break;
    case IR_fmin:
    case IR_fmax:
    case IR_fminm:
    case IR_fmaxm: gen_fminmax(g, i); break;
    case IR_fneg:
    case IR_fabs:
    case IR_fsgnj:
    case IR_fsgnjn:
    case IR_fsgnjx: gen_sign(g, i); break;
    case IR_feq:
    case IR_flt:
    case IR_fle:
    case IR_fltq:
    case IR_fleq: gen_fcompare(g, i); break;
    case IR_f_to_i: fp_to_int(g, i); break;
    case IR_i_to_f: fp_from_int(g, i); break;
    case IR_f_to_f: fp_convert(g, i); break;
    case IR_fround: fp_round(g, i); break;
    case IR_f_to_h:
    case IR_h_to_f:
    case IR_fclass: gen_slow(g, i); break;
    case IR_fp_flags: gen_get_flags(g, i); break;
    case IR_fp_set_flags: gen_set_flags(g, in); break;
    case IR_fp_rm:
        d = gen_dest(g, i, X64_NONE, false);
        x64_rm(&g->b, X_MOVZX8 & ~X_BYTE, 4, d, rt_mem(STATE_DISP(IR_STATE_FP_RM)));
        gen_result(g, i, d);
        break;
    case IR_fp_set_rm: gen_set_rm(g, in); break;
    default: gen_fail(g, "not a floating-point op"); break;
    }
}
