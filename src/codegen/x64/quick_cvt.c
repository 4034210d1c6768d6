/* Selection of floating-point conversions. Flags must be exact: x86 raises the inexact flag where a guest wants the invalid
 * one alone if a wider instruction does the work of a narrower conversion, so ranges are checked before.
 */
#include "codegen/x64/fp.h"

enum { OUT_SIGNED, OUT_LOW, OUT_HIGH }; /* cg_cold.imm: how a conversion left its range */

static struct x64_mem bound(const struct cg_gen *g, unsigned type, const uint64_t *d, const uint32_t *f)
{
    (void)g;
    return type == IR_F64 ? x64_rip(d) : x64_rip(f);
}

static void cold_to_int(struct cg_gen *g, uint8_t *from, const struct ir_insn *in, unsigned d, unsigned x, unsigned how)
{
    struct cg_cold *c = gen_cold(g, COLD_F_TO_I);

    c->from = from;
    c->aux = in->aux;
    c->type = (uint8_t)gen_type(g, in->a);
    c->reg = (uint8_t)d;
    c->reg2 = (uint8_t)x;
    c->imm = how;
}

/* Conversions that the host has: x86 answers 0x80..0 for what is out of range, and raises invalid alone. */
static void to_signed(struct cg_gen *g, ir_ref i, unsigned d, unsigned x)
{
    const struct ir_insn *in = &g->insn[i];
    unsigned type = gen_type(g, in->a), rm = in->aux & 7, size = (in->aux >> 4 & 3) == 3 ? 8 : 4, t;

    t = rm == IR_RM_RTZ ? X64_NONE : fp_round_begin(g, rm);
    fp_op2(g, fp_sized(type, rm == IR_RM_RTZ ? X_CVTTSD2SI : X_CVTSD2SI), size, d, x);
    fp_round_end(g, t);
    x64_alu_ri(&g->b, G_CMP, size, d, 1); /* overflows for 0x80..0 only */
    cold_to_int(g, x64_jcc_fwd(&g->b, CC_O), in, d, x, OUT_SIGNED);
}

/* Toward zero: in range if -1 < x < 2^bits. */
static void to_unsigned(struct cg_gen *g, ir_ref i, unsigned d, unsigned x)
{
    const struct ir_insn *in = &g->insn[i];
    const struct cg_consts *k = g->seg->consts;
    unsigned type = gen_type(g, in->a), ucomis = fp_sized(type, X_UCOMISD);
    bool wide = (in->aux >> 4 & 3) == 3;

    fp_op2_mem(g, ucomis, 4, x, bound(g, type, k->minus_one, &k->minus_onef));
    cold_to_int(g, x64_jcc_fwd(&g->b, CC_BE), in, d, x, OUT_LOW);
    fp_op2_mem(g, ucomis, 4, x, wide ? bound(g, type, k->two63, &k->two63f) : bound(g, type, k->two32, &k->two32f));
    cold_to_int(g, x64_jcc_fwd(&g->b, CC_AE), in, d, x, OUT_HIGH);
    fp_op2(g, fp_sized(type, X_CVTTSD2SI), 8, d, x);
}

void fp_to_int(struct cg_gen *g, ir_ref i)
{
    const struct ir_insn *in = &g->insn[i];
    unsigned rm = in->aux & 7, log2 = in->aux >> 4 & 3, x, d;
    bool is_unsigned = in->aux & 0x40;
    uint32_t first = g->ncold;

    if (fp_needs_slow(g, rm) || log2 < 2 || (is_unsigned && rm != IR_RM_RTZ)) {
        gen_slow(g, i);
        return;
    }
    x = gen_reg(g, in->a);
    d = gen_dest(g, i, X64_NONE, false);
    if (is_unsigned)
        to_unsigned(g, i, d, x);
    else
        to_signed(g, i, d, x);
    for (uint32_t c = first; c < g->ncold; c++)
        g->cold[c].back = g->b.p;
    if (log2 == 2 && in->type == IR_I64)
        x64_rr(&g->b, X_MOVSXD, 8, d, d);
    gen_result(g, i, d);
}

/* The value for a NaN, then on. */
static void cold_nan_to_int(struct cg_gen *g, const struct cg_cold *c, uint64_t max)
{
    x64_mov_i(&g->b, c->reg, (c->aux >> 8 & 3) == IR_FTOI_SAT_NAN_ZERO ? 0 : max);
    x64_jmp(&g->b, c->back);
}

