/* encode.h - x86-64 instructions as bytes. One small function a form; what instruction it is, is data (X_* opcodes), so that
 * a selection table can hold it. Nothing here knows IR.
 *
 *      x64_rr(b, X_ADD, 8, RAX, RCX);                  add %rcx,%rax      (reg field, r/m field)
 *      x64_rm(b, X_LOAD, 4, RDX, x64_base(RBP, 8));    mov 8(%rbp),%edx
 *
 * The writer keeps 16 bytes a call free in front of b->end; nothing checks. Code is written at `p` and runs at p + rx.
 * Source: Intel SDM volume 2, chapter 2 (formats) and 3-5.
 */
#ifndef LODGE_CODEGEN_X64_ENCODE_H
#define LODGE_CODEGEN_X64_ENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum x64_reg {
    RAX,
    RCX,
    RDX,
    RBX,
    RSP,
    RBP,
    RSI,
    RDI,
    R8,
    R9,
    R10,
    R11,
    R12,
    R13,
    R14,
    R15,
    XMM0,
    XMM1,
    XMM2,
    XMM3,
    XMM4,
    XMM5,
    XMM6,
    XMM7,
    XMM8,
    XMM9,
    XMM10,
    XMM11,
    XMM12,
    XMM13,
    XMM14,
    XMM15,
    X64_NREGS,
    X64_NONE = 0xff,
    X64_RIP = 0xfe, /* as a base only */
};

enum x64_cc { CC_O, CC_NO, CC_B, CC_AE, CC_E, CC_NE, CC_BE, CC_A, CC_S, CC_NS, CC_P, CC_NP, CC_L, CC_GE, CC_LE, CC_G };

struct x64_buf {
    uint8_t *p, *start, *end;
    uint32_t insns; /* instructions written */
    ptrdiff_t rx;   /* address where code runs minus address where it is written */
};

struct x64_mem {
    uint8_t base, index, shift; /* enum x64_reg; index X64_NONE: none */
    int32_t disp;
    uint64_t rip; /* base X64_RIP: the address meant */
};

static inline struct x64_mem x64_base(unsigned base, int32_t disp)
{
    return (struct x64_mem){.base = (uint8_t)base, .index = X64_NONE, .disp = disp};
}

static inline struct x64_mem x64_sib(unsigned base, unsigned index, unsigned shift, int32_t disp)
{
    return (struct x64_mem){.base = (uint8_t)base, .index = (uint8_t)index, .shift = (uint8_t)shift, .disp = disp};
}

static inline struct x64_mem x64_rip(const volatile void *address)
{
    return (struct x64_mem){.base = X64_RIP, .index = X64_NONE, .rip = (uint64_t)(uintptr_t)address};
}

/* Opcodes: byte, map (0F, 0F38, 0F3A) and mandatory prefix in VEX's own numbering; X_BYTE: an operand is a byte register, so
 * that sil, dil, bpl, spl need a REX prefix; X_W: REX.W / VEX.W always. */
