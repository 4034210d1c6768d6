/* Selection of integer ops. Narrow types (i8, i16) that need their exact width go to cg_slow_op: no front end makes them
 * often.
 */
#include "codegen/x64/gen.h"

/* One operand as the encoder wants it. */
struct operand {
    enum { IMM, REG, MEM } kind;
    unsigned reg;
    struct x64_mem mem;
    int32_t imm;
};

static struct operand fetch(struct cg_gen *g, ir_ref r, bool imm_ok)
{
    struct operand o = {.kind = REG};

    if (imm_ok && gen_const32(g, r, &o.imm))
        o.kind = IMM;
    else if (gen_reg_or_mem(g, r, &o.reg, &o.mem))
        o.kind = MEM;
    return o;
}

static unsigned fetch_reg_or_none(const struct operand *o)
{
    return o->kind == REG ? o->reg : X64_NONE;
}

static void apply(struct cg_gen *g, unsigned op, unsigned group, unsigned size, unsigned d, const struct operand *o)
{
    switch (o->kind) {
    case IMM: x64_alu_ri(&g->b, group, size, d, o->imm); break;
    case REG: x64_rr(&g->b, op, size, d, o->reg); break;
    case MEM: x64_rm(&g->b, op, size, d, o->mem); break;
    }
}

static void bring(struct cg_gen *g, unsigned d, const struct operand *o)
{
    switch (o->kind) {
    case IMM: x64_mov_i(&g->b, d, (uint64_t)(int64_t)o->imm); break;
    case REG: gen_move(g, d, o->reg); break;
    case MEM: x64_rm(&g->b, X_LOAD, 8, d, o->mem); break;
    }
}

/* d = a op b for the two-operand instructions. group: of the immediate form, or ~0u if there is none. */
static void two_operand(struct cg_gen *g, ir_ref i, unsigned op, unsigned group, bool commutes)
{
    const struct ir_insn *in = &g->insn[i];
    unsigned size = op_size(in->type), d, t;
    struct operand b, a;
    int32_t k;

    if (commutes && gen_const32(g, in->a, &k) && !gen_const32(g, in->b, &k)) {
        a = fetch(g, in->b, false);
        b = fetch(g, in->a, group != ~0u);
    } else {
        b = fetch(g, in->b, group != ~0u);
        a = fetch(g, in->a, true);
    }
    if (b.kind == IMM && b.imm >= 0 && op == X_AND)
        size = 4;
    d = gen_dest(g, i, fetch_reg_or_none(&a), false);
    if (b.kind == REG && b.reg == d && !(a.kind == REG && a.reg == d)) {
        if (!commutes) {
            t = gen_temp(g, false);
            bring(g, t, &a);
            x64_rr(&g->b, op, size, t, d);
            gen_move(g, d, t);
        } else if (a.kind == IMM && group == ~0u) {
            x64_imul_rri(&g->b, size, d, d, a.imm);
        } else {
            apply(g, op, group, size, d, &a);
        }
    } else {
        bring(g, d, &a);
        apply(g, op, group, size, d, &b);
    }
    gen_result(g, i, d);
}

/* x + (y << k) with a lazy shift. */
static bool shift_add(struct cg_gen *g, ir_ref i)
{
    const struct ir_insn *in = &g->insn[i];
    uint32_t a = gen_root(g, in->a), b = gen_root(g, in->b);
    unsigned x, y, k;

    if (!(g->val[b].flags & VAL_LAZY) || g->insn[b].op != IR_shl) {
        uint32_t t = a;
        a = b;
        b = t;
    }
    if (!(g->val[b].flags & VAL_LAZY) || g->insn[b].op != IR_shl)
        return false;
    k = g->insn[g->insn[b].b].a & 3;
    y = gen_reg(g, g->insn[b].a);
    x = gen_reg(g, a);
    unsigned d = gen_dest(g, i, X64_NONE, false);
    x64_rm(&g->b, X_LEA, op_size(in->type), d, x64_sib(x, y, k, 0));
    gen_result(g, i, d);
    return true;
}

