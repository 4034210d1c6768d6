/* ir.h - the intermediate representation: one language between guest CPUs (front ends) and host code (back ends).
 *
 * A *unit* is what is compiled at once: a short forward trace (quick tier), a region of many blocks (optimising tier), a
 * WebAssembly function. It is SSA: an instruction is its own value, named by its index (ir_ref). Instructions have a
 * fixed size and live in one array of the unit; ref 0 is no value.
 *
 * Guest registers are *slots* of the guest's state (struct ir_guest). `get` reads one, `put` writes one. In program
 * order a put is visible to everything that can leave the unit: faults, side exits, safepoints. A back end may delay a put
 * as long as an exit map rebuilds the state (codegen.h).
 *
 * Precision: each guest instruction begins with a `mark` that carries its address relative to the unit's base. Whatever
 * faults belongs to the last mark before it, with all puts before it done and none after it.
 *
 * Addresses that guest code computes from its own place are `pcrel` (unit base + offset), never `const`, so that compiled
 * code can be moved to where the guest is loaded next time.
 *
 * Every op is defined for all inputs; ops.def says how. Textual form: ir_print / ir_parse.
 */
#ifndef LODGE_IR_H
#define LODGE_IR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct err;
struct strbuf;

typedef uint32_t ir_ref; /* index into ir_unit.insn; 0: none */

/* Types. An integer value narrower than 64 bits has undefined bits above its width: use sext/zext to widen. */
enum ir_type { IR_VOID, IR_I8, IR_I16, IR_I32, IR_I64, IR_F32, IR_F64, IR_V128, IR_REF, IR_NTYPES };

enum ir_op {
#define OP(name, result, operands, effect, text) IR_##name,
#include "ir/ops.def"
#undef OP
    IR_NOPS
};

/* What an op may do besides computing its value; column `effect` of ops.def.
 * FPENV: reads the rounding mode and accrues IEEE flags; may move between two accesses to the FP environment, may not
 *        vanish if its flags could be seen. LOAD/STORE: may fault. CALL: a helper (flags in struct ir_helper). */
enum ir_effect { IR_PURE, IR_FPENV, IR_STATE, IR_LOAD, IR_STORE, IR_BARRIER, IR_EXIT, IR_CALL, IR_NONE };

struct ir_insn {
    uint8_t op;   /* enum ir_op */
    uint8_t type; /* enum ir_type of the result */
    uint16_t aux; /* slot, rounding mode, memory access, condition...: see ops.def */
    ir_ref a, b, c;
};

/* aux of load and store: bits 0-2 log2 of the size in bytes, bit 3 sign-extend to the result type, bits 4-5 space. */
enum ir_space { IR_DIRECT, IR_BOUNDED, IR_PAGED };
#define IR_MEM(log2size, sign, space) ((uint16_t)((log2size) | ((sign) ? 8 : 0) | ((space) << 4)))
#define IR_MEM_LOG2(aux) ((aux)&7)
#define IR_MEM_SIGN(aux) (((aux)&8) != 0)
#define IR_MEM_SPACE(aux) (((aux) >> 4) & 3)

/* aux of atomic read-modify-write, bits 8-11; bits 0-5 as for load. Always sequentially consistent, naturally aligned
 * (the front end emits exit_if for misalignment before it). */
enum ir_rmw {
    IR_RMW_XCHG,
    IR_RMW_ADD,
    IR_RMW_AND,
    IR_RMW_OR,
    IR_RMW_XOR,
    IR_RMW_SMIN,
    IR_RMW_SMAX,
    IR_RMW_UMIN,
    IR_RMW_UMAX
};
#define IR_RMW_OP(aux) (((aux) >> 8) & 15)

/* aux of fence: which earlier accesses are ordered before which later ones. */
enum { IR_FENCE_RR = 1, IR_FENCE_RW = 2, IR_FENCE_WR = 4, IR_FENCE_WW = 8, IR_FENCE_FULL = 15 };

/* Rounding, aux bits 0-2 of FP ops: values as in RISC-V frm. DYN: the guest's current mode (state.fp_rm).
 * IR_RM_RMM never occurs as the current mode inside a unit translated with IR_MODE_SOFT_RM clear. */
