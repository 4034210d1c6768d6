/* Float and double: arithmetic on edge values in all rounding modes with the exception flags of each operation, conversions
 * to and from integers, comparisons, classification, fused multiply-add, and what printf and strtod make of them.
 * What C leaves undefined (a conversion that does not fit) is asked of the instruction, and computed here by the RISC-V rule
 * (Unprivileged ISA, F extension, table "domains of float-to-integer conversions").
 */
#include <fenv.h>
#include <math.h>

#include "out.h"

#pragma STDC FENV_ACCESS ON

static const double edges[] = {
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    1.5,
    2.5,
    -2.5,
    0.1,
    1.0 / 3,
    3.14159265358979,
    1e-5,
    1e10,
    -1e10,
    1e20,
    1e-300,
    1e300,
    -1e300,
    5e-324,
    -5e-324,
    2.2250738585072014e-308,
    2.225073858507201e-308,
    1.7976931348623157e308,
    INFINITY,
    -INFINITY,
    NAN,
    2147483647,
    2147483648.5,
    -2147483648.5,
    -2147483649,
    4294967295.5,
    4294967296.0,
    9007199254740993.0,
    9.2233720368547748e18,
    9.2233720368547758e18,
    -9.2233720368547758e18,
    1.8446744073709550e19,
    1.8446744073709552e19,
    0.49999999999999994,
    8388607.5,
    16777217.0,
    3.4028234663852886e38,
    3.4028235677973366e38,
    1.1754943508222875e-38,
    1.401298464324817e-45,
    7.006492321624085e-46,
    1.0000000596046448,
    65504,
    65520,
    6.1e-5,
    5.9e-8,
};
static const int modes[] = {FE_TONEAREST, FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD};

static uint64_t canonical(double d)
{
    uint64_t u;
    if (isnan(d))
        return 0x7ff8000000000000;
    memcpy(&u, &d, 8);
    return u;
}

static uint64_t flags(void)
{
    int raised = fetestexcept(FE_ALL_EXCEPT);
    feclearexcept(FE_ALL_EXCEPT);
    return (uint64_t)(!!(raised & FE_INVALID) | !!(raised & FE_DIVBYZERO) << 1 | !!(raised & FE_OVERFLOW) << 2 |
        !!(raised & FE_UNDERFLOW) << 3 | !!(raised & FE_INEXACT) << 4);
}

/* volatile: done where it stands, between the flag calls. */
#define OP(NAME, TYPE, EXPR)                                                                                           \
    __attribute__((noinline)) static double NAME(double x, double y, double z)                                         \
    {                                                                                                                  \
        z = isnan(z) ? 2 : z; /* inf * 0 + NaN raises invalid on some CPUs only */                                     \
        volatile TYPE a = (TYPE)x, b = (TYPE)y, c = (TYPE)z, r;                                                        \
        feclearexcept(FE_ALL_EXCEPT);                                                                                  \
        (void)c;                                                                                                       \
        (void)b;                                                                                                       \
        r = (TYPE)(EXPR);                                                                                              \
        return (double)r;                                                                                              \
    }

OP(add_d, double, a + b)
OP(sub_d, double, a - b)
OP(mul_d, double, a *b)
OP(div_d, double, a / b)
OP(sqrt_d, double, sqrt(a))
OP(fma_d, double, fma(a, b, c))
OP(fms_d, double, fma(a, b, -c))
OP(fnma_d, double, fma(-a, b, c))
OP(add_s, float, a + b)
OP(sub_s, float, a - b)
OP(mul_s, float, a *b)
OP(div_s, float, a / b)
OP(sqrt_s, float, sqrtf(a))
OP(fma_s, float, fmaf(a, b, c))
OP(narrow, double, (float)a)
OP(less, double, (a < b) + 2 * (a <= b) + 4 * (a > b) + 8 * (a >= b))
OP(quiet, double, isless(a, b) + 2 * islessequal(a, b) + 4 * isunordered(a, b))
OP(equal, double, (a == b) + 2 * (a != b))
OP(sign, double, copysign(a, b) - fabs(b))
OP(integer, double, rint(a))
OP(nearby, double, nearbyint(a))
OP(whole, double, floor(a) + ceil(b) - trunc(c) + round(a))

static const struct {
    const char *name;
    double (*fn)(double, double, double);
} ops[] = {
    {"add.d", add_d},
    {"sub.d", sub_d},
    {"mul.d", mul_d},
    {"div.d", div_d},
    {"sqrt.d", sqrt_d},
    {"fma.d", fma_d},
    {"fms.d", fms_d},
    {"fnma.d", fnma_d},
    {"add.s", add_s},
    {"sub.s", sub_s},
    {"mul.s", mul_s},
    {"div.s", div_s},
    {"sqrt.s", sqrt_s},
    {"fma.s", fma_s},
    {"narrow", narrow},
    {"less", less},
    {"quiet", quiet},
    {"equal", equal},
    {"sign", sign},
    {"rint", integer},
    {"nearby", nearby},
    {"floor and kin", whole},
};