static void gen_add(struct cg_gen *g, ir_ref i, ir_ref ra, ir_ref rb, bool negate)
{
    unsigned size = op_size(g->insn[i].type), d;
    struct operand a, b;
    int32_t k;

    if (gen_const32(g, ra, &k) && !negate) {
        ir_ref t = ra;
        ra = rb;
        rb = t;
    }
    b = fetch(g, rb, true);
    a = fetch(g, ra, false);
    if (b.kind == IMM && negate)
        b.imm = -b.imm;
    d = gen_dest(g, i, fetch_reg_or_none(&a), false);
    if (a.kind == REG && b.kind == REG && d == b.reg && d != a.reg)
        x64_rr(&g->b, X_ADD, size, d, a.reg);
    else if (a.kind == REG && b.kind == REG && d != a.reg)
        x64_rm(&g->b, X_LEA, size, d, x64_sib(a.reg, b.reg, 0, 0));
    else if (a.kind == REG && b.kind == IMM && d != a.reg)
        x64_rm(&g->b, X_LEA, size, d, x64_base(a.reg, b.imm));
    else if (b.kind == REG && d == b.reg && a.kind == MEM)
        x64_rm(&g->b, X_ADD, size, d, a.mem);
    else {
        bring(g, d, &a);
        apply(g, X_ADD, G_ADD, size, d, &b);
    }
    gen_result(g, i, d);
}

static void gen_sub(struct cg_gen *g, ir_ref i)
{
    const struct ir_insn *in = &g->insn[i];
    unsigned size = op_size(in->type), d;
    struct operand a, b;
    int32_t k;

    if (gen_const32(g, in->b, &k) && k != INT32_MIN) {
        gen_add(g, i, in->a, in->b, true);
        return;
    }
    b = fetch(g, in->b, true);
    a = fetch(g, in->a, true);
    d = gen_dest(g, i, fetch_reg_or_none(&a), false);
    if (b.kind == REG && d == b.reg && !(a.kind == REG && a.reg == d)) {
        x64_unary(&g->b, G_NEG, size, d);
        apply(g, X_ADD, G_ADD, size, d, &a);
    } else {
        bring(g, d, &a);
        apply(g, X_SUB, G_SUB, size, d, &b);
    }
    gen_result(g, i, d);
}

static void gen_mul(struct cg_gen *g, ir_ref i)
{
    const struct ir_insn *in = &g->insn[i];
    ir_ref x = in->a, k = in->b;
    int32_t imm;
    unsigned a, d;

    if (gen_const32(g, x, &imm)) {
        x = in->b;
        k = in->a;
    }
    if (!gen_const32(g, k, &imm) || gen_const(g, x, &(int64_t){0})) {
        two_operand(g, i, X_IMUL, ~0u, true);
        return;
    }
    a = gen_reg(g, x);
    d = gen_dest(g, i, a, false);
    x64_imul_rri(&g->b, op_size(in->type), d, a, imm);
    gen_result(g, i, d);
}

static void one_operand(struct cg_gen *g, unsigned group, unsigned size, const struct operand *o)
{
    if (o->kind == MEM)
        x64_unary_m(&g->b, group, size, o->mem);
    else
        x64_unary(&g->b, group, size, o->reg);
}

static void gen_mulh(struct cg_gen *g, ir_ref i)
{
    const struct ir_insn *in = &g->insn[i];
    struct operand b;
    unsigned t;

    if (in->type != IR_I64) {
        gen_slow(g, i);
        return;
    }
    gen_take(g, RAX);
    gen_take(g, RDX);
    if (in->op == IR_mulhsu) {
        b = (struct operand){.kind = REG, .reg = gen_reg(g, in->b)};
        gen_value_to(g, RAX, in->a);
        t = gen_temp(g, false);
        x64_mov(&g->b, t, RAX);
        x64_shift_i(&g->b, G_SAR, 8, t, 63);
        x64_rr(&g->b, X_AND, 8, t, b.reg);
        one_operand(g, G_MUL, 8, &b);
        x64_rr(&g->b, X_SUB, 8, RDX, t);
    } else {
        b = fetch(g, in->b, false);
        gen_value_to(g, RAX, in->a);
        one_operand(g, in->op == IR_mulhs ? G_IMUL1 : G_MUL, 8, &b);
    }
    gen_result(g, i, RDX);
}