static void cold_signed(struct cg_gen *g, const struct cg_cold *c)
{
    const struct cg_consts *k = g->seg->consts;
    uint64_t max = (c->aux >> 4 & 3) == 3 ? INT64_MAX : INT32_MAX;
    uint8_t *nan, *low;

    /* Not 2^31: 2147483647.5 is below it and may round out of range. Out of range, the sign alone decides. */
    fp_op2_mem(g, fp_sized(c->type, X_UCOMISD), 4, c->reg2, bound(g, c->type, k->two30, &k->two30f));
    nan = x64_jcc8_fwd(&g->b, CC_P);
    low = x64_jcc8_fwd(&g->b, CC_B);
    x64_mov_i(&g->b, c->reg, max);
    x64_here8(&g->b, low); /* x86's answer is the minimum */
    x64_jmp(&g->b, c->back);
    x64_here8(&g->b, nan);
    cold_nan_to_int(g, c, max);
}

/* Raises the invalid flag and no other: converts 2^64. */
static void raise_invalid(struct cg_gen *g, unsigned scratch)
{
    fp_op2_mem(g, X_CVTTSD2SI, 8, scratch, x64_rip(g->seg->consts->two64));
}

static void cold_low(struct cg_gen *g, const struct cg_cold *c)
{
    uint8_t *nan;

    raise_invalid(g, c->reg);
    fp_op2(g, fp_sized(c->type, X_UCOMISD), 4, c->reg2, c->reg2);
    nan = x64_jcc8_fwd(&g->b, CC_P);
    x64_mov_i(&g->b, c->reg, 0);
    x64_jmp(&g->b, c->back);
    x64_here8(&g->b, nan);
    cold_nan_to_int(g, c, UINT64_MAX);
}

/* From 2^32 on for 32 bits; for 64 bits from 2^63, half of which is in range. */
static void cold_high(struct cg_gen *g, const struct cg_cold *c)
{
    const struct cg_consts *k = g->seg->consts;
    bool wide = (c->aux >> 4 & 3) == 3;
    uint8_t *out;

    if (wide) { /* XMM0 is saved: it may hold a value here */
        fp_op2_mem(g, fp_sized(c->type, X_UCOMISD), 4, c->reg2, bound(g, c->type, k->two64, &k->two64f));
        out = x64_jcc_fwd(&g->b, CC_AE);
        unsigned t = c->reg2 == XMM0 ? XMM1 : XMM0;
        x64_alu_ri(&g->b, G_SUB, 8, RSP, 16);
        x64_rm(&g->b, X_MOVUPS_ST, 4, t, x64_base(RSP, 0));
        gen_move(g, t, c->reg2);
        fp_op3_mem(g, fp_sized(c->type, X_SUBSD), t, t, bound(g, c->type, k->two63, &k->two63f));
        fp_op2(g, fp_sized(c->type, X_CVTTSD2SI), 8, c->reg, t);
        x64_rm(&g->b, X_MOVUPS_LD, 4, t, x64_base(RSP, 0));
        x64_alu_ri(&g->b, G_ADD, 8, RSP, 16);
        x64_rri8(&g->b, X_0F | 0xba, 8, 7, c->reg, 63); /* btc */
        x64_jmp(&g->b, c->back);
        x64_here(&g->b, out);
    }
    raise_invalid(g, c->reg);
    x64_mov_i(&g->b, c->reg, UINT64_MAX);
    x64_jmp(&g->b, c->back);
}

void fp_cold_to_int(struct cg_gen *g, const struct cg_cold *c)
{
    if (c->imm == OUT_SIGNED)
        cold_signed(g, c);
    else if (c->imm == OUT_LOW)
        cold_low(g, c);
    else
        cold_high(g, c);
}

/* All ones break the dependency on the old value, and leave a single boxed. */
static void ones(struct cg_gen *g, unsigned d)
{
    if (g->host->avx)
        x64_vrr(&g->b, X_PCMPEQD, 4, d, d, d);
    else
        x64_rr(&g->b, X_PCMPEQD, 4, d, d);
}

static void cvtsi2(struct cg_gen *g, unsigned type, unsigned size, unsigned d, unsigned r)
{
    unsigned op = fp_sized(type, X_CVTSI2SD);

    if (g->host->avx)
        x64_vrr(&g->b, op, size, d, d, r);
    else
        x64_rr(&g->b, op, size, d, r);
}

