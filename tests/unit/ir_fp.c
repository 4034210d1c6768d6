/* FP arithmetic (ir/fp.h) against two independent computations:
 * - the host's FPU in its four rounding modes, result and flags;
 * - __float128, rounded to odd by truncation and the inexact flag, then to the format by comparing with the midpoint of
 *   the two neighbours: also for RMM, which the host lacks.
 * Operands: the cross product of special values (every NaN kind, infinities, zeros, subnormals, halfway cases, bounds of
 * the formats and of integers), and random ones with exponents close enough to interact.
 */
#include <fenv.h>
#include <math.h>
#include <string.h>

#include "base/bits.h"
#include "harness.h"
#include "ir/fp.h"

enum op { ADD, SUB, MUL, DIV, SQRT, FMA, NOPS };
static const char *const op_names[] = {"add", "sub", "mul", "div", "sqrt", "fma"};

static const int host_rm[] = {FE_TONEAREST, FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD};

static float f32_of(uint64_t bits)
{
    uint32_t b = (uint32_t)bits;
    float f;

    memcpy(&f, &b, 4);
    return f;
}

static double f64_of(uint64_t bits)
{
    double d;

    memcpy(&d, &bits, 8);
    return d;
}

static uint64_t bits32_of(float f)
{
    uint32_t b;

    memcpy(&b, &f, 4);
    return f != f ? 0x7fc00000 : b;
}

static uint64_t bits64_of(double d)
{
    uint64_t b;

    memcpy(&b, &d, 8);
    return d != d ? 0x7ff8000000000000 : b;
}

static bool is_nan(enum ir_type t, uint64_t a)
{
    return t == IR_F32 ? (a & 0x7fffffff) > 0x7f800000 : (a & INT64_MAX) > 0x7ff0000000000000;
}

static bool is_finite(enum ir_type t, uint64_t a)
{
    return t == IR_F32 ? (a & 0x7f800000) != 0x7f800000 : (a >> 52 & 0x7ff) != 0x7ff;
}

/* A signalling NaN must not be quieted on its way into __float128: only finite values get there. */
static __float128 wide_of(enum ir_type t, uint64_t a)
{
    return t == IR_F32 ? (__float128)f32_of(a) : (__float128)f64_of(a);
}

static uint8_t host_flags(void)
{
    int e = fetestexcept(FE_ALL_EXCEPT);

    return (uint8_t)((e & FE_INEXACT ? IR_FP_NX : 0) | (e & FE_UNDERFLOW ? IR_FP_UF : 0) |
        (e & FE_OVERFLOW ? IR_FP_OF : 0) | (e & FE_DIVBYZERO ? IR_FP_DZ : 0) | (e & FE_INVALID ? IR_FP_NV : 0));
}

/* ---- the host ---- */

static uint64_t host32(enum op op, uint64_t a, uint64_t b, uint64_t c)
{
    volatile float x = f32_of(a), y = f32_of(b), z = f32_of(c), r;

    switch (op) {
    case ADD: r = x + y; break;
    case SUB: r = x - y; break;
    case MUL: r = x * y; break;
    case DIV: r = x / y; break;
    case SQRT: r = sqrtf(x); break;
    default: r = fmaf(x, y, z); break;
    }
    return bits32_of(r);
}

static uint64_t host64(enum op op, uint64_t a, uint64_t b, uint64_t c)
{
    volatile double x = f64_of(a), y = f64_of(b), z = f64_of(c), r;

    switch (op) {
    case ADD: r = x + y; break;
    case SUB: r = x - y; break;
    case MUL: r = x * y; break;
    case DIV: r = x / y; break;
    case SQRT: r = sqrt(x); break;
    default: r = fma(x, y, z); break;
    }
    return bits64_of(r);
}

static uint64_t host(enum ir_type t, enum op op, const uint64_t v[3], enum ir_rm rm, uint8_t *flags)
{
    uint64_t r;

    fesetround(host_rm[rm]);
    feclearexcept(FE_ALL_EXCEPT);
    r = t == IR_F32 ? host32(op, v[0], v[1], v[2]) : host64(op, v[0], v[1], v[2]);
    *flags = host_flags();
    fesetround(FE_TONEAREST);
    return r;
}

