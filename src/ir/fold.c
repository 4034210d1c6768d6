/* Folding: what a new instruction becomes before it is emitted. One small function an op, found by table; each returns
 * the value that the instruction equals, or 0 after perhaps rewriting it into a cheaper one. All operands constant is
 * handled first, for every op, by the evaluator that the interpreter uses.
 *
 * Rules look at most two instructions deep, so that folding costs nanoseconds. They must not lengthen the life of old
 * values much: (x + c1) + c2 is left alone on purpose, since the quick tier overwrites registers in program order and
 * would have to copy x first.
 *
 * FP ops stay, since they read the rounding mode and raise flags; only exact conversions of constants are done here.
 */
#include "ir/builder_int.h"
#include "ir/fp.h"

static bool const_of(const struct ir_builder *b, ir_ref r, uint64_t *bits)
{
    const struct ir_insn *in = ir_at(b, r);

    if (in->op != IR_const)
        return false;
    *bits = ir_literal(in);
    return true;
}

static bool is_const(const struct ir_builder *b, ir_ref r, uint64_t want)
{
    uint64_t bits;

    return const_of(b, r, &bits) && bits == (want & mask64(ir_type_bits(ir_at(b, r)->type)));
}

static ir_ref zero(struct ir_builder *b, const struct ir_insn *in)
{
    return ir_const(b, in->type, 0);
}

static bool is_compare(enum ir_op op)
{
    return op >= IR_eq && op <= IR_leu;
}

/* Is the value 0 or 1? */
static bool is_bool(const struct ir_insn *in)
{
    return is_compare(in->op) || (in->op >= IR_feq && in->op <= IR_fleq);
}

/* The value of ref is its low n bits, zero-extended: a small such n. */
static unsigned bits_unsigned(const struct ir_builder *b, ir_ref r)
{
    const struct ir_insn *in = ir_at(b, r);
    unsigned w = ir_type_bits(in->type), n = w;
    uint64_t c;

    switch (in->op) {
    case IR_const: n = 64 - clz64(ir_literal(in)); break;
    case IR_zext: n = in->aux; break;
    case IR_load:
    case IR_rmw:
    case IR_cas: n = IR_MEM_SIGN(in->aux) ? w : 8u << IR_MEM_LOG2(in->aux); break;
    case IR_and: n = const_of(b, in->b, &c) ? 64 - clz64(c) : w; break;
    case IR_shr: n = const_of(b, in->b, &c) ? w - (unsigned)c : w; break;
    case IR_clz:
    case IR_ctz:
    case IR_popcnt: n = 7; break;
    case IR_fclass: n = 10; break;
    case IR_f_to_h: n = 16; break;
    default: n = is_bool(in) ? 1 : w; break;
    }
    return MIN(n, w);
}

/* The value of ref is its low n bits, sign-extended: a small such n. */
static unsigned bits_signed(const struct ir_builder *b, ir_ref r)
{
    const struct ir_insn *in = ir_at(b, r);
    unsigned w = ir_type_bits(in->type), n = w;
    uint64_t c;

    switch (in->op) {
    case IR_const: {
        int64_t v = sext64(ir_literal(in), w);
        n = 65 - clz64((uint64_t)(v ^ v >> 63));
        break;
    }
    case IR_sext: n = in->aux; break;
    case IR_load:
    case IR_rmw:
    case IR_cas:
        if (IR_MEM_SIGN(in->aux))
            n = 8u << IR_MEM_LOG2(in->aux);
        break;
    case IR_sar: n = const_of(b, in->b, &c) ? w - (unsigned)c : w; break;
    case IR_f_to_i: n = 8u << (in->aux >> 4 & 3); break;
    default: break;
    }
    return MIN(n, MIN(bits_unsigned(b, r) + 1, w));
}