enum ir_rm { IR_RM_RNE, IR_RM_RTZ, IR_RM_RDN, IR_RM_RUP, IR_RM_RMM, IR_RM_DYN = 7 };
/* Accrued IEEE flags as fp_flags/fp_set_flags carry them (RISC-V fflags order). */
enum { IR_FP_NX = 1, IR_FP_UF = 2, IR_FP_OF = 4, IR_FP_DZ = 8, IR_FP_NV = 16 };
/* aux of fma: result = (neg_product ? -(a*b) : a*b) + (neg_c ? -c : c), fused. */
#define IR_FMA_NEG_PRODUCT 0x100
#define IR_FMA_NEG_C 0x200
/* aux of f_to_i: bits 4-5 log2 of integer bytes, bit 6 unsigned, bits 8-9 out-of-range rule. */
enum { IR_FTOI_SAT_NAN_MAX = 0 /* RISC-V */, IR_FTOI_SAT_NAN_ZERO = 1 /* aarch64, wasm sat */ };
#define IR_FTOI(rm, log2size, uns, rule) ((uint16_t)((rm) | ((log2size) << 4) | ((uns) ? 0x40 : 0) | ((rule) << 8)))
/* aux of i_to_f: rounding in bits 0-2, bit 6: the integer operand (its type gives the width) is unsigned. */
#define IR_ITOF(rm, uns) ((uint16_t)((rm) | ((uns) ? 0x40 : 0)))

/* Why a unit is left (aux of exit and exit_if). The dispatcher turns it into a cpu_event. */
enum ir_exit {
    IR_EXIT_SYSCALL,
    IR_EXIT_BREAK,
    IR_EXIT_ILLEGAL,
    IR_EXIT_MISALIGNED,
    IR_EXIT_FETCH_FAULT,
    IR_EXIT_FLUSH_CODE,
    IR_EXIT_YIELD,
    IR_EXIT_STEP,
    IR_EXIT_INTERP,
    IR_EXIT_MODE /* the unit mode may have changed: the next unit is to be looked up afresh */
};
/* aux of jump_ind: what kind of indirect jump. RET looks into the shadow return stack, CALL uses an inline cache. */
enum ir_ind { IR_IND_JUMP, IR_IND_CALL, IR_IND_RET };

/* ---- what a guest CPU tells IR and back ends about its state ------------------------------------------------------ */
/* Every guest's state begins with u64 pc, u8 accrued flags (IR_FP_*), u8 rounding mode: struct cpu_state of cpu/cpu.h. */
enum { IR_STATE_PC = 0, IR_STATE_FP_FLAGS = 8, IR_STATE_FP_RM = 9 };
struct ir_slot {
    const char *name; /* "a0", "fa0", "resv_addr" */
    uint32_t offset;  /* bytes from the start of the guest's state */
    uint8_t type;     /* IR_I64, IR_F64, IR_I32... */
};
/* A function that compiled code may call: uint64_t fn(void *state, uint64_t a, uint64_t b, uint64_t c). Floats are passed
 * and returned as their bits. */
struct ir_helper {
    const char *name;
    uint64_t (*fn)(void *state, uint64_t a, uint64_t b, uint64_t c);
    uint8_t effect; /* IR_PURE; IR_FPENV (reads the mode, raises flags by the host FP environment); IR_STATE (reads and
                       writes slots); IR_STORE (writes guest memory, may fault; state is complete) */
};
struct ir_guest {
    const char *name;
    const struct ir_slot *slot;
    uint32_t nslots;
    const uint16_t *hot_int;   /* slots most used first, for pinning to host registers; 0xffff ends */
    const uint16_t *hot_float; /* likewise */
    const struct ir_helper *helper;
    uint32_t nhelpers;
    bool canonical_nan; /* FP arithmetic returns the canonical quiet NaN (RISC-V), otherwise operand NaNs propagate */
};

/* ---- unit ---------------------------------------------------------------------------------------------------------- */
enum ir_mode {
    IR_MODE_SOFT_RM = 1, /* current rounding mode is one the host lacks: FP ops go to helpers */
    IR_MODE_BAD_RM = 2,  /* current rounding mode is invalid (RISC-V frm 5..7): no op with IR_RM_DYN is in the unit */
};

struct ir_range {
    uint64_t start, end; /* guest bytes that were read for this unit */
};
struct ir_block { /* a basic block: instructions [first, end) of ir_unit.insn, ended by a terminator */
    ir_ref first, end;
    uint32_t npreds;
    uint32_t *preds; /* block numbers */
    uint32_t succ[2];
    uint32_t nsuccs;
};
struct ir_unit {
    const struct ir_guest *guest;
    uint64_t pc;   /* guest address of entry = base of mark and pcrel */
    uint32_t mode; /* enum ir_mode bits this unit was translated for */
    struct ir_insn *insn;
    uint32_t ninsns, cap;
    struct ir_block *block;
    uint32_t nblocks;
    struct ir_range range[8];
    uint32_t nranges;
    uint32_t guest_insns; /* number of guest instructions translated */
    uint32_t *uses;  /* per ref: how many operands of living instructions name it (phi operands too); not if unswept */
    bool unswept;    /* came from ir_end_unswept */
    ir_ref *phi_arg; /* operand lists of phis: npreds refs each, in the order of ir_block.preds */
    uint32_t nphi_args;
};

