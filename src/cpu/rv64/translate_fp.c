/* Floating point. An f register is 64 bits; a narrower value in it is boxed: all bits above are ones, else it reads as the
 * canonical NaN (unprivileged ISA 21.2). Formats are IR_F32 and IR_F64; halves only convert and move (Zfhmin).
 */
#include <string.h>

#include "cpu/rv64/rv64_int.h"

/* The rounding mode of an instruction as aux bits. Modes 5 and 6 do not exist; neither does a dynamic mode while frm holds
 * an invalid value (20.2). Returns false after ending the unit as illegal. */
static bool rounding(struct rv64_tr *t, const struct rv64_insn *i, unsigned *rm)
{
    *rm = i->rm;
    if (i->rm <= IR_RM_RMM || (i->rm == IR_RM_DYN && !(ir_unit_mode(t->b) & IR_MODE_BAD_RM)))
        return true;
    rv64_illegal(t);
    return false;
}

static ir_ref get_f(struct rv64_tr *t, unsigned reg, enum ir_type type)
{
    ir_ref v = ir_get(t->b, SLOT_F + reg);

    return type == IR_F32 ? ir_op1(t->b, IR_funbox, IR_F32, v) : v;
}

static void put_f(struct rv64_tr *t, unsigned reg, enum ir_type type, ir_ref v)
{
    ir_put(t->b, SLOT_F + reg, type == IR_F32 ? ir_op1(t->b, IR_fbox, IR_F64, v) : v);
}

/* p = format, q = IR_FMA_* */
void rv64_tr_f3(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    unsigned rm;

    if (rounding(t, i, &rm))
        put_f(t, i->rd, p,
            ir_emit(t->b, IR_fma, p, rm | q, get_f(t, i->rs1, p), get_f(t, i->rs2, p), get_f(t, i->rs3, p)));
}

/* p = op, q = format */
void rv64_tr_f2(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    unsigned rm;

    if (rounding(t, i, &rm))
        put_f(t, i->rd, q, ir_emit(t->b, p, q, rm, get_f(t, i->rs1, q), get_f(t, i->rs2, q), 0));
}

/* p = op, q = format and aux bits from 8 up */
void rv64_tr_f1(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    unsigned rm, type = q & 0xff;

    if (rounding(t, i, &rm))
        put_f(t, i->rd, type, ir_emit(t->b, p, type, rm | (q & 0x100), get_f(t, i->rs1, type), 0, 0));
}

/* Without rounding: p = op, q = format */
void rv64_tr_ff(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    put_f(t, i->rd, q, ir_op2(t->b, p, q, get_f(t, i->rs1, q), get_f(t, i->rs2, q)));
}

/* p = comparison, q = format. Flags are raised even if rd is x0. */
void rv64_tr_fcmp(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    rv64_put_x(t, i->rd, ir_op2(t->b, p, IR_I64, get_f(t, i->rs1, q), get_f(t, i->rs2, q)));
}

/* p = format, q = IR_FTOI */
void rv64_tr_ftox(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    unsigned rm;

    if (rounding(t, i, &rm))
        rv64_put_x(t, i->rd, ir_emit(t->b, IR_f_to_i, IR_I64, rm | q, get_f(t, i->rs1, p), 0, 0));
}

/* p = format, q = type of the integer, 0x100: unsigned */
void rv64_tr_xtof(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    ir_ref v;
    unsigned rm;

    if (!rounding(t, i, &rm))
        return;
    v = rv64_x(t, i->rs1);
    if ((q & 0xff) == IR_I32)
        v = ir_trunc(t->b, IR_I32, v);
    put_f(t, i->rd, p, ir_emit(t->b, IR_i_to_f, p, IR_ITOF(rm, q & 0x100), v, 0, 0));
}

/* p = from, q = to */
void rv64_tr_ftof(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    unsigned rm;

    if (rounding(t, i, &rm))
        put_f(t, i->rd, q, ir_emit(t->b, IR_f_to_f, q, rm, get_f(t, i->rs1, p), 0, 0));
}

static void put_half(struct rv64_tr *t, unsigned reg, ir_ref bits)
{
    ir_ref v = ir_op2(t->b, IR_or, IR_I64, bits, rv64_imm(t, ~0xffffll));

    ir_put(t->b, SLOT_F + reg, ir_op1(t->b, IR_bitcast, IR_F64, v));
}

/* p = from */
void rv64_tr_ftoh(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    unsigned rm;

    if (rounding(t, i, &rm))
        put_half(t, i->rd, ir_emit(t->b, IR_f_to_h, IR_I64, rm, get_f(t, i->rs1, p), 0, 0));
}

/* p = to. Boxed means at least 0xffffffffffff0000 as a number. */
void rv64_tr_htof(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    ir_ref v, unboxed;
    unsigned rm;

    if (!rounding(t, i, &rm))
        return;
    v = ir_op1(t->b, IR_bitcast, IR_I64, ir_get(t->b, SLOT_F + i->rs1));
    unboxed = ir_op2(t->b, IR_ltu, IR_I64, v, rv64_imm(t, ~0xffffll));
    v = ir_emit(t->b, IR_select, IR_I64, 0, unboxed, rv64_imm(t, 0x7e00), v);
    put_f(t, i->rd, p, ir_emit(t->b, IR_h_to_f, p, rm, v, 0, 0));
}

/* p = bits: raw bits, sign-extended, boxed or not */
void rv64_tr_fmvx(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    ir_ref v = ir_op1(t->b, IR_bitcast, IR_I64, ir_get(t->b, SLOT_F + i->rs1));

    rv64_put_x(t, i->rd, p == 64 ? v : ir_sext(t->b, IR_I64, p, v));
}

void rv64_tr_fmvf(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    ir_ref v = rv64_x(t, i->rs1);

    if (p == 16)
        put_half(t, i->rd, ir_zext(t->b, IR_I64, 16, v));
    else if (p == 32)
        put_f(t, i->rd, IR_F32, ir_op1(t->b, IR_bitcast, IR_F32, ir_trunc(t->b, IR_I32, v)));
    else
        put_f(t, i->rd, IR_F64, ir_op1(t->b, IR_bitcast, IR_F64, v));
}

void rv64_tr_fclass(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    rv64_put_x(t, i->rd, ir_op1(t->b, IR_fclass, IR_I64, get_f(t, i->rs1, p)));
}

/* Zfa table of fli: value 1 is the format's smallest normal number, 31 its canonical NaN. */
void rv64_tr_fli(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    double d = i->imm == 1 ? 0x1p-1022 : (double)rv64_fli[i->imm];
    uint64_t bits = 0;

    if (p == IR_F32)
        memcpy(&bits, &rv64_fli[i->imm], 4);
    else
        memcpy(&bits, &d, 8);
    if (i->imm == 31)
        bits = p == IR_F32 ? 0x7fc00000 : 0x7ff8000000000000;
    put_f(t, i->rd, p, ir_const(t->b, p, bits));
}

void rv64_tr_fcvtmod(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    ir_ref v = ir_op1(t->b, IR_bitcast, IR_I64, ir_get(t->b, SLOT_F + i->rs1));

    rv64_put_x(t, i->rd, ir_call(t->b, IR_I64, HELPER_FCVTMOD, v, 0, 0));
}
