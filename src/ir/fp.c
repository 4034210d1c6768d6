/* IEEE 754 arithmetic in integers. A finite number is unpacked to sign, exponent and a 64-bit significand whose top bit
 * is set; an operation computes 64 (or 128) exact bits with everything below them "jammed" into the lowest one, and
 * round_pack does all rounding, overflow and underflow for all formats in one place.
 *
 *     value = (-1)^sign * sig / 2^63 * 2^exp,   2^63 <= sig < 2^64
 *
 * Jamming is exact enough because the widest format keeps 53 of the 64 bits.
 */
#include "base/bits.h"
#include "ir/fp.h"

typedef unsigned __int128 u128;

struct format {
    unsigned frac, exp; /* bits */
};
static const struct format half_format = {10, 5}, single_format = {23, 8}, double_format = {52, 11};

enum kind { ZERO, FINITE, INF, QNAN, SNAN };
struct num {
    enum kind kind;
    bool sign;
    int exp;
    uint64_t sig;
};

/* As num, with twice the digits: value = w / 2^126 * 2^exp, w < 2^127 (one bit is free for a carry). */
struct wide {
    bool sign;
    int exp;
    u128 w;
};

static const struct format *format_of(enum ir_type t)
{
    return t == IR_F32 ? &single_format : &double_format;
}

static int bias(const struct format *f)
{
    return (1 << (f->exp - 1)) - 1;
}

static uint64_t pack_raw(const struct format *f, bool sign, uint64_t exp, uint64_t frac)
{
    return (uint64_t)sign << (f->frac + f->exp) | exp << f->frac | frac;
}

static uint64_t pack_inf(const struct format *f, bool sign)
{
    return pack_raw(f, sign, mask64(f->exp), 0);
}

static uint64_t pack_nan(const struct format *f)
{
    return pack_raw(f, false, mask64(f->exp), (uint64_t)1 << (f->frac - 1));
}

static uint64_t invalid(const struct format *f, uint8_t *flags)
{
    *flags |= IR_FP_NV;
    return pack_nan(f);
}

static struct num unpack(const struct format *f, uint64_t bits)
{
    uint64_t frac = bits & mask64(f->frac), exp = bits >> f->frac & mask64(f->exp);
    struct num n = {.sign = bits >> (f->frac + f->exp) & 1};

    if (exp == mask64(f->exp)) {
        n.kind = !frac ? INF : frac >> (f->frac - 1) ? QNAN : SNAN;
    } else if (exp == 0 && frac == 0) {
        n.kind = ZERO;
    } else {
        unsigned shift;

        n.kind = FINITE;
        if (exp)
            frac |= (uint64_t)1 << f->frac;
        shift = clz64(frac);
        n.sig = frac << shift;
        n.exp = (exp ? (int)exp : 1) - bias(f) + 63 - (int)(shift + f->frac);
    }
    return n;
}

static bool is_nan(struct num n)
{
    return n.kind >= QNAN;
}

static uint64_t shift_jam(uint64_t v, unsigned n)
{
    return n >= 64 ? v != 0 : n ? v >> n | ((v & mask64(n)) != 0) : v;
}

static u128 shift_jam128(u128 v, unsigned n)
{
    if (n == 0)
        return v;
    return n >= 128 ? v != 0 : v >> n | ((v << (128 - n)) != 0);
}

/* Does the magnitude grow by one unit, given the last kept bit and the rest, of which `half` is half a unit? */
static bool round_up(enum ir_rm rm, bool sign, bool odd, uint64_t rest, uint64_t half)
{
    switch (rm) {
    case IR_RM_RTZ: return false;
    case IR_RM_RDN: return sign && rest;
    case IR_RM_RUP: return !sign && rest;
    case IR_RM_RMM: return rest >= half;
    case IR_RM_RNE:
    case IR_RM_DYN: break;
    }
    return rest > half || (rest == half && odd);
}

static uint64_t overflow(const struct format *f, bool sign, enum ir_rm rm, uint8_t *flags)
{
    bool to_max = rm == IR_RM_RTZ || (rm == IR_RM_RDN && !sign) || (rm == IR_RM_RUP && sign);

    *flags |= IR_FP_OF | IR_FP_NX;
    return to_max ? pack_inf(f, sign) - 1 : pack_inf(f, sign);
}

