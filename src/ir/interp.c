/* The reference interpreter: runs a unit one instruction at a time, exactly as ops.def says. It is what the other tiers
 * are compared with, so it is written to be read; it does not fold, reorder or skip anything.
 *
 * Values are kept in 64 bits, masked to the width of their type. Floating point is fp.c, not the host's FPU; only helpers
 * with effect IR_FPENV run in the host's floating-point environment, which is set up and read for them.
 */
#include <fenv.h>
#include <string.h>

#include "base/alloc.h"
#include "ir/builder_int.h"
#include "ir/fp.h"

#define STACK_VALUES 512

struct run {
    const struct ir_unit *u;
    uint64_t base;
    uint8_t *state;
    uint8_t *fp_flags, *fp_rm;
    const struct ir_interp_mem *mem;
    struct ir_interp_result *out;
    uint64_t *value; /* per ref */
    uint64_t marked;
    uint32_t block;
};

static uint64_t masked(uint64_t v, enum ir_type t)
{
    return v & mask64(ir_type_bits(t));
}

static unsigned type_bytes(enum ir_type t)
{
    return ir_type_bits(t) / 8;
}

/* ---- slots ---- */

static uint64_t slot_get(const struct run *r, unsigned slot)
{
    const struct ir_slot *s = &r->u->guest->slot[slot];
    uint64_t v = 0;

    memcpy(&v, r->state + s->offset, type_bytes(s->type));
    return v;
}

static void slot_put(struct run *r, unsigned slot, uint64_t v)
{
    const struct ir_slot *s = &r->u->guest->slot[slot];

    memcpy(r->state + s->offset, &v, type_bytes(s->type));
}

/* ---- memory ---- */

static uint64_t extend(const struct ir_insn *in, uint64_t v)
{
    unsigned bits = 8u << IR_MEM_LOG2(in->aux);

    return masked(IR_MEM_SIGN(in->aux) ? (uint64_t)sext64(v, bits) : v & mask64(bits), in->type);
}

/* Memory access at r; false: it faulted. */
static bool access_memory(struct run *r, const struct ir_insn *in, uint64_t *result)
{
    unsigned size = 1u << IR_MEM_LOG2(in->aux);
    uint64_t addr = r->value[in->a], v = 0;
    int rc;

    switch (in->op) {
    case IR_load:
        addr += (uint64_t)(int32_t)in->b;
        rc = r->mem->load(r->mem->ctx, addr, &v, size);
        break;
    case IR_store:
        addr += (uint64_t)(int32_t)in->b;
        v = r->value[in->c];
        rc = r->mem->store(r->mem->ctx, addr, &v, size);
        break;
    case IR_rmw:
        v = r->value[in->b] & mask64(size * 8);
        rc = r->mem->rmw(r->mem->ctx, addr, size, IR_RMW_OP(in->aux), &v);
        break;
    default: /* cas */
        v = r->value[in->b] & mask64(size * 8);
        rc = r->mem->cas(r->mem->ctx, addr, size, &v, r->value[in->c] & mask64(size * 8));
        break;
    }
    if (!rc) {
        *result = in->op == IR_store ? 0 : extend(in, v);
        return true;
    }
    *r->out = (struct ir_interp_result){
        .kind = IR_RUN_FAULT, .next_pc = r->marked, .fault_addr = addr, .fault_write = in->op != IR_load};
    return false;
}

static void fence(unsigned kinds)
{
    if (kinds & IR_FENCE_WR)
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
    else if (kinds)
        __atomic_thread_fence(__ATOMIC_ACQ_REL);
}

/* ---- floating point ---- */

static enum ir_rm rounding(const struct run *r, unsigned aux)
{
    unsigned rm = aux & 7;

    return rm == IR_RM_DYN ? *r->fp_rm & 7 : rm;
}

static uint64_t to_int(struct run *r, const struct ir_insn *in, enum ir_type from)
{
    unsigned bits = 8u << (in->aux >> 4 & 3);

    return ir_fp_to_int(
        from, r->value[in->a], bits, in->aux & 0x40, in->aux >> 8 & 3, rounding(r, in->aux), r->fp_flags);
}

