/* Units of many blocks: variables (slots and locals) become SSA while blocks are being filled, as in Braun et al.,
 * "Simple and Efficient Construction of Static Single Assignment Form" (CC 2013): a block is sealed once all its
 * predecessors are known; what is read in an unsealed block is a phi that is completed at the seal.
 *
 * Differences from the paper: look-ups that would recurse through predecessors put phis on a work list instead, so the
 * depth of a function does not matter; and a slot may be unknown at the end of a block (a helper wrote the state, or
 * the block is the entry): its value is then a get at the end of that block, where the state is complete, since puts
 * are never left out across a block's end.
 *
 * Instructions that belong to another place than where they were appended have c = block + 1: phis, and gets and zeros
 * at the end of a block. ir_ssa_layout puts everything in its place and renumbers.
 */
#include <assert.h>

#include "ir/builder_int.h"

#define DEF_REF(v) ((ir_ref)(uintptr_t)(v))
#define DEF_CLOBBERS(v) ((uint32_t)((uintptr_t)(v) >> 32))

static uint64_t def_key(uint32_t block, uint32_t var)
{
    return (uint64_t)block << 32 | var;
}

static void def_set(struct ir_builder *b, uint32_t block, uint32_t var, ir_ref r)
{
    uint64_t value = (uint64_t)b->bb.data[block].clobbers << 32 | r;

    hash_put(&b->def, def_key(block, var), (void *)(uintptr_t)value);
}

/* The value of var at the end (so far) of block, 0 if nothing is known there. */
static ir_ref def_get(struct ir_builder *b, uint32_t block, uint32_t var)
{
    void *v = hash_get(&b->def, def_key(block, var));

    if (!v || (var < b->guest->nslots && DEF_CLOBBERS(v) != b->bb.data[block].clobbers))
        return 0;
    return ir_resolve(b, DEF_REF(v));
}

void ir_ssa_reset(struct ir_builder *b)
{
    vec_foreach (bb, &b->bb)
        x_free(bb->pred);
    vec_clear(&b->bb);
    vec_clear(&b->phi);
    vec_clear(&b->phi_arg);
    vec_clear(&b->work);
    hash_clear(&b->def);
    b->multi = b->forwarded = false;
    b->cur = 0;
}

void ir_ssa_fini(struct ir_builder *b)
{
    ir_ssa_reset(b);
    vec_fini(&b->bb);
    vec_fini(&b->phi);
    vec_fini(&b->phi_arg);
    vec_fini(&b->work);
    hash_fini(&b->def);
    vec_fini(&b->out_block);
    vec_fini(&b->out_pred);
    vec_fini(&b->out_phi);
    vec_fini(&b->renamed);
    x_free(b->spare);
}

uint32_t ir_block_new(struct ir_builder *b)
{
    if (!b->multi) { /* what was built so far is block 0, the entry */
        b->multi = true;
        vec_push(&b->bb, ((struct ir_bb){.first = 1, .started = true, .sealed = true}));
        for (uint32_t i = 0; i < b->nvars; i++)
            if (b->var[i].gen == b->gen)
                def_set(b, 0, i, b->var[i].ref);
    }
    vec_push(&b->bb, (struct ir_bb){0});
    return (uint32_t)b->bb.len - 1;
}

void ir_block_start(struct ir_builder *b, uint32_t block)
{
    struct ir_bb *bb = &b->bb.data[block];

    assert(!bb->started && b->bb.data[b->cur].filled);
    bb->started = true;
    bb->first = b->unit.ninsns;
    b->cur = block;
    b->gen++;
    b->cse_from = b->unit.ninsns;
}

void ir_ssa_close(struct ir_builder *b, const uint32_t *succ, uint32_t n)
{
    struct ir_bb *bb = &b->bb.data[b->cur];

    assert(bb->started && !bb->filled);
    bb->filled = true;
    bb->end = b->unit.ninsns;
    bb->nsuccs = n;
    for (uint32_t i = 0; i < n; i++) {
        struct ir_bb *to = &b->bb.data[succ[i]];

        assert(succ[i] != 0 && !to->sealed);
        bb->succ[i] = succ[i];
        if (to->npreds == to->pred_cap) {
            to->pred_cap = to->pred_cap ? to->pred_cap * 2 : 4;
            to->pred = x_reallocarray(to->pred, to->pred_cap, sizeof(*to->pred));
        }
        to->pred[to->npreds++] = b->cur;
    }
}

/* ---- reading variables ---- */