/* ---- builder (builder.c) -------------------------------------------------------------------------------------------
 * Folds on the fly: constants, x+0, x&x, sext of known ranges...; get after get or put of the same slot in a block returns
 * the known value and emits nothing; two equal pure ops in one block are one (small value table).
 * A builder is reused for many units: ir_begin resets it without freeing. One thread at a time. */
struct ir_builder;
struct ir_builder *ir_builder_new(const struct ir_guest *guest);
void ir_builder_free(struct ir_builder *b);
void ir_begin(struct ir_builder *b, uint64_t pc, uint32_t mode);
/* Ends the unit and returns it, owned by the builder, valid until the next ir_begin. The last op must be a terminator.
 * Dead pure values and puts that nothing can see before they are overwritten become nops (single-block units) or are
 * left out (multi-block ones: refs are then new numbers). Always at least one block; block 0 is the entry and has no
 * predecessors. */
struct ir_unit *ir_end(struct ir_builder *b);
/* The same, but dead values and puts stay and uses are not counted: for a back end that looks for them itself. */
struct ir_unit *ir_end_unswept(struct ir_builder *b);
void ir_note_range(struct ir_builder *b, uint64_t start, uint64_t end); /* guest bytes read; adjacent ones are merged;
                                                                          false if the table is full is never reached:
                                                                          front ends ask ir_ranges_left first */
uint32_t ir_ranges_left(const struct ir_builder *b);
uint32_t ir_unit_mode(const struct ir_builder *b);

void ir_mark(struct ir_builder *b, uint64_t pc, unsigned len); /* a guest instruction of len bytes begins */
ir_ref ir_const(struct ir_builder *b, enum ir_type t, uint64_t bits);
ir_ref ir_pcrel(struct ir_builder *b, uint64_t guest_addr); /* i64: unit base + (guest_addr - base) */
bool ir_is_const(const struct ir_builder *b, ir_ref r, uint64_t *bits);
ir_ref ir_get(struct ir_builder *b, unsigned slot);
void ir_put(struct ir_builder *b, unsigned slot, ir_ref v);
/* Generic emission for every pure/FP op of ops.def: operands that an op lacks are 0. */
ir_ref ir_emit(struct ir_builder *b, enum ir_op op, enum ir_type t, unsigned aux, ir_ref x, ir_ref y, ir_ref z);
#define ir_op1(b, op, t, x) ir_emit(b, op, t, 0, x, 0, 0)
#define ir_op2(b, op, t, x, y) ir_emit(b, op, t, 0, x, y, 0)
ir_ref ir_sext(
    struct ir_builder *b, enum ir_type to, unsigned from_bits, ir_ref x); /* low from_bits of x, sign-extended */
ir_ref ir_zext(struct ir_builder *b, enum ir_type to, unsigned from_bits, ir_ref x);
ir_ref ir_trunc(struct ir_builder *b, enum ir_type to, ir_ref x);
/* Memory; off is added to addr with 64-bit wrap-around. type: of the result / of the value (memory holds its low bytes). */
ir_ref ir_load(struct ir_builder *b, enum ir_type t, unsigned mem_aux, ir_ref addr, int32_t off);
void ir_store(struct ir_builder *b, unsigned mem_aux, ir_ref addr, int32_t off, ir_ref v);
ir_ref ir_rmw(
    struct ir_builder *b, enum ir_type t, unsigned mem_aux, enum ir_rmw op, ir_ref addr, ir_ref v); /* old value */
ir_ref ir_cas(
    struct ir_builder *b, enum ir_type t, unsigned mem_aux, ir_ref addr, ir_ref expected, ir_ref desired); /* old */
void ir_fence(struct ir_builder *b, unsigned kinds);
ir_ref ir_call(struct ir_builder *b, enum ir_type t, unsigned helper, ir_ref x, ir_ref y, ir_ref z);
/* Leaving. side exits (the unit goes on when cond is 0): */
void ir_branch_exit(struct ir_builder *b, ir_ref cond, uint64_t guest_pc); /* cond != 0: go on at guest_pc */
void ir_exit_if(
    struct ir_builder *b, ir_ref cond, enum ir_exit why, ir_ref info); /* pc stays at the marked instruction;
                                                                                      info (i64) = fault address or 0 */
