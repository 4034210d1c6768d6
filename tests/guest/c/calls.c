/* Calling convention and control flow: varargs of every class, structs by value of every shape, function pointers, deep and
 * mutual recursion, switch tables, computed goto, alloca, frames of megabytes, nested setjmp and longjmp.
 */
#include <alloca.h>
#include <complex.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>

#include "out.h"

struct tiny {
    int8_t a;
};
struct pair {
    int64_t a, b;
};
struct mixed {
    float f;
    int32_t i;
};
struct floats {
    double a, b;
};
struct two_floats {
    float a, b;
};
struct big {
    int64_t v[5];
};
struct nested {
    struct {
        float f;
    } in;
    struct {
        double d;
    } out;
};
struct odd {
    uint8_t b[11];
};
union either {
    double d;
    uint64_t u;
};

static uint64_t bits(double d)
{
    uint64_t u;
    memcpy(&u, &d, 8);
    return u;
}

__attribute__((noinline)) static uint64_t variadic(const char *kinds, ...)
{
    struct sum s = SUM_INIT;
    va_list ap, copy;
    va_start(ap, kinds);
    va_copy(copy, ap);
    for (const char *k = kinds; *k; k++) {
        switch (*k) {
        case 'i': sum_add(&s, (uint64_t)va_arg(ap, int)); break;
        case 'l': sum_add(&s, (uint64_t)va_arg(ap, long)); break;
        case 'd': sum_add(&s, bits(va_arg(ap, double))); break;
        case 'p': sum_add(&s, strlen(va_arg(ap, const char *))); break;
        case 's': {
            struct pair p = va_arg(ap, struct pair);
            sum_add(&s, (uint64_t)(p.a ^ p.b << 1));
            break;
        }
        case 'b': {
            struct big b = va_arg(ap, struct big);
            sum_add(&s, (uint64_t)(b.v[0] + b.v[4] * 3));
            break;
        }
        case 'f': {
            struct floats f = va_arg(ap, struct floats);
            sum_add(&s, bits(f.a + f.b));
            break;
        }
        case 'q': {
            __int128 q = va_arg(ap, __int128);
            sum_add(&s, (uint64_t)q ^ (uint64_t)(q >> 64));
            break;
        }
        }
    }
    va_end(ap);
    char text[200];
    if (kinds[0] == 'i' && kinds[1] == 'd') {
        vsnprintf(text, sizeof text, "%d %.3f", copy);
        for (char *c = text; *c; c++)
            sum_add(&s, (uint8_t)*c);
    }
    va_end(copy);
    return s.h;
}

#define BY_VALUE(TYPE, NAME, BODY)                                                                                     \
    __attribute__((noinline)) static TYPE NAME(int pad, TYPE v, double d)                                              \
    {                                                                                                                  \
        (void)pad;                                                                                                     \
        (void)d;                                                                                                       \
        BODY;                                                                                                          \
        return v;                                                                                                      \
    }

BY_VALUE(struct tiny, pass_tiny, v.a = (int8_t)(v.a + pad))
BY_VALUE(struct pair, pass_pair, v.a += v.b * pad)
BY_VALUE(struct mixed, pass_mixed, v.f += (float)v.i)
BY_VALUE(struct floats, pass_floats, v.a = v.b + d)
BY_VALUE(struct two_floats, pass_two, v.a = v.b * (float)d)
BY_VALUE(struct big, pass_big, v.v[4] = v.v[0] + pad)
BY_VALUE(struct nested, pass_nested, v.out.d += (double)v.in.f)
BY_VALUE(struct odd, pass_odd, v.b[10] = (uint8_t)(v.b[0] + pad))
BY_VALUE(union either, pass_either, v.u += 1)
BY_VALUE(float _Complex, pass_complex, v = v * v + (float)d)
BY_VALUE(double _Complex, pass_dcomplex, v = conj(v) * d)

__attribute__((noinline)) static int64_t many(int64_t a, int32_t b, int16_t c, int8_t d, uint64_t e, uint32_t f,
    uint16_t g, uint8_t h, int64_t i, int32_t j, double k, float l, double m, float n, double o, float p, double q,
    float r, double s, float t)
{
    return a - b + c * d + (int64_t)e - f + g * h - i + j + (int64_t)(k + l * m - n + o * p - q + r - s * t);
}

static int even(int n);
__attribute__((noinline)) static int odd(int n)
{
    return n == 0 ? 0 : even(n - 1);
}
__attribute__((noinline)) static int even(int n)
{
    return n == 0 ? 1 : odd(n - 1);
}
__attribute__((noinline)) static int ackermann(int m, int n)
{
    return m == 0 ? n + 1 : n == 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1));
}

__attribute__((noinline)) static int dense(int v)
{
    switch (v) {
    case 0: return 13;
    case 1: return v * 3;
    case 2: return v ^ 77;
    case 3: return 5 - v;
    case 4: return 99;
    case 5: return v << 4;
    case 6: return 1;
    case 7: return -v;
    case 8: return v * v;
    case 9: return 1234;
    case 100: return 6;
    case 1000: return 7;
    case 100000: return 8;
    case -5: return 9;
    default: return -1;
    }
}

static uint64_t threaded(const uint8_t *program)
{
    static void *const ops[] = {&&op_push, &&op_add, &&op_mul, &&op_dup, &&op_loop, &&op_end};
    uint64_t stack[16], *sp = stack, count = 1000;
    const uint8_t *pc = program;
#define NEXT goto *ops[*pc++]
    NEXT;
op_push:
    *sp++ = *pc++;
    NEXT;
op_add:
    sp--;
    sp[-1] += sp[0];
    NEXT;
op_mul:
    sp--;
    sp[-1] *= sp[0];
    NEXT;
op_dup:
    sp[0] = sp[-1];
    sp++;
    NEXT;
op_loop:
    if (--count)
        pc -= *pc;
    else
        pc++;
    NEXT;
op_end:
    return sp[-1];
}

