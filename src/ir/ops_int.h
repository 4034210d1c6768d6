/* ops_int.h - how the fields of an instruction are to be read, for the tools that must know it of every op: verifier,
 * printer, parser.
 */
#ifndef LODGE_IR_OPS_INT_H
#define LODGE_IR_OPS_INT_H

#include "ir/ir.h"

enum ir_aux_kind {
    IR_AUX_NONE,
    IR_AUX_SLOT,
    IR_AUX_BITS, /* of sext and zext */
    IR_AUX_ROUND,
    IR_AUX_FMA,
    IR_AUX_FTOI,
    IR_AUX_ITOF,
    IR_AUX_FROUND,
    IR_AUX_MEM,
    IR_AUX_RMW,
    IR_AUX_FENCE,
    IR_AUX_HELPER,
    IR_AUX_EXIT,
    IR_AUX_IND
};
enum ir_literal_kind {
    IR_LIT_NONE,
    IR_LIT_BITS,   /* a, b: 64 bits */
    IR_LIT_PLACE,  /* a, b: offset from the unit's base */
    IR_LIT_MARK,   /* a: 32-bit offset, b: length */
    IR_LIT_OFFSET, /* b: 32-bit signed offset of an address */
    IR_LIT_BRANCH, /* b, c: offset from the unit's base */
    IR_LIT_GOTO,   /* a: block */
    IR_LIT_IF,     /* b, c: blocks */
    IR_LIT_PHI     /* a: index of the operand list */
};

/* What ir_op_effect and ir_op_refs read; for the builder, which must be fast. */
extern const uint8_t ir_op_effect_table[IR_NOPS], ir_op_refs_table[IR_NOPS];

enum ir_aux_kind ir_aux_kind(enum ir_op op);
enum ir_literal_kind ir_literal_kind(enum ir_op op);
unsigned ir_op_arity(enum ir_op op); /* operand fields in use, literals included; 0 for phi */
bool ir_op_has_result(enum ir_op op);

#endif