/* In which of two flags an operation differs by CPU: underflow, where tininess is detected before or after rounding. Both
 * x86 and RISC-V detect it after, so that nothing is left out here. The libm functions may raise inexact or not. */
static uint64_t flag_mask(const char *name)
{
    return strcmp(name, "floor and kin") == 0 ? 0 : 31;
}

static void arithmetic(void)
{
    for (size_t op = 0; op < LEN(ops); op++) {
        printf("%s:", ops[op].name);
        for (size_t m = 0; m < LEN(modes); m++) {
            struct sum s = SUM_INIT;
            uint64_t state = 7;
            for (size_t i = 0; i < LEN(edges); i++)
                for (size_t j = 0; j < LEN(edges); j++) {
                    fesetround(modes[m]);
                    double r = ops[op].fn(edges[i], edges[j], edges[(i * 7 + j) % LEN(edges)]);
                    sum_add(&s, flags() & flag_mask(ops[op].name));
                    fesetround(FE_TONEAREST);
                    sum_add(&s, canonical(r));
                }
            for (int i = 0; i < 300; i++) {
                uint64_t raw[3] = {next(&state), next(&state), next(&state)};
                double v[3];
                for (int k = 0; k < 3; k++) {
                    raw[k] = (raw[k] & 0x800fffffffffffff) | (uint64_t)(1023 - 30 + (raw[k] >> 52) % 60) << 52;
                    memcpy(&v[k], &raw[k], 8);
                }
                fesetround(modes[m]);
                double r = ops[op].fn(v[0], v[1], v[2]);
                sum_add(&s, flags() & flag_mask(ops[op].name));
                fesetround(FE_TONEAREST);
                sum_add(&s, canonical(r));
            }
            printf(" %016" PRIx64, s.h);
        }
        printf("\n");
    }
}

/* The value a conversion gives by the RISC-V rule, rounding by the current mode. */
__attribute__((unused)) static uint64_t clamp(
    double r, double low, double above, uint64_t lowest, uint64_t highest, int is_signed)
{
    if (isnan(r) || r >= above)
        return highest;
    if (r <= low)
        return lowest;
    return is_signed ? (uint64_t)(int64_t)r : (uint64_t)r;
}

static uint64_t convert(double d, int to)
{
#ifdef __riscv
    uint64_t r;
    switch (to) {
    case 0: __asm__ volatile("fcvt.w.d %0, %1" : "=r"(r) : "f"(d)); return r;
    case 1: __asm__ volatile("fcvt.wu.d %0, %1" : "=r"(r) : "f"(d)); return r;
    case 2: __asm__ volatile("fcvt.l.d %0, %1" : "=r"(r) : "f"(d)); return r;
    case 3: __asm__ volatile("fcvt.lu.d %0, %1" : "=r"(r) : "f"(d)); return r;
    case 4: __asm__ volatile("fcvt.w.d %0, %1, rtz" : "=r"(r) : "f"(d)); return r;
    case 5: __asm__ volatile("fcvt.lu.d %0, %1, rtz" : "=r"(r) : "f"(d)); return r;
    case 6: __asm__ volatile("fcvt.l.d %0, %1, rmm" : "=r"(r) : "f"(d)); return r;
    default: __asm__ volatile("fcvt.w.d %0, %1, rup" : "=r"(r) : "f"(d)); return r;
    }
#else
    double r = to < 4 ? rint(d) : to < 6 ? trunc(d) : to == 6 ? round(d) : ceil(d);
    switch (to) {
    case 2:
    case 6: return clamp(r, -9.2233720368547758e18, 9.2233720368547758e18, 1ull << 63, INT64_MAX, 1);
    case 3:
    case 5: return clamp(r, 0, 1.8446744073709552e19, 0, UINT64_MAX, 0);
    case 1: return (uint64_t)(int64_t)(int32_t)clamp(r, 0, 4294967296.0, 0, UINT32_MAX, 0);
    default: return (uint64_t)(int64_t)(int32_t)clamp(r, -2147483648.0, 2147483648.0, 1ull << 31, INT32_MAX, 1);
    }
#endif
}

