/* x86-64 instruction encoder. All forms go through modrm_reg / modrm_mem and one of the two prefix writers.
 */
#include "codegen/x64/encode.h"

#include <string.h>

static inline void put8(struct x64_buf *b, unsigned v)
{
    *b->p++ = (uint8_t)v;
}

static inline void put32(struct x64_buf *b, uint32_t v)
{
    memcpy(b->p, &v, 4);
    b->p += 4;
}

static inline void put64(struct x64_buf *b, uint64_t v)
{
    memcpy(b->p, &v, 8);
    b->p += 8;
}

/* The writers below take and give the place in the code in a register: bytes may alias b itself, which would be loaded again
 * after each of them. Where that is cheaper than a branch, a byte is written and then not counted. */
static inline uint8_t *at32(uint8_t *p, uint32_t v)
{
    memcpy(p, &v, 4);
    return p + 4;
}

/* Legacy prefixes, REX and opcode. rex: its low four bits. */
static inline uint8_t *head(uint8_t *p, unsigned op, unsigned rex, bool force)
{
    static const uint8_t pp[4] = {0, 0x66, 0xf3, 0xf2}, map_byte[4] = {0, 0, 0x38, 0x3a};

    if (op & (X_LOCK | 0x3000)) {
        *p = 0xf0;
        p += (op & X_LOCK) != 0;
        *p = pp[op >> 12 & 3];
        p += (op & 0x3000) != 0;
    }
    *p = (uint8_t)(0x40 | rex);
    p += rex || force;
    if (op & 0x300) {
        *p++ = 0x0f;
        *p = map_byte[op >> 8 & 3];
        p += (op & 0x200) != 0;
    }
    *p++ = (uint8_t)op;
    return p;
}

/* reg, index and base count from 0 to 15 here. */
static inline unsigned rex_bits(unsigned op, unsigned size, unsigned reg, unsigned index, unsigned base)
{
    return (size == 8 || (op & X_W) ? 8u : 0u) | (reg >> 3 & 1) << 2 | (index >> 3 & 1) << 1 | (base >> 3 & 1);
}

static inline uint8_t *modrm_mem(uint8_t *p, ptrdiff_t rx, unsigned reg, struct x64_mem m, unsigned imm_bytes)
{
    unsigned r = (reg & 7) << 3, base = m.base & 7, mod;

    if (m.base == X64_RIP) {
        *p++ = (uint8_t)(r | 5);
        return at32(p, (uint32_t)(m.rip - ((uint64_t)(uintptr_t)p + (uint64_t)rx + 4 + imm_bytes)));
    }
    if (m.base == X64_NONE) { /* index * scale + disp32 */
        *p++ = (uint8_t)(r | 4);
        *p++ = (uint8_t)((unsigned)m.shift << 6 | (m.index == X64_NONE ? 4u : m.index & 7u) << 3 | 5);
        return at32(p, (uint32_t)m.disp);
    }
    /* Base rbp/r13 without displacement means something else: it gets a disp8 of 0. */
    mod = m.disp == 0 && base != 5 ? 0u : m.disp == (int8_t)m.disp ? 1u : 2u;
    if (m.index == X64_NONE && base != 4) {
        *p++ = (uint8_t)(mod << 6 | r | base);
    } else {
        *p++ = (uint8_t)(mod << 6 | r | 4);
        *p++ = (uint8_t)((unsigned)m.shift << 6 | (m.index == X64_NONE ? 4u : m.index & 7u) << 3 | base);
    }
    at32(p, (uint32_t)m.disp);
    return p + (mod == 2 ? 4 : mod);
}

static inline unsigned mem_index(struct x64_mem m)
{
    return m.index == X64_NONE ? 0 : m.index;
}

static inline unsigned mem_base(struct x64_mem m)
{
    return m.base >= X64_RIP ? 0 : m.base;
}

