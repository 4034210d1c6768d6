/* gen.h - the quick tier's generator: one pass backwards over a unit (who is used last where, which value may be computed
 * straight into a home register), one pass forwards that selects instructions and gives out registers.
 *
 * Every value (struct cg_val, by ref) may be in a register, in memory (its slot, or a spill word), or nowhere yet
 * (constants; values whose only user folds them, VAL_LAZY). `regval` tells which value a register holds. For a home
 * register that may be no value, or one, and never changes what the slot means: a put is a write of the home, in program
 * order. What must stay true: before a home register or a slot's memory is overwritten, a value that lives there and is
 * still needed is saved (gen_save).
 *
 * Within one IR instruction: fetch operands (they become locked), then take the destination, then emit, then gen_result.
 * Locks end with the instruction.
 */
#ifndef LODGE_CODEGEN_X64_GEN_H
#define LODGE_CODEGEN_X64_GEN_H

#include "base/bits.h"
#include "codegen/space_int.h"
#include "codegen/x64/encode.h"

enum { VAL_LAZY = 1, VAL_BOXED = 2, VAL_DEAD = 4, VAL_WIDE = 8 /* someone looks at bits 32-63 */, VAL_FREES_HOME = 16 };
enum { MEM_NONE, MEM_SLOT, MEM_SPILL };

struct cg_val {
    uint32_t last; /* last instruction that uses it */
    uint32_t root; /* the value it is the same as; itself mostly */
    uint32_t hint_epoch;
    int32_t disp; /* MEM_SLOT: from rbp; MEM_SPILL: from rsp */
    uint16_t uses;
    uint8_t reg;   /* enum x64_reg or X64_NONE */
    uint8_t mem;   /* MEM_* */
    uint8_t hint;  /* home register to compute it into, or X64_NONE */
    uint8_t flags; /* VAL_* */
};

/* Code that is left for the end of the unit. */
enum cg_cold_kind {
    COLD_LINK,      /* jump through link */
    COLD_LINK_POLL, /* the same, but a kick leaves before: a backward exit */
    COLD_KICK,      /* leave for a kick at pc */
    COLD_SELF,      /* poll and go to the unit's entry */
    COLD_LINK_STUB, /* where a link points before it is resolved */
    COLD_EXIT,      /* leave: why (a), info in reg or constant */
    COLD_LOOKUP,    /* target in reg, ic */
    COLD_DIV,       /* divisor 0 or -1 */
    COLD_NAN,       /* reg: make NaN canonical */
    COLD_FMINMAX,
    COLD_F_TO_I,
    COLD_KICK_REG,
};
struct cg_cold {
    uint8_t kind, op, type, reg, reg2, reg3;
    uint16_t aux;
    uint8_t *from, *back; /* jump to patch; where to go on */
    uint64_t pc, imm;
    void *ptr;
};

struct cg_gen {
    struct x64_buf b; /* first: passed to the encoder all the time */
    struct cg_space *s;
    struct cg_segment *seg;
    const struct ir_unit *u;
    const struct ir_insn *insn;
    const struct cg_convention *conv;
    const struct cg_host *host;
    struct cg_unit *unit;
    uint8_t *entry;
    uint64_t pc;     /* guest address of the current mark */
    uint32_t now;    /* instruction being translated */
    uint32_t avail;  /* homes that may hold temporaries: they are put before anyone looks */
    uint32_t epoch;  /* barriers still to come, plus 1 */
    uint32_t locked; /* registers that hold operands of it */
    bool failed;     /* out of spill words or an op that this tier lacks */
    const char *why;
    uint32_t regval[X64_NREGS];
    uint32_t busy;       /* registers whose regval is not 0 */
    uint64_t spilled[2]; /* spill words in use */
    uint32_t spill_ref[128];

    struct cg_val *val; /* owned; by ref */
    uint32_t val_cap;
    uint32_t *epoch_mask;                /* owned; by epoch: avail at its start */
    uint32_t *memval;                    /* owned; by slot: value that the slot's memory holds */
    uint32_t *slot_epoch, *slot_pending; /* owned; backward pass, by slot */
    struct cg_cold *cold;                /* owned */
    uint32_t ncold, cold_cap;
    struct cg_link *link;
    uint32_t nlinks, hot_insns;
    struct cg_map_entry *map; /* owned; copied to the data area at the end */
    uint32_t nmaps, map_cap;
};

#define SPILL_WORDS 128
#define FRAME_BYTES (SPILL_WORDS * 8) /* below rsp at cg_enter; multiple of 16 */
#define RT_DISP(field)                                                                                                 \
    ((int32_t)offsetof(struct cg_runtime, field) - (int32_t)sizeof(struct cg_runtime) - CG_STATE_BIAS)
#define STATE_DISP(offset) ((int32_t)(offset)-CG_STATE_BIAS)
#define SCRATCH_DESC 2 /* rt->scratch: what cg_slow_op is to do */
#define SCRATCH_HELPER_PC 0
#define SCRATCH_IN_HELPER 1

static inline struct x64_mem rt_mem(int32_t disp)
{
    return x64_base(RBP, disp);
}

static inline bool is_xmm(unsigned reg)
{
    return reg >= XMM0;
}

static inline bool is_float(unsigned type)
{
    return type == IR_F32 || type == IR_F64;
}