/* A get, or a local's zero, in the middle of the current block or at the end of a filled one. */
static ir_ref load_var(struct ir_builder *b, uint32_t block, uint32_t var)
{
    struct ir_insn in = {.type = (uint8_t)ir_var_type(b, var), .c = b->bb.data[block].filled ? block + 1 : 0};

    in.op = var < b->guest->nslots ? IR_get : IR_const;
    if (in.op == IR_get)
        in.aux = (uint16_t)var;
    return ir_append(b, &in);
}

static ir_ref new_phi(struct ir_builder *b, uint32_t block, uint32_t var)
{
    struct ir_bb *bb = &b->bb.data[block];
    struct ir_insn in = {.op = IR_phi, .type = (uint8_t)ir_var_type(b, var), .c = block + 1};
    struct ir_phi phi = {.var = var, .block = block};

    in.b = (uint32_t)b->phi.len;
    phi.ref = ir_append(b, &in);
    if (bb->sealed) {
        vec_push(&b->work, (uint32_t)b->phi.len);
    } else {
        phi.next = bb->incomplete;
        bb->incomplete = (uint32_t)b->phi.len + 1;
    }
    vec_push(&b->phi, phi);
    return phi.ref;
}

/* The value of var at the end of block; phis that this needs are left on the work list. */
static ir_ref read_var(struct ir_builder *b, uint32_t block, uint32_t var)
{
    uint32_t at = block;
    ir_ref r;

    for (size_t steps = 0;; steps++) {
        const struct ir_bb *bb = &b->bb.data[at];

        r = def_get(b, at, var);
        if (r)
            break;
        if ((var < b->guest->nslots && bb->clobbers) || (bb->sealed && bb->npreds == 0)) {
            r = load_var(b, at, var);
        } else if (!bb->sealed || bb->npreds > 1) {
            r = new_phi(b, at, var);
        } else {
            at = bb->pred[0];
            /* A cycle of single-predecessor blocks cannot be reached; give it some value. */
            if (steps > b->bb.len)
                r = load_var(b, at, var);
        }
        if (r) {
            def_set(b, at, var, r);
            break;
        }
    }
    for (uint32_t i = block; i != at; i = b->bb.data[i].pred[0])
        def_set(b, i, var, r);
    return r;
}

/* The one value that phi stands for besides itself, or 0. */
static ir_ref phi_trivial(struct ir_builder *b, const struct ir_phi *phi)
{
    const struct ir_insn *in = ir_at(b, phi->ref);
    ir_ref same = 0;

    for (uint32_t i = 0; i < b->bb.data[phi->block].npreds; i++) {
        ir_ref r = ir_resolve(b, b->phi_arg.data[in->a + i]);

        if (r == same || r == phi->ref)
            continue;
        if (same)
            return 0;
        same = r;
    }
    return same;
}

static bool phi_simplify(struct ir_builder *b, const struct ir_phi *phi)
{
    ir_ref same;

    if (ir_at(b, phi->ref)->op != IR_phi)
        return false;
    same = phi_trivial(b, phi);
    if (!same)
        return false;
    *ir_at(b, phi->ref) = (struct ir_insn){.op = IR_nop, .a = same};
    b->forwarded = true;
    return true;
}

/* Gives the phis on the work list their operands (which may put others there), then drops the trivial ones. */
static void complete_phis(struct ir_builder *b)
{
    for (size_t next = 0; next < b->work.len; next++) {
        struct ir_phi phi = b->phi.data[b->work.data[next]];
        uint32_t first = (uint32_t)b->phi_arg.len, n = b->bb.data[phi.block].npreds;

        ir_at(b, phi.ref)->a = first;
        for (uint32_t i = 0; i < n; i++)
            vec_push(&b->phi_arg, 0);
        for (uint32_t i = 0; i < n; i++) {
            ir_ref r = read_var(b, b->bb.data[phi.block].pred[i], phi.var);
            b->phi_arg.data[first + i] = r;
        }
    }
    while (b->work.len)
        phi_simplify(b, &b->phi.data[vec_pop(&b->work)]);
}

ir_ref ir_ssa_get(struct ir_builder *b, uint32_t var)
{
    ir_ref r = read_var(b, b->cur, var);

    complete_phis(b);
    return ir_resolve(b, r);
}

void ir_ssa_put(struct ir_builder *b, uint32_t var, ir_ref v)
{
    def_set(b, b->cur, var, v);
}

void ir_block_seal(struct ir_builder *b, uint32_t block)
{
    struct ir_bb *bb = &b->bb.data[block];

    assert(!bb->sealed);
    bb->sealed = true;
    for (uint32_t i = bb->incomplete; i; i = b->phi.data[i - 1].next)
        vec_push(&b->work, i - 1);
    complete_phis(b);
}

/* ---- layout ---- */

