/* Facts about ops and types, read off ops.def. */
#include "base/bits.h"
#include "ir/ops_int.h"

static const char *const op_names[IR_NOPS] = {
#define OP(name, result, operands, effect, text) #name,
#include "ir/ops.def"
#undef OP
};

const uint8_t ir_op_effect_table[IR_NOPS] = {
#define OP(name, result, operands, effect, text) IR_##effect,
#include "ir/ops.def"
#undef OP
};

/* Bit n: operand n exists and is a ref. */
#define REF(s, n) ((sizeof(s) > (n) + 1 && (s)[sizeof(s) > (n) + 1 ? (n) : 0] != 'n') << (n))
const uint8_t ir_op_refs_table[IR_NOPS] = {
#define OP(name, result, operands, effect, text) REF(operands, 0) | REF(operands, 1) | REF(operands, 2),
#include "ir/ops.def"
#undef OP
};

static const struct {
    const char *name;
    uint8_t bits;
} types[IR_NTYPES] = {
    [IR_VOID] = {"void", 0},
    [IR_I8] = {"i8", 8},
    [IR_I16] = {"i16", 16},
    [IR_I32] = {"i32", 32},
    [IR_I64] = {"i64", 64},
    [IR_F32] = {"f32", 32},
    [IR_F64] = {"f64", 64},
    [IR_V128] = {"v128", 128},
    [IR_REF] = {"ref", 64},
};

const char *ir_op_name(enum ir_op op)
{
    return op < IR_NOPS ? op_names[op] : "?";
}

enum ir_effect ir_op_effect(enum ir_op op)
{
    return ir_op_effect_table[op];
}

unsigned ir_op_refs(enum ir_op op)
{
    return ir_op_refs_table[op];
}

bool ir_op_is_terminator(enum ir_op op)
{
    return op == IR_jump || op == IR_jump_ind || op == IR_exit || op == IR_goto || op == IR_if;
}

const char *ir_type_name(enum ir_type t)
{
    return t < IR_NTYPES ? types[t].name : "?";
}

unsigned ir_type_bits(enum ir_type t)
{
    return types[t].bits;
}

bool ir_type_is_int(enum ir_type t)
{
    return t >= IR_I8 && t <= IR_I64;
}

static const uint8_t op_arity[IR_NOPS] = {
#define OP(name, result, operands, effect, text) sizeof(operands) - 1,
#include "ir/ops.def"
#undef OP
};

static const bool op_has_result[IR_NOPS] = {
#define OP(name, result, operands, effect, text) result[0] != '-',
#include "ir/ops.def"
#undef OP
};

unsigned ir_op_arity(enum ir_op op)
{
    return op_arity[op];
}

bool ir_op_has_result(enum ir_op op)
{
    return op_has_result[op];
}

enum ir_aux_kind ir_aux_kind(enum ir_op op)
{
    switch ((int)op) {
    case IR_get:
    case IR_put: return IR_AUX_SLOT;
    case IR_sext:
    case IR_zext: return IR_AUX_BITS;
    case IR_fadd:
    case IR_fsub:
    case IR_fmul:
    case IR_fdiv:
    case IR_fsqrt:
    case IR_f_to_f:
    case IR_f_to_h:
    case IR_h_to_f: /* always exact; front ends may pass the field of the instruction on */ return IR_AUX_ROUND;
    case IR_fma: return IR_AUX_FMA;
    case IR_f_to_i: return IR_AUX_FTOI;
    case IR_i_to_f: return IR_AUX_ITOF;
    case IR_fround: return IR_AUX_FROUND;
    case IR_load:
    case IR_store:
    case IR_cas: return IR_AUX_MEM;
    case IR_rmw: return IR_AUX_RMW;
    case IR_fence: return IR_AUX_FENCE;
    case IR_call: return IR_AUX_HELPER;
    case IR_exit:
    case IR_exit_if: return IR_AUX_EXIT;
    case IR_jump_ind: return IR_AUX_IND;
    default: return IR_AUX_NONE;
    }
}

enum ir_literal_kind ir_literal_kind(enum ir_op op)
{
    switch ((int)op) {
    case IR_const: return IR_LIT_BITS;
    case IR_pcrel:
    case IR_jump:
    case IR_exit:
    case IR_call_hint:
    case IR_safepoint: return IR_LIT_PLACE;
    case IR_mark: return IR_LIT_MARK;
    case IR_load:
    case IR_store: return IR_LIT_OFFSET;
    case IR_branch_exit: return IR_LIT_BRANCH;
    case IR_goto: return IR_LIT_GOTO;
    case IR_if: return IR_LIT_IF;
    case IR_phi: return IR_LIT_PHI;
    default: return IR_LIT_NONE;
    }
}