ir_ref ir_fold_cond(struct ir_builder *b, ir_ref cond)
{
    for (int depth = 0; depth < 4; depth++) {
        const struct ir_insn *in = ir_at(b, cond);

        if (in->op == IR_ne && is_const(b, in->b, 0))
            cond = in->a;
        else if (in->op == IR_zext && bits_unsigned(b, in->a) <= in->aux)
            cond = in->a;
        else if (in->op == IR_sext && bits_signed(b, in->a) <= in->aux)
            cond = in->a;
        else
            break;
    }
    return cond;
}

static void become(struct ir_insn *in, enum ir_op op, unsigned aux, ir_ref x, ir_ref y)
{
    in->op = (uint8_t)op;
    in->aux = (uint16_t)aux;
    in->a = x;
    in->b = y;
    in->c = 0;
}

/* A constant goes to the right of a commutative op. */
static void constant_right(const struct ir_builder *b, struct ir_insn *in)
{
    if (ir_at(b, in->a)->op == IR_const) {
        ir_ref x = in->a;
        in->a = in->b;
        in->b = x;
    }
}

static ir_ref fold_add(struct ir_builder *b, struct ir_insn *in)
{
    uint64_t c;

    constant_right(b, in);
    if (const_of(b, in->b, &c)) {
        if (c == 0)
            return in->a;
        if (ir_at(b, in->a)->op == IR_pcrel)
            return ir_pcrel(b, b->unit.pc + ir_literal(ir_at(b, in->a)) + c);
    } else if (ir_at(b, in->b)->op == IR_neg) {
        become(in, IR_sub, 0, in->a, ir_at(b, in->b)->a);
    }
    return 0;
}

static ir_ref fold_sub(struct ir_builder *b, struct ir_insn *in)
{
    const struct ir_insn *x = ir_at(b, in->a), *y = ir_at(b, in->b);
    uint64_t c;

    if (in->a == in->b)
        return zero(b, in);
    if (is_const(b, in->a, 0)) {
        become(in, IR_neg, 0, in->b, 0);
        return 0;
    }
    if (const_of(b, in->b, &c)) {
        become(in, IR_add, 0, in->a, ir_const(b, in->type, -c));
        return fold_add(b, in);
    }
    if (x->op == IR_pcrel && y->op == IR_pcrel)
        return ir_const(b, IR_I64, ir_literal(x) - ir_literal(y));
    return 0;
}

static ir_ref fold_mul(struct ir_builder *b, struct ir_insn *in)
{
    uint64_t c;

    constant_right(b, in);
    if (!const_of(b, in->b, &c))
        return 0;
    if (c == 0)
        return in->b;
    if (c == 1)
        return in->a;
    if (is_pow2(c))
        become(in, IR_shl, 0, in->a, ir_const(b, in->type, ctz64(c)));
    return 0;
}

static ir_ref fold_mulh(struct ir_builder *b, struct ir_insn *in)
{
    if (is_const(b, in->a, 0))
        return in->a;
    return is_const(b, in->b, 0) ? in->b : 0;
}

static ir_ref fold_divrem(struct ir_builder *b, struct ir_insn *in)
{
    bool rem = in->op == IR_remu || in->op == IR_rems;
    uint64_t c;

    if (!const_of(b, in->b, &c))
        return 0;
    if (c == 1)
        return rem ? zero(b, in) : in->a;
    if (in->op == IR_divu && is_pow2(c))
        become(in, IR_shr, 0, in->a, ir_const(b, in->type, ctz64(c)));
    else if (in->op == IR_remu && is_pow2(c))
        become(in, IR_and, 0, in->a, ir_const(b, in->type, c - 1));
    return 0;
}

