/* Calls of C functions: the guest's helpers, and cg_slow_op for what this tier does not emit itself. Stubs do the work
 * (stubs.c); a site saves what lives in scratch registers and places the arguments.
 */
#include "codegen/x64/gen.h"

#include "ir/fp.h"

/* Arguments into rsi, rdx, rcx (0: none), then a call through the segment's table of functions. */
static void call(struct cg_gen *g, const struct ir_insn *in, unsigned function, bool state, unsigned mask)
{
    static const uint8_t reg[] = {RSI, RDX, RCX};
    const ir_ref arg[] = {in->a, in->b, in->c};

    gen_save_for_call(g, state);
    for (unsigned i = 0; i < 3; i++)
        gen_take(g, reg[i]);
    gen_take(g, RAX);
    for (unsigned i = 0; i < 3; i++)
        if ((mask >> i & 1) && arg[i])
            gen_value_to(g, reg[i], arg[i]);
    x64_rm(&g->b, X_LOAD, 8, RAX, x64_rip(&g->seg->helper[function]));
    x64_call(&g->b, state ? g->seg->stub.call_state : g->seg->stub.call_pure);
}

static void call_result(struct cg_gen *g, ir_ref i)
{
    unsigned d = RAX;

    if (g->insn[i].type == IR_VOID)
        return;
    if (is_float(g->insn[i].type)) {
        d = gen_dest(g, i, X64_NONE, false);
        gen_move(g, d, RAX);
    }
    gen_result(g, i, d);
}

void gen_call(struct cg_gen *g, ir_ref i)
{
    const struct ir_insn *in = &g->insn[i];
    unsigned effect = g->s->guest->helper[in->aux].effect;
    bool state = effect == IR_STATE || effect == IR_STORE;

    if (effect == IR_STORE) { /* a fault inside is one of this instruction: cg_recover */
        unsigned t = gen_temp(g, false);
        x64_mov_i(&g->b, t, g->pc);
        x64_rm(&g->b, X_STORE, 8, t, rt_mem(RT_DISP(scratch[SCRATCH_HELPER_PC])));
        x64_store_i(&g->b, 8, rt_mem(RT_DISP(scratch[SCRATCH_IN_HELPER])), 1);
        g->locked = 0;
    }
    call(g, in, in->aux, state, 7);
    if (effect == IR_STORE)
        x64_store_i(&g->b, 8, rt_mem(RT_DISP(scratch[SCRATCH_IN_HELPER])), 0);
    call_result(g, i);
}

/* What cg_slow_op has to know, as one word: op, types of result and first operand, aux. */
static uint32_t describe(const struct cg_gen *g, const struct ir_insn *in)
{
    return in->op | (uint32_t)in->type << 8 | gen_type(g, in->a) << 12 | (uint32_t)in->aux << 16;
}

void gen_slow(struct cg_gen *g, ir_ref i)
{
    const struct ir_insn *in = &g->insn[i];

    x64_store_i(&g->b, 4, rt_mem(RT_DISP(scratch[SCRATCH_DESC])), (int32_t)describe(g, in));
    call(g, in, g->s->guest->nhelpers, false, g->s->op_info[in->op] & CG_REFS);
    call_result(g, i);
}

static uint64_t slow_fp(const struct ir_insn *in, enum ir_type from, const uint64_t v[3], enum ir_rm rm, uint8_t *flags)
{
    uint64_t a = v[0], b = v[1], c = v[2];
    unsigned bits;

    switch ((enum ir_op)in->op) {
    case IR_fadd: return ir_fp_add(in->type, a, b, rm, flags);
    case IR_fsub: return ir_fp_sub(in->type, a, b, rm, flags);
    case IR_fmul: return ir_fp_mul(in->type, a, b, rm, flags);
    case IR_fdiv: return ir_fp_div(in->type, a, b, rm, flags);
    case IR_fsqrt: return ir_fp_sqrt(in->type, a, rm, flags);
    case IR_fma: return ir_fp_fma(in->type, a, b, c, in->aux & (IR_FMA_NEG_PRODUCT | IR_FMA_NEG_C), rm, flags);
    case IR_f_to_i:
        bits = 8u << (in->aux >> 4 & 3);
        return ir_fp_to_int(from, a, bits, in->aux & 0x40, in->aux >> 8 & 3, rm, flags);
    case IR_i_to_f: return ir_fp_from_int(in->type, a, type_bits(from), in->aux & 0x40, rm, flags);
    case IR_f_to_f: return ir_fp_convert(in->type, from, a, rm, flags);
    case IR_f_to_h: return ir_fp_to_half(from, a, rm, flags);
    case IR_h_to_f: return ir_fp_from_half(in->type, a, flags);
    case IR_fround: return ir_fp_round(in->type, a, in->aux & 0x100, rm, flags);
    default: return 0;
    }
}

/* The reference semantics of one op. Called with the guest's MXCSR, which integer code leaves alone; flags go to the
 * accrued ones in the state. */
uint64_t cg_slow_op(void *state, uint64_t a, uint64_t b, uint64_t c)
{
    const struct cg_runtime *rt = (const struct cg_runtime *)state - 1;
    uint32_t desc = (uint32_t)rt->scratch[SCRATCH_DESC];
    struct ir_insn in = {.op = desc & 0xff, .type = desc >> 8 & 15, .aux = (uint16_t)(desc >> 16)};
    enum ir_type from = (enum ir_type)(desc >> 12 & 15);
    uint8_t *fp = state, types[3] = {(uint8_t)from, (uint8_t)from, (uint8_t)from};
    uint64_t mask = mask64(type_bits(from)), v[3] = {a & mask, b & mask, c & mask}, r;
    unsigned rm = in.aux & 7;

    if (ir_eval(&in, v, types, &r))
        return r;
    return slow_fp(&in, from, v, (enum ir_rm)(rm == IR_RM_DYN ? fp[IR_STATE_FP_RM] : rm), &fp[IR_STATE_FP_FLAGS]);
}
