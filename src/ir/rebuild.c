/* Emits a unit again through the builder, as if a front end were translating it: for tests of folding on text, and for
 * comparing what folding makes of a unit with the unit itself.
 *
 * Phis become locals that each predecessor sets: SSA construction then finds the phis again, or finds them needless.
 */
#include "base/alloc.h"
#include "ir/builder_int.h"

struct rebuild {
    struct ir_builder *b;
    const struct ir_unit *u;
    ir_ref *to;      /* per ref of u; of a phi: its local */
    uint32_t *block; /* per block of u */
};

static uint64_t place_of(const struct rebuild *r, uint32_t lo, uint32_t hi)
{
    return r->u->pc + (lo | (uint64_t)hi << 32);
}

/* Phis of the blocks that `from` leads to take their values. All values are read before any is set: locals of phis name
 * values, so there is nothing to swap. */
static void set_phis(struct rebuild *r, uint32_t from)
{
    const struct ir_block *bb = &r->u->block[from];

    for (uint32_t i = 0; i < bb->nsuccs; i++) {
        const struct ir_block *to = &r->u->block[bb->succ[i]];
        uint32_t k = 0;

        while (to->preds[k] != from)
            k++;
        for (ir_ref phi = to->first; r->u->insn[phi].op == IR_phi; phi++)
            ir_local_set(r->b, r->to[r->u->ninsns + phi], r->to[r->u->phi_arg[r->u->insn[phi].a + k]]);
    }
}

static bool emit_exit(struct rebuild *r, const struct ir_insn *in)
{
    struct ir_builder *b = r->b;

    switch ((int)in->op) {
    case IR_branch_exit: ir_branch_exit(b, r->to[in->a], place_of(r, in->b, in->c)); break;
    case IR_exit_if: ir_exit_if(b, r->to[in->a], in->aux, r->to[in->b]); break;
    case IR_call_hint: ir_call_hint(b, place_of(r, in->a, in->b)); break;
    case IR_safepoint: ir_safepoint(b, place_of(r, in->a, in->b)); break;
    case IR_jump: ir_jump(b, place_of(r, in->a, in->b)); break;
    case IR_jump_ind: ir_jump_ind(b, in->aux, r->to[in->a]); break;
    case IR_exit: ir_exit(b, in->aux, place_of(r, in->a, in->b)); break;
    case IR_goto: ir_goto(b, r->block[in->a]); break;
    case IR_if: ir_if(b, r->to[in->a], r->block[in->b], r->block[in->c]); break;
    default: return false;
    }
    return true;
}

static ir_ref emit_insn(struct rebuild *r, ir_ref at)
{
    const struct ir_insn *in = &r->u->insn[at];
    struct ir_builder *b = r->b;
    unsigned refs = ir_op_refs(in->op);
    ir_ref x = refs & 1 ? r->to[in->a] : 0, y = refs & 2 ? r->to[in->b] : 0, z = refs & 4 ? r->to[in->c] : 0;

    switch ((int)in->op) {
    case IR_nop: return 0;
    case IR_const: return ir_const(b, in->type, ir_literal(in));
    case IR_pcrel: return ir_pcrel(b, place_of(r, in->a, in->b));
    case IR_phi: return ir_local_get(b, r->to[r->u->ninsns + at]);
    case IR_get: return ir_get(b, in->aux);
    case IR_put: ir_put(b, in->aux, x); return 0;
    case IR_mark: ir_mark(b, r->u->pc + (uint64_t)(int32_t)in->a, in->b); return 0;
    case IR_load: return ir_load(b, in->type, in->aux, x, (int32_t)in->b);
    case IR_store: ir_store(b, in->aux, x, (int32_t)in->b, z); return 0;
    case IR_rmw: return ir_rmw(b, in->type, in->aux & 0x3f, IR_RMW_OP(in->aux), x, y);
    case IR_cas: return ir_cas(b, in->type, in->aux, x, y, z);
    case IR_fence: ir_fence(b, in->aux); return 0;
    case IR_call: return ir_call(b, in->type, in->aux, x, y, z);
    default: break;
    }
    return emit_exit(r, in) ? 0 : ir_emit(b, in->op, in->type, in->aux, x, y, z);
}

static void emit_block(struct rebuild *r, uint32_t n)
{
    const struct ir_block *bb = &r->u->block[n];

    if (n)
        ir_block_start(r->b, r->block[n]);
    for (ir_ref at = bb->first; at < bb->end; at++) {
        if (at == bb->end - 1)
            set_phis(r, n);
        r->to[at] = emit_insn(r, at);
    }
}

/* Blocks in an order in which definitions come before their uses: reverse postorder. */
static void emit_blocks(struct rebuild *r)
{
    uint32_t n = r->u->nblocks, top = 0, at = n;
    uint32_t *stack = x_new_array(uint32_t, n), *order = x_new_array(uint32_t, n);
    uint8_t *next = x_new_array(uint8_t, n); /* successor to visit next, + 1; 0: not seen */

    stack[top++] = 0;
    next[0] = 1;
    while (top) {
        uint32_t block = stack[top - 1];
        const struct ir_block *bb = &r->u->block[block];

        if (next[block] > bb->nsuccs) {
            order[--at] = block;
            top--;
            continue;
        }
        block = bb->succ[next[block]++ - 1];
        if (!next[block]) {
            next[block] = 1;
            stack[top++] = block;
        }
    }
    for (uint32_t i = 0; i < n; i++)
        emit_block(r, order[i]);
    for (uint32_t i = 1; i < n; i++)
        ir_block_seal(r->b, r->block[i]);
    x_free(stack);
    x_free(order);
    x_free(next);
}

struct ir_unit *ir_rebuild(struct ir_builder *b, const struct ir_unit *u)
{
    struct rebuild r = {.b = b, .u = u};

    r.to = x_new_array(ir_ref, (size_t)u->ninsns * 2); /* second half: locals of phis */
    r.block = x_new_array(uint32_t, u->nblocks);
    ir_begin(b, u->pc, u->mode);
    for (ir_ref at = 1; at < u->ninsns; at++)
        if (u->insn[at].op == IR_phi)
            r.to[u->ninsns + at] = ir_local_new(b, u->insn[at].type);
    for (uint32_t i = 1; i < u->nblocks; i++)
        r.block[i] = ir_block_new(b);
    emit_blocks(&r);
    x_free(r.to);
    x_free(r.block);
    return ir_end(b);
}