void ir_call_hint(struct ir_builder *b, uint64_t return_pc); /* next jump is a call that returns to return_pc */
/* terminators: */
void ir_jump(struct ir_builder *b, uint64_t guest_pc);
void ir_jump_ind(struct ir_builder *b, enum ir_ind kind, ir_ref target);
void ir_exit(struct ir_builder *b, enum ir_exit why, uint64_t next_pc); /* state.pc = next_pc */
/* Blocks inside a unit (regions, WebAssembly): Braun et al. 2013. Slots and locals become SSA across blocks. */
uint32_t ir_block_new(struct ir_builder *b);
void ir_block_start(struct ir_builder *b, uint32_t block);
void ir_block_seal(struct ir_builder *b, uint32_t block); /* all predecessors are known */
void ir_goto(struct ir_builder *b, uint32_t block);
void ir_if(struct ir_builder *b, ir_ref cond, uint32_t then_block, uint32_t else_block);
void ir_safepoint(struct ir_builder *b, uint64_t guest_pc);
/* Locals: variables that are no slots (WebAssembly's). Zero until set. Not visible outside the unit. */
uint32_t ir_local_new(struct ir_builder *b, enum ir_type t);
ir_ref ir_local_get(struct ir_builder *b, uint32_t local);
void ir_local_set(struct ir_builder *b, uint32_t local, ir_ref v);

/* ---- tools -------------------------------------------------------------------------------------------------------- */
const char *ir_op_name(enum ir_op op);
const char *ir_type_name(enum ir_type t);
enum ir_effect ir_op_effect(enum ir_op op);
bool ir_op_is_terminator(enum ir_op op);
unsigned ir_op_refs(enum ir_op op);    /* which operands are refs: bit 0 a, bit 1 b, bit 2 c (a ref may be 0 for call
                                             and for b of exit_if); phi operands are in ir_unit.phi_arg */
unsigned ir_type_bits(enum ir_type t); /* 0 for void */
bool ir_type_is_int(enum ir_type t);   /* i8..i64 */
int ir_verify(const struct ir_unit *u, struct err *err); /* dominance, types, operand counts, terminators; -EINVAL */
void ir_print(const struct ir_unit *u, struct strbuf *out);
/* Emits u (verified, owned by another builder) anew into b, so that everything is folded as a front end's would be. */
struct ir_unit *ir_rebuild(struct ir_builder *b, const struct ir_unit *u);
/* Parses the textual form into a unit owned by b (valid until its next ir_begin). -EINVAL with line in err. */
int ir_parse(struct ir_builder *b, const char *text, size_t len, struct ir_unit **out, struct err *err);

/* The value of a pure integer op, or of bitcast, fbox, funbox, fneg, fabs, fsgnj*, fclass. v: operands, masked to their
 * types t. The result is masked. False: not such an op. (eval.c) */
bool ir_eval(const struct ir_insn *in, const uint64_t v[3], const uint8_t t[3], uint64_t *result);

/* ---- reference interpreter (interp.c) ----------------------------------------------------------------------------
 * Runs one unit on a guest state. Slots are read and written in `state`; FP flags accrue in cpu_state fields through the
 * fp pointers. Guest memory is reached through `mem` callbacks so that a fault is a result, not a signal. */
struct ir_interp_mem {
    void *ctx;
    /* 0, or nonzero on a fault (out->fault_addr is set by the interpreter). size is 1..16 bytes. */
    int (*load)(void *ctx, uint64_t addr, void *buf, unsigned size);
    int (*store)(void *ctx, uint64_t addr, const void *buf, unsigned size);
    /* Atomic on naturally aligned size 1..8: *io = operand in, old value out. cas: expected in *io. */
    int (*rmw)(void *ctx, uint64_t addr, unsigned size, enum ir_rmw op, uint64_t *io);
    int (*cas)(void *ctx, uint64_t addr, unsigned size, uint64_t *io, uint64_t desired);
};
struct ir_interp_result {
    enum {
        IR_RUN_NEXT /* continue at next_pc */,
        IR_RUN_EXIT /* why, next_pc */,
        IR_RUN_FAULT /* fault_addr, write, next_pc =
        marked pc */
    } kind;
    enum ir_exit why;
    uint64_t next_pc, info, fault_addr;
    bool fault_write;
    enum ir_ind ind; /* how next_pc was reached if indirectly */
};
/* fp_flags, fp_rm: the guest's accrued flags (IR_FP_*) and current mode (enum ir_rm). */
void ir_interp_run(const struct ir_unit *u, uint64_t base_pc, void *state, uint8_t *fp_flags, uint8_t *fp_rm,
    const struct ir_interp_mem *mem, struct ir_interp_result *out);

#endif
