/* Selection of memory ops. Guest addresses are host addresses (space `direct`). Every instruction that may fault gets a map
 * entry, and changes nothing that the guest could see before its access has succeeded.
 */
#include "codegen/x64/gen.h"

static bool lazy(const struct cg_gen *g, uint32_t v, enum ir_op op)
{
    return (g->val[v].flags & VAL_LAZY) && g->val[v].reg == X64_NONE && g->insn[v].op == op;
}

/* x + y, y perhaps a lazy shift. */
static struct x64_mem indexed(struct cg_gen *g, ir_ref x, ir_ref y, int32_t off)
{
    uint32_t rx = gen_root(g, x), ry = gen_root(g, y);
    unsigned shift = 0, index, base;

    if (lazy(g, rx, IR_shl)) {
        uint32_t t = rx;
        rx = ry;
        ry = t;
    }
    if (lazy(g, ry, IR_shl)) {
        shift = g->insn[g->insn[ry].b].a & 3;
        ry = g->insn[ry].a;
    }
    index = gen_reg(g, ry);
    base = gen_reg(g, rx);
    return x64_sib(base, index, shift, off);
}

static struct x64_mem address(struct cg_gen *g, ir_ref a, int32_t off)
{
    uint32_t v = gen_root(g, a);
    int64_t k;
    int32_t k32;

    if (g->val[v].reg == X64_NONE && gen_const(g, v, &k) && k + off == (int32_t)(k + off))
        return x64_sib(X64_NONE, X64_NONE, 0, (int32_t)(k + off));
    if (lazy(g, v, IR_add)) {
        const struct ir_insn *in = &g->insn[v];
        if (gen_const32(g, in->b, &k32) && k32 + (int64_t)off == (int32_t)(k32 + (int64_t)off))
            return x64_base(gen_reg(g, in->a), k32 + off);
        return indexed(g, in->a, in->b, off);
    }
    return x64_base(gen_reg(g, v), off);
}

static unsigned load_op(unsigned log2, bool sign)
{
    switch (log2) {
    case 0: return sign ? X_MOVSX8 : X_MOVZX8;
    case 1: return sign ? X_MOVSX16 : X_MOVZX16;
    case 2: return sign ? X_MOVSXD : X_LOAD;
    default: return X_LOAD;
    }
}

/* Operand size for load_op: zero-extending forms are shortest with 4. */
static unsigned load_size(unsigned log2, bool sign)
{
    return log2 == 3 || sign ? 8 : 4;
}

static void gen_load(struct cg_gen *g, ir_ref i)
{
    const struct ir_insn *in = &g->insn[i];
    unsigned log2 = IR_MEM_LOG2(in->aux), op, d;
    bool sign = IR_MEM_SIGN(in->aux) && in->type == IR_I64;
    struct x64_mem m = address(g, in->a, (int32_t)in->b);
    const uint8_t *from;

    d = gen_dest(g, i, m.base, false);
    from = g->b.p;
    if (is_float(in->type)) {
        op = log2 == 3 ? X_MOVSD_LD : X_MOVSS_LD;
        g->host->avx ? x64_vrm(&g->b, op, 4, d, 0, m) : x64_rm(&g->b, op, 4, d, m);
    } else {
        if (IR_MEM_SIGN(in->aux) && in->type != IR_I64 && log2 < 2)
            x64_rm(&g->b, load_op(log2, true), 4, d, m);
        else
            x64_rm(&g->b, load_op(log2, sign), load_size(log2, sign), d, m);
    }
    gen_map(g, from);
    gen_result(g, i, d);
}

static void gen_store(struct cg_gen *g, ir_ref i)
{
    static const uint16_t store_op[] = {X_STORE8, X_STORE16, X_STORE, X_STORE};
    const struct ir_insn *in = &g->insn[i];
    unsigned log2 = IR_MEM_LOG2(in->aux), r;
    uint32_t v = gen_root(g, in->c);
    struct x64_mem m;
    const uint8_t *from;
    int32_t k;

    if (lazy(g, v, IR_bitcast) && is_float(gen_type(g, g->insn[v].a)))
        v = gen_root(g, g->insn[v].a);
    if (!is_float(gen_type(g, v)) && gen_const32(g, v, &k)) {
        m = address(g, in->a, (int32_t)in->b);
        from = g->b.p;
        x64_store_i(&g->b, 1u << log2, m, k);
        gen_map(g, from);
        return;
    }
    r = gen_reg(g, v);
    m = address(g, in->a, (int32_t)in->b);
    from = g->b.p;
    if (is_xmm(r)) {
        unsigned op = log2 == 3 ? X_MOVSD_ST : X_MOVSS_ST;
        g->host->avx ? x64_vrm(&g->b, op, 4, r, 0, m) : x64_rm(&g->b, op, 4, r, m);
    } else {
        x64_rm(&g->b, store_op[log2], log2 == 3 ? 8 : 4, r, m);
    }
    gen_map(g, from);
}

/* ---- atomics ------------------------------------------------------------------------------------------------------- */

/* The form of an r/m, reg instruction for 1 << log2 bytes; op is that for 4. */
static unsigned sized(unsigned op, unsigned log2)
{
    return log2 == 0 ? (op - 1) | X_BYTE : log2 == 1 ? op | X_66 : op;
}

