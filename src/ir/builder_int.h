/* builder_int.h - the inside of the builder, shared by builder.c (emission), fold.c (what a new instruction becomes),
 * ssa.c (blocks) and parse.c.
 *
 * While a unit is built, its instructions stand in unit.insn in the order of creation. With more than one block some of
 * them (phis, late gets) belong elsewhere: those have c = block + 1 and are put in their place by ir_ssa_layout.
 * A phi found to be trivial is a nop whose `a` names the value to use instead.
 */
#ifndef LODGE_IR_BUILDER_INT_H
#define LODGE_IR_BUILDER_INT_H

#include "base/bits.h"
#include "base/hash.h"
#include "base/vec.h"
#include "ir/ir.h"
#include "ir/ops_int.h"

_Static_assert(sizeof(struct ir_insn) == 16, "compared and composed as two words");

#define IR_CSE_BITS 9

/* What is known of a variable (slots first, then locals) at the current place; valid if gen is the builder's. */
struct ir_var {
    ir_ref ref;
    uint32_t gen;
};

/* A phi under construction. */
struct ir_phi {
    ir_ref ref;
    uint32_t var, block;
    uint32_t next; /* incomplete phis of the block: index + 1 */
};

struct ir_bb {
    ir_ref first, end; /* its own instructions, with those of other blocks in between */
    uint32_t *pred;    /* owned */
    uint32_t npreds, pred_cap;
    uint32_t succ[2], nsuccs;
    uint32_t clobbers; /* how often slots became unknown in it */
    uint32_t incomplete;
    bool started, sealed, filled;
};

struct ir_builder {
    struct ir_unit unit;
    const struct ir_guest *guest;
    struct ir_var *var; /* owned; unit.guest->nslots + locals */
    uint8_t *local_type;
    uint64_t *overwritten; /* per slot, for the sweep in ir_end */
    uint32_t nvars, vars_cap;
    uint32_t gen;    /* of valid ir_var; only grows */
    uint64_t epoch;  /* of the sweep; only grows */
    ir_ref cse_from; /* values before it are not in the current block */
    ir_ref cse[1 << IR_CSE_BITS];

    /* more than one block (ssa.c) */
    bool multi;
    bool forwarded; /* some phi was replaced: operands need ir_resolve */
    uint32_t cur;
    VEC(struct ir_bb) bb;
    VEC(struct ir_phi) phi;
    VEC(ir_ref) phi_arg;
    VEC(uint32_t) work;
    struct hash def; /* block, variable -> clobbers of the block then, ref */
    struct ir_block single;
    VEC(struct ir_block) out_block;
    VEC(uint32_t) out_pred;
    VEC(ir_ref) out_phi;
    struct ir_insn *spare; /* owned; layout's second array */
    uint32_t spare_cap;
    VEC(ir_ref) renamed;
};

/* Room for n instructions and their use counts. */
void ir_builder_grow(struct ir_builder *b, uint32_t n);
void ir_builder_count(struct ir_builder *b); /* fills unit.uses */
/* Puts of [first, end), a block's, that nothing sees before they are overwritten become nops. */
void ir_sweep_puts(struct ir_builder *b, ir_ref first, ir_ref end);
/* in as it would be, or 0 and *in perhaps rewritten. Operands are resolved. May emit constants. */
ir_ref ir_fold(struct ir_builder *b, struct ir_insn *in);
/* A condition only tested for 0: what can be tested instead. */
ir_ref ir_fold_cond(struct ir_builder *b, ir_ref cond);

/* ssa.c */
void ir_ssa_reset(struct ir_builder *b);
void ir_ssa_fini(struct ir_builder *b);
ir_ref ir_ssa_get(struct ir_builder *b, uint32_t var);
void ir_ssa_put(struct ir_builder *b, uint32_t var, ir_ref v);
void ir_ssa_layout(struct ir_builder *b);
/* Terminator `ref` of the current block was appended; edges lead to the n blocks of succ. */
void ir_ssa_close(struct ir_builder *b, const uint32_t *succ, uint32_t n);

/* eval.c: the value of a pure integer op or of bitcast, fbox, funbox, fneg, fabs, fsgnj*, fclass. v: operands, masked
 * to their types t. The result is masked. False: not such an op. */
bool ir_eval(const struct ir_insn *in, const uint64_t v[3], const uint8_t t[3], uint64_t *result);

static inline ir_ref ir_append(struct ir_builder *b, const struct ir_insn *in)
{
    ir_ref r = b->unit.ninsns;

    if (r == b->unit.cap)
        ir_builder_grow(b, r + 1);
    b->unit.insn[r] = *in;
    b->unit.ninsns = r + 1;
    return r;
}

static inline struct ir_insn *ir_at(const struct ir_builder *b, ir_ref r)
{
    return &b->unit.insn[r];
}

/* An instruction composed in two words: writing it field by field and copying it as a whole, as the builder does all the
 * time, would stall on store forwarding. Fields are in memory order, little-endian hosts get two plain stores. */
static inline struct ir_insn ir_make(enum ir_op op, enum ir_type t, unsigned aux, ir_ref x, ir_ref y, ir_ref z)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    const uint64_t word[2] = {
        (uint64_t)op | (uint64_t)t << 8 | (uint64_t)(uint16_t)aux << 16 | (uint64_t)x << 32, y | (uint64_t)z << 32};
    struct ir_insn in;

    memcpy(&in, word, sizeof(in));
    return in;
#else
    return (struct ir_insn){(uint8_t)op, (uint8_t)t, (uint16_t)aux, x, y, z};
#endif
}

static inline ir_ref ir_resolve(const struct ir_builder *b, ir_ref r)
{
    if (!b->forwarded)
        return r;
    while (ir_at(b, r)->op == IR_nop && ir_at(b, r)->a)
        r = ir_at(b, r)->a;
    return r;
}

static inline uint64_t ir_literal(const struct ir_insn *in) /* of const, pcrel, jump, exit, call_hint, safepoint */
{
    return in->a | (uint64_t)in->b << 32;
}

static inline bool ir_is_slot_type(const struct ir_builder *b, uint32_t var, enum ir_type t)
{
    return var < b->guest->nslots && b->guest->slot[var].type == t;
}

static inline enum ir_type ir_var_type(const struct ir_builder *b, uint32_t var)
{
    return var < b->guest->nslots ? b->guest->slot[var].type : b->local_type[var - b->guest->nslots];
}

#endif
