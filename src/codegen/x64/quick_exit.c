/* Leaving a unit: links, indirect jumps, the shadow return stack, events, kick polls. All puts are done when one of these
 * runs, so nothing but a guest address has to be handed over. Policy on polls: plan.md, safepoints.
 */
#include "codegen/x64/gen.h"

#include <string.h>

static void poll_flags(struct cg_gen *g)
{
    x64_alu_mi(&g->b, G_CMP, 4, rt_mem(RT_DISP(kick)), 0);
}

static void cold_kick(struct cg_gen *g, uint8_t *from, uint64_t pc)
{
    struct cg_cold *c = gen_cold(g, COLD_KICK);

    c->from = from;
    c->pc = pc;
}

/* To the start of this unit, with a poll. */
static void jump_self(struct cg_gen *g)
{
    poll_flags(g);
    x64_jcc(&g->b, CC_E, g->entry);
    cold_kick(g, x64_jmp_fwd(&g->b), g->u->pc);
}

static void cold_link(struct cg_gen *g, enum cg_cold_kind kind, uint8_t *from, struct cg_link *l)
{
    struct cg_cold *c = gen_cold(g, kind);

    c->from = from;
    c->ptr = l;
    c->pc = l->pc;
}

static void gen_branch(struct cg_gen *g, const struct ir_insn *in)
{
    uint64_t target = g->u->pc + (in->b | (uint64_t)in->c << 32);
    enum x64_cc cc = gen_condition(g, in->a);
    uint8_t *skip;

    if (target == g->u->pc) { /* a loop: the taken side falls through to the jump back */
        skip = x64_jcc8_fwd(&g->b, cc ^ 1);
        jump_self(g);
        x64_here8(&g->b, skip);
        return;
    }
    cold_link(g, target <= g->pc ? COLD_LINK_POLL : COLD_LINK, x64_jcc_fwd(&g->b, cc), gen_link(g, target));
}

static void gen_jump(struct cg_gen *g, uint64_t target)
{
    struct cg_link *l;

    if (target == g->u->pc) {
        jump_self(g);
        return;
    }
    if (target <= g->pc) {
        poll_flags(g);
        cold_kick(g, x64_jcc_fwd(&g->b, CC_NE), target);
    }
    l = gen_link(g, target);
    x64_jmp_m(&g->b, x64_rip(&l->target));
    cold_link(g, COLD_LINK_STUB, NULL, l);
}

static void cold_lookup(struct cg_gen *g, uint8_t *from, unsigned target, void *ic)
{
    struct cg_cold *c = gen_cold(g, COLD_LOOKUP);

    c->from = from;
    c->reg = (uint8_t)target;
    c->ptr = ic;
}

static void poll_reg(struct cg_gen *g, unsigned target)
{
    struct cg_cold *c;

    poll_flags(g);
    c = gen_cold(g, COLD_KICK_REG);
    c->from = x64_jcc_fwd(&g->b, CC_NE);
    c->reg = (uint8_t)target;
}

static void gen_return(struct cg_gen *g, unsigned target)
{
    x64_rm(&g->b, X_MOVZX8 & ~X_BYTE, 4, RCX, rt_mem(RT_DISP(ras_top)));
    x64_rm(&g->b, X_LOAD, 8, RDX, x64_sib(RBP, RCX, 0, RT_DISP(ras)));
    /* 32 entries of 8 bytes: the offset wraps as a byte. */
    _Static_assert(CG_RAS_SIZE == 32, "ras_top is a byte");
    x64_rr(&g->b, 0x80 | X_BYTE, 4, G_SUB, RCX);
    x64_bytes(&g->b, "\x08", 1);
    x64_rm(&g->b, X_STORE8, 4, RCX, rt_mem(RT_DISP(ras_top)));
    x64_rm(&g->b, X_CMP, 8, target, x64_base(RDX, offsetof(struct cg_link, pc)));
    cold_lookup(g, x64_jcc_fwd(&g->b, CC_NE), target, NULL);
    x64_jmp_m(&g->b, x64_base(RDX, offsetof(struct cg_link, target)));
}

static void gen_call_hint(struct cg_gen *g, uint64_t pc)
{
    struct cg_link *l = gen_link(g, pc);

    gen_take(g, RCX);
    gen_take(g, RDX);
    x64_rm(&g->b, X_MOVZX8 & ~X_BYTE, 4, RCX, rt_mem(RT_DISP(ras_top)));
    x64_rm(&g->b, X_LEA, 8, RDX, x64_rip(l));
    x64_rr(&g->b, 0x80 | X_BYTE, 4, G_ADD, RCX);
    x64_bytes(&g->b, "\x08", 1);
    x64_rm(&g->b, X_STORE, 8, RDX, x64_sib(RBP, RCX, 0, RT_DISP(ras)));
    x64_rm(&g->b, X_STORE8, 4, RCX, rt_mem(RT_DISP(ras_top)));
    cold_link(g, COLD_LINK_STUB, NULL, l);
}