void x64_rr(struct x64_buf *b, unsigned op, unsigned size, unsigned reg, unsigned rm)
{
    bool force = (op & X_BYTE) && ((reg & 15) >= 4 || (rm & 15) >= 4);

    uint8_t *p = head(b->p, op, rex_bits(op, size, reg, 0, rm), force);

    *p++ = (uint8_t)(0xc0 | (reg & 7) << 3 | (rm & 7));
    b->p = p;
    b->insns++;
}

__attribute__((always_inline)) static inline void rm_form(
    struct x64_buf *b, unsigned op, unsigned size, unsigned reg, struct x64_mem m, unsigned imm_bytes)
{
    /* movzx and movsx have no byte register when the source is memory. */
    bool byte_reg = (op & X_BYTE) && (op & 0x3f7) != (X_MOVZX8 & 0x3f7);
    unsigned rex = rex_bits(op, size, reg, mem_index(m), mem_base(m));

    b->insns++;
    b->p = modrm_mem(head(b->p, op, rex, byte_reg && (reg & 15) >= 4), b->rx, reg, m, imm_bytes);
}

static void rm_imm(struct x64_buf *b, unsigned op, unsigned size, unsigned reg, struct x64_mem m, unsigned imm_bytes)
{
    rm_form(b, op, size, reg, m, imm_bytes);
}

void x64_rm(struct x64_buf *b, unsigned op, unsigned size, unsigned reg, struct x64_mem m)
{
    rm_form(b, op, size, reg, m, 0);
}

void x64_rri8(struct x64_buf *b, unsigned op, unsigned size, unsigned reg, unsigned rm, unsigned imm8)
{
    x64_rr(b, op, size, reg, rm);
    put8(b, imm8);
}

void x64_rmi8(struct x64_buf *b, unsigned op, unsigned size, unsigned reg, struct x64_mem m, unsigned imm8)
{
    rm_imm(b, op, size, reg, m, 1);
    put8(b, imm8);
}

/* One byte of opcode that names a register in its low bits. */
static void op_reg(struct x64_buf *b, unsigned op, unsigned size, unsigned reg)
{
    b->p = head(b->p, op | (reg & 7), rex_bits(op, size, 0, 0, reg), false);
    b->insns++;
}

static void vex(struct x64_buf *b, unsigned op, unsigned size, unsigned reg, unsigned v, unsigned index, unsigned base)
{
    unsigned w = size == 8 || (op & X_W), map = op >> 8 & 3, pp = op >> 12 & 3;
    unsigned r = ~reg >> 3 & 1, x = ~index >> 3 & 1, bb = ~base >> 3 & 1;

    b->insns++;
    if (map == 1 && !w && x && bb) {
        put8(b, 0xc5);
        put8(b, r << 7 | (~v & 15) << 3 | pp);
    } else {
        put8(b, 0xc4);
        put8(b, r << 7 | x << 6 | bb << 5 | map);
        put8(b, w << 7 | (~v & 15) << 3 | pp);
    }
    put8(b, op);
}

void x64_vrr(struct x64_buf *b, unsigned op, unsigned size, unsigned reg, unsigned v, unsigned rm)
{
    vex(b, op, size, reg, v, 0, rm);
    put8(b, 0xc0 | (reg & 7) << 3 | (rm & 7));
}

void x64_vrm(struct x64_buf *b, unsigned op, unsigned size, unsigned reg, unsigned v, struct x64_mem m)
{
    vex(b, op, size, reg, v, mem_index(m), mem_base(m));
    b->p = modrm_mem(b->p, b->rx, reg, m, 0);
}

void x64_vrri8(struct x64_buf *b, unsigned op, unsigned size, unsigned reg, unsigned v, unsigned rm, unsigned imm8)
{
    x64_vrr(b, op, size, reg, v, rm);
    put8(b, imm8);
}

