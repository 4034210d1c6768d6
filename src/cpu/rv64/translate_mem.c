/* Loads, stores, atomics, fences. Plain accesses may be misaligned (Linux promises it to user programs, and Zicclsm says
 * so); atomics may not.
 */
#include "cpu/rv64/rv64_int.h"

/* p = IR_MEM */
void rv64_tr_load(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    rv64_put_x(t, i->rd, ir_load(t->b, IR_I64, p, rv64_x(t, i->rs1), i->imm));
}

void rv64_tr_store(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    ir_store(t->b, p, rv64_x(t, i->rs1), i->imm, rv64_x(t, i->rs2));
}

/* p = log2 of the size. Narrow values are NaN-boxed in their 64-bit register (unprivileged ISA 21.2). */
void rv64_tr_fload(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    ir_ref addr = rv64_x(t, i->rs1), v;

    if (p == 3) {
        v = ir_load(t->b, IR_F64, IR_MEM(3, 0, IR_DIRECT), addr, i->imm);
    } else if (p == 2) {
        v = ir_op1(t->b, IR_fbox, IR_F64, ir_load(t->b, IR_F32, IR_MEM(2, 0, IR_DIRECT), addr, i->imm));
    } else {
        v = ir_load(t->b, IR_I64, IR_MEM(1, 0, IR_DIRECT), addr, i->imm);
        v = ir_op2(t->b, IR_or, IR_I64, v, rv64_imm(t, ~0xffffll));
        v = ir_op1(t->b, IR_bitcast, IR_F64, v);
    }
    ir_put(t->b, SLOT_F + i->rd, v);
}

/* Stores the low bytes whether they are boxed or not. */
void rv64_tr_fstore(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    ir_ref addr = rv64_x(t, i->rs1), v = ir_get(t->b, SLOT_F + i->rs2);

    if (p != 3)
        v = ir_op1(t->b, IR_bitcast, IR_I64, v);
    ir_store(t->b, IR_MEM(p, 0, IR_DIRECT), addr, i->imm, v);
}

static void check_aligned(struct rv64_tr *t, ir_ref addr, unsigned log2size)
{
    ir_ref low = ir_op2(t->b, IR_and, IR_I64, addr, rv64_imm(t, (1 << log2size) - 1));

    ir_exit_if(t->b, low, IR_EXIT_MISALIGNED, addr);
}

/* A reservation is the address and the value that was read: sc succeeds if the value is still there. That lets an A-B-A
 * change by another thread pass, which no program can rely on not to happen between its own lr and sc but by the value. */
void rv64_tr_lr(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    ir_ref addr = rv64_x(t, i->rs1), v;

    check_aligned(t, addr, p);
    if (i->aqrl & 1)
        ir_fence(t->b, IR_FENCE_FULL);
    v = ir_load(t->b, IR_I64, IR_MEM(p, 1, IR_DIRECT), addr, 0);
    if (i->aqrl & 2)
        ir_fence(t->b, IR_FENCE_RR | IR_FENCE_RW);
    ir_put(t->b, SLOT_RESV_ADDR, addr);
    ir_put(t->b, SLOT_RESV_VALUE, v);
    rv64_put_x(t, i->rd, v);
}

/* Without a reservation of this address sc fails without touching memory: the failed state is written, the unit left, and
 * otherwise taken back before the access, so that a fault of the access finds the registers as they were. */
void rv64_tr_sc(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    ir_ref addr = rv64_x(t, i->rs1), v = rv64_x(t, i->rs2), rd = rv64_x(t, i->rd);
    ir_ref resv = ir_get(t->b, SLOT_RESV_ADDR), want = ir_get(t->b, SLOT_RESV_VALUE), old, failed;

    check_aligned(t, addr, p);
    rv64_put_x(t, i->rd, rv64_imm(t, 1));
    ir_put(t->b, SLOT_RESV_ADDR, rv64_imm(t, -1));
    ir_branch_exit(t->b, ir_op2(t->b, IR_ne, IR_I64, addr, resv), t->next);
    rv64_put_x(t, i->rd, rd);
    ir_put(t->b, SLOT_RESV_ADDR, resv);
    old = ir_cas(t->b, IR_I64, IR_MEM(p, 1, IR_DIRECT), addr, want, v);
    failed = ir_op2(t->b, IR_ne, IR_I64, old, want);
    ir_put(t->b, SLOT_RESV_ADDR, rv64_imm(t, -1));
    rv64_put_x(t, i->rd, failed);
}

/* p = log2 of the size, q = enum ir_rmw. All are sequentially consistent, so aq and rl need nothing more. */
void rv64_tr_amo(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    ir_ref addr = rv64_x(t, i->rs1), v = rv64_x(t, i->rs2);

    check_aligned(t, addr, p);
    rv64_put_x(t, i->rd, ir_rmw(t->b, IR_I64, IR_MEM(p, 1, IR_DIRECT), q, addr, v));
}

/* imm:  fm 11:8 | pi po pr pw 7:4 | si so sr sw 3:0. Device accesses (i, o) count as r, w. fm = 1000 with rw,rw is
 * fence.tso, which leaves w -> r alone; other fm are reserved and mean a plain fence (unprivileged ISA 2.7). */
void rv64_tr_fence(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    unsigned imm = (unsigned)i->imm, pred = (imm >> 4 & 3) | (imm >> 6 & 3), succ = (imm & 3) | (imm >> 2 & 3);
    unsigned kinds = 0;

    if (pred & 2)
        kinds |= (succ & 2 ? IR_FENCE_RR : 0) | (succ & 1 ? IR_FENCE_RW : 0);
    if (pred & 1)
        kinds |= (succ & 2 ? IR_FENCE_WR : 0) | (succ & 1 ? IR_FENCE_WW : 0);
    if (imm == 0x833)
        kinds &= ~(unsigned)IR_FENCE_WR;
    if (kinds)
        ir_fence(t->b, kinds);
}

/* The 64-byte block around rs1 (the size that hwprobe tells). It lies in one page: it faults at its first store or never. */
void rv64_tr_cbo_zero(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    ir_ref block = ir_op2(t->b, IR_and, IR_I64, rv64_x(t, i->rs1), rv64_imm(t, -64)), zero = rv64_imm(t, 0);

    for (int off = 0; off < 64; off += 8)
        ir_store(t->b, IR_MEM(3, 0, IR_DIRECT), block, off, zero);
}