static uint64_t round_pack(const struct format *f, bool sign, int exp, uint64_t sig, enum ir_rm rm, uint8_t *flags)
{
    unsigned drop = 63 - f->frac;
    uint64_t half = (uint64_t)1 << (drop - 1), rest = sig & mask64(drop), m = sig >> drop;
    int emin = 1 - bias(f);
    bool tiny = false;

    if (exp < emin) {
        /* Tiny after rounding: not if rounding as if exponents were unbounded reaches 2^emin (IEEE 754 7.5 a). */
        tiny = exp < emin - 1 || m != mask64(f->frac + 1) || !round_up(rm, sign, m & 1, rest, half);
        sig = shift_jam(sig, (unsigned)(emin - exp));
        exp = emin;
        rest = sig & mask64(drop);
        m = sig >> drop;
    }
    if (rest)
        *flags |= tiny ? IR_FP_NX | IR_FP_UF : IR_FP_NX;
    if (round_up(rm, sign, m & 1, rest, half))
        m++;
    if (m >> (f->frac + 1)) {
        m >>= 1;
        exp++;
    }
    if (exp > bias(f))
        return overflow(f, sign, rm, flags);
    if (!(m >> f->frac)) /* subnormal */
        return pack_raw(f, sign, 0, m);
    return pack_raw(f, sign, (uint64_t)(exp + bias(f)), m & mask64(f->frac));
}

/* ---- add, multiply, fused ---- */

static struct wide widen(struct num n)
{
    return (struct wide){n.sign, n.exp, (u128)n.sig << 63};
}

static struct wide multiply(struct num a, struct num b)
{
    struct wide p = {a.sign != b.sign, a.exp + b.exp, (u128)a.sig * b.sig};

    if (p.w >> 127) { /* the lowest bits of both factors are zeros: exact */
        p.w >>= 1;
        p.exp++;
    }
    return p;
}

static uint64_t wide_round(const struct format *f, struct wide x, enum ir_rm rm, uint8_t *flags)
{
    uint64_t hi = (uint64_t)(x.w >> 64);
    unsigned lz = hi ? clz64(hi) : 64 + clz64((uint64_t)x.w);

    x.w <<= lz;
    return round_pack(f, x.sign, x.exp + 1 - (int)lz, (uint64_t)(x.w >> 64) | ((uint64_t)x.w != 0), rm, flags);
}

static uint64_t wide_add(const struct format *f, struct wide x, struct wide y, enum ir_rm rm, uint8_t *flags)
{
    if (y.exp > x.exp || (y.exp == x.exp && y.w > x.w)) {
        struct wide t = x;
        x = y;
        y = t;
    }
    y.w = shift_jam128(y.w, (unsigned)(x.exp - y.exp));
    if (x.sign == y.sign)
        x.w += y.w;
    else
        x.w -= y.w;
    if (!x.w) /* exact cancellation (IEEE 754 6.3) */
        return pack_raw(f, rm == IR_RM_RDN, 0, 0);
    return wide_round(f, x, rm, flags);
}

static uint64_t add(const struct format *f, struct num a, struct num b, enum ir_rm rm, uint8_t *flags)
{
    if (a.kind == SNAN || b.kind == SNAN)
        return invalid(f, flags);
    if (is_nan(a) || is_nan(b))
        return pack_nan(f);
    if (a.kind == INF && b.kind == INF && a.sign != b.sign)
        return invalid(f, flags);
    if (a.kind == INF || b.kind == INF)
        return pack_inf(f, a.kind == INF ? a.sign : b.sign);
    if (a.kind == ZERO && b.kind == ZERO)
        return pack_raw(f, a.sign == b.sign ? a.sign : rm == IR_RM_RDN, 0, 0);
    if (a.kind == ZERO)
        return wide_round(f, widen(b), rm, flags);
    if (b.kind == ZERO)
        return wide_round(f, widen(a), rm, flags);
    return wide_add(f, widen(a), widen(b), rm, flags);
}

uint64_t ir_fp_add(enum ir_type t, uint64_t a, uint64_t b, enum ir_rm rm, uint8_t *flags)
{
    const struct format *f = format_of(t);

    return add(f, unpack(f, a), unpack(f, b), rm, flags);
}

