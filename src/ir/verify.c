/* Verifier: is a unit what ir.h and ops.def promise? Run between passes in tests and debug builds, and on everything that
 * is parsed. Trusts nothing in the unit but its array pointers and lengths.
 */
#include <errno.h>

#include "base/alloc.h"
#include "base/bits.h"
#include "base/err.h"
#include "ir/ops_int.h"

struct verifier {
    const struct ir_unit *u;
    struct err *err;
    uint32_t *block_of; /* per ref */
    uint32_t *idom;     /* per block; UINT32_MAX: not reached */
    uint32_t *order;    /* reverse postorder position per block */
};

static int fail(const struct verifier *v, ir_ref r, const char *what)
{
    return err_set(v->err, -EINVAL, "insn %u (%s): %s", r, ir_op_name(v->u->insn[r].op), what);
}

/* ---- types ---- */

static bool is_float(enum ir_type t)
{
    return t == IR_F32 || t == IR_F64;
}

static bool is_scalar(enum ir_type t)
{
    return ir_type_is_int(t) || is_float(t);
}

static enum ir_type type_of(const struct verifier *v, ir_ref r)
{
    return v->u->insn[r].type;
}

/* All ref operands have type t. */
static bool operands_are(const struct verifier *v, const struct ir_insn *in, enum ir_type t)
{
    unsigned refs = ir_op_refs(in->op);

    return (!(refs & 1) || type_of(v, in->a) == t) && (!(refs & 2) || type_of(v, in->b) == t) &&
        (!(refs & 4) || type_of(v, in->c) == t);
}

/* Can a value of type t be in memory as aux says? */
static bool memory_type(enum ir_type t, unsigned aux)
{
    unsigned bits = 8u << IR_MEM_LOG2(aux);

    if (is_float(t))
        return bits == ir_type_bits(t) && !IR_MEM_SIGN(aux);
    return ir_type_is_int(t) && bits <= ir_type_bits(t);
}

static const char *check_memory_types(const struct verifier *v, const struct ir_insn *in)
{
    enum ir_type addr = type_of(v, in->a);
    enum ir_type value = in->op == IR_store ? type_of(v, in->c) : in->type;

    if (addr != IR_I64 && !(addr == IR_I32 && IR_MEM_SPACE(in->aux) == IR_BOUNDED))
        return "address is not i64";
    if (!memory_type(value, in->aux))
        return "type does not fit the access";
    if (in->op == IR_load || in->op == IR_store)
        return NULL;
    if (!ir_type_is_int(in->type) || type_of(v, in->b) != in->type ||
        (in->op == IR_cas && type_of(v, in->c) != in->type))
        return "atomic operands and result differ in type";
    return NULL;
}

static const char *check_convert_types(const struct verifier *v, const struct ir_insn *in)
{
    enum ir_type t = in->type, a = type_of(v, in->a);
    bool ok;

    switch ((int)in->op) {
    case IR_sext:
    case IR_zext:
        ok = ir_type_is_int(t) && ir_type_is_int(a) && in->aux >= 1 && in->aux <= MIN(ir_type_bits(t), ir_type_bits(a));
        break;
    case IR_trunc: ok = ir_type_is_int(t) && ir_type_is_int(a) && ir_type_bits(t) < ir_type_bits(a); break;
    case IR_bitcast: ok = is_scalar(t) && is_scalar(a) && ir_type_bits(t) == ir_type_bits(a); break;
    case IR_fbox: ok = t == IR_F64 && a == IR_F32; break;
    case IR_funbox: ok = t == IR_F32 && a == IR_F64; break;
    case IR_f_to_i: ok = ir_type_is_int(t) && is_float(a) && 8u << (in->aux >> 4 & 3) <= ir_type_bits(t); break;
    case IR_i_to_f: ok = is_float(t) && ir_type_is_int(a); break;
    case IR_f_to_f: ok = is_float(t) && is_float(a) && t != a; break;
    case IR_f_to_h: ok = t == IR_I64 && is_float(a); break;
    case IR_h_to_f: ok = is_float(t) && a == IR_I64; break;
    default: ok = ir_type_is_int(t) && is_float(a); break; /* fclass */
    }
    return ok ? NULL : "operand and result types do not go together";
}