void x64_alu_ri(struct x64_buf *b, unsigned group, unsigned size, unsigned rm, int32_t imm)
{
    bool small = imm == (int8_t)imm;

    x64_rr(b, small ? 0x83 : 0x81, size, group, rm);
    if (small)
        put8(b, (unsigned)imm);
    else
        put32(b, (uint32_t)imm);
}

void x64_alu_mi(struct x64_buf *b, unsigned group, unsigned size, struct x64_mem m, int32_t imm)
{
    bool small = imm == (int8_t)imm;

    rm_imm(b, small ? 0x83 : 0x81, size, group, m, small ? 1 : 4);
    if (small)
        put8(b, (unsigned)imm);
    else
        put32(b, (uint32_t)imm);
}

void x64_test_ri(struct x64_buf *b, unsigned size, unsigned rm, int32_t imm)
{
    if (imm >= 0 && imm <= 0x7f) {
        x64_rr(b, 0xf6 | X_BYTE, 4, 0, rm);
        put8(b, (unsigned)imm);
        return;
    }
    x64_rr(b, 0xf7, imm < 0 ? size : 4, 0, rm);
    put32(b, (uint32_t)imm);
}

void x64_store_i(struct x64_buf *b, unsigned size, struct x64_mem m, int32_t imm)
{
    rm_imm(b, size == 1 ? 0xc6 : size == 2 ? 0xc7 | X_66 : 0xc7, size, 0, m, size == 8 ? 4 : size);
    if (size == 1)
        put8(b, (unsigned)imm);
    else if (size == 2)
        put8(b, (unsigned)imm), put8(b, (unsigned)imm >> 8);
    else
        put32(b, (uint32_t)imm);
}

void x64_imul_rri(struct x64_buf *b, unsigned size, unsigned reg, unsigned rm, int32_t imm)
{
    bool small = imm == (int8_t)imm;

    x64_rr(b, small ? 0x6b : 0x69, size, reg, rm);
    if (small)
        put8(b, (unsigned)imm);
    else
        put32(b, (uint32_t)imm);
}

void x64_shift_i(struct x64_buf *b, unsigned group, unsigned size, unsigned rm, unsigned count)
{
    x64_rr(b, count == 1 ? 0xd1 : 0xc1, size, group, rm);
    if (count != 1)
        put8(b, count);
}

void x64_shift_cl(struct x64_buf *b, unsigned group, unsigned size, unsigned rm)
{
    x64_rr(b, 0xd3, size, group, rm);
}

void x64_unary(struct x64_buf *b, unsigned group, unsigned size, unsigned rm)
{
    x64_rr(b, 0xf7, size, group, rm);
}

void x64_unary_m(struct x64_buf *b, unsigned group, unsigned size, struct x64_mem m)
{
    rm_imm(b, 0xf7, size, group, m, 0);
}

void x64_bswap(struct x64_buf *b, unsigned size, unsigned reg)
{
    op_reg(b, X_0F | 0xc8, size, reg);
}

void x64_setcc(struct x64_buf *b, enum x64_cc cc, unsigned reg)
{
    x64_rr(b, X_0F | X_BYTE | (0x90u + cc), 4, 0, reg);
}

void x64_mov(struct x64_buf *b, unsigned dst, unsigned src)
{
    x64_rr(b, X_LOAD, 8, dst, src);
}

void x64_mov32(struct x64_buf *b, unsigned dst, unsigned src)
{
    x64_rr(b, X_LOAD, 4, dst, src);
}

void x64_mov_i(struct x64_buf *b, unsigned dst, uint64_t imm)
{
    if (imm == (uint32_t)imm) {
        op_reg(b, 0xb8, 4, dst);
        put32(b, (uint32_t)imm);
    } else if ((int64_t)imm == (int32_t)imm) {
        x64_rr(b, 0xc7, 8, 0, dst);
        put32(b, (uint32_t)imm);
    } else {
        op_reg(b, 0xb8, 8, dst);
        put64(b, imm);
    }
}