/* Division by a power of two is a shift or a mask for unsigned operands. */
static bool div_pow2(struct cg_gen *g, ir_ref i)
{
    const struct ir_insn *in = &g->insn[i];
    int64_t k;
    unsigned a, d, shift;

    if ((in->op != IR_divu && in->op != IR_remu) || !gen_const(g, in->b, &k) || k <= 0 || !is_pow2((uint64_t)k) ||
        k > (1 << 30))
        return false;
    a = gen_reg(g, in->a);
    d = gen_dest(g, i, a, false);
    shift = ctz64((uint64_t)k);
    if (in->type == IR_I32)
        x64_mov32(&g->b, d, a);
    else
        gen_move(g, d, a);
    if (in->op == IR_remu)
        x64_alu_ri(&g->b, G_AND, 4, d, (int32_t)k - 1);
    else if (shift)
        x64_shift_i(&g->b, G_SHR, op_size(in->type), d, shift);
    gen_result(g, i, d);
    return true;
}

/* x86 traps on division by 0 and on overflow: both leave the straight path before the division. */
static void gen_div(struct cg_gen *g, ir_ref i)
{
    const struct ir_insn *in = &g->insn[i];
    bool is_signed = in->op == IR_divs || in->op == IR_rems;
    unsigned size = op_size(in->type), rb;
    struct cg_cold *c = NULL;
    uint8_t *from = NULL;
    int64_t k;

    if (type_bits(in->type) < 32) {
        gen_slow(g, i);
        return;
    }
    if (div_pow2(g, i))
        return;
    gen_take(g, RAX);
    gen_take(g, RDX);
    rb = gen_reg(g, in->b);
    gen_value_to(g, RAX, in->a);
    if (!gen_const(g, in->b, &k) || k == 0 || k == -1) {
        if (is_signed) {
            x64_rm(&g->b, X_LEA, size, RDX, x64_base(rb, 1));
            x64_alu_ri(&g->b, G_CMP, size, RDX, 1);
        } else {
            x64_rr(&g->b, X_TEST, size, rb, rb);
        }
        from = x64_jcc_fwd(&g->b, is_signed ? CC_BE : CC_E);
        c = gen_cold(g, COLD_DIV);
        c->from = from;
        c->op = in->op;
        c->type = in->type;
        c->reg = (uint8_t)rb;
    }
    if (is_signed)
        x64_bytes(&g->b, "\x48\x99" + (size == 4), 1u + (size == 8)); /* cqo, cdq */
    else
        x64_rr(&g->b, X_XOR, 4, RDX, RDX);
    x64_unary(&g->b, is_signed ? G_IDIV : G_DIV, size, rb);
    if (c)
        c->back = g->b.p;
    gen_result(g, i, in->op == IR_divs || in->op == IR_divu ? RAX : RDX);
}

void gen_cold_int(struct cg_gen *g, const struct cg_cold *c)
{
    unsigned size = op_size(c->type);
    uint8_t *zero = NULL;

    if (c->op == IR_divs || c->op == IR_rems) { /* divisor 0 or -1 */
        x64_rr(&g->b, X_TEST, size, c->reg, c->reg);
        zero = x64_jcc8_fwd(&g->b, CC_E);
        if (c->op == IR_divs)
            x64_unary(&g->b, G_NEG, size, RAX);
        else
            x64_rr(&g->b, X_XOR, 4, RDX, RDX);
        x64_jmp(&g->b, c->back);
        x64_here8(&g->b, zero);
    }
    if (c->op == IR_divs || c->op == IR_divu)
        x64_mov_i(&g->b, RAX, UINT64_MAX);
    else
        x64_mov(&g->b, RDX, RAX);
    x64_jmp(&g->b, c->back);
}

static void shift_imm(struct cg_gen *g, ir_ref i, unsigned group, unsigned count)
{
    const struct ir_insn *in = &g->insn[i];
    unsigned size = op_size(in->type), a = gen_reg(g, in->a), d = gen_dest(g, i, a, false);

    if (group == G_SHL && count && count <= 3 && d != a) {
        x64_rm(&g->b, X_LEA, size, d, count == 1 ? x64_sib(a, a, 0, 0) : x64_sib(X64_NONE, a, count, 0));
    } else if ((group == G_ROR || group == G_ROL) && count && d != a && g->host->bmi2) {
        x64_vrri8(&g->b, X_RORX, size, d, 0, a, group == G_ROR ? count : size * 8 - count);
    } else {
        gen_move(g, d, a);
        if (count)
            x64_shift_i(&g->b, group, size, d, count);
    }
    gen_result(g, i, d);
}