static ir_ref fold_and(struct ir_builder *b, struct ir_insn *in)
{
    const struct ir_insn *x;
    uint64_t c;

    constant_right(b, in);
    if (in->a == in->b)
        return in->a;
    if (!const_of(b, in->b, &c))
        return 0;
    if (c == 0)
        return in->b;
    x = ir_at(b, in->a);
    if (c == mask64(ir_type_bits(in->type)) || mask64(bits_unsigned(b, in->a)) == (c & mask64(bits_unsigned(b, in->a))))
        return in->a;
    /* The unit's base is even wherever it is loaded (jalr clears bit 0 of a target). */
    if (x->op == IR_pcrel && c == ~(uint64_t)1 && !(b->unit.pc & 1))
        return ir_pcrel(b, b->unit.pc + (ir_literal(x) & c));
    if (c == 0xff || c == 0xffff || c == 0xffffffff)
        become(in, IR_zext, 64 - clz64(c), in->a, 0);
    return 0;
}

/* (x >> k) | (x << width - k), as compilers write a rotation where there is no instruction for it; 32-bit halves may come
 * sign-extended (RISC-V srliw, slliw), which then goes for the result too. */
static void fold_rotation(struct ir_builder *b, struct ir_insn *in)
{
    struct ir_insn x = *ir_at(b, in->a), y = *ir_at(b, in->b);
    bool extended = x.op == IR_sext && y.op == IR_sext && x.aux == 32 && y.aux == 32;
    uint64_t right, left;
    ir_ref r;

    if (extended) {
        x = *ir_at(b, x.a);
        y = *ir_at(b, y.a);
    }
    if (x.op == IR_shl) {
        struct ir_insn t = x;
        x = y;
        y = t;
    }
    if (x.op != IR_shr || y.op != IR_shl || x.a != y.a || x.type != y.type ||
        x.type != (extended ? IR_I32 : in->type) || !ir_is_const(b, x.b, &right) || !ir_is_const(b, y.b, &left) ||
        !right || right + left != ir_type_bits(x.type))
        return;
    if (!extended) {
        become(in, IR_rotr, 0, x.a, x.b);
        return;
    }
    r = ir_emit(b, IR_rotr, IR_I32, 0, x.a, x.b, 0);
    become(in, IR_sext, 32, r, 0);
}

static ir_ref fold_or(struct ir_builder *b, struct ir_insn *in)
{
    constant_right(b, in);
    if (in->a == in->b || is_const(b, in->b, 0))
        return in->a;
    if (is_const(b, in->b, ~(uint64_t)0))
        return in->b;
    fold_rotation(b, in);
    return 0;
}

static ir_ref fold_not(struct ir_builder *b, struct ir_insn *in)
{
    const struct ir_insn *x = ir_at(b, in->a);

    return x->op == in->op ? x->a : 0; /* neg, bswap, fneg and not are their own inverses */
}

static ir_ref fold_xor(struct ir_builder *b, struct ir_insn *in)
{
    constant_right(b, in);
    if (in->a == in->b)
        return zero(b, in);
    if (is_const(b, in->b, 0))
        return in->a;
    if (is_const(b, in->b, ~(uint64_t)0)) {
        become(in, IR_not, 0, in->a, 0);
        return fold_not(b, in);
    }
    return 0;
}

static ir_ref fold_andn(struct ir_builder *b, struct ir_insn *in)
{
    uint64_t c;

    if (in->a == in->b)
        return zero(b, in);
    if (!const_of(b, in->b, &c))
        return 0;
    become(in, IR_and, 0, in->a, ir_const(b, in->type, ~c));
    return fold_and(b, in);
}

static ir_ref fold_shift(struct ir_builder *b, struct ir_insn *in)
{
    unsigned w = ir_type_bits(in->type);
    const struct ir_insn *y = ir_at(b, in->b), *x;
    uint64_t c, inner;

    if (!const_of(b, in->b, &c)) {
        if (y->op == IR_and && const_of(b, y->b, &c) && (c & (w - 1)) == w - 1)
            in->b = y->a; /* the op takes its count mod w anyway */
        return is_const(b, in->a, 0) ? in->a : 0;
    }
    if ((c & (w - 1)) != c)
        in->b = ir_const(b, in->type, c & (w - 1));
    c &= w - 1;
    if (c == 0)
        return in->a;
    /* slli; srli and slli; srai: the extension of compilers without Zbb */
    x = ir_at(b, in->a);
    if ((in->op == IR_shr || in->op == IR_sar) && x->op == IR_shl && const_of(b, x->b, &inner) && inner == c &&
        (w - c == 8 || w - c == 16 || w - c == 32)) {
        bool sign = in->op == IR_sar;
        return (sign ? ir_sext : ir_zext)(b, in->type, w - (unsigned)c, x->a);
    }
    return 0;
}