static void extend_old(struct cg_gen *g, const struct ir_insn *in, unsigned r)
{
    unsigned log2 = IR_MEM_LOG2(in->aux);
    bool sign = IR_MEM_SIGN(in->aux);

    if (log2 < 3)
        x64_rr(&g->b, load_op(log2, sign), load_size(log2, sign), r, r);
}

/* new (t) = old (rax) op v */
static void rmw_combine(struct cg_gen *g, enum ir_rmw rmw, unsigned log2, unsigned t, unsigned v)
{
    unsigned size = log2 == 3 ? 8 : 4;
    enum x64_cc cc;

    x64_mov(&g->b, t, RAX);
    switch (rmw) {
    case IR_RMW_XCHG: x64_mov(&g->b, t, v); return;
    case IR_RMW_ADD: x64_rr(&g->b, X_ADD, size, t, v); return;
    case IR_RMW_AND: x64_rr(&g->b, X_AND, size, t, v); return;
    case IR_RMW_OR: x64_rr(&g->b, X_OR, size, t, v); return;
    case IR_RMW_XOR: x64_rr(&g->b, X_XOR, size, t, v); return;
    case IR_RMW_SMIN: cc = CC_G; break;
    case IR_RMW_SMAX: cc = CC_L; break;
    case IR_RMW_UMIN: cc = CC_A; break;
    default: cc = CC_B; break;
    }
    x64_rr(&g->b, sized(X_CMP, log2), size, t, v);
    x64_rr(&g->b, X_CMOV | cc, size, t, v);
}

static void rmw_loop(struct cg_gen *g, ir_ref i)
{
    const struct ir_insn *in = &g->insn[i];
    unsigned log2 = IR_MEM_LOG2(in->aux), size = log2 == 3 ? 8 : 4, v, t;
    const uint8_t *from, *again;
    struct x64_mem m;

    gen_take(g, RAX);
    m = address(g, in->a, 0);
    v = gen_reg(g, in->b);
    t = gen_temp(g, false);
    from = g->b.p;
    x64_rm(&g->b, load_op(log2, false), size, RAX, m);
    again = g->b.p;
    rmw_combine(g, IR_RMW_OP(in->aux), log2, t, v);
    x64_rm(&g->b, sized(X_CMPXCHG, log2), size, t, m);
    x64_jcc(&g->b, CC_NE, again);
    gen_map(g, from);
    extend_old(g, in, RAX);
    gen_result(g, i, RAX);
}

static void gen_rmw(struct cg_gen *g, ir_ref i)
{
    static const uint8_t plain[] = {[IR_RMW_ADD] = 0x01, [IR_RMW_AND] = 0x21, [IR_RMW_OR] = 0x09, [IR_RMW_XOR] = 0x31};
    const struct ir_insn *in = &g->insn[i];
    enum ir_rmw rmw = IR_RMW_OP(in->aux);
    unsigned log2 = IR_MEM_LOG2(in->aux), size = log2 == 3 ? 8 : 4, t;
    const uint8_t *from;
    struct x64_mem m;

    if (!g->val[i].uses && rmw >= IR_RMW_ADD && rmw <= IR_RMW_XOR) {
        m = address(g, in->a, 0);
        t = gen_reg(g, in->b);
        from = g->b.p;
        x64_rm(&g->b, sized(plain[rmw], log2) | X_LOCK, size, t, m);
        gen_map(g, from);
        return;
    }
    if (rmw != IR_RMW_XCHG && rmw != IR_RMW_ADD) {
        rmw_loop(g, i);
        return;
    }
    m = address(g, in->a, 0);
    t = gen_temp(g, false);
    gen_value_to(g, t, in->b);
    from = g->b.p;
    x64_rm(&g->b, sized(rmw == IR_RMW_XCHG ? (unsigned)X_XCHG : (unsigned)X_XADD, log2), size, t, m);
    gen_map(g, from);
    extend_old(g, in, t);
    gen_result(g, i, t);
}

static void gen_cas(struct cg_gen *g, ir_ref i)
{
    const struct ir_insn *in = &g->insn[i];
    unsigned log2 = IR_MEM_LOG2(in->aux), size = log2 == 3 ? 8 : 4, v;
    const uint8_t *from;
    struct x64_mem m;

    gen_take(g, RAX);
    m = address(g, in->a, 0);
    v = gen_reg(g, in->c);
    gen_value_to(g, RAX, in->b);
    from = g->b.p;
    x64_rm(&g->b, sized(X_CMPXCHG, log2), size, v, m);
    gen_map(g, from);
    extend_old(g, in, RAX);
    gen_result(g, i, RAX);
}

/* x86 reorders only a load before an earlier store. A locked access of the stack is cheaper than mfence. */
static void gen_fence(struct cg_gen *g, unsigned kinds)
{
    if (!(kinds & IR_FENCE_WR))
        return;
    x64_bytes(&g->b, "\xf0", 1);
    x64_alu_mi(&g->b, G_OR, 4, x64_base(RSP, 0), 0);
}

void gen_mem_op(struct cg_gen *g, ir_ref i)
{
    const struct ir_insn *in = &g->insn[i];

    if (in->op != IR_fence && IR_MEM_SPACE(in->aux) != IR_DIRECT) {
        gen_fail(g, "address space is not direct");
        return;
    }
    switch (in->op) {
    case IR_load: gen_load(g, i); break;
    case IR_store: gen_store(g, i); break;
    case IR_rmw: gen_rmw(g, i); break;
    case IR_cas: gen_cas(g, i); break;
    default: gen_fence(g, in->aux); break;
    }
}