static const char *check_types(const struct verifier *v, const struct ir_insn *in)
{
    const struct ir_guest *g = v->u->guest;
    enum ir_type t = in->type;
    enum ir_type a = ir_op_refs(in->op) & 1 ? type_of(v, in->a) : IR_VOID;
    bool ok = true;

    if (in->op >= IR_add && in->op <= IR_umax) {
        ok = ir_type_is_int(t) && operands_are(v, in, t);
        return ok ? NULL : "operands and result are not integers of one type";
    }
    if ((in->op >= IR_fadd && in->op <= IR_fsgnjx) || in->op == IR_fround) {
        ok = is_float(t) && operands_are(v, in, t);
        return ok ? NULL : "operands and result are not floats of one type";
    }
    switch ((int)in->op) {
    case IR_const: ok = is_scalar(t) && !((in->a | (uint64_t)in->b << 32) & ~mask64(ir_type_bits(t))); break;
    case IR_fp_flags:
    case IR_fp_rm:
    case IR_pcrel: ok = t == IR_I64; break;
    case IR_phi: ok = is_scalar(t); break;
    case IR_get: ok = in->aux < g->nslots && g->slot[in->aux].type == t; break;
    case IR_put: ok = in->aux < g->nslots && g->slot[in->aux].type == a; break;
    case IR_eq:
    case IR_ne:
    case IR_lts:
    case IR_les:
    case IR_ltu:
    case IR_leu: ok = ir_type_is_int(t) && ir_type_is_int(a) && operands_are(v, in, a); break;
    case IR_feq:
    case IR_flt:
    case IR_fle:
    case IR_fltq:
    case IR_fleq: ok = ir_type_is_int(t) && is_float(a) && operands_are(v, in, a); break;
    case IR_select: ok = ir_type_is_int(a) && is_scalar(t) && type_of(v, in->b) == t && type_of(v, in->c) == t; break;
    case IR_sext:
    case IR_zext:
    case IR_trunc:
    case IR_bitcast:
    case IR_fbox:
    case IR_funbox:
    case IR_f_to_i:
    case IR_i_to_f:
    case IR_f_to_f:
    case IR_f_to_h:
    case IR_h_to_f:
    case IR_fclass: return check_convert_types(v, in);
    case IR_load:
    case IR_store:
    case IR_rmw:
    case IR_cas: return check_memory_types(v, in);
    case IR_call: ok = is_scalar(t) && in->aux < g->nhelpers; break;
    case IR_fp_set_flags:
    case IR_fp_set_rm:
    case IR_branch_exit:
    case IR_if: ok = ir_type_is_int(a); break;
    case IR_exit_if: ok = ir_type_is_int(a) && (!in->b || type_of(v, in->b) == IR_I64); break;
    case IR_jump_ind: ok = a == IR_I64; break;
    default: break;
    }
    return ok ? NULL : "wrong type";
}

/* ---- fields ---- */

