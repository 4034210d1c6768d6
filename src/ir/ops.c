/* Facts about ops and types, read off ops.def. */
#include "base/bits.h"
#include "ir/ir.h"

static const char *const op_names[IR_NOPS] = {
#define OP(name, result, operands, effect, text) #name,
#include "ir/ops.def"
#undef OP
};

static const uint8_t op_effects[IR_NOPS] = {
#define OP(name, result, operands, effect, text) IR_##effect,
#include "ir/ops.def"
#undef OP
};

/* Bit n: operand n exists and is a ref. */
#define REF(s, n) ((sizeof(s) > (n) + 1 && (s)[sizeof(s) > (n) + 1 ? (n) : 0] != 'n') << (n))
static const uint8_t op_refs[IR_NOPS] = {
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
    return op_effects[op];
}

unsigned ir_op_refs(enum ir_op op)
{
    return op_refs[op];
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
