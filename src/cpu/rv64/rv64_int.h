/* What the files of this room share: slots of the state, helpers that compiled code calls, and the running translation.
 *
 * A translation walks the guest's code from req->pc; for each instruction, translate.def names a function `rv64_tr_X` and
 * two parameters for it. Such a function emits IR for the instruction and, if the unit ends with it, sets t->done.
 */
#ifndef LODGE_RV64_INT_H
#define LODGE_RV64_INT_H

#include "cpu/rv64/rv64.h"
#include "cpu/rv64/rv64_decode.h"
#include "ir/ir.h"

/* Slots. x0 has one as well, so that slot = register number; it is neither read nor written. */
enum { SLOT_X = 0, SLOT_F = 32, SLOT_RESV_ADDR = 64, SLOT_RESV_VALUE, SLOT_COUNT };
enum { HELPER_CYCLE, HELPER_TIME, HELPER_FCVTMOD, HELPER_COUNT };

enum { CSR_FFLAGS = 1, CSR_FRM = 2, CSR_FCSR = 3, CSR_CYCLE = 0xc00, CSR_TIME = 0xc01, CSR_INSTRET = 0xc02 };

extern const struct ir_guest rv64_ir_guest;
extern const char *const rv64_x_name[32];
extern const char *const rv64_f_name[32];
extern const float rv64_fli[32]; /* the constants of fli.s; fli.d differs in entries 1 (its own min) and 31 (NaN) */
const char *rv64_csr_name(unsigned csr); /* NULL: not implemented */

void rv64_translate(struct ir_builder *b, const struct cpu_translate_request *req);
unsigned rv64_disassemble(uint64_t pc, const uint8_t *bytes, unsigned len, struct strbuf *out);

/* A translation under way. */
struct rv64_tr {
    struct ir_builder *b;
    const struct cpu_translate_request *req;
    uint64_t pc;   /* of this instruction */
    uint64_t next; /* of the one to translate after it */
    bool done;     /* a terminator was emitted */
    /* Registers of which the unit knows that they hold a place in the code (auipc, and addi to it). */
    uint32_t known;
    uint64_t value[32];
    /* Code read ahead. */
    uint64_t ahead_pc;
    unsigned ahead_len;
    uint8_t ahead[64];
};
typedef void rv64_tr_fn(struct rv64_tr *t, const struct rv64_insn *i, unsigned p, unsigned q);

static inline ir_ref rv64_x(struct rv64_tr *t, unsigned reg)
{
    return reg ? ir_get(t->b, SLOT_X + reg) : ir_const(t->b, IR_I64, 0);
}

static inline void rv64_put_x(struct rv64_tr *t, unsigned reg, ir_ref v)
{
    t->known &= ~(1u << reg);
    if (reg)
        ir_put(t->b, SLOT_X + reg, v);
}

static inline ir_ref rv64_imm(struct rv64_tr *t, int64_t v)
{
    return ir_const(t->b, IR_I64, (uint64_t)v);
}

/* Ends the unit: this instruction does not exist. */
void rv64_illegal(struct rv64_tr *t);

#define T(id, fn, p, q) rv64_tr_fn rv64_tr_##fn;
#include "cpu/rv64/translate.def"
#undef T

#endif