#define X_0F 0x100u
#define X_0F38 0x200u
#define X_0F3A 0x300u
#define X_66 0x1000u
#define X_F3 0x2000u
#define X_F2 0x3000u
#define X_BYTE 0x4000u
#define X_W 0x8000u
#define X_LOCK 0x10000u
enum x64_op {
    /* reg, r/m */
    X_ADD = 0x03,
    X_OR = 0x0b,
    X_AND = 0x23,
    X_SUB = 0x2b,
    X_XOR = 0x33,
    X_CMP = 0x3b,
    X_LOAD = 0x8b,
    X_LEA = 0x8d,
    X_MOVSXD = 0x63,
    X_IMUL = X_0F | 0xaf,
    X_MOVZX8 = X_0F | 0xb6 | X_BYTE,
    X_MOVZX16 = X_0F | 0xb7,
    X_MOVSX8 = X_0F | 0xbe | X_BYTE,
    X_MOVSX16 = X_0F | 0xbf,
    X_BSF = X_0F | 0xbc,
    X_BSR = X_0F | 0xbd,
    X_TZCNT = X_F3 | X_0F | 0xbc,
    X_LZCNT = X_F3 | X_0F | 0xbd,
    X_POPCNT = X_F3 | X_0F | 0xb8,
    X_CMOV = X_0F | 0x40,
    /* r/m, reg */
    X_TEST = 0x85,
    X_STORE = 0x89,
    X_STORE8 = 0x88 | X_BYTE,
    X_STORE16 = X_66 | 0x89,
    X_CMP_MR = 0x39,
    X_XCHG = 0x87,
    X_XCHG8 = 0x86 | X_BYTE,
    X_XADD = X_LOCK | X_0F | 0xc1,
    X_CMPXCHG = X_LOCK | X_0F | 0xb1,
    /* SSE; x64_vrr takes the same with VEX. Scalar double; | or ^ gives the single one: see X_SINGLE */
    X_MOVSD_LD = X_F2 | X_0F | 0x10,
    X_MOVSD_ST = X_F2 | X_0F | 0x11,
    X_MOVSS_LD = X_F3 | X_0F | 0x10,
    X_MOVSS_ST = X_F3 | X_0F | 0x11,
    X_MOVAPS = X_0F | 0x28,
    X_MOVUPS_ST = X_0F | 0x11,
    X_MOVUPS_LD = X_0F | 0x10,
    X_ADDSD = X_F2 | X_0F | 0x58,
    X_MULSD = X_F2 | X_0F | 0x59,
    X_SUBSD = X_F2 | X_0F | 0x5c,
    X_MINSD = X_F2 | X_0F | 0x5d,
    X_DIVSD = X_F2 | X_0F | 0x5e,
    X_MAXSD = X_F2 | X_0F | 0x5f,
    X_SQRTSD = X_F2 | X_0F | 0x51,
    X_CVTSD2SS = X_F2 | X_0F | 0x5a,
    X_CVTSS2SD = X_F3 | X_0F | 0x5a,
    X_CVTSI2SD = X_F2 | X_0F | 0x2a,
    X_CVTTSD2SI = X_F2 | X_0F | 0x2c,
    X_CVTSD2SI = X_F2 | X_0F | 0x2d,
    X_UCOMISD = X_66 | X_0F | 0x2e,
    X_COMISD = X_66 | X_0F | 0x2f,
    X_ANDPS = X_0F | 0x54,
    X_ANDNPS = X_0F | 0x55,
    X_ORPS = X_0F | 0x56,
    X_XORPS = X_0F | 0x57,
    X_MOVD_TO = X_66 | X_0F | 0x6e,
    X_MOVD_FROM = X_66 | X_0F | 0x7e,
    X_PCMPEQB = X_66 | X_0F | 0x74,
    X_PCMPEQD = X_66 | X_0F | 0x76,
    X_PXOR = X_66 | X_0F | 0xef,
    X_PSHUFD = X_66 | X_0F | 0x70,
    X_PEXTRD = X_66 | X_0F3A | 0x16,
    X_PCLMUL = X_66 | X_0F3A | 0x44,
    X_ROUNDSD = X_66 | X_0F3A | 0x0b,
    X_ROUNDSS = X_66 | X_0F3A | 0x0a,
    X_PEXTRQ = X_66 | X_0F3A | 0x16,
    /* VEX only */
    X_ANDN = X_0F38 | 0xf2,
    X_SHLX = X_66 | X_0F38 | 0xf7,
    X_SHRX = X_F2 | X_0F38 | 0xf7,
    X_SARX = X_F3 | X_0F38 | 0xf7,
    X_RORX = X_F2 | X_0F3A | 0xf0,
    X_VFMADD213SD = X_66 | X_W | X_0F38 | 0xa9,
    X_VFMADD213SS = X_66 | X_0F38 | 0xa9,
    X_CVTPH2PS = X_66 | X_0F38 | 0x13,
    X_CVTPS2PH = X_66 | X_0F3A | 0x1d,
};
#define X_SINGLE(double_op) (((double_op)&0x3000u) == X_66 ? (double_op) ^ X_66 : (double_op) ^ X_F2 ^ X_F3)

/* Groups: the /n of opcode extensions. */
enum { G_ADD, G_OR, G_ADC, G_SBB, G_AND, G_SUB, G_XOR, G_CMP };               /* 81 /n */
enum { G_ROL = 0, G_ROR = 1, G_SHL = 4, G_SHR = 5, G_SAR = 7 };               /* C1, D3 /n */
enum { G_NOT = 2, G_NEG = 3, G_MUL = 4, G_IMUL1 = 5, G_DIV = 6, G_IDIV = 7 }; /* F7 /n */