static uint64_t run_float(struct run *r, const struct ir_insn *in)
{
    uint64_t a = r->value[in->a], b = r->value[in->b], c = r->value[in->c];
    enum ir_type t = in->type, from = ir_op_refs(in->op) & 1 ? r->u->insn[in->a].type : IR_VOID;
    enum ir_rm rm = rounding(r, in->aux);
    uint8_t *flags = r->fp_flags;

    switch (in->op) {
    case IR_fadd: return ir_fp_add(t, a, b, rm, flags);
    case IR_fsub: return ir_fp_sub(t, a, b, rm, flags);
    case IR_fmul: return ir_fp_mul(t, a, b, rm, flags);
    case IR_fdiv: return ir_fp_div(t, a, b, rm, flags);
    case IR_fsqrt: return ir_fp_sqrt(t, a, rm, flags);
    case IR_fma: return ir_fp_fma(t, a, b, c, in->aux & (IR_FMA_NEG_PRODUCT | IR_FMA_NEG_C), rm, flags);
    case IR_fmin: return ir_fp_min(t, a, b, flags);
    case IR_fmax: return ir_fp_max(t, a, b, flags);
    case IR_fminm: return ir_fp_minm(t, a, b, flags);
    case IR_fmaxm: return ir_fp_maxm(t, a, b, flags);
    case IR_feq: return ir_fp_eq(from, a, b, flags);
    case IR_flt: return ir_fp_lt(from, a, b, false, flags);
    case IR_fle: return ir_fp_le(from, a, b, false, flags);
    case IR_fltq: return ir_fp_lt(from, a, b, true, flags);
    case IR_fleq: return ir_fp_le(from, a, b, true, flags);
    case IR_f_to_i: return to_int(r, in, from);
    case IR_i_to_f: return ir_fp_from_int(t, a, ir_type_bits(from), in->aux & 0x40, rm, flags);
    case IR_f_to_f: return ir_fp_convert(t, from, a, rm, flags);
    case IR_f_to_h: return ir_fp_to_half(from, a, rm, flags);
    case IR_h_to_f: return ir_fp_from_half(t, a & 0xffff, flags);
    default: return ir_fp_round(t, a, in->aux & 0x100, rm, flags);
    }
}

/* ---- helpers ---- */

static const int host_round[] = {
    [IR_RM_RNE] = FE_TONEAREST,
    [IR_RM_RTZ] = FE_TOWARDZERO,
    [IR_RM_RDN] = FE_DOWNWARD,
    [IR_RM_RUP] = FE_UPWARD,
};

static uint64_t call_in_fp_env(struct run *r, const struct ir_helper *h, const uint64_t v[3])
{
    unsigned rm = *r->fp_rm, raised;
    uint64_t result;
    fenv_t saved;

    feholdexcept(&saved);
    fesetround(host_round[rm < ARRAY_LEN(host_round) ? rm : IR_RM_RNE]);
    result = h->fn(r->state, v[0], v[1], v[2]);
    raised = (unsigned)fetestexcept(FE_ALL_EXCEPT);
    fesetenv(&saved);
    *r->fp_flags |= (raised & FE_INEXACT ? IR_FP_NX : 0) | (raised & FE_UNDERFLOW ? IR_FP_UF : 0) |
        (raised & FE_OVERFLOW ? IR_FP_OF : 0) | (raised & FE_DIVBYZERO ? IR_FP_DZ : 0) |
        (raised & FE_INVALID ? IR_FP_NV : 0);
    return result;
}

static uint64_t call(struct run *r, const struct ir_insn *in)
{
    const struct ir_helper *h = &r->u->guest->helper[in->aux];
    const uint64_t v[3] = {r->value[in->a], r->value[in->b], r->value[in->c]};

    return h->effect == IR_FPENV ? call_in_fp_env(r, h, v) : h->fn(r->state, v[0], v[1], v[2]);
}

/* ---- control ---- */

static uint64_t place(const struct run *r, const struct ir_insn *in)
{
    return r->base + ir_literal(in);
}

static void leave(struct run *r, enum ir_exit why, uint64_t next_pc, uint64_t info)
{
    *r->out = (struct ir_interp_result){.kind = IR_RUN_EXIT, .why = why, .next_pc = next_pc, .info = info};
}

static void next(struct run *r, uint64_t next_pc, enum ir_ind ind)
{
    *r->out = (struct ir_interp_result){.kind = IR_RUN_NEXT, .next_pc = next_pc, .ind = ind};
}

/* Goes from the current block to another: phis take their values all at once. Returns the first instruction after. */
static ir_ref enter_block(struct run *r, uint32_t block)
{
    const struct ir_block *to = &r->u->block[block];
    uint32_t from = 0;
    ir_ref at = to->first;

    while (from < to->npreds && to->preds[from] != r->block)
        from++;
    r->block = block;
    for (; r->u->insn[at].op == IR_phi; at++)
        /* in a's place of the value array's second half, since phis may name each other */
        r->value[r->u->ninsns + at] = r->value[r->u->phi_arg[r->u->insn[at].a + from]];
    for (ir_ref phi = to->first; phi < at; phi++)
        r->value[phi] = r->value[r->u->ninsns + phi];
    return at;
}

