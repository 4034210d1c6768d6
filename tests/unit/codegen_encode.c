/* The encoder, form by form, over registers that need every prefix and addressing mode that has an exception (rsp, rbp, r12,
 * r13 as base, no base, rip). tests/golden/codegen_encode.txt has the bytes, one instruction a line. They were read back with
 * objdump; a line that changes has to be read again:
 *      xxd -r -p tests/golden/codegen_encode.txt | objdump -D -b binary -m i386:x86-64 /dev/stdin
 */
#include <string.h>

#include "base/base.h"
#include "codegen/x64/encode.h"
#include "harness.h"

static struct strbuf out;
static uint8_t code[64];
static struct x64_buf b;

static void begin(void)
{
    b = (struct x64_buf){
        .p = code, .start = code, .end = code + sizeof(code), .rx = 0x400000 - (ptrdiff_t)(uintptr_t)code};
}

static void end(void)
{
    for (const uint8_t *p = code; p < b.p; p++)
        strbuf_addf(&out, "%02x", *p);
    strbuf_addc(&out, '\n');
}

#define LINE(call)                                                                                                     \
    do {                                                                                                               \
        begin();                                                                                                       \
        call;                                                                                                          \
        end();                                                                                                         \
    } while (0)

static const struct x64_mem *memory_forms(unsigned *n)
{
    static struct x64_mem m[16];
    unsigned i = 0;

    m[i++] = x64_base(RAX, 0);
    m[i++] = x64_base(RBP, 0);
    m[i++] = x64_base(R13, 0);
    m[i++] = x64_base(RSP, 8);
    m[i++] = x64_base(R12, -128);
    m[i++] = x64_base(RBP, 128);
    m[i++] = x64_sib(RDX, RCX, 3, 0);
    m[i++] = x64_sib(RBP, R9, 0, 0);
    m[i++] = x64_sib(R13, R12, 2, 0x12345);
    m[i++] = x64_sib(X64_NONE, R10, 2, 0x40);
    m[i++] = x64_sib(X64_NONE, X64_NONE, 0, 0x1000);
    m[i++] = x64_rip((const void *)0x401000);
    *n = i;
    return m;
}

static void general(void)
{
    static const uint8_t regs[] = {RAX, RSI, RDI, R8, R15};
    static const unsigned ops[] = {X_ADD, X_CMP, X_LOAD, X_MOVSXD, X_IMUL, X_MOVZX8, X_MOVSX16, X_POPCNT, X_LZCNT,
        X_TZCNT, X_BSR, X_CMOV | CC_L, X_TEST, X_STORE};
    unsigned n;
    const struct x64_mem *m = memory_forms(&n);

    for (unsigned i = 0; i < ARRAY_LEN(ops); i++)
        for (unsigned r = 0; r < ARRAY_LEN(regs); r++) {
            LINE(x64_rr(&b, ops[i], 8, regs[r], regs[(r + 2) % ARRAY_LEN(regs)]));
            LINE(x64_rr(&b, ops[i], 4, regs[r], regs[(r + 1) % ARRAY_LEN(regs)]));
        }
    for (unsigned i = 0; i < n; i++) {
        LINE(x64_rm(&b, X_LOAD, 8, RSI, m[i]));
        LINE(x64_rm(&b, X_LEA, 4, R9, m[i]));
        LINE(x64_rm(&b, X_STORE8, 4, RDI, m[i]));
        LINE(x64_rm(&b, X_STORE16, 4, R8, m[i]));
        LINE(x64_rm(&b, X_MOVZX8, 4, RSI, m[i]));
        LINE(x64_rm(&b, X_XADD, 8, RCX, m[i]));
        LINE(x64_alu_mi(&b, G_CMP, 4, m[i], 0x12345678));
        LINE(x64_alu_mi(&b, G_CMP, 8, m[i], -1));
        LINE(x64_store_i(&b, 1, m[i], 0x12));
        LINE(x64_store_i(&b, 2, m[i], 0x1234));
        LINE(x64_store_i(&b, 4, m[i], 0x12345678));
        LINE(x64_store_i(&b, 8, m[i], -2));
        LINE(x64_jmp_m(&b, m[i]));
        LINE(x64_unary_m(&b, G_IMUL1, 8, m[i]));
    }
}