static void gen_shift(struct cg_gen *g, ir_ref i, unsigned group, unsigned vex_op)
{
    const struct ir_insn *in = &g->insn[i];
    unsigned size = op_size(in->type), d, n;
    struct operand a;
    int64_t k;

    if (type_bits(in->type) < 32) {
        gen_slow(g, i);
        return;
    }
    if (gen_const(g, in->b, &k)) {
        shift_imm(g, i, group, (unsigned)k & (size * 8 - 1));
        return;
    }
    if (g->host->bmi2 && vex_op) {
        n = gen_reg(g, in->b);
        a = fetch(g, in->a, false);
        d = gen_dest(g, i, fetch_reg_or_none(&a), false);
        if (a.kind == MEM)
            x64_vrm(&g->b, vex_op, size, d, n, a.mem);
        else
            x64_vrr(&g->b, vex_op, size, d, n, a.reg);
    } else {
        gen_take(g, RCX);
        gen_value_to(g, RCX, in->b);
        a = fetch(g, in->a, true);
        d = gen_dest(g, i, fetch_reg_or_none(&a), false);
        bring(g, d, &a);
        x64_shift_cl(&g->b, group, size, d);
    }
    gen_result(g, i, d);
}

static void gen_count_zeros(struct cg_gen *g, ir_ref i, bool leading)
{
    const struct ir_insn *in = &g->insn[i];
    unsigned size = op_size(in->type), bits = size * 8, a, d, t;

    if (type_bits(in->type) < 32) {
        gen_slow(g, i);
        return;
    }
    a = gen_reg(g, in->a);
    if (leading ? g->host->lzcnt : g->host->bmi1) {
        d = gen_dest(g, i, a, false);
        x64_rr(&g->b, leading ? X_LZCNT : X_TZCNT, size, d, a);
    } else { /* bsr, bsf leave the destination alone for 0 */
        d = gen_dest(g, i, X64_NONE, true);
        t = gen_temp(g, false);
        x64_mov_i(&g->b, t, leading ? bits * 2 - 1 : bits);
        x64_rr(&g->b, leading ? X_BSR : X_BSF, size, d, a);
        x64_rr(&g->b, X_CMOV | CC_E, size, d, t);
        if (leading)
            x64_alu_ri(&g->b, G_XOR, 4, d, (int32_t)bits - 1);
    }
    gen_result(g, i, d);
}

static void gen_unary(struct cg_gen *g, ir_ref i)
{
    const struct ir_insn *in = &g->insn[i];
    unsigned size = op_size(in->type), a, d;

    if (in->op == IR_popcnt && (!g->host->popcnt || type_bits(in->type) < 32)) {
        gen_slow(g, i);
        return;
    }
    if (in->op == IR_bswap && type_bits(in->type) < 32) {
        gen_slow(g, i);
        return;
    }
    a = gen_reg(g, in->a);
    d = gen_dest(g, i, a, false);
    if (in->op == IR_popcnt) {
        x64_rr(&g->b, X_POPCNT, size, d, a);
    } else {
        gen_move(g, d, a);
        if (in->op == IR_bswap)
            x64_bswap(&g->b, size, d);
        else
            x64_unary(&g->b, in->op == IR_not ? G_NOT : G_NEG, size, d);
    }
    gen_result(g, i, d);
}

static void gen_andn(struct cg_gen *g, ir_ref i)
{
    const struct ir_insn *in = &g->insn[i];
    unsigned size = op_size(in->type), b = gen_reg(g, in->b), d;
    struct operand a = fetch(g, in->a, true);

    if (g->host->bmi1 && a.kind != IMM) {
        d = gen_dest(g, i, b, false);
        if (a.kind == MEM)
            x64_vrm(&g->b, X_ANDN, size, d, b, a.mem);
        else
            x64_vrr(&g->b, X_ANDN, size, d, b, a.reg);
    } else {
        d = gen_dest(g, i, b, false);
        if (a.kind == REG && a.reg == d && d != b) { /* ~(~a | b) */
            x64_unary(&g->b, G_NOT, size, d);
            x64_rr(&g->b, X_OR, size, d, b);
            x64_unary(&g->b, G_NOT, size, d);
        } else {
            gen_move(g, d, b);
            x64_unary(&g->b, G_NOT, size, d);
            if (a.kind == REG && a.reg == d) /* a & ~a */
                x64_mov_i(&g->b, d, 0);
            else
                apply(g, X_AND, G_AND, size, d, &a);
        }
    }
    gen_result(g, i, d);
}

