/* Integer meaning of every pure op: used by folding and by the reference interpreter, so they cannot disagree.
 * Values are held in 64 bits, masked to the width of their type.
 */
#include "ir/builder_int.h"
#include "ir/fp.h"

static uint64_t eval_div(enum ir_op op, uint64_t a, uint64_t b, unsigned w)
{
    int64_t sa = sext64(a, w), sb = sext64(b, w);

    switch (op) {
    case IR_divu: return b ? a / b : ~(uint64_t)0;
    case IR_remu: return b ? a % b : a;
    case IR_divs: return sb == 0 ? ~(uint64_t)0 : sb == -1 ? -(uint64_t)sa : (uint64_t)(sa / sb);
    default: return sb == 0 ? (uint64_t)sa : sb == -1 ? 0 : (uint64_t)(sa % sb);
    }
}

static uint64_t eval_mulh(enum ir_op op, uint64_t a, uint64_t b, unsigned w)
{
    __int128 x = op == IR_mulhu ? (__int128)a : (__int128)sext64(a, w);
    __int128 y = op == IR_mulhs ? (__int128)sext64(b, w) : (__int128)b;

    return (uint64_t)((unsigned __int128)x * (unsigned __int128)y >> w);
}

static uint64_t eval_clmul(enum ir_op op, uint64_t a, uint64_t b, unsigned w)
{
    unsigned __int128 p = 0;

    for (unsigned i = 0; i < w; i++)
        if (b >> i & 1)
            p ^= (unsigned __int128)a << i;
    return (uint64_t)(op == IR_clmul ? p : p >> w);
}

static uint64_t eval_shift(enum ir_op op, uint64_t a, uint64_t b, unsigned w)
{
    unsigned n = (unsigned)b & (w - 1);

    switch (op) {
    case IR_shl: return a << n;
    case IR_shr: return a >> n;
    case IR_sar: return (uint64_t)(sext64(a, w) >> n);
    case IR_rotl: return n ? a << n | a >> (w - n) : a;
    default: return n ? a >> n | a << (w - n) : a;
    }
}

static uint64_t eval_orcb(uint64_t a)
{
    uint64_t r = 0;

    for (unsigned i = 0; i < 64; i += 8)
        if (a >> i & 0xff)
            r |= (uint64_t)0xff << i;
    return r;
}

static uint64_t eval_compare(enum ir_op op, uint64_t a, uint64_t b, unsigned w)
{
    switch (op) {
    case IR_eq: return a == b;
    case IR_ne: return a != b;
    case IR_lts: return sext64(a, w) < sext64(b, w);
    case IR_les: return sext64(a, w) <= sext64(b, w);
    case IR_ltu: return a < b;
    default: return a <= b;
    }
}

static uint64_t eval_minmax(enum ir_op op, uint64_t a, uint64_t b, unsigned w)
{
    int64_t sa = sext64(a, w), sb = sext64(b, w);

    switch (op) {
    case IR_smin: return sa < sb ? a : b;
    case IR_smax: return sa > sb ? a : b;
    case IR_umin: return MIN(a, b);
    default: return MAX(a, b);
    }
}

static uint64_t eval_float_bits(const struct ir_insn *in, uint64_t a, uint64_t b, enum ir_type operand)
{
    uint64_t sign = (uint64_t)1 << (ir_type_bits(operand) - 1);

    switch (in->op) {
    case IR_fneg: return a ^ sign;
    case IR_fabs: return a & ~sign;
    case IR_fsgnj: return (a & ~sign) | (b & sign);
    case IR_fsgnjn: return (a & ~sign) | (~b & sign);
    case IR_fsgnjx: return a ^ (b & sign);
    case IR_fbox: return a | 0xffffffff00000000u;
    case IR_funbox: return a >> 32 == 0xffffffff ? a : 0x7fc00000;
    case IR_fclass: return ir_fp_class(operand, a);
    default: return a; /* bitcast */
    }
}

bool ir_eval(const struct ir_insn *in, const uint64_t v[3], const uint8_t t[3], uint64_t *result)
{
    uint64_t a = v[0], b = v[1], r;
    unsigned w = ir_type_bits(in->type);

    switch (in->op) {
    case IR_add: r = a + b; break;
    case IR_sub: r = a - b; break;
    case IR_mul: r = a * b; break;
    case IR_mulhs:
    case IR_mulhu:
    case IR_mulhsu: r = eval_mulh(in->op, a, b, w); break;
    case IR_divs:
    case IR_divu:
    case IR_rems:
    case IR_remu: r = eval_div(in->op, a, b, w); break;
    case IR_and: r = a & b; break;
    case IR_or: r = a | b; break;
    case IR_xor: r = a ^ b; break;
    case IR_andn: r = a & ~b; break;
    case IR_not: r = ~a; break;
    case IR_neg: r = -a; break;
    case IR_shl:
    case IR_shr:
    case IR_sar:
    case IR_rotl:
    case IR_rotr: r = eval_shift(in->op, a, b, w); break;
    case IR_clz: r = clz64(a) - (64 - w); break;
    case IR_ctz: r = a ? ctz64(a) : w; break;
    case IR_popcnt: r = popcount64(a); break;
    case IR_bswap: r = __builtin_bswap64(a) >> (64 - w); break;
    case IR_orcb: r = eval_orcb(a); break;
    case IR_clmul:
    case IR_clmulh: r = eval_clmul(in->op, a, b, w); break;
    case IR_smin:
    case IR_smax:
    case IR_umin:
    case IR_umax: r = eval_minmax(in->op, a, b, w); break;
    case IR_eq:
    case IR_ne:
    case IR_lts:
    case IR_les:
    case IR_ltu:
    case IR_leu: r = eval_compare(in->op, a, b, ir_type_bits(t[0])); break;
    case IR_select: r = a ? b : v[2]; break;
    case IR_sext: r = (uint64_t)sext64(a, in->aux); break;
    case IR_zext: r = a & mask64(in->aux); break;
    case IR_trunc: r = a; break;
    case IR_bitcast:
    case IR_fbox:
    case IR_funbox:
    case IR_fneg:
    case IR_fabs:
    case IR_fsgnj:
    case IR_fsgnjn:
    case IR_fsgnjx:
    case IR_fclass: r = eval_float_bits(in, a, b, t[0]); break;
    default: return false;
    }
    *result = r & mask64(w);
    return true;
}
