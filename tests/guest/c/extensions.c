/* Code in which a compiler uses Zba, Zbb, Zbs, Zbc, Zicond, Zfa and Zfhmin when it may: written so that each of their
 * instructions has a pattern here, on edge values. Without them the same results come from other instructions.
 */
#include <math.h>

#include "out.h"

static uint64_t state = 1;
static uint64_t values[400];

#define EACH(NAME, EXPR)                                                                                               \
    __attribute__((noinline)) static void NAME(struct sum *s)                                                          \
    {                                                                                                                  \
        for (size_t i = 0; i + 1 < LEN(values); i++) {                                                                 \
            uint64_t x = values[i], y = values[i + 1];                                                                 \
            uint32_t w = (uint32_t)x, v = (uint32_t)y;                                                                 \
            (void)w, (void)v, (void)y;                                                                                 \
            sum_add(s, (uint64_t)(EXPR));                                                                              \
        }                                                                                                              \
    }

EACH(zba,
    ((x << 1) + y) ^ ((x << 2) + y) ^ ((x << 3) + y) ^ (((uint64_t)w << 1) + y) ^ (((uint64_t)w << 2) + y) ^
        (((uint64_t)w << 3) + y) ^ (w + y) ^ ((uint64_t)w << 13))
EACH(andn, (x & ~y) ^ ((x | ~y) << 1) ^ (~(x ^ y) << 2))
EACH(count,
    (x ? __builtin_clzll(x) : 64) + 3 * (x ? __builtin_ctzll(x) : 64) + 5 * __builtin_popcountll(x) +
        7 * __builtin_popcount(w) + 11 * (w ? __builtin_clz(w) : 32) + 13 * (w ? __builtin_ctz(w) : 32))
EACH(minmax,
    ((int64_t)x < (int64_t)y ? x : y) ^ ((int64_t)x > (int64_t)y ? x : y) << 1 ^ (x < y ? x : y) << 2 ^
        (x > y ? x : y) << 3)
EACH(extend, (uint64_t)(int64_t)(int8_t)x ^ (uint64_t)(int64_t)(int16_t)x << 1 ^ (uint64_t)(uint16_t)x << 2)
EACH(rotate,
    (x << (y & 63) | x >> (-y & 63)) ^ (x >> (y & 63) | x << (-y & 63)) << 1 ^
        (uint64_t)(w << (v & 31) | w >> (-v & 31)) ^ (uint64_t)(w >> (v & 31) | w << (-v & 31)) << 2 ^
        (x >> 17 | x << 47) ^ (uint64_t)(w >> 9 | w << 23))
EACH(bytes, __builtin_bswap64(x) ^ (uint64_t)__builtin_bswap32(w) << 5 ^ (uint64_t)((x & 0xff) != 0))
EACH(single,
    (x | 1ull << (y & 63)) ^ (x & ~(1ull << (y & 63))) << 1 ^ (x ^ 1ull << (y & 63)) << 2 ^ (x >> (y & 63) & 1) ^
        (x | 1ull << 45) ^ (x & ~(1ull << 50)) << 3 ^ (x ^ 1ull << 61) ^ (x >> 37 & 1))
EACH(conditional,
    ((int64_t)x > 5 ? y : 0) ^ (x == y ? 0 : y) << 1 ^ (x & 1 ? x : y) << 2 ^ ((int64_t)y < 0 ? x + y : x) << 3)

static uint64_t clmul_model(uint64_t a, uint64_t b, int kind)
{
    unsigned __int128 r = 0;
    for (int i = 0; i < 64; i++)
        if (b >> i & 1)
            r ^= (unsigned __int128)a << i;
    return kind == 0 ? (uint64_t)r : kind == 1 ? (uint64_t)(r >> 64) : (uint64_t)(r >> 63);
}

static uint64_t clmul(uint64_t a, uint64_t b, int kind)
{
#ifdef __riscv_zbc
    uint64_t r;
    if (kind == 0)
        __asm__("clmul %0, %1, %2" : "=r"(r) : "r"(a), "r"(b));
    else if (kind == 1)
        __asm__("clmulh %0, %1, %2" : "=r"(r) : "r"(a), "r"(b));
    else
        __asm__("clmulr %0, %1, %2" : "=r"(r) : "r"(a), "r"(b));
    return r;
#else
    return clmul_model(a, b, kind);
#endif
}

/* Each byte that is not 0 becomes 0xff: orc.b. */
static uint64_t orc(uint64_t x)
{
#ifdef __riscv_zbb
    uint64_t r;
    __asm__("orc.b %0, %1" : "=r"(r) : "r"(x));
    return r;
#else
    uint64_t r = 0;
    for (int i = 0; i < 64; i += 8)
        r |= x >> i & 0xff ? 0xffull << i : 0;
    return r;
#endif
}

static uint64_t bits(double d)
{
    uint64_t u;
    memcpy(&u, &d, 8);
    return isnan(d) ? 0x7ff8000000000000 : u;
}