static bool aux_ok(const struct ir_insn *in)
{
    unsigned aux = in->aux, rm = aux & 7;
    bool rm_ok = rm <= IR_RM_RMM || rm == IR_RM_DYN;

    switch (ir_aux_kind(in->op)) {
    case IR_AUX_NONE: return aux == 0;
    case IR_AUX_SLOT:
    case IR_AUX_BITS:
    case IR_AUX_HELPER: return true; /* check_types knows */
    case IR_AUX_ROUND: return rm_ok && aux < 8;
    case IR_AUX_FMA: return rm_ok && !(aux & ~(7u | IR_FMA_NEG_PRODUCT | IR_FMA_NEG_C));
    case IR_AUX_FTOI: return rm_ok && !(aux & ~0x377u) && aux >> 8 <= IR_FTOI_SAT_NAN_ZERO;
    case IR_AUX_ITOF: return rm_ok && !(aux & ~0x47u);
    case IR_AUX_FROUND: return rm_ok && !(aux & ~0x107u);
    case IR_AUX_MEM: return aux < 0x40 && IR_MEM_LOG2(aux) <= 3 && IR_MEM_SPACE(aux) <= IR_PAGED;
    case IR_AUX_RMW:
        return !(aux & ~0xf3fu) && IR_MEM_LOG2(aux) <= 3 && IR_MEM_SPACE(aux) <= IR_PAGED &&
            IR_RMW_OP(aux) <= IR_RMW_UMAX;
    case IR_AUX_FENCE: return aux <= IR_FENCE_FULL;
    case IR_AUX_EXIT: return aux <= IR_EXIT_MODE;
    case IR_AUX_IND: return aux <= IR_IND_RET;
    }
    return false;
}

static bool ref_may_be_none(const struct ir_insn *in, unsigned n)
{
    return in->op == IR_call || (in->op == IR_exit_if && n == 1);
}

/* Operand fields: refs name values, unused fields are 0. Dominance comes later. */
static const char *check_fields(const struct verifier *v, ir_ref r)
{
    const struct ir_insn *in = &v->u->insn[r];
    const uint32_t field[3] = {in->a, in->b, in->c};
    unsigned refs = ir_op_refs(in->op), arity = in->op == IR_phi ? 1 : ir_op_arity(in->op);

    if (in->type >= IR_NTYPES || ir_op_has_result(in->op) != (in->type != IR_VOID))
        return "result where none is, or none where one is";
    if (!aux_ok(in))
        return "bad aux";
    for (unsigned i = 0; i < 3; i++) {
        if (i >= arity && field[i])
            return "an operand too many";
        if (!(refs >> i & 1) || (!field[i] && ref_may_be_none(in, i)))
            continue;
        if (field[i] == 0 || field[i] >= v->u->ninsns || type_of(v, field[i]) == IR_VOID)
            return "operand is no value";
    }
    return NULL;
}

/* ---- blocks ---- */

static int check_terminator(const struct verifier *v, uint32_t n)
{
    const struct ir_block *bb = &v->u->block[n];
    const struct ir_insn *in = &v->u->insn[bb->end - 1];
    uint32_t want[2] = {0}, nwant = 0;

    if (in->op == IR_goto)
        want[nwant++] = in->a;
    if (in->op == IR_if) {
        want[nwant++] = in->b;
        want[nwant++] = in->c;
        if (in->b == in->c)
            return fail(v, bb->end - 1, "both ways lead to one block");
    }
    if (bb->nsuccs != nwant)
        return fail(v, bb->end - 1, "successors do not match");
    for (uint32_t i = 0; i < nwant; i++)
        if (want[i] != bb->succ[i] || want[i] == 0 || want[i] >= v->u->nblocks)
            return fail(v, bb->end - 1, "no such block, or the entry");
    return 0;
}

/* Extent, terminator, phis first, no instruction outside. */
static int check_block(struct verifier *v, uint32_t n, ir_ref first)
{
    const struct ir_block *bb = &v->u->block[n];
    bool phis = true;

    if (bb->first != first || bb->end <= first || bb->end > v->u->ninsns)
        return err_set(v->err, -EINVAL, "block %u: bad extent", n);
    for (ir_ref r = first; r < bb->end; r++) {
        const struct ir_insn *in = &v->u->insn[r];

        if (in->op >= IR_NOPS)
            return err_set(v->err, -EINVAL, "insn %u: unknown op", r);
        v->block_of[r] = n;
        if (ir_op_is_terminator(in->op) != (r == bb->end - 1))
            return fail(v, r, "terminator in the middle of a block, or none at its end");
        if (in->op != IR_phi)
            phis = false;
        else if (!phis || n == 0)
            return fail(v, r, "phi not at the start of a block with predecessors");
    }
    return check_terminator(v, n);
}