uint64_t ir_fp_sub(enum ir_type t, uint64_t a, uint64_t b, enum ir_rm rm, uint8_t *flags)
{
    const struct format *f = format_of(t);
    struct num y = unpack(f, b);

    y.sign = !y.sign;
    return add(f, unpack(f, a), y, rm, flags);
}

uint64_t ir_fp_mul(enum ir_type t, uint64_t a, uint64_t b, enum ir_rm rm, uint8_t *flags)
{
    const struct format *f = format_of(t);
    struct num x = unpack(f, a), y = unpack(f, b);
    bool sign = x.sign != y.sign;

    if (x.kind == SNAN || y.kind == SNAN)
        return invalid(f, flags);
    if (is_nan(x) || is_nan(y))
        return pack_nan(f);
    if ((x.kind == INF && y.kind == ZERO) || (x.kind == ZERO && y.kind == INF))
        return invalid(f, flags);
    if (x.kind == INF || y.kind == INF)
        return pack_inf(f, sign);
    if (x.kind == ZERO || y.kind == ZERO)
        return pack_raw(f, sign, 0, 0);
    return wide_round(f, multiply(x, y), rm, flags);
}

uint64_t ir_fp_fma(enum ir_type t, uint64_t a, uint64_t b, uint64_t c, unsigned negate, enum ir_rm rm, uint8_t *flags)
{
    const struct format *f = format_of(t);
    struct num x = unpack(f, a), y = unpack(f, b), z = unpack(f, c);
    struct wide p;
    bool sign;

    x.sign ^= (negate & IR_FMA_NEG_PRODUCT) != 0;
    z.sign ^= (negate & IR_FMA_NEG_C) != 0;
    sign = x.sign != y.sign;
    if ((x.kind == INF && y.kind == ZERO) || (x.kind == ZERO && y.kind == INF))
        return invalid(f, flags); /* whatever c is: RISC-V "F" 11.6 */
    if (x.kind == SNAN || y.kind == SNAN || z.kind == SNAN)
        return invalid(f, flags);
    if (is_nan(x) || is_nan(y) || is_nan(z))
        return pack_nan(f);
    if (x.kind == INF || y.kind == INF)
        return z.kind == INF && z.sign != sign ? invalid(f, flags) : pack_inf(f, sign);
    if (x.kind == ZERO || y.kind == ZERO)
        return add(f, (struct num){.kind = ZERO, .sign = sign}, z, rm, flags);
    if (z.kind == INF)
        return pack_inf(f, z.sign);
    p = multiply(x, y);
    return z.kind == ZERO ? wide_round(f, p, rm, flags) : wide_add(f, p, widen(z), rm, flags);
}

/* ---- divide, root ---- */

uint64_t ir_fp_div(enum ir_type t, uint64_t a, uint64_t b, enum ir_rm rm, uint8_t *flags)
{
    const struct format *f = format_of(t);
    struct num x = unpack(f, a), y = unpack(f, b);
    bool sign = x.sign != y.sign;
    int exp = x.exp - y.exp;
    uint64_t q, rest;

    if (x.kind == SNAN || y.kind == SNAN)
        return invalid(f, flags);
    if (is_nan(x) || is_nan(y))
        return pack_nan(f);
    if (x.kind == y.kind && x.kind != FINITE) /* 0/0, inf/inf */
        return invalid(f, flags);
    if (x.kind == INF)
        return pack_inf(f, sign);
    if (x.kind == ZERO || y.kind == INF)
        return pack_raw(f, sign, 0, 0);
    if (y.kind == ZERO) {
        *flags |= IR_FP_DZ;
        return pack_inf(f, sign);
    }
    q = (uint64_t)(((u128)x.sig << 63) / y.sig);
    rest = (uint64_t)(((u128)x.sig << 63) - (u128)q * y.sig);
    if (!(q >> 63)) { /* 2^62 < q */
        q <<= 1;
        exp--;
    }
    return round_pack(f, sign, exp, q | (rest != 0), rm, flags);
}

