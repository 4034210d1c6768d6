/* space_int.h - what the files of codegen share about a code space.
 *
 * A space is a list of segments, newest first; only the newest takes new code. One segment is one reservation of address
 * space, so that code reaches data rip-relative:
 *
 *      rx: code, read and executed | data: units, links, maps, tables | index: units by address
 *      rw: the same memory as rx, read and written, somewhere else
 */
#ifndef LODGE_CODEGEN_SPACE_INT_H
#define LODGE_CODEGEN_SPACE_INT_H

#include "codegen/codegen.h"

/* Places of the stubs in a segment, as addresses in the writable view. */
struct cg_stubs {
    uint8_t *enter;
    uint8_t *leave_link; /* by x64_call_data: link */
    uint8_t *leave_exit; /* rax: pc, ecx: why, rdx: info */
    uint8_t *kick;       /* rax: pc */
    uint8_t *lookup;     /* rax: target, rdx: inline cache word or 0 */
    uint8_t *restore;    /* state is home: back to cg_enter's caller */
    uint8_t *call_pure;  /* rax: function, rsi, rdx, rcx: arguments; keeps pinned registers */
    uint8_t *call_state; /* the same for functions that see and change slots */
};

struct cg_segment {
    uint8_t *rx, *rw; /* owned; rw NULL: closed for new code */
    ptrdiff_t to_rx;  /* from the writable to the executable view, also after the former is gone */
    size_t size, used;
    uint8_t *data;
    size_t data_size, data_used;
    const struct cg_unit **index; /* by ascending entry */
    _Atomic uint32_t nunits;
    struct cg_segment *older;
    struct cg_stubs stub;
    const struct cg_consts *consts;
    const void **helper; /* functions of the guest's helpers, and the code generator's own behind them */
};

/* Constants that code reads rip-relative; 16-byte aligned, all parts meaningful as packed operands. */
struct cg_consts {
    uint64_t sign64[2], abs64[2], sign32[2], abs32[2];
    uint64_t box[2];             /* ones in bits 32-63 */
    uint64_t nan64[2], nan32[2]; /* canonical; nan32 is boxed */
    uint64_t minus_one[2], two30[2], two32[2], two63[2], two64[2];
    uint32_t minus_onef, two30f, two32f, two63f, two64f;
    uint8_t flags[64];   /* by MXCSR bits 0-5: IR_FP_* */
    uint8_t rounding[8]; /* by enum ir_rm: MXCSR's rounding control */
};

/* Which host register holds which slot. */
struct cg_pin {
    uint16_t slot;
    uint8_t reg;
};
struct cg_convention {
    uint8_t *home; /* by slot: register, or X64_NONE */
    int32_t *disp; /* by slot: from rbp */
    struct cg_pin pin[32];
    unsigned npins;
    uint16_t slot_of[32];     /* by register, for homes */
    uint32_t pinned, scratch; /* sets of registers */
};

/* What the backward pass asks of an op. Bits 0-2: which of a, b, c are refs. */
enum {
    CG_REFS = 7,
    CG_REMOVABLE = 0x08, /* not needed if nobody uses the value */
    CG_LAZY = 0x10,      /* its only user may fold it */
    CG_NARROW = 0x20,    /* bits 32-63 of operands matter only if those of the result do */
    CG_SAME = 0x40,      /* may turn out to be the value of its operand */
    CG_BARRIER =
        0x80,        /* may show the guest's registers: what is put before must be at home, what comes after not yet */
    CG_LINK = 0x100, /* takes a struct cg_link */
    CG_EXTEND = 0x200,
    CG_PASSES_HINT = 0x400, /* nearly the same as its operand: where it is wanted, the operand may be computed */
};

struct cg_gen;
struct cg_space {
    const struct ir_guest *guest;
    struct cg_host host;
    size_t code_bytes;
    _Atomic(struct cg_segment *) segment;
    bool fresh; /* the newest segment must not be written any more */
    struct cg_convention conv;
    uint16_t op_info[IR_NOPS]; /* CG_REFS, ... */
    struct cg_gen *gen;        /* owned: the generator's memory, reused */
};

/* The segment that takes new code, made when needed; NULL with err. */
struct cg_segment *cg_segment_current(struct cg_space *s, struct err *err);
/* Zeroed memory in the data area; NULL when it is full. */
void *cg_segment_data(struct cg_segment *g, size_t bytes, size_t align);
void cg_segment_add_unit(struct cg_segment *g, const struct cg_unit *u);

/* codegen/x64 */
void cg_x64_convention(struct cg_convention *c, const struct ir_guest *guest);
int cg_x64_stubs(struct cg_space *s, struct cg_segment *g, struct err *err);
void cg_x64_gen_free(struct cg_gen *g);

#endif
