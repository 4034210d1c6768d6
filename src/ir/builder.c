/* The builder: front ends say what an instruction means, the builder emits as little as possible for it.
 *
 * In the quick tier every nanosecond here is start-up time: all arrays are kept between units, nothing is cleared that
 * a generation number can invalidate, and the value table needs no clearing at all, since an entry counts only if the
 * instruction that it names is, field by field, the one that is asked for.
 *
 * A unit has one block until ir_block_new is called; everything about blocks is in ssa.c.
 */
#include <assert.h>

#include "base/alloc.h"
#include "ir/builder_int.h"

#define FIRST_CAP 1024
#define FOLD_SLACK 16 /* instructions that one emission may append: folding holds pointers into the array */

struct ir_builder *ir_builder_new(const struct ir_guest *guest)
{
    struct ir_builder *b = x_new(struct ir_builder);

    b->guest = guest;
    b->unit.guest = guest;
    b->nvars = guest->nslots;
    b->vars_cap = guest->nslots + 8;
    b->var = x_new_array(struct ir_var, b->vars_cap);
    b->local_type = x_new_array(uint8_t, 8);
    b->overwritten = x_new_array(uint64_t, guest->nslots + 1);
    ir_builder_grow(b, FIRST_CAP);
    ir_begin(b, 0, 0);
    return b;
}

void ir_builder_free(struct ir_builder *b)
{
    if (!b)
        return;
    ir_ssa_fini(b);
    x_free(b->unit.insn);
    x_free(b->unit.uses);
    x_free(b->var);
    x_free(b->local_type);
    x_free(b->overwritten);
    x_free(b);
}

void ir_builder_grow(struct ir_builder *b, uint32_t n)
{
    struct ir_unit *u = &b->unit;

    if (n <= u->cap)
        return;
    u->cap = MAX(n, u->cap * 2);
    u->insn = x_reallocarray(u->insn, u->cap, sizeof(*u->insn));
    u->uses = x_reallocarray(u->uses, u->cap + 3, sizeof(*u->uses));
}

void ir_begin(struct ir_builder *b, uint64_t pc, uint32_t mode)
{
    struct ir_unit *u = &b->unit;

    u->pc = pc;
    u->mode = mode;
    u->nranges = 0;
    u->guest_insns = 0;
    u->nphi_args = 0;
    u->phi_arg = NULL;
    u->insn[0] = (struct ir_insn){.op = IR_nop};
    u->ninsns = 1;
    b->nvars = b->guest->nslots;
    b->gen++;
    b->cse_from = 1;
    if (b->multi)
        ir_ssa_reset(b);
}

void ir_note_range(struct ir_builder *b, uint64_t start, uint64_t end)
{
    struct ir_unit *u = &b->unit;

    for (uint32_t i = 0; i < u->nranges; i++) {
        if (start <= u->range[i].end && end >= u->range[i].start) {
            u->range[i].start = MIN(start, u->range[i].start);
            u->range[i].end = MAX(end, u->range[i].end);
            return;
        }
    }
    assert(u->nranges < ARRAY_LEN(u->range));
    u->range[u->nranges++] = (struct ir_range){start, end};
}

uint32_t ir_ranges_left(const struct ir_builder *b)
{
    return (uint32_t)ARRAY_LEN(b->unit.range) - b->unit.nranges;
}

uint32_t ir_unit_mode(const struct ir_builder *b)
{
    return b->unit.mode;
}

/* ---- emission ---- */

static ir_ref append_with(struct ir_builder *b, enum ir_op op, unsigned aux, ir_ref x, ir_ref y, ir_ref z)
{
    struct ir_insn in = ir_make(op, IR_VOID, aux, x, y, z);

    return ir_append(b, &in);
}

static ir_ref append_literal(struct ir_builder *b, enum ir_op op, unsigned aux, uint64_t literal)
{
    return append_with(b, op, aux, (uint32_t)literal, (uint32_t)(literal >> 32), 0);
}

static bool same_insn(const struct ir_insn *x, const struct ir_insn *y)
{
    return !memcmp(x, y, sizeof(*x)); /* 16 bytes, no padding */
}

/* An equal pure instruction of the current block, or a new one. */
static ir_ref append_pure(struct ir_builder *b, const struct ir_insn *in)
{
    uint32_t h = (in->op | (uint32_t)in->type << 8 | (uint32_t)in->aux << 16) * 0x9e3779b1u;
    ir_ref *entry;

    h = (h ^ in->a) * 0x85ebca6bu;
    h = (h ^ (h >> 15) ^ in->b) * 0xc2b2ae35u;
    h = (h ^ (h >> 13) ^ in->c) * 0x9e3779b1u;
    entry = &b->cse[h >> (32 - IR_CSE_BITS)];
    if (*entry >= b->cse_from && *entry < b->unit.ninsns && same_insn(&b->unit.insn[*entry], in))
        return *entry;
    return *entry = ir_append(b, in);
}

