/* fp.h - IEEE 754 arithmetic on bit patterns, in integers only: exact in every rounding mode, with exact flags,
 * whatever the host's FPU or its current mode is. For the reference interpreter, for folding and for slow paths of
 * compiled code (rounding to nearest, ties to maximum magnitude, is a mode that x86-64 lacks).
 *
 * t is IR_F32 or IR_F64; a value of IR_F32 is in the low 32 bits, the rest is ignored, and zero in results. rm is one
 * of IR_RM_RNE..IR_RM_RMM (anything else counts as RNE). *flags accumulates IR_FP_*. A NaN result is the canonical
 * quiet NaN (positive, only the top bit of the fraction set). Tininess is detected after rounding. Behaviour where IEEE
 * 754 leaves a choice is RISC-V's (unprivileged manual, chapters "F" and "Zfa"); f_to_i also knows the aarch64 and wasm
 * rule. Async-signal-safe, no state.
 */
#ifndef LODGE_IR_FP_H
#define LODGE_IR_FP_H

#include "ir/ir.h"

uint64_t ir_fp_add(enum ir_type t, uint64_t a, uint64_t b, enum ir_rm rm, uint8_t *flags);
uint64_t ir_fp_sub(enum ir_type t, uint64_t a, uint64_t b, enum ir_rm rm, uint8_t *flags);
uint64_t ir_fp_mul(enum ir_type t, uint64_t a, uint64_t b, enum ir_rm rm, uint8_t *flags);
uint64_t ir_fp_div(enum ir_type t, uint64_t a, uint64_t b, enum ir_rm rm, uint8_t *flags);
uint64_t ir_fp_sqrt(enum ir_type t, uint64_t a, enum ir_rm rm, uint8_t *flags);
/* (neg_product ? -(a*b) : a*b) + (neg_c ? -c : c); infinity * 0 + quiet NaN raises NV. */
uint64_t ir_fp_fma(
    enum ir_type t, uint64_t a, uint64_t b, uint64_t c, unsigned negate /* IR_FMA_* */, enum ir_rm rm, uint8_t *flags);

/* minimumNumber/maximumNumber: a NaN loses against a number. -0 < +0. */
uint64_t ir_fp_min(enum ir_type t, uint64_t a, uint64_t b, uint8_t *flags);
uint64_t ir_fp_max(enum ir_type t, uint64_t a, uint64_t b, uint8_t *flags);
/* minimum/maximum: a NaN wins. */
uint64_t ir_fp_minm(enum ir_type t, uint64_t a, uint64_t b, uint8_t *flags);
uint64_t ir_fp_maxm(enum ir_type t, uint64_t a, uint64_t b, uint8_t *flags);

/* 0 or 1. eq is quiet (NV for a signalling NaN only); lt and le raise NV for any NaN unless quiet. */
uint64_t ir_fp_eq(enum ir_type t, uint64_t a, uint64_t b, uint8_t *flags);
uint64_t ir_fp_lt(enum ir_type t, uint64_t a, uint64_t b, bool quiet, uint8_t *flags);
uint64_t ir_fp_le(enum ir_type t, uint64_t a, uint64_t b, bool quiet, uint8_t *flags);

/* To an integer of `bits` bits (8, 16, 32 or 64), sign-extended to 64 bits, also if it is unsigned. Out of range: NV
 * and the nearest bound; a NaN: NV and, by rule (IR_FTOI_*), the maximum or 0. */
uint64_t ir_fp_to_int(
    enum ir_type t, uint64_t a, unsigned bits, bool is_unsigned, unsigned rule, enum ir_rm rm, uint8_t *flags);
/* From the low `bits` bits of v. */
uint64_t ir_fp_from_int(enum ir_type t, uint64_t v, unsigned bits, bool is_unsigned, enum ir_rm rm, uint8_t *flags);
uint64_t ir_fp_convert(enum ir_type to, enum ir_type from, uint64_t a, enum ir_rm rm, uint8_t *flags);
uint64_t ir_fp_to_half(enum ir_type from, uint64_t a, enum ir_rm rm, uint8_t *flags); /* 16 bits */
uint64_t ir_fp_from_half(enum ir_type to, uint64_t half, uint8_t *flags);
/* To an integral value of the same format; NX only if `exact`. */
uint64_t ir_fp_round(enum ir_type t, uint64_t a, bool exact, enum ir_rm rm, uint8_t *flags);

/* RISC-V fclass: one bit of 10 (-inf, -normal, -subnormal, -0, +0, +subnormal, +normal, +inf, sNaN, qNaN). */
uint64_t ir_fp_class(enum ir_type t, uint64_t a);

#endif