/* ---- __float128 ---- */

/* The exact result, rounded to odd in 113 bits (64 for roots). */
static __float128 exact(enum op op, __float128 x, __float128 y, __float128 z)
{
    volatile __float128 a = x, b = y, c = z, r;
    volatile long double root;
    unsigned __int128 bits;

    fesetround(FE_TOWARDZERO);
    feclearexcept(FE_ALL_EXCEPT);
    switch (op) {
    case ADD: r = a + b; break;
    case SUB: r = a - b; break;
    case MUL: r = a * b; break;
    case DIV: r = a / b; break;
    case SQRT:
        root = (long double)a;
        root = sqrtl(root);
        r = root;
        break;
    default:
        r = a * b;
        r = r + c;
        break; /* the product is exact */
    }
    if (fetestexcept(FE_INEXACT)) {
        __float128 t = r;
        memcpy(&bits, &t, 16);
        bits |= op == SQRT ? (unsigned __int128)1 << 49 : 1; /* long double's last bit */
        memcpy(&t, &bits, 16);
        r = t;
    }
    fesetround(FE_TONEAREST);
    return r;
}

static __float128 magnitude(__float128 x)
{
    return x < 0 ? -x : x;
}

/* 2^e; binary128 has 15 bits of exponent above 112 of fraction. */
static __float128 power(int e)
{
    unsigned __int128 bits = (unsigned __int128)(unsigned)(e + 16383) << 112;
    __float128 r;

    memcpy(&r, &bits, 16);
    return r;
}

static int exponent(__float128 m)
{
    unsigned __int128 bits;

    memcpy(&bits, &m, 16);
    return (int)(bits >> 112 & 0x7fff) - 16383;
}

/* To the format: neighbours by truncation, then the rule. A format of 11, 24 or 53 bits, as bits of its own. */
struct target {
    int digits, emin, emax;
};
static const struct target half = {11, -14, 15}, single = {24, -126, 127}, dbl = {53, -1022, 1023};

static uint64_t round_to(const struct target *t, __float128 q, bool negative, enum ir_rm rm, uint8_t *flags)
{
    __float128 m = magnitude(q), ulp, rest, min_normal = power(t->emin);
    uint64_t sign = (uint64_t)negative << (t->digits + (t->digits == 53 ? 10 : t->digits == 24 ? 7 : 4)), n;
    int e;
    bool up, tiny = false;

    *flags = 0;
    if (m == 0)
        return sign;
    e = MAX(exponent(m), t->emin);
    ulp = power(e - t->digits + 1);
    n = (uint64_t)(m / ulp);
    rest = m - (__float128)n * ulp;
    up = rm == IR_RM_RNE  ? rest > ulp / 2 || (rest == ulp / 2 && (n & 1))
        : rm == IR_RM_RMM ? rest >= ulp / 2
        : rm == IR_RM_RDN ? negative && rest > 0
        : rm == IR_RM_RUP ? !negative && rest > 0
                          : false;
    if (m < min_normal) {                                /* would it be, with one more exponent and all digits? */
        __float128 fine = ulp / 2, gap = min_normal - m; /* the spacing just below min_normal */
        bool away = (rm == IR_RM_RDN && negative) || (rm == IR_RM_RUP && !negative);

        tiny = away ? gap >= fine : rm == IR_RM_RTZ || rm == IR_RM_RDN || rm == IR_RM_RUP ? true : gap > fine / 2;
    }
    if (rest > 0)
        *flags = tiny ? IR_FP_NX | IR_FP_UF : IR_FP_NX;
    n += up;
    if (n >> t->digits) {
        n >>= 1;
        e++;
    }
    if (e > t->emax) {
        bool to_max = rm == IR_RM_RTZ || (rm == IR_RM_RDN && !negative) || (rm == IR_RM_RUP && negative);

        *flags = IR_FP_OF | IR_FP_NX;
        return sign | (((uint64_t)(2 * t->emax + 1) << (t->digits - 1)) - to_max);
    }
    if (!(n >> (t->digits - 1)))
        return sign | n;
    return sign | ((uint64_t)(e + t->emax) << (t->digits - 1)) | (n & mask64((unsigned)t->digits - 1));
}