/* 0xff for each byte that is not 0: compare with 0 twice. */
static void gen_orcb(struct cg_gen *g, ir_ref i)
{
    unsigned x, z, d, a;

    if (type_bits(g->insn[i].type) < 32) {
        gen_slow(g, i);
        return;
    }
    a = gen_reg(g, g->insn[i].a);
    x = gen_temp(g, true);
    z = gen_temp(g, true);
    d = gen_dest(g, i, a, false);
    x64_rr(&g->b, X_MOVD_TO, 8, x, a);
    x64_rr(&g->b, X_PXOR, 4, z, z);
    x64_rr(&g->b, X_PCMPEQB, 4, x, z);
    x64_rr(&g->b, X_PCMPEQB, 4, x, z);
    x64_rr(&g->b, X_MOVD_FROM, 8, x, d);
    gen_result(g, i, d);
}

static void gen_clmul(struct cg_gen *g, ir_ref i)
{
    const struct ir_insn *in = &g->insn[i];
    unsigned a, b, x, y, d;

    if (in->type != IR_I64 || !g->host->pclmul) {
        gen_slow(g, i);
        return;
    }
    a = gen_reg(g, in->a);
    b = gen_reg(g, in->b);
    x = gen_temp(g, true);
    y = gen_temp(g, true);
    d = gen_dest(g, i, a, false);
    x64_rr(&g->b, X_MOVD_TO, 8, x, a);
    x64_rr(&g->b, X_MOVD_TO, 8, y, b);
    x64_rri8(&g->b, X_PCLMUL, 4, x, y, 0);
    if (in->op == IR_clmulh)
        x64_rri8(&g->b, X_PSHUFD, 4, x, x, 0xee);
    x64_rr(&g->b, X_MOVD_FROM, 8, x, d);
    gen_result(g, i, d);
}

/* ---- comparisons --------------------------------------------------------------------------------------------------- */

static enum x64_cc compare_cc(unsigned op)
{
    switch (op) {
    case IR_eq: return CC_E;
    case IR_ne: return CC_NE;
    case IR_lts: return CC_L;
    case IR_les: return CC_LE;
    case IR_ltu: return CC_B;
    default: return CC_BE;
    }
}

static enum x64_cc swapped_cc(enum x64_cc cc)
{
    switch (cc) {
    case CC_L: return CC_G;
    case CC_LE: return CC_GE;
    case CC_B: return CC_A;
    case CC_BE: return CC_AE;
    default: return cc;
    }
}

struct comparison {
    struct operand a, b;
    unsigned size;
    enum x64_cc cc;
};

/* Operands of a comparison (32 bits at least), fetched; emit_compare sets the flags. */
static struct comparison fetch_compare(struct cg_gen *g, ir_ref i)
{
    const struct ir_insn *in = &g->insn[i];
    struct comparison c = {.size = op_size(gen_type(g, in->a)), .cc = compare_cc(in->op)};
    ir_ref a = in->a, b = in->b;
    int32_t k;

    if (gen_const32(g, a, &k) && !gen_const32(g, b, &k)) {
        a = in->b;
        b = in->a;
        c.cc = swapped_cc(c.cc);
    }
    c.b = fetch(g, b, true);
    if (c.b.kind == MEM || gen_const32(g, a, &k))
        c.a = (struct operand){.kind = REG, .reg = gen_reg(g, a)};
    else
        c.a = fetch(g, a, false);
    return c;
}

static void emit_compare(struct cg_gen *g, const struct comparison *c)
{
    if (c->a.kind == MEM && c->b.kind == IMM)
        x64_alu_mi(&g->b, G_CMP, c->size, c->a.mem, c->b.imm);
    else if (c->a.kind == MEM)
        x64_rm(&g->b, X_CMP_MR, c->size, c->b.reg, c->a.mem);
    else if (c->b.kind == IMM && c->b.imm == 0)
        x64_rr(&g->b, X_TEST, c->size, c->a.reg, c->a.reg);
    else
        apply(g, X_CMP, G_CMP, c->size, c->a.reg, &c->b);
}