static ir_ref fold_orcb(struct ir_builder *b, struct ir_insn *in)
{
    return ir_at(b, in->a)->op == IR_orcb ? in->a : 0;
}

static ir_ref fold_minmax(struct ir_builder *b, struct ir_insn *in)
{
    constant_right(b, in);
    return in->a == in->b ? in->a : 0;
}

/* eq or ne of x and 0 (same = eq). */
static ir_ref fold_eq_zero(struct ir_builder *b, struct ir_insn *in, bool same)
{
    const struct ir_insn x = *ir_at(b, in->a);

    if (is_compare(x.op) && !same) {
        if (x.type == in->type)
            return in->a;
        become(in, x.op, 0, x.a, x.b);
        return 0;
    }
    if (!same && is_bool(&x) && x.type == in->type)
        return in->a;
    switch (x.op) {
    case IR_eq: become(in, IR_ne, 0, x.a, x.b); break;
    case IR_ne: become(in, IR_eq, 0, x.a, x.b); break;
    case IR_lts: become(in, IR_les, 0, x.b, x.a); break;
    case IR_les: become(in, IR_lts, 0, x.b, x.a); break;
    case IR_ltu: become(in, IR_leu, 0, x.b, x.a); break;
    case IR_leu: become(in, IR_ltu, 0, x.b, x.a); break;
    case IR_sub:
    case IR_xor: become(in, in->op, 0, x.a, x.b); break;
    case IR_neg: become(in, in->op, 0, x.a, in->b); break;
    default: break;
    }
    return 0;
}

static ir_ref fold_eq(struct ir_builder *b, struct ir_insn *in)
{
    bool same = in->op == IR_eq;
    const struct ir_insn *x, *y;

    constant_right(b, in);
    if (in->a == in->b)
        return ir_const(b, in->type, same);
    x = ir_at(b, in->a);
    y = ir_at(b, in->b);
    if (is_const(b, in->b, 0))
        return fold_eq_zero(b, in, same);
    if (is_bool(x) && is_const(b, in->b, 1)) {
        become(in, same ? IR_ne : IR_eq, 0, in->a, ir_const(b, x->type, 0));
        return fold_eq_zero(b, in, !same);
    }
    if (x->op == IR_pcrel && y->op == IR_pcrel)
        return ir_const(b, in->type, (ir_literal(x) == ir_literal(y)) == same);
    return 0;
}

static ir_ref fold_less(struct ir_builder *b, struct ir_insn *in)
{
    bool orequal = in->op == IR_les || in->op == IR_leu;
    enum ir_type t = ir_at(b, in->a)->type;

    if (in->a == in->b)
        return ir_const(b, in->type, orequal);
    if (in->op == IR_ltu) {
        if (is_const(b, in->b, 0))
            return zero(b, in);
        if (is_const(b, in->a, 0)) { /* snez */
            become(in, IR_ne, 0, in->b, in->a);
            return fold_eq(b, in);
        }
        if (is_const(b, in->b, 1)) { /* seqz */
            become(in, IR_eq, 0, in->a, ir_const(b, t, 0));
            return fold_eq(b, in);
        }
    }
    if (in->op == IR_leu) {
        if (is_const(b, in->a, 0))
            return ir_const(b, in->type, 1);
        if (is_const(b, in->b, 0)) {
            become(in, IR_eq, 0, in->a, in->b);
            return fold_eq(b, in);
        }
    }
    return 0;
}