static uint64_t reference(enum ir_type t, enum op op, const uint64_t v[3], enum ir_rm rm, uint8_t *flags)
{
    int n = op == SQRT ? 1 : op == FMA ? 3 : 2;
    bool negative;
    __float128 q;

    for (int i = 0; i < n; i++)
        if (!is_finite(t, v[i]))
            return host(t, op, v, IR_RM_RNE, flags); /* no rounding in it */
    if ((op == DIV && wide_of(t, v[1]) == 0) || (op == SQRT && wide_of(t, v[0]) < 0))
        return host(t, op, v, IR_RM_RNE, flags);
    q = exact(op, wide_of(t, v[0]), n > 1 ? wide_of(t, v[1]) : 0, n > 2 ? wide_of(t, v[2]) : 0);
    if (q == 0) /* the sign of an exact zero is nearest's in RMM */
        return host(t, op, v, rm == IR_RM_RMM ? IR_RM_RNE : rm, flags);
    negative = q < 0;
    return round_to(t == IR_F32 ? &single : &dbl, q, negative, rm, flags);
}

static uint64_t ours(enum ir_type t, enum op op, const uint64_t v[3], enum ir_rm rm, uint8_t *flags)
{
    switch (op) {
    case ADD: return ir_fp_add(t, v[0], v[1], rm, flags);
    case SUB: return ir_fp_sub(t, v[0], v[1], rm, flags);
    case MUL: return ir_fp_mul(t, v[0], v[1], rm, flags);
    case DIV: return ir_fp_div(t, v[0], v[1], rm, flags);
    case SQRT: return ir_fp_sqrt(t, v[0], rm, flags);
    default: return ir_fp_fma(t, v[0], v[1], v[2], 0, rm, flags);
    }
}

static void check(enum ir_type t, enum op op, uint64_t a, uint64_t b, uint64_t c)
{
    const uint64_t v[3] = {a, b, c};

    for (enum ir_rm rm = IR_RM_RNE; rm <= IR_RM_RMM; rm++) {
        uint8_t got_flags = 0, want_flags, host_raised;
        uint64_t got = ours(t, op, v, rm, &got_flags), want = reference(t, op, v, rm, &want_flags);

        if (got != want || got_flags != want_flags)
            FAIL("%s.%s rm %d of %#llx %#llx %#llx: %#llx flags %#x, want %#llx flags %#x", op_names[op],
                ir_type_name(t), rm, (long long)a, (long long)b, (long long)c, (long long)got, got_flags,
                (long long)want, want_flags);
        if (rm == IR_RM_RMM)
            break;
        want = host(t, op, v, rm, &host_raised);
        /* RISC-V: infinity * 0 + NaN raises NV; on the host that depends on the implementation. */
        if (op == FMA && is_nan(t, c))
            host_raised = got_flags;
        if (got != want || got_flags != host_raised)
            FAIL("%s.%s rm %d of %#llx %#llx %#llx: %#llx flags %#x, host %#llx flags %#x", op_names[op],
                ir_type_name(t), rm, (long long)a, (long long)b, (long long)c, (long long)got, got_flags,
                (long long)want, host_raised);
    }
}

/* ---- operands ---- */