/* binary16 by hand, rounding to nearest even: what fcvt.h.s and fcvt.s.h do. */
static uint16_t half_model(float f)
{
    uint32_t u;
    memcpy(&u, &f, 4);
    uint32_t sign = u >> 16 & 0x8000, e = u >> 23 & 0xff, m = u & 0x7fffff;
    if (e == 255)
        return (uint16_t)(m ? 0x7e00 : sign | 0x7c00);
    int exponent = (int)e - 112;
    if (exponent >= 31)
        return (uint16_t)(sign | 0x7c00);
    if (exponent <= 0) {
        if (exponent < -10)
            return (uint16_t)sign;
        m |= 0x800000;
        uint32_t shift = (uint32_t)(14 - exponent), low = m & ((1u << shift) - 1), half = 1u << (shift - 1),
                 r = m >> shift;
        return (uint16_t)(sign | (r + (low > half || (low == half && (r & 1)))));
    }
    uint32_t r = (uint32_t)exponent << 10 | m >> 13, low = m & 0x1fff;
    return (uint16_t)(sign | (r + (low > 0x1000 || (low == 0x1000 && (r & 1)))));
}

static uint16_t to_half(float f)
{
#ifdef __riscv_zfhmin
    float h;
    uint64_t r;
    __asm__("fcvt.h.s %0, %1" : "=f"(h) : "f"(f));
    __asm__("fmv.x.h %0, %1" : "=r"(r) : "f"(h));
    return (uint16_t)r;
#else
    return half_model(f);
#endif
}

static void halves(void)
{
    struct sum s = SUM_INIT;
    for (size_t i = 0; i < LEN(values); i++) {
        uint32_t raw = (uint32_t)values[i];
        if (i % 3 == 0)
            raw = (raw & 0x807fffff) | (uint32_t)(127 - 28 + i % 48) << 23;
        float f;
        memcpy(&f, &raw, 4);
        sum_add(&s, to_half(f));
    }
    out("binary16", s.h);
}

static void floats(void)
{
    struct sum s = SUM_INIT;
    static const double constants[] = {-1.0, 0.0625, 0.125, 0.25, 0.3125, 0.375, 0.4375, 0.5, 0.625, 0.75, 0.875, 1.0,
        1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, 8.0, 16.0, 128.0, 256.0, 32768.0, 65536.0, INFINITY,
        2.2250738585072014e-308};
    volatile double x = 3;
    sum_add(&s, bits(x * 0.3125 + 0.4375 - 2.5 / 65536.0 + 32768.0 * 0.0625 - 1.0));
    volatile float y = 3;
    sum_add(&s, bits((double)(y * 0.375f + 1.75f - 0.625f * 128.0f)));
    for (size_t i = 0; i < LEN(values); i++) {
        double d;
        uint64_t raw = i % 2 ? (values[i] & 0x800fffffffffffff) | (uint64_t)(1023 - 3 + i % 60) << 52 : values[i];
        memcpy(&d, &raw, 8);
        float f = (float)d;
        sum_add(&s,
            bits(floor(d)) ^ bits(ceil(d)) << 1 ^ bits(trunc(d)) << 2 ^ bits(rint(d)) << 3 ^ bits(round(d)) << 4 ^
                bits(roundeven(d)) << 5);
        sum_add(&s,
            bits((double)floorf(f)) ^ bits((double)ceilf(f)) << 1 ^ bits((double)truncf(f)) << 2 ^
                bits((double)rintf(f)) << 3);
        sum_add(&s, bits(fmin(d, constants[i % LEN(constants)])) ^ bits(fmax(d, 1.5)) << 1);
        sum_add(&s, (uint64_t)isless(d, 2.5) + 2 * (uint64_t)islessequal(f, 0.5f) + 4 * (uint64_t)isgreater(d, 1.0));
        sum_add(&s, bits(fabs(d) - copysign(1.0, d)));
    }
    out("floats", s.h);
}

#define RUN(NAME)                                                                                                      \
    do {                                                                                                               \
        struct sum s = SUM_INIT;                                                                                       \
        NAME(&s);                                                                                                      \
        out(#NAME, s.h);                                                                                               \
    } while (0)

int main(void)
{
    static const uint64_t edges[] = {0, 1, UINT64_MAX, 1ull << 63, INT64_MAX, 0x80000000, 0x7fffffff, 0xffffffff,
        0x100000000, 0xff00ff00ff00ff00, 64, 63, 32, 31};
    for (size_t i = 0; i < LEN(values); i++)
        values[i] = i < LEN(edges) ? edges[i] : i % 5 == 0 ? edges[i % LEN(edges)] : next(&state) >> (i * 7 % 64);
    RUN(zba);
    RUN(andn);
    RUN(count);
    RUN(minmax);
    RUN(extend);
    RUN(rotate);
    RUN(bytes);
    RUN(single);
    RUN(conditional);
    struct sum s = SUM_INIT;
    for (size_t i = 0; i + 1 < LEN(values); i++) {
        for (int kind = 0; kind < 3; kind++)
            sum_add(&s, clmul(values[i], values[i + 1], kind));
        sum_add(&s, orc(values[i]));
    }
    out("clmul and orc", s.h);
    halves();
    floats();
    return 0;
}