/* Predecessor lists name exactly the edges that there are. */
static int check_preds(struct verifier *v)
{
    const struct ir_unit *u = v->u;
    uint64_t edges = 0, listed = 0;

    for (uint32_t i = 0; i < u->nblocks; i++) {
        const struct ir_block *bb = &u->block[i];

        edges += bb->nsuccs;
        listed += bb->npreds;
        for (uint32_t k = 0; k < bb->npreds; k++) {
            const struct ir_block *p = bb->preds[k] < u->nblocks ? &u->block[bb->preds[k]] : NULL;

            if (!p || !((p->nsuccs > 0 && p->succ[0] == i) || (p->nsuccs > 1 && p->succ[1] == i)))
                return err_set(v->err, -EINVAL, "block %u: predecessor that does not lead here", i);
            if (k && bb->preds[k] <= bb->preds[k - 1])
                /* ascending order is not asked for, but a repeated edge must be found */
                for (uint32_t j = 0; j < k; j++)
                    if (bb->preds[j] == bb->preds[k])
                        return err_set(v->err, -EINVAL, "block %u: predecessor listed twice", i);
        }
    }
    if (edges != listed)
        return err_set(v->err, -EINVAL, "predecessor lists do not match the edges");
    return 0;
}

/* ---- dominance: Cooper, Harvey, Kennedy, "A Simple, Fast Dominance Algorithm" ---- */

/* Fills rpo with the blocks in reverse postorder; returns how many can be reached. order[block] = position. */
static uint32_t reverse_postorder(struct verifier *v, uint32_t *rpo)
{
    uint32_t n = v->u->nblocks, top = 0, at = n;
    uint32_t *stack = x_new_array(uint32_t, n);
    uint8_t *next = x_new_array(uint8_t, n); /* successor to visit next, + 1; 0: not seen */

    stack[top++] = 0;
    next[0] = 1;
    while (top) {
        uint32_t block = stack[top - 1];
        const struct ir_block *bb = &v->u->block[block];

        if (next[block] > bb->nsuccs) {
            rpo[--at] = block;
            v->order[block] = at;
            top--;
            continue;
        }
        block = bb->succ[next[block]++ - 1];
        if (!next[block]) {
            next[block] = 1;
            stack[top++] = block;
        }
    }
    x_free(stack);
    x_free(next);
    return n - at;
}

static uint32_t common_dominator(const struct verifier *v, uint32_t x, uint32_t y)
{
    while (x != y) {
        while (v->order[x] > v->order[y])
            x = v->idom[x];
        while (v->order[y] > v->order[x])
            y = v->idom[y];
    }
    return x;
}

static int find_dominators(struct verifier *v)
{
    uint32_t n = v->u->nblocks;
    uint32_t *rpo = x_new_array(uint32_t, n);
    bool changed = true;

    for (uint32_t i = 0; i < n; i++)
        v->idom[i] = UINT32_MAX;
    if (reverse_postorder(v, rpo) != n) {
        x_free(rpo);
        return err_set(v->err, -EINVAL, "a block cannot be reached from the entry");
    }
    v->idom[0] = 0;
    while (changed) {
        changed = false;
        for (uint32_t i = 1; i < n; i++) {
            const struct ir_block *bb = &v->u->block[rpo[i]];
            uint32_t dom = UINT32_MAX;

            for (uint32_t k = 0; k < bb->npreds; k++) {
                uint32_t p = bb->preds[k];

                if (v->idom[p] != UINT32_MAX)
                    dom = dom == UINT32_MAX ? p : common_dominator(v, p, dom);
            }
            changed |= v->idom[rpo[i]] != dom;
            v->idom[rpo[i]] = dom;
        }
    }
    x_free(rpo);
    return 0;
}

static bool dominates(const struct verifier *v, uint32_t x, uint32_t y)
{
    while (v->order[y] > v->order[x])
        y = v->idom[y];
    return x == y;
}

/* Is the value r there when `user` runs? */
static bool available(const struct verifier *v, ir_ref r, ir_ref user)
{
    if (v->block_of[r] == v->block_of[user])
        return r < user;
    return dominates(v, v->block_of[r], v->block_of[user]);
}