static const uint64_t special64[] = {
    0,
    1,
    2,
    3,
    0x0008000000000000,
    0x000fffffffffffff,
    0x0010000000000000, /* least normal */
    0x0010000000000001,
    0x001fffffffffffff,
    0x0020000000000000,
    0x1ff0000000000000,
    0x3680000000000000, /* f32's least subnormal, its half, more than half */
    0x3690000000000000,
    0x3690000000000001,
    0x380fffffe0000000, /* around f32's least normal */
    0x380fffffefffffff,
    0x380ffffff0000000,
    0x380ffffff8000000,
    0x3810000000000000,
    0x3c90000000000000, /* 2^-54, -53, -52 */
    0x3ca0000000000000,
    0x3ca0000000000001,
    0x3cb0000000000000,
    0x3fdfffffffffffff,
    0x3fe0000000000000,
    0x3fe0000000000001,
    0x3fefffffffffffff,
    0x3ff0000000000000,
    0x3ff0000000000001,
    0x3ff0000010000000, /* halfway for f32 */
    0x3ff0000030000000,
    0x3ff8000000000000,
    0x3fffffffffffffff,
    0x4000000000000000,
    0x4008000000000000,
    0x405fc00000000000, /* 127, 127.5 */
    0x405fe00000000000,
    0x41dfffffffc00000, /* 2^31 - 1, - 0.5 */
    0x41dfffffffe00000,
    0x41e0000000000000,
    0x41e0000000100000,
    0x41efffffffe00000,
    0x41effffffff00000,
    0x41f0000000000000,
    0x4330000000000001,
    0x433fffffffffffff,
    0x4340000000000000,
    0x43dfffffffffffff,
    0x43e0000000000000,
    0x43efffffffffffff,
    0x43f0000000000000,
    0x47efffffe0000000, /* f32's greatest, halfway to the next, more */
    0x47efffffefffffff,
    0x47effffff0000000,
    0x47f0000000000000,
    0x5fe0000000000000,
    0x7fdfffffffffffff,
    0x7fe0000000000000,
    0x7feffffffffffffe,
    0x7fefffffffffffff,
    0x7ff0000000000000,
    0x7ff0000000000001, /* signalling */
    0x7ff7ffffffffffff,
    0x7ff8000000000000,
    0x7fffffffffffffff,
};
static const uint64_t special32[] = {0, 1, 2, 3, 0x00400000, 0x007fffff, 0x00800000, 0x00800001, 0x00ffffff, 0x01000000,
    0x1f800000, 0x20000000, 0x33000000, 0x33800000, 0x33800001, 0x34000000, 0x3effffff, 0x3f000000, 0x3f000001,
    0x3f7fffff, 0x3f800000, 0x3f800001, 0x3fc00000, 0x3fffffff, 0x40000000, 0x40400000, 0x42fe0000, 0x42ff0000,
    0x4affffff, 0x4b000001, 0x4b7fffff, 0x4b800000, 0x4effffff, 0x4f000000, 0x4f7fffff, 0x4f800000, 0x5effffff,
    0x5f000000, 0x5f7fffff, 0x5f800000, 0x5fffffff, 0x7effffff, 0x7f000000, 0x7f7ffffe, 0x7f7fffff, 0x7f800000,
    0x7f800001, 0x7fbfffff, 0x7fc00000, 0x7fffffff};

static unsigned special_count(enum ir_type t)
{
    return 2 * (t == IR_F32 ? ARRAY_LEN(special32) : ARRAY_LEN(special64));
}

/* The i-th special value, with both signs. */
static uint64_t special(enum ir_type t, unsigned i)
{
    return t == IR_F32 ? special32[i / 2] | (uint64_t)(i & 1) << 31 : special64[i / 2] | (uint64_t)(i & 1) << 63;
}

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed * 0x2545f4914f6cdd1d;
}

/* Fractions of few bits or many, exponents near `near`, now and then at the ends of the range. */
static uint64_t random_float(enum ir_type t, uint64_t *seed, int near)
{
    int digits = t == IR_F32 ? 23 : 52, max = t == IR_F32 ? 254 : 2046;
    uint64_t r = next_random(seed), frac = next_random(seed) & mask64((unsigned)digits);
    int e = near + (int)(r >> 8 & 63) - 32;

    if (r >> 16 & 1)
        frac &= ~mask64((unsigned)(r >> 20 & 31) % (unsigned)digits);
    if (r >> 17 & 1)
        frac |= mask64((unsigned)(r >> 26 & 31) % (unsigned)digits);
    e = e < 0 ? 0 : e > max ? max : e;
    return (r & 1) << (t == IR_F32 ? 31 : 63) | (uint64_t)e << digits | frac;
}

static void cross(enum ir_type t)
{
    unsigned n = special_count(t);

    for (unsigned i = 0; i < n; i++) {
        check(t, SQRT, special(t, i), 0, 0);
        for (unsigned k = 0; k < n; k++)
            for (enum op op = ADD; op <= DIV; op++)
                check(t, op, special(t, i), special(t, k), 0);
    }
}