/* 64-bit unsigned above 2^63: halve, keeping what falls off as a sticky bit, convert, double. */
static void from_u64(struct cg_gen *g, unsigned type, unsigned d, unsigned r)
{
    unsigned t = gen_temp(g, false), u = gen_temp(g, false);
    uint8_t *big, *end;

    x64_rr(&g->b, X_TEST, 8, r, r);
    big = x64_jcc8_fwd(&g->b, CC_S);
    cvtsi2(g, type, 8, d, r);
    end = x64_jmp8_fwd(&g->b);
    x64_here8(&g->b, big);
    x64_mov(&g->b, t, r);
    x64_mov32(&g->b, u, r);
    x64_shift_i(&g->b, G_SHR, 8, t, 1);
    x64_alu_ri(&g->b, G_AND, 4, u, 1);
    x64_rr(&g->b, X_OR, 8, t, u);
    cvtsi2(g, type, 8, d, t);
    fp_op3(g, fp_sized(type, X_ADDSD), d, d, d);
    x64_here8(&g->b, end);
}

void fp_from_int(struct cg_gen *g, ir_ref i)
{
    const struct ir_insn *in = &g->insn[i];
    unsigned from = gen_type(g, in->a), rm = in->aux & 7, r, d, t = X64_NONE, u;
    bool is_unsigned = in->aux & 0x40, exact = from == IR_I32 && in->type == IR_F64;

    if (type_bits(from) < 32 || (!exact && fp_needs_slow(g, rm))) {
        gen_slow(g, i);
        return;
    }
    r = gen_reg(g, in->a);
    d = gen_dest(g, i, X64_NONE, false);
    if (!exact)
        t = fp_round_begin(g, rm);
    ones(g, d);
    if (!is_unsigned) {
        cvtsi2(g, in->type, op_size(from), d, r);
    } else if (from == IR_I32) {
        u = gen_temp(g, false);
        x64_mov32(&g->b, u, r);
        cvtsi2(g, in->type, 8, d, u);
    } else {
        from_u64(g, in->type, d, r);
    }
    fp_round_end(g, t);
    gen_result(g, i, d);
    fp_set_boxed(g, i, in->type == IR_F32);
}

void fp_convert(struct cg_gen *g, ir_ref i)
{
    const struct ir_insn *in = &g->insn[i];
    unsigned x, d, t = X64_NONE;
    bool narrow = in->type == IR_F32;

    if (gen_type(g, in->a) == in->type) {
        gen_alias(g, i, in->a);
        return;
    }
    if (narrow && fp_needs_slow(g, in->aux & 7)) {
        gen_slow(g, i);
        return;
    }
    x = gen_reg(g, in->a);
    if (narrow)
        t = fp_round_begin(g, in->aux & 7);
    d = gen_dest(g, i, X64_NONE, true);
    ones(g, d);
    if (g->host->avx)
        x64_vrr(&g->b, narrow ? X_CVTSD2SS : X_CVTSS2SD, 4, d, d, x);
    else
        x64_rr(&g->b, narrow ? X_CVTSD2SS : X_CVTSS2SD, 4, d, x);
    fp_round_end(g, t);
    fp_canonical(g, in->type, d);
    gen_result(g, i, d);
    fp_set_boxed(g, i, narrow);
}

void fp_round(struct cg_gen *g, ir_ref i)
{
    static const uint8_t mode[8] = {
        [IR_RM_RNE] = 0, [IR_RM_RTZ] = 3, [IR_RM_RDN] = 1, [IR_RM_RUP] = 2, [IR_RM_DYN] = 4};
    const struct ir_insn *in = &g->insn[i];
    unsigned rm = in->aux & 7, op = in->type == IR_F64 ? X_ROUNDSD : X_ROUNDSS, imm, x, d;

    if (fp_needs_slow(g, rm) || !g->host->sse41) {
        gen_slow(g, i);
        return;
    }
    imm = mode[rm] | (in->aux & 0x100 ? 0u : 8u); /* bit 3: no inexact flag */
    x = gen_reg(g, in->a);
    d = gen_dest(g, i, x, false);
    if (g->host->avx) {
        x64_vrri8(&g->b, op, 4, d, x, x, imm);
    } else {
        gen_move(g, d, x);
        x64_rri8(&g->b, op, 4, d, d, imm);
    }
    fp_canonical(g, in->type, d);
    gen_result(g, i, d);
    fp_set_boxed(g, i, fp_boxed(g, in->a));
}