static int check_phi(const struct verifier *v, ir_ref r)
{
    const struct ir_insn *in = &v->u->insn[r];
    const struct ir_block *bb = &v->u->block[v->block_of[r]];

    if (in->a > v->u->nphi_args || bb->npreds > v->u->nphi_args - in->a)
        return fail(v, r, "operand list is too short");
    for (uint32_t i = 0; i < bb->npreds; i++) {
        ir_ref x = v->u->phi_arg[in->a + i];

        if (x == 0 || x >= v->u->ninsns || v->u->insn[x].type != in->type)
            return fail(v, r, "operand of another type");
        if (!dominates(v, v->block_of[x], bb->preds[i]))
            return fail(v, r, "operand is not there at the end of its predecessor");
    }
    return 0;
}

static int check_insn(const struct verifier *v, ir_ref r)
{
    const struct ir_insn *in = &v->u->insn[r];
    const uint32_t field[3] = {in->a, in->b, in->c};
    unsigned refs = ir_op_refs(in->op);
    const char *wrong = check_fields(v, r);

    if (!wrong)
        wrong = check_types(v, in);
    if (wrong)
        return fail(v, r, wrong);
    for (unsigned i = 0; i < 3; i++)
        if ((refs >> i & 1) && field[i] && !available(v, field[i], r))
            return fail(v, r, "operand is used before it is there");
    return in->op == IR_phi ? check_phi(v, r) : 0;
}

/* ---- use counts ---- */

static int check_uses(const struct verifier *v)
{
    const struct ir_unit *u = v->u;
    uint32_t *uses = x_new_array(uint32_t, u->ninsns);
    int rc = 0;

    for (uint32_t i = 0; i < u->nphi_args; i++)
        uses[u->phi_arg[i]]++;
    for (ir_ref r = 1; r < u->ninsns; r++) {
        const struct ir_insn *in = &u->insn[r];
        unsigned refs = ir_op_refs(in->op);

        uses[refs & 1 ? in->a : 0]++;
        uses[refs & 2 ? in->b : 0]++;
        uses[refs & 4 ? in->c : 0]++;
    }
    for (ir_ref r = 1; r < u->ninsns && !rc; r++)
        if (uses[r] != u->uses[r])
            rc = fail(v, r, "use count is wrong");
    x_free(uses);
    return rc;
}

static int verify(struct verifier *v)
{
    const struct ir_unit *u = v->u;
    ir_ref first = 1;
    int rc;

    if (u->nblocks == 0 || u->ninsns < 2)
        return err_set(v->err, -EINVAL, "empty unit");
    for (uint32_t i = 0; i < u->nblocks; i++) {
        rc = check_block(v, i, first);
        if (rc < 0)
            return rc;
        first = u->block[i].end;
    }
    if (first != u->ninsns)
        return err_set(v->err, -EINVAL, "instructions after the last block");
    rc = check_preds(v);
    if (rc == 0)
        rc = find_dominators(v);
    for (ir_ref r = 1; r < u->ninsns && rc == 0; r++)
        rc = check_insn(v, r);
    for (uint32_t i = 0; i < u->nphi_args && rc == 0; i++)
        if (u->phi_arg[i] == 0 || u->phi_arg[i] >= u->ninsns)
            rc = err_set(v->err, -EINVAL, "phi operand %u is no value", i);
    return rc == 0 && !u->unswept ? check_uses(v) : rc;
}

int ir_verify(const struct ir_unit *u, struct err *err)
{
    struct verifier v = {.u = u, .err = err};
    int rc;

    v.block_of = x_new_array(uint32_t, u->ninsns);
    v.idom = x_new_array(uint32_t, u->nblocks);
    v.order = x_new_array(uint32_t, u->nblocks);
    rc = verify(&v);
    x_free(v.block_of);
    x_free(v.idom);
    x_free(v.order);
    return rc;
}