static void randoms(enum ir_type t, uint64_t seed)
{
    int max = t == IR_F32 ? 254 : 2046;

    for (int i = 0; i < 8000; i++) {
        int e = i % 4 == 0 ? 0 : i % 4 == 1 ? max : (int)(next_random(&seed) % (unsigned)max);
        uint64_t a = random_float(t, &seed, e), b = random_float(t, &seed, e);
        uint64_t x = random_float(t, &seed, max / 2), y = random_float(t, &seed, max / 2);

        check(t, ADD, a, b, 0);
        check(t, SUB, a, b, 0);
        check(t, MUL, a, x, 0);
        check(t, MUL, random_float(t, &seed, max / 4), random_float(t, &seed, max / 4), 0);
        check(t, DIV, a, y, 0);
        check(t, SQRT, a & ~((uint64_t)1 << (t == IR_F32 ? 31 : 63)), 0, 0);
        check(t, FMA, x, y, random_float(t, &seed, max / 2));
        check(t, FMA, a, x, b);
    }
}

TEST_TIMEOUT(arithmetic32_special, 120)
{
    cross(IR_F32);
}

TEST_TIMEOUT(arithmetic64_special, 120)
{
    cross(IR_F64);
}

TEST_TIMEOUT(arithmetic32_random, 120)
{
    randoms(IR_F32, 1);
}

TEST_TIMEOUT(arithmetic64_random, 120)
{
    randoms(IR_F64, 2);
}

static void fused(enum ir_type t)
{
    unsigned n = special_count(t);

    for (unsigned i = 0; i < n; i += 3)
        for (unsigned k = 0; k < n; k += 3)
            for (unsigned m = (i + k) % 5; m < n; m += 5)
                check(t, FMA, special(t, i), special(t, k), special(t, m));
}

TEST_TIMEOUT(fused_special, 200)
{
    fused(IR_F32);
    fused(IR_F64);
}

TEST(fused_signs)
{
    uint8_t flags = 0;
    uint64_t two = 0x4000000000000000, three = 0x4008000000000000, minus = (uint64_t)1 << 63;

    CHECK_EQ(ir_fp_fma(IR_F64, two, two, three, 0, IR_RM_RNE, &flags), 0x401c000000000000u);
    CHECK_EQ(ir_fp_fma(IR_F64, two, two, three, IR_FMA_NEG_C, IR_RM_RNE, &flags), 0x3ff0000000000000u);
    CHECK_EQ(ir_fp_fma(IR_F64, two, two, three, IR_FMA_NEG_PRODUCT, IR_RM_RNE, &flags), 0xbff0000000000000u);
    CHECK_EQ(
        ir_fp_fma(IR_F64, two, two, three, IR_FMA_NEG_PRODUCT | IR_FMA_NEG_C, IR_RM_RNE, &flags), 0xc01c000000000000u);
    CHECK_EQ(flags, 0);
    CHECK_EQ(ir_fp_fma(IR_F64, 0x7ff0000000000000, 0, 0x7ff8000000000000, 0, IR_RM_RNE, &flags), 0x7ff8000000000000u);
    CHECK_EQ(flags, IR_FP_NV);
    CHECK_EQ(ir_fp_fma(IR_F64, two, minus, 0, 0, IR_RM_RDN, &flags), minus);
}

/* ---- comparisons, minimum, maximum ---- */

static bool signalling(enum ir_type t, uint64_t a)
{
    return is_nan(t, a) && !(a >> (t == IR_F32 ? 22 : 51) & 1);
}

/* minimum by the definition of IEEE 754-2019 9.6 */
static uint64_t want_pick(enum ir_type t, uint64_t a, uint64_t b, bool max, bool nan_wins)
{
    uint64_t canonical = t == IR_F32 ? 0x7fc00000 : 0x7ff8000000000000, sign = (uint64_t)1 << (t == IR_F32 ? 31 : 63);
    bool less;

    if (is_nan(t, a) || is_nan(t, b))
        return nan_wins || (is_nan(t, a) && is_nan(t, b)) ? canonical : is_nan(t, a) ? b : a;
    less = t == IR_F32 ? f32_of(a) < f32_of(b) : f64_of(a) < f64_of(b);
    if (!((a | b) & ~sign)) /* zeros */
        less = a & sign;
    return less != max ? a : b;
}