static jmp_buf level[8];
__attribute__((noinline)) static void leap(int n, int value)
{
    volatile char frame[1000];
    frame[n] = 1;
    if (n == 0)
        longjmp(level[value % 8], value);
    leap(n - 1, value);
    frame[0] = 0;
}

static uint64_t jumps(void)
{
    static struct sum s = SUM_INIT; /* static: it changes between setjmp and longjmp */
    for (volatile int i = 1; i < 40; i++) {
        volatile int local = i * 7;
        double keep = i * 0.5;
        int got = setjmp(level[i % 8]);
        if (got == 0)
            leap(i, i);
        sum_add(&s, (uint64_t)(got * 1000 + local) + (uint64_t)keep);
    }
    volatile int again = 0;
    int got = setjmp(level[0]);
    sum_add(&s, (uint64_t)got);
    if (again++ < 3)
        longjmp(level[0], again == 2 ? 0 : again);
    return s.h;
}

static sigjmp_buf from_handler;
static void handler(int number)
{
    siglongjmp(from_handler, number);
}

static int signal_jumps(void)
{
    int count = 0;
    signal(SIGUSR1, handler);
    for (volatile int i = 0; i < 50; i++) {
        if (sigsetjmp(from_handler, 1) == 0)
            raise(SIGUSR1);
        else
            count++;
    }
    return count;
}

__attribute__((noinline)) static uint64_t dynamic(unsigned n)
{
    uint8_t *a = alloca(n), vla[n + 1];
    for (unsigned i = 0; i < n; i++)
        a[i] = vla[i] = (uint8_t)(i * n);
    uint64_t total = 0;
    for (unsigned i = 0; i < n; i += 7)
        total += a[i] + vla[i];
    return n < 4 ? total : total + dynamic(n / 2);
}

__attribute__((noinline)) static uint64_t huge(int depth)
{
    volatile uint64_t frame[60000];
    for (size_t i = 0; i < LEN(frame); i += 500)
        frame[i] = i + (uint64_t)depth;
    return depth == 0 ? frame[500] : huge(depth - 1) + frame[59500];
}

int main(void)
{
    struct pair p = {INT64_MAX, -2};
    struct big b = {{1, 2, 3, 4, 5}};
    struct floats f = {1.5, -2.25};
    out("varargs",
        variadic("idlpsbfqiiiddddddddddls", -1, 2.5, 3L, "abc", p, b, f, (__int128)1 << 100, 1, 2, 3, .1, .2, .3, .4,
            .5, .6, .7, .8, .9, 1e300, -9L, p));
    out("varargs of odd count", variadic("iqdq", 5, (__int128)-7, 1.25, (__int128)9 << 64));
    printf("structs: %d %" PRId64 " %.9g %.9g %.9g %" PRId64 " %.9g %d %" PRIx64 "\n",
        pass_tiny(3, (struct tiny){-5}, 1).a, pass_pair(3, p, 1).b,
        (double)pass_mixed(1, (struct mixed){1.25f, -7}, 2).f, pass_floats(1, f, 0.125).a,
        (double)pass_two(1, (struct two_floats){1, 3}, 0.5).a, pass_big(41, b, 0).v[4],
        pass_nested(1, (struct nested){{0.5f}, {2.0}}, 0).out.d, pass_odd(2, (struct odd){{40}}, 0).b[10],
        pass_either(1, (union either){.d = 1.0}, 0).u);
    float _Complex c = pass_complex(1, 1.0f + 2.0f * I, 0.5);
    double _Complex d = pass_dcomplex(1, 3.0 - 4.0 * I, 2.0);
    printf("complex: %.9g %.9g %.9g %.9g %.17g\n", (double)crealf(c), (double)cimagf(c), creal(d), cimag(d), cabs(d));
    printf("many: %" PRId64 "\n",
        many(1, -2, 3, -4, 5, 6, 7, 8, -9, 10, 1.5, 2.5f, 3.5, 4.5f, 5.5, 6.5f, 7.5, 8.5f, 9.5, 10.5f));
    int64_t (*volatile pointer)(int64_t, int32_t, int16_t, int8_t, uint64_t, uint32_t, uint16_t, uint8_t, int64_t,
        int32_t, double, float, double, float, double, float, double, float, double, float) = many;
    printf("by pointer: %" PRId64 "\n",
        pointer(-1, 2, -3, 4, 5, 6, 7, 8, 9, -10, -1.5, 2.5f, -3.5, 4.5f, 5.5, -6.5f, 7.5, 8.5f, 9.5, 10.5f));
    printf("recursion: %d %d %d\n", even(20001), odd(20001), ackermann(2, 60));
    struct sum s = SUM_INIT;
    for (int i = -10; i < 1010; i++)
        sum_add(&s, (uint64_t)(int64_t)dense(i));
    sum_add(&s, (uint64_t)dense(100000));
    out("switch", s.h);
    static const uint8_t program[] = {0, 1, 0, 3, 2, 0, 5, 1, 3, 3, 2, 1, 4, 11, 5};
    out("computed goto", threaded(program));
    out("setjmp", jumps());
    printf("siglongjmp: %d\n", signal_jumps());
    out("alloca", dynamic(50000));
    out("frames", huge(12));
    return 0;
}
