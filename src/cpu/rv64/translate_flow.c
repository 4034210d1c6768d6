/* Jumps, branches, system instructions, CSRs: what may end a unit.
 */
#include "cpu/rv64/rv64_int.h"

void rv64_illegal(struct rv64_tr *t)
{
    ir_exit(t->b, IR_EXIT_ILLEGAL, t->pc);
    t->done = true;
}

void rv64_tr_illegal(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    rv64_illegal(t);
}

static void jump(struct rv64_tr *t, uint64_t target)
{
    ir_jump(t->b, target);
    t->done = true;
}

/* x1 and x5 are the link registers of calls and returns (unprivileged ISA 2.5.1, table of hints). */
static bool is_link(unsigned reg)
{
    return reg == 1 || reg == 5;
}

/* A jump whose target is known. Forward ones without a link are followed: forward only, so no code is walked twice. */
static void jump_direct(struct rv64_tr *t, unsigned rd, uint64_t target)
{
    uint64_t link = t->next;

    if (rd)
        rv64_put_x(t, rd, ir_pcrel(t->b, link));
    if (is_link(rd))
        ir_call_hint(t->b, link);
    if (rd == 0 && t->req->trace && target >= link && ir_ranges_left(t->b) > 2) /* this run is not noted yet */
        t->next = target;
    else
        jump(t, target);
}

void rv64_tr_jal(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    jump_direct(t, i->rd, t->pc + (uint64_t)(int64_t)i->imm);
}

/* Targets are even, so with C they are always aligned. */
void rv64_tr_jalr(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    enum ir_ind kind = is_link(i->rd) ? IR_IND_CALL : is_link(i->rs1) ? IR_IND_RET : IR_IND_JUMP;
    ir_ref target;

    if (t->known >> i->rs1 & 1) { /* auipc; jalr: a far call */
        jump_direct(t, i->rd, (t->value[i->rs1] + (uint64_t)(int64_t)i->imm) & ~(uint64_t)1);
        return;
    }
    target = ir_op2(t->b, IR_add, IR_I64, rv64_x(t, i->rs1), rv64_imm(t, i->imm));
    target = ir_op2(t->b, IR_and, IR_I64, target, rv64_imm(t, -2));
    if (i->rd)
        rv64_put_x(t, i->rd, ir_pcrel(t->b, t->next));
    if (kind == IR_IND_CALL)
        ir_call_hint(t->b, t->next);
    ir_jump_ind(t->b, kind, target);
    t->done = true;
}

/* p = comparison, q = 1: inverted. A backward branch is a loop's and ends the unit, a forward one is passed. */
void rv64_tr_branch(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    uint64_t target = t->pc + (uint64_t)(int64_t)i->imm;
    ir_ref x = rv64_x(t, i->rs1), y = rv64_x(t, i->rs2);
    ir_ref cond = q ? ir_op2(t->b, p == IR_lts ? IR_les : IR_leu, IR_I64, y, x) : ir_op2(t->b, p, IR_I64, x, y);

    ir_branch_exit(t->b, cond, target);
    if (target <= t->pc || !t->req->trace)
        jump(t, t->next);
}

/* p = enum ir_exit, q = 1: goes on after this instruction, 0: stays at it. A system call ends a reservation, as the kernel's
 * way back to the program does (arch/riscv/kernel/entry.S). */
void rv64_tr_exit(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    if (p == IR_EXIT_SYSCALL)
        ir_put(t->b, SLOT_RESV_ADDR, rv64_imm(t, -1));
    ir_exit(t->b, p, q ? t->next : t->pc);
    t->done = true;
}

static ir_ref csr_read(struct rv64_tr *t, unsigned csr)
{
    ir_ref rm;

    switch (csr) {
    case CSR_FFLAGS: return ir_emit(t->b, IR_fp_flags, IR_I64, 0, 0, 0, 0);
    case CSR_FRM: return ir_emit(t->b, IR_fp_rm, IR_I64, 0, 0, 0, 0);
    case CSR_FCSR:
        rm = ir_op2(t->b, IR_shl, IR_I64, csr_read(t, CSR_FRM), rv64_imm(t, 5));
        return ir_op2(t->b, IR_or, IR_I64, rm, csr_read(t, CSR_FFLAGS));
    case CSR_TIME: return ir_call(t->b, IR_I64, HELPER_TIME, 0, 0, 0);
    default: return ir_call(t->b, IR_I64, HELPER_CYCLE, 0, 0, 0);
    }
}

/* What the guest may not set in these CSRs is dropped (unprivileged ISA 20.2). */
static void csr_write(struct rv64_tr *t, unsigned csr, ir_ref v)
{
    if (csr & CSR_FFLAGS)
        ir_emit(t->b, IR_fp_set_flags, IR_VOID, 0, ir_op2(t->b, IR_and, IR_I64, v, rv64_imm(t, 31)), 0, 0);
    if (csr == CSR_FCSR)
        v = ir_op2(t->b, IR_shr, IR_I64, v, rv64_imm(t, 5));
    if (csr & CSR_FRM)
        ir_emit(t->b, IR_fp_set_rm, IR_VOID, 0, ir_op2(t->b, IR_and, IR_I64, v, rv64_imm(t, 7)), 0, 0);
}

/* p = how the operand changes the old value (IR_nop: replaces it), q = 1: the operand is the number in rs1. Set and clear
 * with rs1 = 0 write nothing, so that counters can be read so. After frm has changed, the code that follows may need another
 * translation (rv64_unit_mode): the unit ends. */
void rv64_tr_csr(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q)
{
    unsigned csr = (unsigned)i->imm;
    bool writes = p == IR_nop || i->rs1 != 0, read_only = csr >> 10 == 3;
    ir_ref v, old = 0;

    if (!rv64_csr_name(csr) || (writes && read_only)) {
        rv64_illegal(t);
        return;
    }
    v = q ? rv64_imm(t, i->rs1) : rv64_x(t, i->rs1);
    if (i->rd || p != IR_nop)
        old = csr_read(t, csr);
    if (writes)
        csr_write(t, csr, p == IR_nop ? v : ir_op2(t->b, p, IR_I64, old, v));
    if (i->rd)
        rv64_put_x(t, i->rd, old);
    if (writes && csr & CSR_FRM) {
        ir_exit(t->b, IR_EXIT_MODE, t->next);
        t->done = true;
    }
}