void x64_push(struct x64_buf *b, unsigned reg)
{
    op_reg(b, 0x50, 4, reg);
}

void x64_pop(struct x64_buf *b, unsigned reg)
{
    op_reg(b, 0x58, 4, reg);
}

void x64_bytes(struct x64_buf *b, const void *bytes, size_t n)
{
    memcpy(b->p, bytes, n);
    b->p += n;
}

void x64_ldmxcsr(struct x64_buf *b, struct x64_mem m)
{
    rm_imm(b, X_0F | 0xae, 4, 2, m, 0);
}

void x64_stmxcsr(struct x64_buf *b, struct x64_mem m)
{
    rm_imm(b, X_0F | 0xae, 4, 3, m, 0);
}

/* ---- jumps --------------------------------------------------------------------------------------------------------- */

void x64_jmp(struct x64_buf *b, const uint8_t *target)
{
    ptrdiff_t d = target - (b->p + 2);

    b->insns++;
    if (d == (int8_t)d) {
        put8(b, 0xeb);
        put8(b, (unsigned)d);
        return;
    }
    put8(b, 0xe9);
    put32(b, (uint32_t)(target - (b->p + 4)));
}

void x64_jcc(struct x64_buf *b, enum x64_cc cc, const uint8_t *target)
{
    ptrdiff_t d = target - (b->p + 2);

    b->insns++;
    if (d == (int8_t)d) {
        put8(b, 0x70u | cc);
        put8(b, (unsigned)d);
        return;
    }
    put8(b, 0x0f);
    put8(b, 0x80u | cc);
    put32(b, (uint32_t)(target - (b->p + 4)));
}

void x64_call_data(struct x64_buf *b, const uint8_t *target, const volatile void *data)
{
    uint8_t *p = b->p;

    b->insns++;
    *p++ = 0xe8;
    p = at32(p, (uint32_t)(target - (p + 4)));
    b->p = at32(p, (uint32_t)((uint64_t)(uintptr_t)data - ((uint64_t)(uintptr_t)p + (uint64_t)b->rx)));
}

void x64_call(struct x64_buf *b, const uint8_t *target)
{
    b->insns++;
    put8(b, 0xe8);
    put32(b, (uint32_t)(target - (b->p + 4)));
}

uint8_t *x64_jmp_fwd(struct x64_buf *b)
{
    b->insns++;
    put8(b, 0xe9);
    put32(b, 0);
    return b->p;
}

uint8_t *x64_jcc_fwd(struct x64_buf *b, enum x64_cc cc)
{
    b->insns++;
    put8(b, 0x0f);
    put8(b, 0x80u | cc);
    put32(b, 0);
    return b->p;
}

void x64_here(struct x64_buf *b, uint8_t *place)
{
    uint32_t d = (uint32_t)(b->p - place);

    memcpy(place - 4, &d, 4);
}

uint8_t *x64_jcc8_fwd(struct x64_buf *b, enum x64_cc cc)
{
    b->insns++;
    put8(b, 0x70u | cc);
    put8(b, 0);
    return b->p;
}

uint8_t *x64_jmp8_fwd(struct x64_buf *b)
{
    b->insns++;
    put8(b, 0xeb);
    put8(b, 0);
    return b->p;
}

void x64_here8(struct x64_buf *b, uint8_t *place)
{
    place[-1] = (uint8_t)(b->p - place);
}

void x64_jmp_m(struct x64_buf *b, struct x64_mem m)
{
    rm_form(b, 0xff, 4, 4, m, 0);
}

void x64_call_m(struct x64_buf *b, struct x64_mem m)
{
    rm_imm(b, 0xff, 4, 2, m, 0);
}

void x64_jmp_r(struct x64_buf *b, unsigned reg)
{
    x64_rr(b, 0xff, 4, 4, reg);
}

void x64_call_r(struct x64_buf *b, unsigned reg)
{
    x64_rr(b, 0xff, 4, 2, reg);
}