static void immediates(void)
{
    static const uint8_t regs[] = {RAX, RSI, R12};
    static const uint64_t values[] = {0, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, ~0ull, 0xffffffff80000000};

    for (unsigned r = 0; r < ARRAY_LEN(regs); r++) {
        for (unsigned i = 0; i < ARRAY_LEN(values); i++)
            LINE(x64_mov_i(&b, regs[r], values[i]));
        for (unsigned g = G_ADD; g <= G_CMP; g++)
            LINE(x64_alu_ri(&b, g, g & 1 ? 8 : 4, regs[r], g & 2 ? 127 : 128));
        LINE(x64_test_ri(&b, 8, regs[r], 0x7f));
        LINE(x64_test_ri(&b, 8, regs[r], 0x80));
        LINE(x64_test_ri(&b, 8, regs[r], -2));
        LINE(x64_imul_rri(&b, 8, regs[r], RDI, 100));
        LINE(x64_imul_rri(&b, 4, regs[r], R9, 1000));
        LINE(x64_shift_i(&b, G_SHL, 8, regs[r], 1));
        LINE(x64_shift_i(&b, G_SAR, 4, regs[r], 31));
        LINE(x64_shift_cl(&b, G_ROR, 8, regs[r]));
        LINE(x64_unary(&b, G_NOT, 8, regs[r]));
        LINE(x64_unary(&b, G_IDIV, 4, regs[r]));
        LINE(x64_bswap(&b, 8, regs[r]));
        LINE(x64_bswap(&b, 4, regs[r]));
        LINE(x64_setcc(&b, CC_BE, regs[r]));
        LINE(x64_push(&b, regs[r]));
        LINE(x64_pop(&b, regs[r]));
        LINE(x64_jmp_r(&b, regs[r]));
        LINE(x64_call_r(&b, regs[r]));
    }
}

static void vectors(void)
{
    static const unsigned ops[] = {
        X_ADDSD, X_SUBSD, X_MULSD, X_DIVSD, X_SQRTSD, X_MINSD, X_UCOMISD, X_COMISD, X_CVTSD2SS};
    unsigned n;
    const struct x64_mem *m = memory_forms(&n);

    for (unsigned i = 0; i < ARRAY_LEN(ops); i++) {
        LINE(x64_rr(&b, ops[i], 4, XMM1, XMM9));
        LINE(x64_rr(&b, X_SINGLE(ops[i]), 4, XMM12, XMM3));
    }
    for (unsigned i = 0; i < n; i++) {
        LINE(x64_rm(&b, X_MOVSD_LD, 4, XMM10, m[i]));
        LINE(x64_rm(&b, X_MOVSS_ST, 4, XMM2, m[i]));
        LINE(x64_vrm(&b, X_ADDSD, 4, XMM10, XMM15, m[i]));
        LINE(x64_vrm(&b, X_ANDPS, 4, XMM0, XMM1, m[i]));
    }
    LINE(x64_vrr(&b, X_ADDSD, 4, XMM1, XMM2, XMM3));
    LINE(x64_vrr(&b, X_ADDSD, 4, XMM1, XMM12, XMM13));
    LINE(x64_vrr(&b, X_SINGLE(X_MULSD), 4, XMM9, XMM0, XMM7));
    LINE(x64_vrr(&b, X_VFMADD213SD, 4, XMM9, XMM8, XMM1));
    LINE(x64_vrr(&b, X_VFMADD213SS, 4, XMM1, XMM8, XMM15));
    LINE(x64_vrr(&b, X_MOVD_TO, 8, XMM4, 0, R9));
    LINE(x64_vrr(&b, X_MOVD_FROM, 8, XMM14, 0, RDI));
    LINE(x64_vrr(&b, X_CVTSI2SD, 8, XMM4, XMM4, R9));
    LINE(x64_vrr(&b, X_CVTTSD2SI, 8, RSI, 0, XMM11));
    LINE(x64_vrri8(&b, X_PEXTRD, 4, XMM11, 0, RDX, 1));
    LINE(x64_vrri8(&b, X_ROUNDSD, 4, XMM1, XMM2, XMM3, 4));
    LINE(x64_vrri8(&b, X_RORX, 8, RDX, 0, R10, 13));
    LINE(x64_vrr(&b, X_SHLX, 8, R10, RDI, RSI));
    LINE(x64_vrr(&b, X_SARX, 4, RAX, R9, RSI));
    LINE(x64_vrr(&b, X_ANDN, 8, RAX, R9, R10));
    LINE(x64_rri8(&b, X_PCLMUL, 4, XMM1, XMM9, 0));
    LINE(x64_ldmxcsr(&b, x64_base(RBP, -300)));
    LINE(x64_stmxcsr(&b, x64_base(R12, 0)));
}

TEST(forms)
{
    general();
    immediates();
    vectors();
    CHECK_GOLDEN("tests/golden/codegen_encode.txt", strbuf_text(&out));
    strbuf_fini(&out);
}

TEST(jumps)
{
    static uint8_t big[1024];
    uint8_t *place;
    int32_t d;

    b = (struct x64_buf){.p = big, .start = big, .end = big + sizeof(big)};
    b.p = big + 300;
    x64_jmp(&b, big + 300 + 2 - 128); /* the farthest that fits a byte */
    CHECK_EQ(b.p - big, 302);
    CHECK_EQ(big[300], 0xeb);
    CHECK_EQ(big[301], 0x80);
    x64_jcc(&b, CC_NE, big + 302 + 2 - 129);
    CHECK_EQ(b.p - big, 308);
    CHECK_EQ(big[303], 0x85);
    memcpy(&d, big + 304, 4);
    CHECK_EQ(308 + d, 302 + 2 - 129);
    place = x64_jcc_fwd(&b, CC_E);
    b.p += 200;
    x64_here(&b, place);
    memcpy(&d, place - 4, 4);
    CHECK_EQ(d, 200);
    place = x64_jmp8_fwd(&b);
    b.p += 100;
    x64_here8(&b, place);
    CHECK_EQ(place[-1], 100);
}