uint64_t ir_fp_sqrt(enum ir_type t, uint64_t a, enum ir_rm rm, uint8_t *flags)
{
    const struct format *f = format_of(t);
    struct num x = unpack(f, a);
    u128 rest, root = 0;

    if (x.kind == SNAN || (x.sign && (x.kind == FINITE || x.kind == INF)))
        return invalid(f, flags);
    if (x.kind == QNAN)
        return pack_nan(f);
    if (x.kind != FINITE)
        return a & mask64(f->frac + f->exp + 1);
    rest = (u128)x.sig << 63; /* an even exponent, and a root that fills 64 bits */
    if (x.exp & 1) {
        rest <<= 1;
        x.exp--;
    }
    for (u128 bit = (u128)1 << 126; bit; bit >>= 2) {
        if (rest >= root + bit) {
            rest -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    return round_pack(f, false, x.exp / 2, (uint64_t)root | (rest != 0), rm, flags);
}

/* ---- minimum, maximum, comparison ---- */

/* Orders as numbers are ordered, -0 before +0; no NaNs. */
static int64_t order_key(const struct format *f, uint64_t a)
{
    int64_t v = sext64(a, f->frac + f->exp + 1);

    return v < 0 ? v ^ INT64_MAX : v;
}

static uint64_t pick(enum ir_type t, uint64_t a, uint64_t b, bool max, bool nan_wins, uint8_t *flags)
{
    const struct format *f = format_of(t);
    struct num x = unpack(f, a), y = unpack(f, b);
    uint64_t all = mask64(f->frac + f->exp + 1);

    if (x.kind == SNAN || y.kind == SNAN)
        *flags |= IR_FP_NV;
    if ((is_nan(x) && is_nan(y)) || (nan_wins && (is_nan(x) || is_nan(y))))
        return pack_nan(f);
    if (is_nan(x) || is_nan(y))
        return (is_nan(x) ? b : a) & all;
    return ((order_key(f, a) < order_key(f, b)) != max ? a : b) & all;
}

uint64_t ir_fp_min(enum ir_type t, uint64_t a, uint64_t b, uint8_t *flags)
{
    return pick(t, a, b, false, false, flags);
}

uint64_t ir_fp_max(enum ir_type t, uint64_t a, uint64_t b, uint8_t *flags)
{
    return pick(t, a, b, true, false, flags);
}

uint64_t ir_fp_minm(enum ir_type t, uint64_t a, uint64_t b, uint8_t *flags)
{
    return pick(t, a, b, false, true, flags);
}

uint64_t ir_fp_maxm(enum ir_type t, uint64_t a, uint64_t b, uint8_t *flags)
{
    return pick(t, a, b, true, true, flags);
}

/* -1, 0, 1; 2 if a NaN is there. */
static int compare(enum ir_type t, uint64_t a, uint64_t b, bool quiet, uint8_t *flags)
{
    const struct format *f = format_of(t);
    struct num x = unpack(f, a), y = unpack(f, b);
    int64_t p = order_key(f, a), q = order_key(f, b);

    if (is_nan(x) || is_nan(y)) {
        if (!quiet || x.kind == SNAN || y.kind == SNAN)
            *flags |= IR_FP_NV;
        return 2;
    }
    if (x.kind == ZERO && y.kind == ZERO)
        return 0;
    return p < q ? -1 : p > q;
}

uint64_t ir_fp_eq(enum ir_type t, uint64_t a, uint64_t b, uint8_t *flags)
{
    return compare(t, a, b, true, flags) == 0;
}

uint64_t ir_fp_lt(enum ir_type t, uint64_t a, uint64_t b, bool quiet, uint8_t *flags)
{
    return compare(t, a, b, quiet, flags) == -1;
}

uint64_t ir_fp_le(enum ir_type t, uint64_t a, uint64_t b, bool quiet, uint8_t *flags)
{
    return compare(t, a, b, quiet, flags) <= 0;
}

/* ---- conversions ---- */

/* |x| rounded to an integer, for x < 2^64; *inexact tells whether x was none. */
static uint64_t round_magnitude(struct num x, enum ir_rm rm, bool *inexact)
{
    uint64_t m = 0, rest, half;

    if (x.exp < 0) { /* below 1: at -1 the top bit weighs a half */
        half = (uint64_t)1 << 63;
        rest = shift_jam(x.sig, (unsigned)(-1 - x.exp));
    } else {
        unsigned shift = 63 - (unsigned)x.exp;

        m = x.sig >> shift;
        rest = x.sig & mask64(shift);
        half = shift ? (uint64_t)1 << (shift - 1) : 1;
    }
    *inexact = rest != 0;
    return m + round_up(rm, x.sign, m & 1, rest, half);
}

uint64_t ir_fp_to_int(
    enum ir_type t, uint64_t a, unsigned bits, bool is_unsigned, unsigned rule, enum ir_rm rm, uint8_t *flags)
{
    struct num x = unpack(format_of(t), a);
    uint64_t max = is_unsigned ? mask64(bits) : mask64(bits - 1), min_magnitude = is_unsigned ? 0 : max + 1, m;
    bool inexact;

    if (x.kind == ZERO)
        return 0;
    if (is_nan(x)) {
        *flags |= IR_FP_NV;
        return rule == IR_FTOI_SAT_NAN_ZERO ? 0 : (uint64_t)sext64(max, bits);
    }
    if (x.kind == FINITE && x.exp < 64) {
        m = round_magnitude(x, rm, &inexact);
        if (m <= (x.sign ? min_magnitude : max)) {
            if (inexact)
                *flags |= IR_FP_NX;
            return (uint64_t)sext64(x.sign ? -m : m, bits);
        }
    }
    *flags |= IR_FP_NV;
    return (uint64_t)sext64(x.sign ? -min_magnitude : max, bits);
}

uint64_t ir_fp_from_int(enum ir_type t, uint64_t v, unsigned bits, bool is_unsigned, enum ir_rm rm, uint8_t *flags)
{
    bool sign;
    unsigned shift;

    v = is_unsigned ? v & mask64(bits) : (uint64_t)sext64(v, bits);
    sign = !is_unsigned && v >> 63;
    if (!v)
        return 0;
    if (sign)
        v = -v;
    shift = clz64(v);
    return round_pack(format_of(t), sign, 63 - (int)shift, v << shift, rm, flags);
}

static uint64_t convert(const struct format *to, const struct format *from, uint64_t a, enum ir_rm rm, uint8_t *flags)
{
    struct num x = unpack(from, a);

    switch (x.kind) {
    case ZERO: return pack_raw(to, x.sign, 0, 0);
    case INF: return pack_inf(to, x.sign);
    case QNAN: return pack_nan(to);
    case SNAN: return invalid(to, flags);
    case FINITE: break;
    }
    return round_pack(to, x.sign, x.exp, x.sig, rm, flags);
}

uint64_t ir_fp_convert(enum ir_type to, enum ir_type from, uint64_t a, enum ir_rm rm, uint8_t *flags)
{
    return convert(format_of(to), format_of(from), a, rm, flags);
}

uint64_t ir_fp_to_half(enum ir_type from, uint64_t a, enum ir_rm rm, uint8_t *flags)
{
    return convert(&half_format, format_of(from), a, rm, flags);
}

uint64_t ir_fp_from_half(enum ir_type to, uint64_t half, uint8_t *flags)
{
    return convert(format_of(to), &half_format, half, IR_RM_RNE, flags);
}

uint64_t ir_fp_round(enum ir_type t, uint64_t a, bool exact, enum ir_rm rm, uint8_t *flags)
{
    const struct format *f = format_of(t);
    struct num x = unpack(f, a);
    bool inexact;
    uint64_t m;
    unsigned shift;

    if (x.kind == SNAN)
        return invalid(f, flags);
    if (x.kind == QNAN)
        return pack_nan(f);
    if (x.kind != FINITE || x.exp >= (int)f->frac)
        return a & mask64(f->frac + f->exp + 1);
    m = round_magnitude(x, rm, &inexact);
    if (inexact && exact)
        *flags |= IR_FP_NX;
    if (!m)
        return pack_raw(f, x.sign, 0, 0);
    shift = clz64(m);
    return round_pack(f, x.sign, 63 - (int)shift, m << shift, rm, flags);
}

uint64_t ir_fp_class(enum ir_type t, uint64_t a)
{
    const struct format *f = format_of(t);
    struct num x = unpack(f, a);
    bool subnormal = x.kind == FINITE && !(a >> f->frac & mask64(f->exp));

    switch (x.kind) {
    case INF: return x.sign ? 1 << 0 : 1 << 7;
    case ZERO: return x.sign ? 1 << 3 : 1 << 4;
    case SNAN: return 1 << 8;
    case QNAN: return 1 << 9;
    case FINITE: break;
    }
    if (subnormal)
        return x.sign ? 1 << 2 : 1 << 5;
    return x.sign ? 1 << 1 : 1 << 6;
}