static ir_ref fold_select(struct ir_builder *b, struct ir_insn *in)
{
    const struct ir_insn *x;
    uint64_t c;

    if (in->b == in->c)
        return in->b;
    in->a = ir_fold_cond(b, in->a);
    if (const_of(b, in->a, &c))
        return c ? in->b : in->c;
    x = ir_at(b, in->a);
    if (x->op == IR_eq && is_const(b, x->b, 0)) {
        ir_ref then = in->b;
        in->a = x->a;
        in->b = in->c;
        in->c = then;
    }
    return 0;
}

/* sext and zext */
static ir_ref fold_ext(struct ir_builder *b, struct ir_insn *in)
{
    bool sign = in->op == IR_sext;
    const struct ir_insn *x = ir_at(b, in->a);

    if (x->op == IR_trunc && in->aux <= ir_type_bits(x->type)) {
        in->a = x->a;
        x = ir_at(b, in->a);
    }
    if (in->aux == ir_type_bits(in->type) && x->type == in->type)
        return in->a;
    if (x->type == in->type && (sign ? bits_signed(b, in->a) : bits_unsigned(b, in->a)) <= in->aux)
        return in->a;
    /* Extending to a wider type what was extended from fewer bits: once is enough. */
    if (x->type < in->type &&
        ((x->op == IR_zext && x->aux < in->aux) || (x->op == IR_sext && sign && x->aux <= in->aux))) {
        in->op = x->op;
        in->aux = x->aux;
        in->a = x->a;
        return fold_ext(b, in);
    }
    if (is_compare(x->op) && (!sign || in->aux > 1))
        become(in, x->op, 0, x->a, x->b);
    return 0;
}

static ir_ref fold_trunc(struct ir_builder *b, struct ir_insn *in)
{
    unsigned w = ir_type_bits(in->type);
    const struct ir_insn *x = ir_at(b, in->a);

    for (int depth = 0; depth < 4; depth++, x = ir_at(b, in->a)) {
        if (x->type == in->type)
            return in->a;
        if (x->op == IR_trunc || ((x->op == IR_sext || x->op == IR_zext) && x->aux >= w))
            in->a = x->a;
        else
            break;
    }
    if (is_compare(x->op))
        become(in, x->op, 0, x->a, x->b);
    else if (x->op == IR_bitcast && w == 32 && ir_at(b, x->a)->op == IR_fbox)
        become(in, IR_bitcast, 0, ir_at(b, x->a)->a, 0);
    return 0;
}

static ir_ref fold_bitcast(struct ir_builder *b, struct ir_insn *in)
{
    const struct ir_insn *x = ir_at(b, in->a);

    if (x->op == IR_bitcast)
        in->a = x->a;
    return ir_at(b, in->a)->type == in->type ? in->a : 0;
}

static ir_ref fold_funbox(struct ir_builder *b, struct ir_insn *in)
{
    const struct ir_insn *x = ir_at(b, in->a);

    return x->op == IR_fbox ? x->a : 0;
}

static ir_ref fold_fabs(struct ir_builder *b, struct ir_insn *in)
{
    const struct ir_insn *x = ir_at(b, in->a);

    if (x->op == IR_fabs)
        return in->a;
    if (x->op == IR_fneg)
        in->a = x->a;
    return 0;
}

static ir_ref fold_fsgnj(struct ir_builder *b, struct ir_insn *in)
{
    if (in->a != in->b)
        return 0;
    if (in->op == IR_fsgnj) /* fmv */
        return in->a;
    become(in, in->op == IR_fsgnjn ? IR_fneg : IR_fabs, 0, in->a, 0);
    return in->op == IR_fneg ? fold_not(b, in) : fold_fabs(b, in);
}