/* An op of effect EXIT. Returns where to go on, 0 when the unit was left (out is set). */
static ir_ref run_exit(struct run *r, const struct ir_insn *in)
{
    uint64_t a = r->value[ir_op_refs(in->op) & 1 ? in->a : 0];
    ir_ref following = (ir_ref)(in - r->u->insn) + 1;

    switch (in->op) {
    case IR_safepoint: return following; /* nobody asks an interpreter to stop inside a unit */
    case IR_branch_exit:
        if (!a)
            return following;
        next(r, r->base + (in->b | (uint64_t)in->c << 32), IR_IND_JUMP);
        return 0;
    case IR_exit_if:
        if (!a)
            return following;
        leave(r, in->aux, r->marked, r->value[in->b]);
        return 0;
    case IR_goto: return enter_block(r, in->a);
    case IR_if: return enter_block(r, a ? in->b : in->c);
    case IR_jump: next(r, place(r, in), IR_IND_JUMP); return 0;
    case IR_jump_ind: next(r, a, in->aux); return 0;
    default: leave(r, in->aux, place(r, in), 0); return 0;
    }
}

static void run_state(struct run *r, const struct ir_insn *in, uint64_t *result)
{
    switch (in->op) {
    case IR_get: *result = slot_get(r, in->aux); break;
    case IR_put: slot_put(r, in->aux, r->value[in->a]); break;
    case IR_fp_flags: *result = *r->fp_flags; break;
    case IR_fp_set_flags: *r->fp_flags = r->value[in->a] & 31; break;
    case IR_fp_rm: *result = *r->fp_rm; break;
    case IR_fp_set_rm: *r->fp_rm = r->value[in->a] & 7; break;
    default: break; /* call_hint: a hint */
    }
}

static void run_pure(struct run *r, const struct ir_insn *in, uint64_t *result)
{
    const uint64_t v[3] = {r->value[in->a], r->value[in->b], r->value[in->c]};
    const struct ir_insn *insn = r->u->insn;
    unsigned refs = ir_op_refs(in->op);
    const uint8_t t[3] = {refs & 1 ? insn[in->a].type : 0, refs & 2 ? insn[in->b].type : 0, 0};

    ir_eval(in, v, t, result);
}

/* Returns the next instruction to run, 0 when the unit was left. */
static ir_ref run_insn(struct run *r, ir_ref at)
{
    const struct ir_insn *in = &r->u->insn[at];
    uint64_t result = 0;

    switch (ir_op_effect(in->op)) {
    case IR_NONE:
        if (in->op == IR_mark)
            r->marked = r->base + (uint64_t)(int32_t)in->a;
        break;
    case IR_PURE:
        if (in->op == IR_const)
            result = ir_literal(in);
        else if (in->op == IR_pcrel)
            result = place(r, in);
        else
            run_pure(r, in, &result);
        break;
    case IR_FPENV: result = run_float(r, in); break;
    case IR_STATE: run_state(r, in, &result); break;
    case IR_LOAD:
    case IR_STORE:
        if (!access_memory(r, in, &result))
            return 0;
        break;
    case IR_BARRIER: fence(in->aux); break;
    case IR_CALL: result = call(r, in); break;
    case IR_EXIT: return run_exit(r, in);
    }
    r->value[at] = masked(result, in->type);
    return at + 1;
}

void ir_interp_run(const struct ir_unit *u, uint64_t base_pc, void *state, uint8_t *fp_flags, uint8_t *fp_rm,
    const struct ir_interp_mem *mem, struct ir_interp_result *out)
{
    uint64_t on_stack[STACK_VALUES], *value = on_stack;
    size_t nvalues = (size_t)u->ninsns * (u->nphi_args ? 2 : 1);
    struct run r = {.u = u, .base = base_pc, .state = state, .fp_flags = fp_flags, .fp_rm = fp_rm, .mem = mem};

    if (nvalues > STACK_VALUES)
        value = x_new_array(uint64_t, nvalues);
    r.value = value;
    r.out = out;
    r.marked = base_pc;
    value[0] = 0;
    for (ir_ref at = u->block[0].first; at;)
        at = run_insn(&r, at);
    if (value != on_stack)
        x_free(value);
}
