/* Integer arithmetic on edge values: every operator at every width, signed and unsigned, and the division results that C
 * leaves undefined but RISC-V defines (Unprivileged ISA, M extension, table 11).
 */
#include "out.h"

static const uint64_t edges[] = {
    0,
    1,
    2,
    3,
    7,
    10,
    0x7f,
    0x80,
    0xff,
    0x100,
    0x7fff,
    0x8000,
    0xffff,
    0x10000,
    0x7fffffff,
    0x80000000,
    0xffffffff,
    1ull << 32,
    0x123456789,
    (1ull << 62),
    INT64_MAX,
    1ull << 63,
    UINT64_MAX,
    UINT64_MAX - 1,
    0xfffffffffffff800,
    0xffffffff80000000,
    0xffffffff7fffffff,
    0xdeadbeefcafebabe,
    1000000007,
    0x5555555555555555,
};

#define BINARY(NAME, TYPE, EXPR)                                                                                       \
    static uint64_t NAME(uint64_t x, uint64_t y)                                                                       \
    {                                                                                                                  \
        TYPE a = (TYPE)x, b = (TYPE)y;                                                                                 \
        OPAQUE(a);                                                                                                     \
        OPAQUE(b);                                                                                                     \
        return (uint64_t)(EXPR);                                                                                       \
    }