ir_ref ir_const(struct ir_builder *b, enum ir_type t, uint64_t bits)
{
    struct ir_insn in;

    bits &= mask64(ir_type_bits(t));
    in = ir_make(IR_const, t, 0, (uint32_t)bits, (uint32_t)(bits >> 32), 0);
    return append_pure(b, &in);
}

ir_ref ir_pcrel(struct ir_builder *b, uint64_t guest_addr)
{
    uint64_t off = guest_addr - b->unit.pc;
    struct ir_insn in = {.op = IR_pcrel, .type = IR_I64, .a = (uint32_t)off, .b = (uint32_t)(off >> 32)};

    return append_pure(b, &in);
}

bool ir_is_const(const struct ir_builder *b, ir_ref r, uint64_t *bits)
{
    const struct ir_insn *in = ir_at(b, ir_resolve(b, r));

    if (in->op != IR_const)
        return false;
    if (bits)
        *bits = ir_literal(in);
    return true;
}

ir_ref ir_emit(struct ir_builder *b, enum ir_op op, enum ir_type t, unsigned aux, ir_ref x, ir_ref y, ir_ref z)
{
    struct ir_insn in = ir_make(op, t, aux, x, y, z);
    ir_ref r;

    if (b->unit.ninsns + FOLD_SLACK > b->unit.cap)
        ir_builder_grow(b, b->unit.ninsns + FOLD_SLACK);
    if (b->forwarded) {
        in.a = ir_resolve(b, x);
        in.b = ir_resolve(b, y);
        in.c = ir_resolve(b, z);
    }
    r = ir_fold(b, &in);
    if (r)
        return r;
    return ir_op_effect_table[in.op] == IR_PURE ? append_pure(b, &in) : ir_append(b, &in);
}

ir_ref ir_sext(struct ir_builder *b, enum ir_type to, unsigned from_bits, ir_ref x)
{
    return ir_emit(b, IR_sext, to, from_bits, x, 0, 0);
}

ir_ref ir_zext(struct ir_builder *b, enum ir_type to, unsigned from_bits, ir_ref x)
{
    return ir_emit(b, IR_zext, to, from_bits, x, 0, 0);
}

ir_ref ir_trunc(struct ir_builder *b, enum ir_type to, ir_ref x)
{
    return ir_emit(b, IR_trunc, to, 0, x, 0, 0);
}

void ir_mark(struct ir_builder *b, uint64_t pc, unsigned len)
{
    append_with(b, IR_mark, 0, (uint32_t)(pc - b->unit.pc), len, 0);
    b->unit.guest_insns++;
}

/* ---- slots and locals ---- */

static ir_ref var_get(struct ir_builder *b, uint32_t var)
{
    struct ir_var *v = &b->var[var];

    if (v->gen == b->gen)
        return v->ref = ir_resolve(b, v->ref);
    if (b->multi) {
        v->ref = ir_ssa_get(b, var);
    } else if (var < b->guest->nslots) {
        struct ir_insn in = ir_make(IR_get, b->guest->slot[var].type, var, 0, 0, 0);
        v->ref = ir_append(b, &in);
    } else {
        v->ref = ir_const(b, ir_var_type(b, var), 0);
    }
    v->gen = b->gen;
    return v->ref;
}

static void var_put(struct ir_builder *b, uint32_t var, ir_ref r)
{
    b->var[var] = (struct ir_var){r, b->gen};
    if (b->multi)
        ir_ssa_put(b, var, r);
}

ir_ref ir_get(struct ir_builder *b, unsigned slot)
{
    return var_get(b, slot);
}

void ir_put(struct ir_builder *b, unsigned slot, ir_ref r)
{
    const struct ir_var *v = &b->var[slot];

    r = ir_resolve(b, r);
    if (v->gen == b->gen && ir_resolve(b, v->ref) == r)
        return;
    append_with(b, IR_put, slot, r, 0, 0);
    var_put(b, slot, r);
}

/* Something may have written the slots. */
static void clobber_slots(struct ir_builder *b)
{
    uint32_t old = b->gen++;

    for (uint32_t i = b->guest->nslots; i < b->nvars; i++)
        if (b->var[i].gen == old)
            b->var[i].gen = b->gen;
    if (b->multi)
        b->bb.data[b->cur].clobbers++;
}

uint32_t ir_local_new(struct ir_builder *b, enum ir_type t)
{
    uint32_t local = b->nvars - b->guest->nslots;

    if (b->nvars == b->vars_cap) {
        uint32_t locals_cap;

        b->vars_cap *= 2;
        locals_cap = b->vars_cap - b->guest->nslots;
        b->var = x_reallocarray(b->var, b->vars_cap, sizeof(*b->var));
        b->local_type = x_reallocarray(b->local_type, locals_cap, 1);
    }
    b->var[b->nvars++] = (struct ir_var){0, 0};
    b->local_type[local] = (uint8_t)t;
    return local;
}

