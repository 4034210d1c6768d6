/* Integer arithmetic. p is the IR op unless said otherwise.
 */
#include "cpu/rv64/rv64_int.h"

static ir_ref x32(struct rv64_tr *t, unsigned reg)
{
    return ir_trunc(t->b, IR_I32, rv64_x(t, reg));
}

/* A 32-bit result goes to its register sign-extended, always (unprivileged ISA 4.2). */
static void put_w(struct rv64_tr *t, unsigned reg, ir_ref v)
{
    rv64_put_x(t, reg, ir_sext(t->b, IR_I64, 32, v));
}

void rv64_tr_rr(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    rv64_put_x(t, i->rd, ir_op2(t->b, p, IR_I64, rv64_x(t, i->rs1), rv64_x(t, i->rs2)));
}

void rv64_tr_ri(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    rv64_put_x(t, i->rd, ir_op2(t->b, p, IR_I64, rv64_x(t, i->rs1), rv64_imm(t, i->imm)));
}

void rv64_tr_rr_w(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    put_w(t, i->rd, ir_op2(t->b, p, IR_I32, x32(t, i->rs1), x32(t, i->rs2)));
}

void rv64_tr_ri_w(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    if (p == IR_add && i->imm == 0) { /* sext.w */
        put_w(t, i->rd, rv64_x(t, i->rs1));
        return;
    }
    put_w(t, i->rd, ir_op2(t->b, p, IR_I32, x32(t, i->rs1), ir_const(t->b, IR_I32, (uint32_t)i->imm)));
}

static void put_place(struct rv64_tr *t, unsigned reg, uint64_t place)
{
    rv64_put_x(t, reg, ir_pcrel(t->b, place));
    t->value[reg] = place;
    t->known |= reg ? 1u << reg : 0;
}

void rv64_tr_addi(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    if (t->known >> i->rs1 & 1)
        put_place(t, i->rd, t->value[i->rs1] + (uint64_t)(int64_t)i->imm);
    else
        rv64_tr_ri(t, i, IR_add, 0);
}

void rv64_tr_lui(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    rv64_put_x(t, i->rd, rv64_imm(t, i->imm));
}

void rv64_tr_auipc(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    put_place(t, i->rd, t->pc + (uint64_t)(int64_t)i->imm);
}

void rv64_tr_unary(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    rv64_put_x(t, i->rd, ir_op1(t->b, p, IR_I64, rv64_x(t, i->rs1)));
}

void rv64_tr_unary_w(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    rv64_put_x(t, i->rd, ir_zext(t->b, IR_I64, 32, ir_op1(t->b, p, IR_I32, x32(t, i->rs1))));
}

/* p = bits, q = signed */
void rv64_tr_extend(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    ir_ref v = rv64_x(t, i->rs1);

    rv64_put_x(t, i->rd, q ? ir_sext(t->b, IR_I64, p, v) : ir_zext(t->b, IR_I64, p, v));
}

void rv64_tr_orn(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    ir_ref n = ir_op1(t->b, IR_not, IR_I64, rv64_x(t, i->rs2));

    rv64_put_x(t, i->rd, ir_op2(t->b, IR_or, IR_I64, rv64_x(t, i->rs1), n));
}

void rv64_tr_xnor(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    ir_ref v = ir_op2(t->b, IR_xor, IR_I64, rv64_x(t, i->rs1), rv64_x(t, i->rs2));

    rv64_put_x(t, i->rd, ir_op1(t->b, IR_not, IR_I64, v));
}

/* p = shift, q = 1: rs1 is its low 32 bits */
void rv64_tr_shadd(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    ir_ref v = rv64_x(t, i->rs1);

    if (q)
        v = ir_zext(t->b, IR_I64, 32, v);
    if (p)
        v = ir_op2(t->b, IR_shl, IR_I64, v, rv64_imm(t, p));
    rv64_put_x(t, i->rd, ir_op2(t->b, IR_add, IR_I64, v, rv64_x(t, i->rs2)));
}

void rv64_tr_slliuw(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    ir_ref v = ir_zext(t->b, IR_I64, 32, rv64_x(t, i->rs1));

    rv64_put_x(t, i->rd, ir_op2(t->b, IR_shl, IR_I64, v, rv64_imm(t, i->imm)));
}

/* Bits 126..63 of the product, where clmulh gives 127..64. */
void rv64_tr_clmulr(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    ir_ref x = rv64_x(t, i->rs1), y = rv64_x(t, i->rs2);
    ir_ref hi = ir_op2(t->b, IR_shl, IR_I64, ir_op2(t->b, IR_clmulh, IR_I64, x, y), rv64_imm(t, 1));
    ir_ref lo = ir_op2(t->b, IR_shr, IR_I64, ir_op2(t->b, IR_clmul, IR_I64, x, y), rv64_imm(t, 63));

    rv64_put_x(t, i->rd, ir_op2(t->b, IR_or, IR_I64, hi, lo));
}

static void bit_op(struct rv64_tr *t, const struct rv64_insn *i, unsigned op, ir_ref bit)
{
    ir_ref v = rv64_x(t, i->rs1);

    if (op == IR_shr)
        v = ir_op2(t->b, IR_and, IR_I64, ir_op2(t->b, IR_shr, IR_I64, v, bit), rv64_imm(t, 1));
    else
        v = ir_op2(t->b, op, IR_I64, v, ir_op2(t->b, IR_shl, IR_I64, rv64_imm(t, 1), bit));
    rv64_put_x(t, i->rd, v);
}

void rv64_tr_bit(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    bit_op(t, i, p, rv64_x(t, i->rs2));
}

void rv64_tr_biti(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    bit_op(t, i, p, rv64_imm(t, i->imm));
}

/* p = 0: zero if rs2 is zero (czero.eqz), 1: if it is not */
void rv64_tr_czero(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    ir_ref v = rv64_x(t, i->rs1), zero = rv64_imm(t, 0);

    rv64_put_x(t, i->rd, ir_emit(t->b, IR_select, IR_I64, 0, rv64_x(t, i->rs2), p ? zero : v, p ? v : zero));
}
