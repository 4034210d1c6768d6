/* From guest code to IR: reads, decodes and walks; what an instruction does is in translate_*.c, by translate.def.
 *
 * A unit is a straight run of instructions, in trace mode also past forward branches (predicted not taken) and through
 * forward jumps. It ends at the first indirect jump, system call, backward branch, or after req->max_insns.
 */
#include <string.h>

#include "cpu/rv64/rv64_int.h"

struct how {
    rv64_tr_fn *fn;
    uint16_t p, q;
};
static const struct how how[RV64_NIDS] = {
#define T(id, fn, p, q) [RV64_##id] = {rv64_tr_##fn, p, q},
#include "cpu/rv64/translate.def"
#undef T
};

/* Bytes of the instruction at t->pc: 2 or 4, into *word; 0 if they cannot be fetched, *bad is the first such address. */
static unsigned fetch(struct rv64_tr *t, uint32_t *word, uint64_t *bad)
{
    uint64_t at = t->pc - t->ahead_pc;
    enum cpu_fault fault;
    unsigned len;

    if (at + 4 > t->ahead_len || at >= t->ahead_len) {
        t->ahead_pc = t->pc;
        t->ahead_len = t->req->fetch(t->req->fetch_ctx, t->pc, t->ahead, sizeof(t->ahead), &fault);
        at = 0;
    }
    *bad = t->pc;
    if (t->ahead_len < 2)
        return 0;
    len = (t->ahead[at] & 3) == 3 ? 4 : 2;
    *bad = t->pc + 2; /* an instruction may straddle two pages */
    if (t->ahead_len - at < len)
        return 0;
    if (len == 2)
        *word = (uint32_t)(t->ahead[at] | t->ahead[at + 1] << 8);
    else
        memcpy(word, t->ahead + at, 4);
    return len;
}

/* The first instruction of the unit cannot be fetched: from address bad on. */
static void fetch_fault(struct rv64_tr *t, uint64_t bad)
{
    ir_mark(t->b, t->pc, 2);
    if (bad != t->pc)
        ir_exit_if(t->b, ir_const(t->b, IR_I64, 1), IR_EXIT_FETCH_FAULT, ir_pcrel(t->b, bad));
    ir_exit(t->b, IR_EXIT_FETCH_FAULT, t->pc);
}

void rv64_translate(struct ir_builder *b, const struct cpu_translate_request *req)
{
    struct rv64_tr t = {.b = b, .req = req, .pc = req->pc};
    struct rv64_insn insn;
    uint64_t bad, run = req->pc; /* run: where the bytes read without a gap begin */
    uint32_t word;

    for (uint32_t n = 0;; n++, t.pc = t.next) {
        unsigned len;

        if (n > 0 && (n >= req->max_insns || (req->stop_before && req->stop_before(req->fetch_ctx, t.pc))))
            break;
        len = fetch(&t, &word, &bad);
        if (len == 0 && n > 0)
            break; /* the fault belongs to whoever gets there */
        if (len == 0) {
            fetch_fault(&t, bad);
            return;
        }
        t.next = t.pc + len;
        ir_mark(b, t.pc, len);
        if (len == 2)
            rv64_decode16(word, &insn);
        else
            rv64_decode32(word, &insn);
        how[insn.id].fn(&t, &insn, how[insn.id].p, how[insn.id].q);
        if (t.done || t.next != t.pc + len) {
            ir_note_range(b, run, t.pc + len);
            run = t.next;
        }
        if (t.done)
            return;
    }
    if (run != t.pc)
        ir_note_range(b, run, t.pc);
    ir_jump(b, t.pc);
}