/* Numbers the blocks that can be reached from the entry, in order of creation; UINT32_MAX for the others. */
static void number_blocks(struct ir_builder *b, uint32_t *number)
{
    uint32_t n = 0;

    memset(number, 0xff, b->bb.len * sizeof(*number));
    number[0] = 0;
    vec_push(&b->work, 0);
    while (b->work.len) {
        const struct ir_bb *bb = &b->bb.data[vec_pop(&b->work)];

        for (uint32_t i = 0; i < bb->nsuccs; i++) {
            if (number[bb->succ[i]] == UINT32_MAX) {
                number[bb->succ[i]] = 0;
                vec_push(&b->work, bb->succ[i]);
            }
        }
    }
    for (uint32_t i = 0; i < b->bb.len; i++)
        if (number[i] != UINT32_MAX)
            number[i] = n++;
}

/* Phis lose the operands of unreachable predecessors, and may be trivial then. */
static void drop_dead_preds(struct ir_builder *b, const uint32_t *number)
{
    bool changed = true;

    vec_foreach (phi, &b->phi) {
        const struct ir_bb *bb = &b->bb.data[phi->block];
        const struct ir_insn *in = ir_at(b, phi->ref);
        uint32_t kept = 0;

        if (in->op != IR_phi || number[phi->block] == UINT32_MAX)
            continue;
        for (uint32_t i = 0; i < bb->npreds; i++)
            if (number[bb->pred[i]] != UINT32_MAX)
                b->phi_arg.data[in->a + kept++] = b->phi_arg.data[in->a + i];
    }
    vec_foreach (bb, &b->bb) {
        uint32_t kept = 0;

        for (uint32_t i = 0; i < bb->npreds; i++)
            if (number[bb->pred[i]] != UINT32_MAX)
                bb->pred[kept++] = bb->pred[i];
        bb->npreds = kept;
    }
    while (changed) {
        changed = false;
        vec_foreach (phi, &b->phi)
            changed |= number[phi->block] != UINT32_MAX && phi_simplify(b, phi);
    }
}

static bool can_vanish(const struct ir_builder *b, const struct ir_insn *in)
{
    enum ir_effect e = ir_op_effect(in->op);

    return e == IR_PURE || in->op == IR_get || in->op == IR_nop ||
        (e == IR_CALL && b->guest->helper[in->aux].effect == IR_PURE);
}

static void mark_live(struct ir_builder *b, ir_ref r)
{
    r = ir_resolve(b, r);
    if (r && !b->renamed.data[r]) {
        b->renamed.data[r] = 1;
        vec_push(&b->work, r);
    }
}

/* renamed[r] = 1 for every instruction of a reachable block that is needed. */
static void find_live(struct ir_builder *b, const uint32_t *number)
{
    vec_reserve(&b->renamed, b->unit.ninsns);
    memset(b->renamed.data, 0, b->unit.ninsns * sizeof(*b->renamed.data));
    vec_foreach (bb, &b->bb) {
        if (number[bb - b->bb.data] == UINT32_MAX)
            continue;
        for (ir_ref r = bb->first; r < bb->end; r++)
            if (!can_vanish(b, ir_at(b, r)))
                mark_live(b, r);
    }
    while (b->work.len) {
        const struct ir_insn *in = ir_at(b, vec_pop(&b->work));
        unsigned refs = ir_op_refs(in->op);

        if (in->op == IR_phi)
            for (uint32_t i = 0; i < b->bb.data[in->c - 1].npreds; i++)
                mark_live(b, b->phi_arg.data[in->a + i]);
        if (refs & 1)
            mark_live(b, in->a);
        if (refs & 2)
            mark_live(b, in->b);
        if (refs & 4)
            mark_live(b, in->c);
    }
}

static bool elsewhere(const struct ir_insn *in)
{
    return in->c && (in->op == IR_phi || in->op == IR_get || in->op == IR_const);
}

/* Where things go: order[new] = old, and renamed[old] = new. Phis of a block and its late gets were appended anywhere,
 * so they are counted per block first. */