/* Conversions whose result is exact are the same in every mode and raise nothing. */
static ir_ref fold_convert(struct ir_builder *b, struct ir_insn *in)
{
    enum ir_type from = ir_at(b, in->a)->type;
    uint64_t c, r;
    uint8_t flags = 0;

    if (!const_of(b, in->a, &c))
        return 0;
    if (in->op == IR_i_to_f) {
        r = ir_fp_from_int(in->type, c, ir_type_bits(from), in->aux & 0x40, IR_RM_RNE, &flags);
    } else {
        if (ir_fp_class(from, c) & 0x300) /* NaN: what becomes of it is the guest's rule */
            return 0;
        r = ir_fp_convert(in->type, from, c, IR_RM_RNE, &flags);
    }
    return flags ? 0 : ir_const(b, in->type, r);
}

typedef ir_ref fold_rule(struct ir_builder *b, struct ir_insn *in);

static fold_rule *const rules[IR_NOPS] = {
    [IR_add] = fold_add,
    [IR_sub] = fold_sub,
    [IR_mul] = fold_mul,
    [IR_mulhs] = fold_mulh,
    [IR_mulhu] = fold_mulh,
    [IR_mulhsu] = fold_mulh,
    [IR_divs] = fold_divrem,
    [IR_divu] = fold_divrem,
    [IR_rems] = fold_divrem,
    [IR_remu] = fold_divrem,
    [IR_and] = fold_and,
    [IR_or] = fold_or,
    [IR_xor] = fold_xor,
    [IR_andn] = fold_andn,
    [IR_not] = fold_not,
    [IR_neg] = fold_not,
    [IR_bswap] = fold_not,
    [IR_fneg] = fold_not,
    [IR_shl] = fold_shift,
    [IR_shr] = fold_shift,
    [IR_sar] = fold_shift,
    [IR_rotl] = fold_shift,
    [IR_rotr] = fold_shift,
    [IR_orcb] = fold_orcb,
    [IR_clmul] = fold_mulh,
    [IR_clmulh] = fold_mulh,
    [IR_smin] = fold_minmax,
    [IR_smax] = fold_minmax,
    [IR_umin] = fold_minmax,
    [IR_umax] = fold_minmax,
    [IR_eq] = fold_eq,
    [IR_ne] = fold_eq,
    [IR_lts] = fold_less,
    [IR_les] = fold_less,
    [IR_ltu] = fold_less,
    [IR_leu] = fold_less,
    [IR_select] = fold_select,
    [IR_sext] = fold_ext,
    [IR_zext] = fold_ext,
    [IR_trunc] = fold_trunc,
    [IR_bitcast] = fold_bitcast,
    [IR_funbox] = fold_funbox,
    [IR_fabs] = fold_fabs,
    [IR_fsgnj] = fold_fsgnj,
    [IR_fsgnjn] = fold_fsgnj,
    [IR_fsgnjx] = fold_fsgnj,
    [IR_i_to_f] = fold_convert,
    [IR_f_to_f] = fold_convert,
};

/* All operands are constants: evaluate. */
static ir_ref fold_constants(struct ir_builder *b, const struct ir_insn *in)
{
    const ir_ref operand[3] = {in->a, in->b, in->c};
    uint64_t v[3] = {0}, r;
    uint8_t t[3] = {0};

    for (int i = 0; i < 3; i++) {
        if (!operand[i])
            continue;
        if (!const_of(b, operand[i], &v[i]))
            return 0;
        t[i] = ir_at(b, operand[i])->type;
    }
    return ir_eval(in, v, t, &r) ? ir_const(b, in->type, r) : 0;
}

ir_ref ir_fold(struct ir_builder *b, struct ir_insn *in)
{
    ir_ref r;

    if (ir_at(b, in->a)->op == IR_const && ir_op_effect_table[in->op] == IR_PURE) {
        r = fold_constants(b, in);
        if (r)
            return r;
    }
    return rules[in->op] ? rules[in->op](b, in) : 0;
}