ir_ref ir_local_get(struct ir_builder *b, uint32_t local)
{
    return var_get(b, b->guest->nslots + local);
}

void ir_local_set(struct ir_builder *b, uint32_t local, ir_ref v)
{
    var_put(b, b->guest->nslots + local, ir_resolve(b, v));
}

/* ---- memory and calls ---- */

ir_ref ir_load(struct ir_builder *b, enum ir_type t, unsigned mem_aux, ir_ref addr, int32_t off)
{
    struct ir_insn in = ir_make(IR_load, t, mem_aux, ir_resolve(b, addr), (uint32_t)off, 0);

    return ir_append(b, &in);
}

void ir_store(struct ir_builder *b, unsigned mem_aux, ir_ref addr, int32_t off, ir_ref v)
{
    append_with(b, IR_store, mem_aux, ir_resolve(b, addr), (uint32_t)off, ir_resolve(b, v));
}

ir_ref ir_rmw(struct ir_builder *b, enum ir_type t, unsigned mem_aux, enum ir_rmw op, ir_ref addr, ir_ref v)
{
    struct ir_insn in = {IR_rmw, (uint8_t)t, (uint16_t)(mem_aux | (unsigned)op << 8), addr, v, 0};

    in.a = ir_resolve(b, addr);
    in.b = ir_resolve(b, v);
    return ir_append(b, &in);
}

ir_ref ir_cas(struct ir_builder *b, enum ir_type t, unsigned mem_aux, ir_ref addr, ir_ref expected, ir_ref desired)
{
    struct ir_insn in = {IR_cas, (uint8_t)t, (uint16_t)mem_aux, 0, 0, 0};

    in.a = ir_resolve(b, addr);
    in.b = ir_resolve(b, expected);
    in.c = ir_resolve(b, desired);
    return ir_append(b, &in);
}

void ir_fence(struct ir_builder *b, unsigned kinds)
{
    append_with(b, IR_fence, kinds, 0, 0, 0);
}

ir_ref ir_call(struct ir_builder *b, enum ir_type t, unsigned helper, ir_ref x, ir_ref y, ir_ref z)
{
    struct ir_insn in = {IR_call, (uint8_t)t, (uint16_t)helper, 0, 0, 0};
    ir_ref r;

    in.a = ir_resolve(b, x);
    in.b = ir_resolve(b, y);
    in.c = ir_resolve(b, z);
    r = ir_append(b, &in);
    if (b->guest->helper[helper].effect == IR_STATE)
        clobber_slots(b);
    return r;
}

/* ---- leaving ---- */

void ir_branch_exit(struct ir_builder *b, ir_ref cond, uint64_t guest_pc)
{
    uint64_t off = guest_pc - b->unit.pc, bits;

    cond = ir_fold_cond(b, ir_resolve(b, cond));
    if (ir_is_const(b, cond, &bits) && bits == 0)
        return;
    append_with(b, IR_branch_exit, 0, cond, (uint32_t)off, (uint32_t)(off >> 32));
}

void ir_exit_if(struct ir_builder *b, ir_ref cond, enum ir_exit why, ir_ref info)
{
    uint64_t bits;

    cond = ir_fold_cond(b, ir_resolve(b, cond));
    if (ir_is_const(b, cond, &bits) && bits == 0)
        return;
    append_with(b, IR_exit_if, why, cond, ir_resolve(b, info), 0);
}

void ir_call_hint(struct ir_builder *b, uint64_t return_pc)
{
    append_literal(b, IR_call_hint, 0, return_pc - b->unit.pc);
}

void ir_safepoint(struct ir_builder *b, uint64_t guest_pc)
{
    append_literal(b, IR_safepoint, 0, guest_pc - b->unit.pc);
}

static void close_block(struct ir_builder *b, const uint32_t *succ, uint32_t n)
{
    if (b->multi)
        ir_ssa_close(b, succ, n);
}

void ir_jump(struct ir_builder *b, uint64_t guest_pc)
{
    append_literal(b, IR_jump, 0, guest_pc - b->unit.pc);
    close_block(b, NULL, 0);
}

void ir_jump_ind(struct ir_builder *b, enum ir_ind kind, ir_ref target)
{
    const struct ir_insn *in = ir_at(b, target = ir_resolve(b, target));

    /* auipc; jalr: a far call to a known place. A return keeps its kind: it must pop the shadow stack. */
    if (in->op == IR_pcrel && kind != IR_IND_RET) {
        ir_jump(b, b->unit.pc + ir_literal(in));
        return;
    }
    append_with(b, IR_jump_ind, kind, target, 0, 0);
    close_block(b, NULL, 0);
}