static void check_order(enum ir_type t, uint64_t a, uint64_t b)
{
    bool nan = is_nan(t, a) || is_nan(t, b), snan = signalling(t, a) || signalling(t, b);
    double x = t == IR_F32 ? (double)f32_of(a) : f64_of(a), y = t == IR_F32 ? (double)f32_of(b) : f64_of(b);
    uint8_t quiet = 0, loud = 0, pick = 0;

    CHECK_EQ(ir_fp_eq(t, a, b, &quiet), (uint64_t)(x == y));
    CHECK_EQ(ir_fp_lt(t, a, b, true, &quiet), (uint64_t)(x < y));
    CHECK_EQ(ir_fp_le(t, a, b, true, &quiet), (uint64_t)(x <= y));
    CHECK_EQ(quiet, snan ? IR_FP_NV : 0);
    CHECK_EQ(ir_fp_lt(t, a, b, false, &loud), (uint64_t)(x < y));
    CHECK_EQ(loud, nan ? IR_FP_NV : 0);
    loud = 0;
    CHECK_EQ(ir_fp_le(t, a, b, false, &loud), (uint64_t)(x <= y));
    CHECK_EQ(loud, nan ? IR_FP_NV : 0);
    CHECK_EQ(ir_fp_min(t, a, b, &pick), want_pick(t, a, b, false, false));
    CHECK_EQ(ir_fp_max(t, a, b, &pick), want_pick(t, a, b, true, false));
    CHECK_EQ(ir_fp_minm(t, a, b, &pick), want_pick(t, a, b, false, true));
    CHECK_EQ(ir_fp_maxm(t, a, b, &pick), want_pick(t, a, b, true, true));
    CHECK_EQ(pick, snan ? IR_FP_NV : 0);
}

TEST(order)
{
    for (enum ir_type t = IR_F32; t <= IR_F64; t++)
        for (unsigned i = 0; i < special_count(t); i++)
            for (unsigned k = 0; k < special_count(t); k++)
                check_order(t, special(t, i), special(t, k));
}

TEST(classes)
{
    static const struct {
        uint32_t single;
        unsigned class;
    } cases[] = {{0xff800000, 0}, {0xbf800000, 1}, {0x80800000, 1}, {0x807fffff, 2}, {0x80000001, 2}, {0x80000000, 3},
        {0, 4}, {1, 5}, {0x007fffff, 5}, {0x00800000, 6}, {0x7f7fffff, 6}, {0x7f800000, 7}, {0x7f800001, 8},
        {0xffbfffff, 8}, {0x7fc00000, 9}, {0xffffffff, 9}};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        CHECK_EQ(ir_fp_class(IR_F32, cases[i].single), (uint64_t)1 << cases[i].class);
    CHECK_EQ(ir_fp_class(IR_F64, 0x8000000000000001), 1u << 2);
    CHECK_EQ(ir_fp_class(IR_F64, 0x0010000000000000), 1u << 6);
    CHECK_EQ(ir_fp_class(IR_F64, 0x7ff0000000000001), 1u << 8);
}

/* ---- integers ---- */

/* The integer nearest to q by rule; exact for |q| < 2^100. */
static __int128 integral(__float128 q, enum ir_rm rm, bool *inexact)
{
    __int128 n = (__int128)q; /* toward zero */
    __float128 rest = magnitude(q - (__float128)n);
    bool away, negative = q < 0;

    *inexact = rest != 0;
    away = rm == IR_RM_RNE ? rest > 0.5 || (rest == 0.5 && (n & 1))
        : rm == IR_RM_RMM  ? rest >= 0.5
        : rm == IR_RM_RDN  ? negative && *inexact
        : rm == IR_RM_RUP  ? !negative && *inexact
                           : false;
    return away ? n + (negative ? -1 : 1) : n;
}