static inline unsigned type_bits(unsigned type)
{
    static const uint8_t bits[] = {
        [IR_I8] = 8, [IR_I16] = 16, [IR_I32] = 32, [IR_I64] = 64, [IR_F32] = 32, [IR_F64] = 64};

    return bits[type];
}

/* Operand size for the encoder: narrow integers are worked on in 32 bits. */
static inline unsigned op_size(unsigned type)
{
    return type == IR_I64 || type == IR_F64 ? 8 : 4;
}

static inline uint32_t gen_root(const struct cg_gen *g, ir_ref r)
{
    return g->val[r].root;
}

static inline unsigned gen_type(const struct cg_gen *g, ir_ref r)
{
    return g->insn[r].type;
}

static inline void gen_hold(struct cg_gen *g, unsigned reg, uint32_t v)
{
    g->regval[reg] = v;
    g->busy = v ? g->busy | 1u << reg : g->busy & ~(1u << reg);
}

static inline bool gen_live_after(const struct cg_gen *g, uint32_t v)
{
    return v && g->val[v].last > g->now;
}

/* An extension from 32 bits of which only those 32 are looked at. */
static inline bool gen_same_low(const struct cg_gen *g, ir_ref i)
{
    const struct ir_insn *in = &g->insn[i];

    return (in->op == IR_sext || in->op == IR_zext) && in->aux >= 32 && !(g->val[i].flags & VAL_WIDE);
}

static inline uint64_t gen_literal(const struct ir_insn *in)
{
    return in->a | (uint64_t)in->b << 32;
}

/* Is v known while translating? Narrow constants are sign-extended. */
bool gen_const(const struct cg_gen *g, ir_ref r, int64_t *value);
bool gen_const32(const struct cg_gen *g, ir_ref r, int32_t *value); /* and fits a sign-extended immediate */

/* ---- regs.c --- */
/* r in a register of its class, locked. */
unsigned gen_reg(struct cg_gen *g, ir_ref r);
/* True: r is in memory only and *m is its word (8 bytes are readable); else it is in *reg, locked. */
bool gen_reg_or_mem(struct cg_gen *g, ir_ref r, unsigned *reg, struct x64_mem *m);
/* A free scratch register, locked. */
unsigned gen_temp(struct cg_gen *g, bool xmm);
/* Empties one scratch register and locks it. Values move, those fetched before too: take fixed registers first. */
void gen_take(struct cg_gen *g, unsigned reg);
/* Destination for value v (the current instruction, or a lazy one): its hint if usable, else `prefer` if that is a scratch
 * register whose value dies here, else a free one. early: must differ from every locked register. */
unsigned gen_dest(struct cg_gen *g, ir_ref v, unsigned prefer, bool early);
/* v is now in reg. */
void gen_result(struct cg_gen *g, ir_ref v, unsigned reg);
void gen_alias(struct cg_gen *g, ir_ref v, ir_ref of);
void gen_get(struct cg_gen *g, ir_ref v);
void gen_put(struct cg_gen *g, unsigned slot, ir_ref value);
void gen_done(struct cg_gen *g); /* end of instruction g->now */
/* Saves live values that a call would lose: those in scratch registers; if slots too: those in homes and slots. */
void gen_save_for_call(struct cg_gen *g, bool slots);
void gen_load_word(struct cg_gen *g, unsigned reg, struct x64_mem m); /* 8 bytes */
void gen_move(struct cg_gen *g, unsigned dst, unsigned src);          /* 8 bytes, any classes */
void gen_value_to(struct cg_gen *g, unsigned reg, ir_ref r); /* copies r into a general register, flags kept if const */

/* ---- quick.c --- */
struct cg_cold *gen_cold(struct cg_gen *g, enum cg_cold_kind kind);
struct cg_link *gen_link(struct cg_gen *g, uint64_t pc);
void gen_map(struct cg_gen *g, const uint8_t *from); /* [from, b.p) may fault */
void gen_fail(struct cg_gen *g, const char *why);
void gen_op(struct cg_gen *g, ir_ref i);
void gen_lazy(struct cg_gen *g, ir_ref i); /* computes a lazy value after all */

/* ---- quick_int.c, quick_mem.c, quick_fp.c, quick_exit.c, quick_call.c --- */
void gen_int_op(struct cg_gen *g, ir_ref i);
enum x64_cc gen_condition(struct cg_gen *g, ir_ref cond); /* sets the flags for cond != 0 */
void gen_mem_op(struct cg_gen *g, ir_ref i);
void gen_fp_op(struct cg_gen *g, ir_ref i);
void gen_exit_op(struct cg_gen *g, ir_ref i);
void gen_slow(struct cg_gen *g, ir_ref i); /* by cg_slow_op */
void gen_call(struct cg_gen *g, ir_ref i);
void gen_cold_exit(struct cg_gen *g, const struct cg_cold *c);
void gen_cold_int(struct cg_gen *g, const struct cg_cold *c);
void gen_cold_fp(struct cg_gen *g, const struct cg_cold *c);
void gen_exit_stub(struct cg_gen *g, enum ir_exit why); /* leaves at g->pc, info 0: code for a cold place */
uint64_t cg_slow_op(void *state, uint64_t a, uint64_t b, uint64_t c);

#endif