enum x64_cc gen_condition(struct cg_gen *g, ir_ref cond)
{
    uint32_t v = gen_root(g, cond);
    unsigned bits = type_bits(gen_type(g, cond)), r, t;
    struct comparison c;

    if (g->val[v].flags & VAL_LAZY && g->insn[v].op >= IR_eq && g->insn[v].op <= IR_leu) {
        c = fetch_compare(g, v);
        emit_compare(g, &c);
        return c.cc;
    }
    r = gen_reg(g, v);
    if (bits >= 32) {
        x64_rr(&g->b, X_TEST, bits / 8, r, r);
    } else {
        t = gen_temp(g, false);
        x64_rr(&g->b, bits == 8 ? X_MOVZX8 : X_MOVZX16, 4, t, r);
        x64_rr(&g->b, X_TEST, 4, t, t);
    }
    return CC_NE;
}

static void gen_compare(struct cg_gen *g, ir_ref i)
{
    struct comparison c;
    unsigned d;

    if (type_bits(gen_type(g, g->insn[i].a)) < 32) {
        gen_slow(g, i);
        return;
    }
    c = fetch_compare(g, i);
    d = gen_dest(g, i, X64_NONE, false);
    if ((c.a.kind == REG && c.a.reg == d) || (c.b.kind == REG && c.b.reg == d)) {
        emit_compare(g, &c);
        x64_setcc(&g->b, c.cc, d);
        x64_rr(&g->b, X_MOVZX8, 4, d, d);
    } else {
        x64_rr(&g->b, X_XOR, 4, d, d);
        emit_compare(g, &c);
        x64_setcc(&g->b, c.cc, d);
    }
    gen_result(g, i, d);
}

static void gen_minmax(struct cg_gen *g, ir_ref i, enum x64_cc take_b)
{
    const struct ir_insn *in = &g->insn[i];
    unsigned size = op_size(in->type), a, b, d;

    if (type_bits(in->type) < 32) {
        gen_slow(g, i);
        return;
    }
    b = gen_reg(g, in->b);
    a = gen_reg(g, in->a);
    d = gen_dest(g, i, a, false);
    x64_rr(&g->b, X_CMP, size, a, b);
    if (d == b && d != a) {
        x64_rr(&g->b, X_CMOV | (take_b ^ 1), size, d, a);
    } else {
        gen_move(g, d, a);
        x64_rr(&g->b, X_CMOV | take_b, size, d, b);
    }
    gen_result(g, i, d);
}

static void gen_select_float(struct cg_gen *g, ir_ref i)
{
    const struct ir_insn *in = &g->insn[i];
    unsigned b = gen_reg(g, in->b), c = gen_reg(g, in->c), d;
    enum x64_cc cc = gen_condition(g, in->a);
    uint8_t *skip;

    d = gen_dest(g, i, X64_NONE, true);
    gen_move(g, d, c);
    skip = x64_jcc8_fwd(&g->b, cc ^ 1);
    gen_move(g, d, b);
    x64_here8(&g->b, skip);
    gen_result(g, i, d);
}

/* Everything behind the comparison must leave the flags alone: mov and cmov only. */
static void gen_select(struct cg_gen *g, ir_ref i)
{
    const struct ir_insn *in = &g->insn[i];
    struct operand b, c;
    enum x64_cc cc;
    uint32_t locked;
    unsigned d;

    if (is_float(in->type)) {
        gen_select_float(g, i);
        return;
    }
    b = fetch(g, in->b, false);
    c = fetch(g, in->c, true);
    locked = g->locked;
    cc = gen_condition(g, in->a);
    g->locked = locked; /* what was compared may go */
    d = gen_dest(g, i, fetch_reg_or_none(&c), false);
    if (b.kind == REG && b.reg == d && !(c.kind == REG && c.reg == d)) {
        if (c.kind == IMM) {
            unsigned t = gen_temp(g, false);
            bring(g, t, &c);
            c = (struct operand){.kind = REG, .reg = t};
        }
        apply(g, X_CMOV | (cc ^ 1), 0, 8, d, &c);
    } else {
        bring(g, d, &c);
        apply(g, X_CMOV | cc, 0, 8, d, &b);
    }
    gen_result(g, i, d);
}