static void check_to_int(enum ir_type t, uint64_t a, enum ir_rm rm, unsigned bits, bool uns)
{
    __int128 max = ((__int128)1 << (bits - !uns)) - 1, min = uns ? 0 : -max - 1, n;
    uint8_t flags = 0, want_flags = IR_FP_NV;
    uint64_t got = ir_fp_to_int(t, a, bits, uns, IR_FTOI_SAT_NAN_MAX, rm, &flags), want;
    bool inexact;

    if (is_nan(t, a)) {
        n = max;
        CHECK_EQ(ir_fp_to_int(t, a, bits, uns, IR_FTOI_SAT_NAN_ZERO, rm, &flags), 0u);
    } else if (!is_finite(t, a) || magnitude(wide_of(t, a)) >= power(100)) {
        n = a >> (t == IR_F32 ? 31 : 63) & 1 ? min : max;
    } else {
        n = integral(wide_of(t, a), rm, &inexact);
        if (n >= min && n <= max)
            want_flags = inexact ? IR_FP_NX : 0;
        n = n < min ? min : n > max ? max : n;
    }
    want = (uint64_t)sext64((uint64_t)n, bits);
    if (got != want || flags != want_flags)
        FAIL("%#llx (%s) to %u bits%s, rm %d: %#llx flags %#x, want %#llx flags %#x", (long long)a, ir_type_name(t),
            bits, uns ? " unsigned" : "", rm, (long long)got, flags, (long long)want, want_flags);
}

static void check_from_int(enum ir_type t, uint64_t v, enum ir_rm rm, unsigned bits, bool uns)
{
    __float128 q = uns ? (__float128)(v & mask64(bits)) : (__float128)sext64(v, bits);
    uint8_t flags = 0, want_flags;
    uint64_t want = round_to(t == IR_F32 ? &single : &dbl, q, q < 0, rm, &want_flags);

    CHECK_EQ(ir_fp_from_int(t, v, bits, uns, rm, &flags), want);
    CHECK_EQ(flags, want_flags);
}

static void check_integers(enum ir_type t, uint64_t a)
{
    for (enum ir_rm rm = IR_RM_RNE; rm <= IR_RM_RMM; rm++)
        for (unsigned bits = 8; bits <= 64; bits *= 2)
            for (int uns = 0; uns < 2; uns++) {
                check_to_int(t, a, rm, bits, uns);
                check_from_int(t, a, rm, bits, uns);
                check_from_int(t, a >> 9, rm, bits, uns);
            }
}

TEST_TIMEOUT(integers, 120)
{
    uint64_t seed = 3;

    for (enum ir_type t = IR_F32; t <= IR_F64; t++) {
        for (unsigned i = 0; i < special_count(t); i++)
            check_integers(t, special(t, i));
        for (int i = 0; i < 3000; i++)
            check_integers(t, random_float(t, &seed, t == IR_F32 ? 127 + 32 : 1023 + 32));
    }
}

static void check_round(enum ir_type t, uint64_t a, enum ir_rm rm)
{
    uint8_t flags = 0, none = 0;
    uint64_t got = ir_fp_round(t, a, true, rm, &flags), sign = a & ((uint64_t)1 << (t == IR_F32 ? 31 : 63));
    bool inexact = false;

    CHECK_EQ(ir_fp_round(t, a, false, rm, &none), got);
    CHECK_EQ(none, signalling(t, a) ? IR_FP_NV : 0);
    if (is_nan(t, a)) {
        CHECK(is_nan(t, got) && !signalling(t, got) && flags == none);
    } else if (!is_finite(t, a) || magnitude(wide_of(t, a)) >= power(100)) {
        CHECK_EQ(got, a);
        CHECK_EQ(flags, 0);
    } else {
        __float128 q = (__float128)integral(wide_of(t, a), rm, &inexact);

        CHECK(wide_of(t, got) == q);
        CHECK_EQ(got & ((uint64_t)1 << (t == IR_F32 ? 31 : 63)), sign);
        CHECK_EQ(flags, inexact ? IR_FP_NX : 0);
    }
}

TEST(round_to_integral)
{
    uint64_t seed = 4;

    for (enum ir_rm rm = IR_RM_RNE; rm <= IR_RM_RMM; rm++) {
        for (enum ir_type t = IR_F32; t <= IR_F64; t++) {
            for (unsigned i = 0; i < special_count(t); i++)
                check_round(t, special(t, i), rm);
            for (int i = 0; i < 5000; i++)
                check_round(t, random_float(t, &seed, t == IR_F32 ? 127 + 20 : 1023 + 20), rm);
        }
    }
}