#define WIDTH(U, S, BITS)                                                                                              \
    BINARY(add##BITS, U, (U)(a + b))                                                                                   \
    BINARY(sub##BITS, U, (U)(a - b))                                                                                   \
    BINARY(mul##BITS, U, (U)((uint64_t)a * b))                                                                         \
    BINARY(divu##BITS, U, b ? a / b : 0)                                                                               \
    BINARY(remu##BITS, U, b ? a % b : 0)                                                                               \
    BINARY(div##BITS, S, b == 0 || (b == -1) ? 0 : a / b)                                                              \
    BINARY(rem##BITS, S, b == 0 || (b == -1) ? 0 : a % b)                                                              \
    BINARY(shl##BITS, U, (U)((uint64_t)a << (b % BITS)))                                                               \
    BINARY(shr##BITS, U, a >> (b % BITS))                                                                              \
    BINARY(sar##BITS, S, a >> ((U)b % BITS))                                                                           \
    BINARY(rol##BITS, U, (U)((U)((uint64_t)a << (b % BITS)) | (U)(a >> ((BITS - b % BITS) % BITS))))                   \
    BINARY(logic##BITS, U, (U)((a & b) ^ (a | ~b)))                                                                    \
    BINARY(lts##BITS, S, (a < b) | (a <= b) << 1 | (a == b) << 2 | (a != b) << 3)                                      \
    BINARY(ltu##BITS, U, (a < b) | (a >= b) << 1)                                                                      \
    BINARY(min##BITS, S, a < b ? a : b)                                                                                \
    BINARY(maxu##BITS, U, a > b ? a : b)                                                                               \
    BINARY(neg##BITS, U, (U)(-a + ~b))                                                                                 \
    BINARY(sel##BITS, U, a & 1 ? a : b)                                                                                \
    BINARY(div7##BITS, U, a / 7 + b % 10)                                                                              \
    BINARY(sdiv10##BITS, S, a / 10 + b % 16 + a / 8)                                                                   \
    static int over##BITS(uint64_t x, uint64_t y)                                                                      \
    {                                                                                                                  \
        S a = (S)x, b = (S)y, r;                                                                                       \
        U c = (U)x, d = (U)y, q;                                                                                       \
        OPAQUE(a);                                                                                                     \
        OPAQUE(c);                                                                                                     \
        int bits = __builtin_add_overflow(a, b, &r) | __builtin_sub_overflow(a, b, &r) << 1;                           \
        bits |= __builtin_mul_overflow(a, b, &r) << 2 | __builtin_add_overflow(c, d, &q) << 3;                         \
        return bits | __builtin_sub_overflow(c, d, &q) << 4 | __builtin_mul_overflow(c, d, &q) << 5;                   \
    }

WIDTH(uint8_t, int8_t, 8)
WIDTH(uint16_t, int16_t, 16)
WIDTH(uint32_t, int32_t, 32)
WIDTH(uint64_t, int64_t, 64)

#define ROW(BITS)                                                                                                      \
    {"add" #BITS, add##BITS}, {"sub" #BITS, sub##BITS}, {"mul" #BITS, mul##BITS}, {"divu" #BITS, divu##BITS},          \
        {"remu" #BITS, remu##BITS}, {"div" #BITS, div##BITS}, {"rem" #BITS, rem##BITS}, {"shl" #BITS, shl##BITS},      \
        {"shr" #BITS, shr##BITS}, {"sar" #BITS, sar##BITS}, {"rol" #BITS, rol##BITS}, {"logic" #BITS, logic##BITS},    \
        {"lts" #BITS, lts##BITS}, {"ltu" #BITS, ltu##BITS}, {"min" #BITS, min##BITS}, {"maxu" #BITS, maxu##BITS},      \
        {"neg" #BITS, neg##BITS}, {"sel" #BITS, sel##BITS}, {"div7" #BITS, div7##BITS},                                \
    {                                                                                                                  \
        "sdiv10" #BITS, sdiv10##BITS                                                                                   \
    }

static const struct {
    const char *name;
    uint64_t (*fn)(uint64_t, uint64_t);
} rows[] = {ROW(8), ROW(16), ROW(32), ROW(64)};

static uint64_t defined_div(int64_t a, int64_t b, int op)
{
#ifdef __riscv
    uint64_t r;
    switch (op) {
    case 0: __asm__("div %0, %1, %2" : "=r"(r) : "r"(a), "r"(b)); return r;
    case 1: __asm__("rem %0, %1, %2" : "=r"(r) : "r"(a), "r"(b)); return r;
    case 2: __asm__("divu %0, %1, %2" : "=r"(r) : "r"(a), "r"(b)); return r;
    case 3: __asm__("remu %0, %1, %2" : "=r"(r) : "r"(a), "r"(b)); return r;
    case 4: __asm__("divw %0, %1, %2" : "=r"(r) : "r"(a), "r"(b)); return r;
    case 5: __asm__("remw %0, %1, %2" : "=r"(r) : "r"(a), "r"(b)); return r;
    case 6: __asm__("divuw %0, %1, %2" : "=r"(r) : "r"(a), "r"(b)); return r;
    default: __asm__("remuw %0, %1, %2" : "=r"(r) : "r"(a), "r"(b)); return r;
    }
#else
    int32_t a32 = (int32_t)a, b32 = (int32_t)b;
    switch (op) {
    case 0: return b == 0 ? UINT64_MAX : b == -1 ? -(uint64_t)a : (uint64_t)(a / b);
    case 1: return b == 0 ? (uint64_t)a : b == -1 ? 0 : (uint64_t)(a % b);
    case 2: return b == 0 ? UINT64_MAX : (uint64_t)a / (uint64_t)b;
    case 3: return b == 0 ? (uint64_t)a : (uint64_t)a % (uint64_t)b;
    case 4:
        return (uint64_t)(int64_t)(int32_t)(b32 == 0 ? UINT32_MAX : b32 == -1 ? -(uint32_t)a32 : (uint32_t)(a32 / b32));
    case 5: return (uint64_t)(int64_t)(b32 == 0 ? a32 : b32 == -1 ? 0 : a32 % b32);
    case 6: return (uint64_t)(int64_t)(int32_t)(b32 == 0 ? UINT32_MAX : (uint32_t)a32 / (uint32_t)b32);
    default: return (uint64_t)(int64_t)(int32_t)(b32 == 0 ? (uint32_t)a32 : (uint32_t)a32 % (uint32_t)b32);
    }
#endif
}

static void wide(void)
{
    struct sum s = SUM_INIT;
    for (size_t i = 0; i < LEN(edges); i++)
        for (size_t j = 0; j < LEN(edges); j++) {
            unsigned __int128 a = (unsigned __int128)edges[i] << 64 | edges[j],
                              b = (unsigned __int128)edges[j] * edges[i];
            __int128 p = (__int128)(int64_t)edges[i] * (int64_t)edges[j], q = (__int128)a;
            unsigned shift = (unsigned)(edges[j] % 128);
            unsigned __int128 r[] = {a + b, a - b, a * b, b ? a / b : 0, b ? a % b : 0, a << shift, a >> shift,
                (unsigned __int128)(q >> shift), (unsigned __int128)p, (unsigned __int128)(p / 1000), p < q, a < b, -a,
                ~a ^ b, (unsigned __int128)((__int128)(int64_t)edges[i] * (__int128)edges[j])};
            for (size_t k = 0; k < LEN(r); k++) {
                sum_add(&s, (uint64_t)r[k]);
                sum_add(&s, (uint64_t)(r[k] >> 64));
            }
        }
    out("int128", s.h);
}

static void bits(void)
{
    struct sum s = SUM_INIT;
    uint64_t state = 1;
    for (int i = 0; i < 2000; i++) {
        uint64_t x = i < (int)LEN(edges) ? edges[i] : next(&state) >> (i % 64);
        OPAQUE(x);
        sum_add(&s, x ? (uint64_t)__builtin_clzll(x) : 64);
        sum_add(&s, x ? (uint64_t)__builtin_ctzll(x) : 64);
        sum_add(&s, (uint32_t)x ? (uint64_t)__builtin_clz((uint32_t)x) : 32);
        sum_add(&s, (uint32_t)x ? (uint64_t)__builtin_ctz((uint32_t)x) : 32);
        sum_add(&s, (uint64_t)__builtin_popcountll(x) << 8 | (uint64_t)__builtin_popcount((uint32_t)x));
        sum_add(&s, (uint64_t)__builtin_parityll(x) + (uint64_t)__builtin_ffsll((int64_t)x));
        sum_add(&s, __builtin_bswap64(x));
        sum_add(&s, __builtin_bswap32((uint32_t)x));
        sum_add(&s, __builtin_bswap16((uint16_t)x));
        sum_add(&s, (uint64_t)(int64_t)(int8_t)x + (uint64_t)(int64_t)(int16_t)x + (uint8_t)x + (uint16_t)x);
        sum_add(&s, (x & (1ull << (i % 64))) | (x & ~(1ull << (i * 7 % 64))) | (x ^ 1ull << (i * 3 % 64)));
        sum_add(
            &s, (x >> (i % 64) & 1) + ((x << 1) + (uint64_t)i) + ((x << 2) + (uint64_t)i) + ((x << 3) + (uint64_t)i));
        sum_add(&s,
            (uint64_t)(uint32_t)x + (uint64_t)i + ((uint64_t)(uint32_t)x << 3) + (x & ~(uint64_t)i) +
                (x | ~(uint64_t)i));
        sum_add(&s, x >> 13 << 5 | x << 51 >> 60);
        sum_add(&s, (uint64_t)llabs((int64_t)(x >> 1)) + (x > 5 ? x : 5) + (x == 0 ? 0 : (uint64_t)i));
    }
    out("bits", s.h);
}

int main(void)
{
    uint64_t state = 42;
    for (size_t row = 0; row < LEN(rows); row++) {
        struct sum s = SUM_INIT;
        for (size_t i = 0; i < LEN(edges); i++)
            for (size_t j = 0; j < LEN(edges); j++)
                sum_add(&s, rows[row].fn(edges[i], edges[j]));
        for (int i = 0; i < 500; i++) {
            uint64_t a = next(&state), b = next(&state);
            sum_add(&s, rows[row].fn(a, b >> (i % 64)));
        }
        out(rows[row].name, s.h);
    }
    struct sum o = SUM_INIT;
    for (size_t i = 0; i < LEN(edges); i++)
        for (size_t j = 0; j < LEN(edges); j++)
            sum_add(&o,
                (uint64_t)(over8(edges[i], edges[j]) | over16(edges[i], edges[j]) << 6 |
                    over32(edges[i], edges[j]) << 12 | over64(edges[i], edges[j]) << 18));
    out("overflow", o.h);
    for (int op = 0; op < 8; op++) {
        struct sum s = SUM_INIT;
        for (size_t i = 0; i < LEN(edges); i++)
            for (size_t j = 0; j < LEN(edges); j++)
                sum_add(&s, defined_div((int64_t)edges[i], (int64_t)edges[j], op));
        printf("division %d: %016" PRIx64 "\n", op, s.h);
    }
    wide();
    bits();
    return 0;
}