/* ---- widths -------------------------------------------------------------------------------------------------------- */

static void gen_extend(struct cg_gen *g, ir_ref i)
{
    const struct ir_insn *in = &g->insn[i];
    unsigned from = in->aux, size = op_size(in->type), d, op;
    bool is_signed = in->op == IR_sext;
    struct operand a;

    if (from >= type_bits(in->type) || gen_same_low(g, i)) {
        gen_alias(g, i, in->a);
        return;
    }
    a = fetch(g, in->a, false);
    d = gen_dest(g, i, fetch_reg_or_none(&a), false);
    if (from == 8 || from == 16 || from == 32) {
        if (from == 32)
            op = is_signed ? X_MOVSXD : X_LOAD;
        else
            op = from == 8 ? (is_signed ? X_MOVSX8 : X_MOVZX8) : is_signed ? X_MOVSX16 : X_MOVZX16;
        if (!is_signed)
            size = 4;
        if (a.kind == MEM)
            x64_rm(&g->b, op, size, d, a.mem);
        else
            x64_rr(&g->b, op, size, d, a.reg);
    } else if (!is_signed && from < 32) {
        bring(g, d, &a);
        x64_alu_ri(&g->b, G_AND, 4, d, (int32_t)mask64(from));
    } else {
        bring(g, d, &a);
        x64_shift_i(&g->b, G_SHL, size, d, size * 8 - from);
        x64_shift_i(&g->b, is_signed ? G_SAR : G_SHR, size, d, size * 8 - from);
    }
    gen_result(g, i, d);
}

void gen_int_op(struct cg_gen *g, ir_ref i)
{
    const struct ir_insn *in = &g->insn[i];

    switch ((enum ir_op)in->op) {
    case IR_add:
        if (!shift_add(g, i))
            gen_add(g, i, in->a, in->b, false);
        break;
    case IR_sub: gen_sub(g, i); break;
    case IR_and: two_operand(g, i, X_AND, G_AND, true); break;
    case IR_or: two_operand(g, i, X_OR, G_OR, true); break;
    case IR_xor: two_operand(g, i, X_XOR, G_XOR, true); break;
    case IR_mul: gen_mul(g, i); break;
    case IR_mulhs:
    case IR_mulhu:
    case IR_mulhsu: gen_mulh(g, i); break;
    case IR_divs:
    case IR_divu:
    case IR_rems:
    case IR_remu: gen_div(g, i); break;
    case IR_andn: gen_andn(g, i); break;
    case IR_not:
    case IR_neg:
    case IR_popcnt:
    case IR_bswap: gen_unary(g, i); break;
    case IR_shl: gen_shift(g, i, G_SHL, X_SHLX); break;
    case IR_shr: gen_shift(g, i, G_SHR, X_SHRX); break;
    case IR_sar: gen_shift(g, i, G_SAR, X_SARX); break;
    case IR_rotl: gen_shift(g, i, G_ROL, 0); break;
    case IR_rotr: gen_shift(g, i, G_ROR, 0); break;
    case IR_clz: gen_count_zeros(g, i, true); break;
    case IR_ctz: gen_count_zeros(g, i, false); break;
    case IR_orcb: gen_orcb(g, i); break;
    case IR_clmul:
    case IR_clmulh: gen_clmul(g, i); break;
    case IR_smin: gen_minmax(g, i, CC_G); break;
    case IR_smax: gen_minmax(g, i, CC_L); break;
    case IR_umin: gen_minmax(g, i, CC_A); break;
    case IR_umax: gen_minmax(g, i, CC_B); break;
    case IR_eq:
    case IR_ne:
    case IR_lts:
    case IR_les:
    case IR_ltu:
    case IR_leu: gen_compare(g, i); break;
    case IR_select: gen_select(g, i); break;
    case IR_sext:
    case IR_zext: gen_extend(g, i); break;
    case IR_trunc: gen_alias(g, i, in->a); break;
    default: gen_fail(g, "not an integer op"); break;
    }
}