static void gen_jump_ind(struct cg_gen *g, const struct ir_insn *in)
{
    _Atomic(struct cg_unit *) *ic;
    unsigned target;

    gen_take(g, RCX);
    gen_take(g, RDX);
    target = gen_reg(g, in->a);
    if (in->aux == IR_IND_RET) {
        gen_return(g, target);
        return;
    }
    poll_reg(g, target);
    if (in->aux == IR_IND_CALL) {
        ic = cg_segment_data(g->seg, sizeof(*ic), 8);
        if (!ic) {
            gen_fail(g, "no room for an inline cache");
            return;
        }
        *ic = &cg_no_unit;
        x64_rm(&g->b, X_LOAD, 8, RCX, x64_rip(ic));
        x64_rm(&g->b, X_CMP, 8, target, x64_base(RCX, offsetof(struct cg_unit, pc)));
        cold_lookup(g, x64_jcc_fwd(&g->b, CC_NE), target, ic);
        x64_jmp_m(&g->b, x64_base(RCX, offsetof(struct cg_unit, entry)));
        return;
    }
    x64_mov32(&g->b, RCX, target);
    x64_rm(&g->b, X_LOAD, 8, RDX, rt_mem(RT_DISP(jump_cache)));
    x64_rm(&g->b, X_AND, 4, RCX, rt_mem(RT_DISP(jump_mask)));
    x64_rm(&g->b, X_LOAD, 8, RCX, x64_sib(RDX, RCX, 2, 0));
    x64_rm(&g->b, X_CMP, 8, target, x64_base(RCX, offsetof(struct cg_unit, pc)));
    cold_lookup(g, x64_jcc_fwd(&g->b, CC_NE), target, NULL);
    x64_jmp_m(&g->b, x64_base(RCX, offsetof(struct cg_unit, entry)));
}

static void gen_exit_if(struct cg_gen *g, const struct ir_insn *in)
{
    unsigned info = X64_NONE;
    int64_t imm = 0;
    enum x64_cc cc;
    struct cg_cold *c;
    uint8_t *from;

    if (in->b && !gen_const(g, in->b, &imm))
        info = gen_reg(g, in->b);
    cc = gen_condition(g, in->a);
    from = x64_jcc_fwd(&g->b, cc);
    c = gen_cold(g, COLD_EXIT);
    c->from = from;
    c->aux = in->aux;
    c->reg = (uint8_t)info;
    c->imm = (uint64_t)imm;
}

static void leave_exit(struct cg_gen *g, unsigned why, uint64_t pc)
{
    x64_mov_i(&g->b, RAX, pc);
    x64_mov_i(&g->b, RCX, why);
    x64_jmp(&g->b, g->seg->stub.leave_exit);
}

void gen_exit_op(struct cg_gen *g, ir_ref i)
{
    const struct ir_insn *in = &g->insn[i];

    switch (in->op) {
    case IR_branch_exit: gen_branch(g, in); break;
    case IR_exit_if: gen_exit_if(g, in); break;
    case IR_call_hint: gen_call_hint(g, g->u->pc + gen_literal(in)); break;
    case IR_safepoint:
        poll_flags(g);
        cold_kick(g, x64_jcc_fwd(&g->b, CC_NE), g->u->pc + gen_literal(in));
        break;
    case IR_jump: gen_jump(g, g->u->pc + gen_literal(in)); break;
    case IR_jump_ind: gen_jump_ind(g, in); break;
    default:
        x64_rr(&g->b, X_XOR, 4, RDX, RDX);
        leave_exit(g, in->aux, g->u->pc + gen_literal(in));
        break;
    }
}

/* The code that a link's target points to at first, and again after an unlink. */
static void link_stub(struct cg_gen *g, struct cg_link *l)
{
    l->unresolved = g->b.p + g->b.rx;
    atomic_store_explicit(&l->target, l->unresolved, memory_order_relaxed);
    x64_call_data(&g->b, g->seg->stub.leave_link, l);
}

static void kick_now(struct cg_gen *g, uint64_t pc)
{
    x64_mov_i(&g->b, RAX, pc);
    x64_jmp(&g->b, g->seg->stub.kick);
}

void gen_cold_exit(struct cg_gen *g, const struct cg_cold *c)
{
    struct cg_link *l = c->ptr;
    uint8_t *go;

    switch (c->kind) {
    case COLD_LINK_POLL:
        poll_flags(g);
        go = x64_jcc8_fwd(&g->b, CC_E);
        kick_now(g, c->pc);
        x64_here8(&g->b, go);
        __attribute__((fallthrough));
    case COLD_LINK: x64_jmp_m(&g->b, x64_rip(&l->target)); __attribute__((fallthrough));
    case COLD_LINK_STUB: link_stub(g, l); break;
    case COLD_KICK: kick_now(g, c->pc); break;
    case COLD_KICK_REG:
        gen_move(g, RAX, c->reg);
        x64_jmp(&g->b, g->seg->stub.kick);
        break;
    case COLD_LOOKUP:
        gen_move(g, RAX, c->reg);
        if (c->ptr)
            x64_rm(&g->b, X_LEA, 8, RDX, x64_rip(c->ptr));
        else
            x64_rr(&g->b, X_XOR, 4, RDX, RDX);
        x64_jmp(&g->b, g->seg->stub.lookup);
        break;
    default: /* COLD_EXIT; rdx first: the others may hold the info */
        if (c->reg == X64_NONE)
            x64_mov_i(&g->b, RDX, c->imm);
        else
            gen_move(g, RDX, c->reg);
        leave_exit(g, c->aux, c->pc);
        break;
    }
}