void ir_exit(struct ir_builder *b, enum ir_exit why, uint64_t next_pc)
{
    append_literal(b, IR_exit, why, next_pc - b->unit.pc);
    close_block(b, NULL, 0);
}

void ir_goto(struct ir_builder *b, uint32_t block)
{
    append_with(b, IR_goto, 0, block, 0, 0);
    close_block(b, &block, 1);
}

void ir_if(struct ir_builder *b, ir_ref cond, uint32_t then_block, uint32_t else_block)
{
    const uint32_t succ[2] = {then_block, else_block};
    uint64_t bits;

    cond = ir_fold_cond(b, ir_resolve(b, cond));
    if (ir_is_const(b, cond, &bits) || then_block == else_block) {
        ir_goto(b, then_block != else_block && bits == 0 ? else_block : then_block);
        return;
    }
    append_with(b, IR_if, 0, cond, then_block, else_block);
    close_block(b, succ, 2);
}

/* ---- the end: dead values and dead puts ---- */

static inline void count_uses(struct ir_unit *u, const struct ir_insn *in)
{
    unsigned refs = ir_op_refs_table[in->op];

    /* No branches: what is no ref counts for nobody, behind the end. */
    u->uses[refs & 1 ? in->a : u->cap]++;
    u->uses[refs & 2 ? in->b : u->cap + 1]++;
    u->uses[refs & 4 ? in->c : u->cap + 2]++;
}

void ir_builder_count(struct ir_builder *b)
{
    struct ir_unit *u = &b->unit;

    memset(u->uses, 0, u->ninsns * sizeof(*u->uses));
    for (uint32_t i = 0; i < u->nphi_args; i++)
        u->uses[u->phi_arg[i]]++;
    for (ir_ref r = 1; r < u->ninsns; r++)
        count_uses(u, &u->insn[r]);
    u->uses[0] = 0;
}

/* Can the instruction, of which nobody uses the value, be left out? Also notes for puts what is seen of the slots:
 * overwritten[slot] == epoch says that a later put of the slot comes before anything that could see it. */
static inline bool sweep_insn(struct ir_builder *b, const struct ir_insn *in, bool unused)
{
    switch (ir_op_effect_table[in->op]) {
    case IR_PURE: return unused;
    case IR_NONE:
    case IR_FPENV:
    case IR_BARRIER: return false;
    case IR_LOAD:
    case IR_STORE:
    case IR_EXIT: b->epoch++; return false;
    case IR_CALL:
        if (b->guest->helper[in->aux].effect == IR_PURE)
            return unused;
        b->epoch++;
        return false;
    case IR_STATE: break;
    }
    if (in->op == IR_put) {
        if (b->overwritten[in->aux] == b->epoch)
            return true;
        b->overwritten[in->aux] = b->epoch;
        return false;
    }
    if (in->op == IR_get && !unused)
        b->overwritten[in->aux] = 0;
    return unused && (in->op == IR_get || in->op == IR_fp_flags || in->op == IR_fp_rm);
}

void ir_sweep_puts(struct ir_builder *b, ir_ref first, ir_ref end)
{
    b->epoch++;
    for (ir_ref r = end; r-- > first;)
        if (sweep_insn(b, ir_at(b, r), false))
            *ir_at(b, r) = (struct ir_insn){.op = IR_nop};
}

/* Dead values and puts of a single block, in one pass that also counts uses. */
static void sweep(struct ir_builder *b)
{
    struct ir_unit *u = &b->unit;

    memset(u->uses, 0, u->ninsns * sizeof(*u->uses));
    b->epoch++;
    for (ir_ref r = u->ninsns; r-- > 1;) {
        struct ir_insn *in = &u->insn[r];

        if (sweep_insn(b, in, u->uses[r] == 0))
            *in = (struct ir_insn){.op = IR_nop};
        else
            count_uses(u, in);
    }
    u->uses[0] = 0;
}

static struct ir_unit *end(struct ir_builder *b, bool swept)
{
    struct ir_unit *u = &b->unit;

    u->unswept = !swept && !b->multi;
    assert(b->multi || ir_op_is_terminator(u->insn[u->ninsns - 1].op));
    if (b->multi) {
        ir_ssa_layout(b);
        ir_builder_count(b);
    } else {
        b->single = (struct ir_block){.first = 1, .end = u->ninsns};
        u->block = &b->single;
        u->nblocks = 1;
        if (swept)
            sweep(b);
    }
    return u;
}

struct ir_unit *ir_end(struct ir_builder *b)
{
    return end(b, true);
}

struct ir_unit *ir_end_unswept(struct ir_builder *b)
{
    return end(b, false);
}