/* size: 8 or 4 bytes, also for SSE forms with a general register; other forms ignore it. */
void x64_rr(struct x64_buf *b, unsigned op, unsigned size, unsigned reg, unsigned rm);
void x64_rm(struct x64_buf *b, unsigned op, unsigned size, unsigned reg, struct x64_mem m);
void x64_rri8(struct x64_buf *b, unsigned op, unsigned size, unsigned reg, unsigned rm, unsigned imm8);
void x64_rmi8(struct x64_buf *b, unsigned op, unsigned size, unsigned reg, struct x64_mem m, unsigned imm8);
/* VEX, 128 bits / scalar. v: the first source. */
void x64_vrr(struct x64_buf *b, unsigned op, unsigned size, unsigned reg, unsigned v, unsigned rm);
void x64_vrm(struct x64_buf *b, unsigned op, unsigned size, unsigned reg, unsigned v, struct x64_mem m);
void x64_vrri8(struct x64_buf *b, unsigned op, unsigned size, unsigned reg, unsigned v, unsigned rm, unsigned imm8);

void x64_alu_ri(struct x64_buf *b, unsigned group, unsigned size, unsigned rm, int32_t imm);
void x64_alu_mi(struct x64_buf *b, unsigned group, unsigned size, struct x64_mem m, int32_t imm);
void x64_test_ri(struct x64_buf *b, unsigned size, unsigned rm, int32_t imm);
void x64_store_i(struct x64_buf *b, unsigned size, struct x64_mem m, int32_t imm); /* size 1, 2, 4, 8 */
void x64_imul_rri(struct x64_buf *b, unsigned size, unsigned reg, unsigned rm, int32_t imm);
void x64_shift_i(struct x64_buf *b, unsigned group, unsigned size, unsigned rm, unsigned count);
void x64_shift_cl(struct x64_buf *b, unsigned group, unsigned size, unsigned rm);
void x64_unary(struct x64_buf *b, unsigned group, unsigned size, unsigned rm);
void x64_unary_m(struct x64_buf *b, unsigned group, unsigned size, struct x64_mem m);
void x64_bswap(struct x64_buf *b, unsigned size, unsigned reg);
void x64_setcc(struct x64_buf *b, enum x64_cc cc, unsigned reg);
void x64_mov(struct x64_buf *b, unsigned dst, unsigned src);   /* 64-bit general registers */
void x64_mov32(struct x64_buf *b, unsigned dst, unsigned src); /* zero-extends */
void x64_mov_i(struct x64_buf *b, unsigned dst, uint64_t imm); /* shortest form, leaves the flags alone */
void x64_push(struct x64_buf *b, unsigned reg);
void x64_pop(struct x64_buf *b, unsigned reg);
void x64_bytes(struct x64_buf *b, const void *bytes, size_t n);
void x64_ldmxcsr(struct x64_buf *b, struct x64_mem m);
void x64_stmxcsr(struct x64_buf *b, struct x64_mem m);

/* Jumps. target: where code is written (not where it runs). The _fwd ones return a place for x64_here. */
void x64_jmp(struct x64_buf *b, const uint8_t *target);
void x64_jcc(struct x64_buf *b, enum x64_cc cc, const uint8_t *target);
void x64_call(struct x64_buf *b, const uint8_t *target);
/* A call that does not return, with what it is about behind it: 32 bits, data's address minus the return address. */
void x64_call_data(struct x64_buf *b, const uint8_t *target, const volatile void *data);
uint8_t *x64_jmp_fwd(struct x64_buf *b);
uint8_t *x64_jcc_fwd(struct x64_buf *b, enum x64_cc cc);
void x64_here(struct x64_buf *b, uint8_t *place); /* the jump at `place` goes to b->p */
uint8_t *x64_jcc8_fwd(struct x64_buf *b, enum x64_cc cc);
uint8_t *x64_jmp8_fwd(struct x64_buf *b);
void x64_here8(struct x64_buf *b, uint8_t *place);
void x64_jmp_m(struct x64_buf *b, struct x64_mem m);
void x64_call_m(struct x64_buf *b, struct x64_mem m);
void x64_jmp_r(struct x64_buf *b, unsigned reg);
void x64_call_r(struct x64_buf *b, unsigned reg);

#endif
