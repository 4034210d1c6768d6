/* fp.h - what quick_fp.c (arithmetic) and quick_cvt.c (conversions) share. */
#ifndef LODGE_CODEGEN_X64_FP_H
#define LODGE_CODEGEN_X64_FP_H

#include "codegen/x64/gen.h"

bool fp_boxed(const struct cg_gen *g, ir_ref r);
void fp_set_boxed(struct cg_gen *g, ir_ref v, bool boxed);
unsigned fp_sized(unsigned type, unsigned double_op); /* the opcode for type */
void fp_op3(struct cg_gen *g, unsigned op, unsigned d, unsigned a, unsigned b);
void fp_op3_mem(struct cg_gen *g, unsigned op, unsigned d, unsigned a, struct x64_mem m);
void fp_op2(struct cg_gen *g, unsigned op, unsigned size, unsigned reg, unsigned rm);
void fp_op2_mem(struct cg_gen *g, unsigned op, unsigned size, unsigned reg, struct x64_mem m);
/* Makes a NaN in d the canonical one; the cold part, or NULL if the guest's NaNs propagate. */
struct cg_cold *fp_canonical(struct cg_gen *g, unsigned type, unsigned d);
bool fp_needs_slow(const struct cg_gen *g, unsigned rm); /* a rounding mode that the host lacks */
unsigned fp_round_begin(struct cg_gen *g, unsigned rm);
void fp_round_end(struct cg_gen *g, unsigned t);

/* quick_cvt.c */
void fp_to_int(struct cg_gen *g, ir_ref i);
void fp_from_int(struct cg_gen *g, ir_ref i);
void fp_convert(struct cg_gen *g, ir_ref i);
void fp_round(struct cg_gen *g, ir_ref i);
void fp_cold_to_int(struct cg_gen *g, const struct cg_cold *c);

#endif