static void conversions(void)
{
    for (int to = 0; to < 8; to++) {
        printf("to integer %d:", to);
        for (size_t m = 0; m < LEN(modes); m++) {
            struct sum s = SUM_INIT;
            fesetround(modes[m]);
            for (size_t i = 0; i < LEN(edges); i++) {
                volatile double d = edges[i];
                sum_add(&s, convert(d, to));
                d = -d;
                sum_add(&s, convert(d, to));
            }
            fesetround(FE_TONEAREST);
            printf(" %016" PRIx64, s.h);
        }
        printf("\n");
    }
    for (size_t m = 0; m < LEN(modes); m++) {
        struct sum s = SUM_INIT;
        uint64_t state = 3;
        for (int i = 0; i < 500; i++) {
            uint64_t v = next(&state) >> (i % 64);
            if (i < 20)
                v = (uint64_t)INT64_MIN + (uint64_t)(i - 10);
            OPAQUE(v);
            fesetround(modes[m]);
            volatile double a = (double)v, b = (double)(int64_t)v, e = (double)(int32_t)v, f = (double)(uint32_t)v;
            volatile float c = (float)v, d = (float)(int64_t)v, g = (float)(int32_t)v, h = (float)(uint32_t)v;
            fesetround(FE_TONEAREST);
            sum_add(&s, canonical(a) ^ canonical(b) << 1 ^ canonical(e) << 2 ^ canonical(f) << 3);
            sum_add(&s,
                canonical((double)c) ^ canonical((double)d) << 1 ^ canonical((double)g) << 2 ^
                    canonical((double)h) << 3);
            sum_add(&s, flags() & 16);
        }
        printf("from integer %zu: %016" PRIx64 "\n", m, s.h);
    }
}

static void text(void)
{
    struct sum s = SUM_INIT;
    char line[400];
    for (size_t i = 0; i < LEN(edges); i++) {
        if (isnan(edges[i]))
            continue;
        int n = snprintf(line, sizeof line, "%.17g|%a|%.3e|%g|%.0f|%10.2f|%+.5G|%.12a", edges[i], edges[i], edges[i],
            edges[i], fabs(edges[i]) < 1e20 ? edges[i] : 0, fabs(edges[i]) < 1e20 ? edges[i] : 1, edges[i], edges[i]);
        for (int k = 0; k < n; k++)
            sum_add(&s, (uint8_t)line[k]);
        snprintf(line, sizeof line, "%.17g", edges[i]);
        CHECK(strtod(line, NULL) == edges[i]);
        if (i % 5 == 1)
            printf("%s %a\n", line, edges[i]);
    }
    uint64_t state = 11;
    for (int i = 0; i < 300; i++) {
        uint64_t raw = next(&state);
        double d;
        memcpy(&d, &raw, 8);
        if (!isfinite(d))
            continue;
        int n = snprintf(line, sizeof line, "%.17g %.9e", d, d);
        for (int k = 0; k < n; k++)
            sum_add(&s, (uint8_t)line[k]);
        CHECK(strtod(line, NULL) == d);
        sum_add(&s, canonical((double)strtof(line, NULL)));
    }
    out("text", s.h);
    printf("%.9g %.17g %s\n", (double)strtof("1.00000017881393432617187499", NULL),
        strtod("2.2250738585072011e-308", NULL), strtod("1e400", NULL) > 1e308 ? "overflows" : "?");
}

static void classes(void)
{
    struct sum s = SUM_INIT;
    for (size_t i = 0; i < LEN(edges); i++) {
        volatile double d = edges[i];
        volatile float f = (float)d;
        sum_add(&s,
            (uint64_t)(fpclassify(d) == FP_NORMAL) | (uint64_t)(fpclassify(d) == FP_SUBNORMAL) << 1 |
                (uint64_t)(isinf(d) != 0) << 2 | (uint64_t)(isnan(d) != 0) << 3 |
                (uint64_t)(!isnan(d) && signbit(d)) << 4 | (uint64_t)(fpclassify(f) == FP_SUBNORMAL) << 5);
        int e;
        double m = isfinite(d) ? frexp(d, &e) : (e = 0, 0.0);
        sum_add(&s, canonical(m) + (uint64_t)e);
        sum_add(&s, canonical(fmin(d, 1.0)) ^ canonical(fmax(d, 1.0)) << 1 ^ canonical((double)fminf(f, -1.0f)) << 2);
        sum_add(&s,
            canonical(nextafter(d, 1)) + canonical((double)nextafterf(f, 1)) +
                canonical(isfinite(d) ? fmod(d, 0.75) : 0) + canonical(isfinite(d) ? remainder(d, 0.75) : 0) +
                canonical(scalbn(d, -3)) + (uint64_t)(isfinite(d) && fabs(d) < 1e18 ? lround(d) : 0));
    }
    out("classes", s.h);
    fenv_t environment;
    feclearexcept(FE_ALL_EXCEPT);
    feholdexcept(&environment);
    feraiseexcept(FE_OVERFLOW);
    CHECK(fetestexcept(FE_OVERFLOW));
    feupdateenv(&environment);
    CHECK(fetestexcept(FE_OVERFLOW) && fegetround() == FE_TONEAREST);
}

int main(void)
{
    arithmetic();
    conversions();
    text();
    classes();
    return 0;
}