/* ---- formats ---- */

static void check_convert(uint64_t a)
{
    for (enum ir_rm rm = IR_RM_RNE; rm <= IR_RM_RMM; rm++) {
        uint8_t flags = 0, want_flags;
        uint64_t got = ir_fp_convert(IR_F32, IR_F64, a, rm, &flags), want;

        if (!is_finite(IR_F64, a)) {
            CHECK_EQ(got, is_nan(IR_F64, a) ? 0x7fc00000u : 0x7f800000u | (a >> 32 & 0x80000000));
            CHECK_EQ(flags, signalling(IR_F64, a) ? IR_FP_NV : 0);
            continue;
        }
        want = round_to(&single, wide_of(IR_F64, a), a >> 63, rm, &want_flags);
        CHECK_EQ(got, want);
        CHECK_EQ(flags, want_flags);
    }
}

TEST(double_to_single)
{
    uint64_t seed = 5;

    for (unsigned i = 0; i < special_count(IR_F64); i++)
        check_convert(special(IR_F64, i));
    for (int i = 0; i < 5000; i++) {
        check_convert(random_float(IR_F64, &seed, 1023 - 130));
        check_convert(random_float(IR_F64, &seed, 1023 + 120));
    }
}

TEST(single_to_double)
{
    uint64_t seed = 6;

    for (int i = 0; i < 20000; i++) {
        uint64_t a =
            i < (int)special_count(IR_F32) ? special(IR_F32, (unsigned)i) : random_float(IR_F32, &seed, i % 254);
        uint8_t flags = 0;

        CHECK_EQ(ir_fp_convert(IR_F64, IR_F32, a, IR_RM_RMM, &flags), bits64_of((double)f32_of(a)));
        CHECK_EQ(flags, signalling(IR_F32, a) ? IR_FP_NV : 0);
    }
}

/* The value of a finite half, by the definition of the format. */
static double half_value(unsigned h)
{
    int e = (int)(h >> 10 & 31), m = (int)(h & 1023);
    double v = e ? ldexp(m + 1024, e - 25) : ldexp(m, -24);

    return h >> 15 ? -v : v;
}

TEST(every_half)
{
    for (unsigned h = 0; h < 0x10000; h++) {
        uint8_t flags = 0;
        uint64_t d = ir_fp_from_half(IR_F64, h, &flags), s = ir_fp_from_half(IR_F32, h, &flags);

        if ((h & 0x7fff) > 0x7c00) {
            CHECK_EQ(d, 0x7ff8000000000000u);
            CHECK_EQ(s, 0x7fc00000u);
            CHECK_EQ(flags, h & 0x200 ? 0 : IR_FP_NV);
        } else if ((h & 0x7fff) == 0x7c00) {
            CHECK_EQ(d, h >> 15 ? 0xfff0000000000000u : 0x7ff0000000000000u);
        } else {
            CHECK_EQ(d, bits64_of(half_value(h)));
            CHECK_EQ(s, bits32_of((float)half_value(h)));
            CHECK_EQ(flags, 0);
        }
    }
}

/* Each half, the midpoint to the next one, and a little to both sides of both, in every mode. */
TEST_TIMEOUT(every_half_back, 120)
{
    for (unsigned h = 0; h < 0x7c00; h++) {
        double v = half_value(h), next = h == 0x7bff ? 65536 : half_value(h + 1);
        double tries[] = {v, nextafter(v, 1e9), (v + next) / 2, nextafter((v + next) / 2, 0),
            nextafter((v + next) / 2, 1e9), nextafter(next, 0)};

        for (size_t i = 0; i < ARRAY_LEN(tries); i++) {
            for (enum ir_rm rm = IR_RM_RNE; rm <= IR_RM_RMM; rm++) {
                double d = h & 1 ? -tries[i] : tries[i];
                uint8_t flags = 0, want_flags;
                uint64_t want = round_to(&half, d, h & 1, rm, &want_flags);

                CHECK_EQ(ir_fp_to_half(IR_F64, bits64_of(d), rm, &flags), want);
                CHECK_EQ(flags, want_flags);
            }
        }
    }
}