static uint32_t place(struct ir_builder *b, const uint32_t *number, ir_ref *order)
{
    uint32_t n = 0, nblocks = (uint32_t)b->bb.len;
    uint32_t *head = x_new_array(uint32_t, nblocks + 1), *tail = x_new_array(uint32_t, nblocks + 1);
    uint32_t *next = x_new_array(uint32_t, b->unit.ninsns); /* lists of what is elsewhere */

    for (ir_ref r = b->unit.ninsns; r-- > 1;) {
        const struct ir_insn *in = ir_at(b, r);
        uint32_t *list;

        if (!b->renamed.data[r] || !elsewhere(in))
            continue;
        list = (in->op == IR_phi ? head : tail) + in->c - 1;
        next[r] = *list;
        *list = r;
    }
    order[n++] = 0;
    for (uint32_t i = 0; i < nblocks; i++) {
        struct ir_bb *bb = &b->bb.data[i];
        ir_ref first = n;

        if (number[i] == UINT32_MAX)
            continue;
        for (ir_ref r = head[i]; r; r = next[r])
            order[n++] = r;
        for (ir_ref r = bb->first; r < bb->end - 1; r++)
            if (b->renamed.data[r] && !elsewhere(ir_at(b, r)))
                order[n++] = r;
        for (ir_ref r = tail[i]; r; r = next[r])
            order[n++] = r;
        order[n++] = bb->end - 1;
        bb->first = first;
        bb->end = n;
    }
    for (ir_ref r = 1; r < n; r++)
        b->renamed.data[order[r]] = r;
    x_free(head);
    x_free(tail);
    x_free(next);
    return n;
}

static ir_ref renamed_ref(const struct ir_builder *b, ir_ref r)
{
    return b->renamed.data[ir_resolve(b, r)];
}

static void copy_insn(struct ir_builder *b, const uint32_t *number, const struct ir_insn *in, struct ir_insn *out)
{
    unsigned refs = ir_op_refs(in->op);

    *out = *in;
    if (refs & 1)
        out->a = renamed_ref(b, in->a);
    if (refs & 2)
        out->b = renamed_ref(b, in->b);
    if (refs & 4)
        out->c = renamed_ref(b, in->c);
    if (elsewhere(in))
        out->c = 0;
    if (in->op == IR_goto) {
        out->a = number[in->a];
    } else if (in->op == IR_if) {
        out->b = number[in->b];
        out->c = number[in->c];
    } else if (in->op == IR_phi) {
        out->a = (uint32_t)b->out_phi.len;
        out->b = 0;
        for (uint32_t i = 0; i < b->bb.data[in->c - 1].npreds; i++)
            vec_push(&b->out_phi, renamed_ref(b, b->phi_arg.data[in->a + i]));
    }
}

static void write_blocks(struct ir_builder *b, const uint32_t *number)
{
    struct ir_unit *u = &b->unit;
    uint32_t at = 0, total = 0;

    vec_foreach (bb, &b->bb)
        total += bb->npreds;
    vec_clear(&b->out_block);
    vec_clear(&b->out_pred);
    vec_reserve(&b->out_pred, total + 1); /* blocks point into it: no growth from here on */
    vec_foreach (bb, &b->bb) {
        struct ir_block out = {.first = bb->first, .end = bb->end, .npreds = bb->npreds, .nsuccs = bb->nsuccs};

        if (number[bb - b->bb.data] == UINT32_MAX)
            continue;
        out.preds = b->out_pred.data + at;
        for (uint32_t i = 0; i < bb->npreds; i++)
            b->out_pred.data[at++] = number[bb->pred[i]];
        for (uint32_t i = 0; i < bb->nsuccs; i++)
            out.succ[i] = number[bb->succ[i]];
        vec_push(&b->out_block, out);
    }
    u->block = b->out_block.data;
    u->nblocks = (uint32_t)b->out_block.len;
}

void ir_ssa_layout(struct ir_builder *b)
{
    struct ir_unit *u = &b->unit;
    uint32_t *number = x_new_array(uint32_t, b->bb.len), n;
    ir_ref *order = x_new_array(ir_ref, u->ninsns);
    struct ir_insn *insn;

    number_blocks(b, number);
    for (size_t i = 0; i < b->bb.len; i++)
        assert(number[i] == UINT32_MAX || (b->bb.data[i].filled && b->bb.data[i].sealed));
    drop_dead_preds(b, number);
    vec_foreach (bb, &b->bb)
        if (number[bb - b->bb.data] != UINT32_MAX)
            ir_sweep_puts(b, bb->first, bb->end);
    find_live(b, number);
    n = place(b, number, order);

    if (b->spare_cap < u->cap) {
        b->spare_cap = u->cap;
        b->spare = x_reallocarray(b->spare, b->spare_cap, sizeof(*b->spare));
    }
    vec_clear(&b->out_phi);
    b->spare[0] = (struct ir_insn){.op = IR_nop};
    for (ir_ref r = 1; r < n; r++)
        copy_insn(b, number, ir_at(b, order[r]), &b->spare[r]);
    write_blocks(b, number);

    insn = u->insn; /* the arrays change roles; spare's is at least as large */
    u->insn = b->spare;
    b->spare = insn;
    b->spare_cap = u->cap;
    u->ninsns = n;
    u->phi_arg = b->out_phi.data;
    u->nphi_args = (uint32_t)b->out_phi.len;
    b->forwarded = false;
    x_free(number);
    x_free(order);
}
