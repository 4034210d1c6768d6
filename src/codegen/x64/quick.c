/* The quick tier: one straight-line unit of IR to host code. gen.h tells how; this file holds the two passes, the dispatch by
 * op and what makes a finished unit of the bytes.
 */
#include "codegen/x64/gen.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"

#define OP_BYTES_MAX 1024         /* one IR op, its hot code */
#define COLD_BYTES_MAX 256        /* one piece of cold code */
#define UNIT_BYTES_MAX UINT16_MAX /* counts and offsets in a unit's record have 16 bits */

void gen_fail(struct cg_gen *g, const char *why)
{
    if (!g->failed)
        g->why = why;
    g->failed = true;
}

struct cg_cold *gen_cold(struct cg_gen *g, enum cg_cold_kind kind)
{
    struct cg_cold *c;

    if (g->ncold == g->cold_cap) {
        g->cold_cap = g->cold_cap ? 2 * g->cold_cap : 64;
        g->cold = x_reallocarray(g->cold, g->cold_cap, sizeof(*g->cold));
    }
    c = &g->cold[g->ncold++];
    *c = (struct cg_cold){.kind = (uint8_t)kind, .reg = X64_NONE, .reg2 = X64_NONE, .reg3 = X64_NONE, .pc = g->pc};
    return c;
}

void gen_map(struct cg_gen *g, const uint8_t *from)
{
    if (g->nmaps == g->map_cap) {
        g->map_cap = g->map_cap ? 2 * g->map_cap : 64;
        g->map = x_reallocarray(g->map, g->map_cap, sizeof(*g->map));
    }
    g->map[g->nmaps++] = (struct cg_map_entry){
        .host = (uint16_t)(from - g->entry),
        .pc = (int32_t)(g->pc - g->u->pc),
        .host_len = (uint16_t)(g->b.p - from),
    };
}

struct cg_link *gen_link(struct cg_gen *g, uint64_t pc)
{
    struct cg_link *l = &g->link[g->nlinks++];

    l->pc = pc;
    return l;
}

/* ---- backward pass ------------------------------------------------------------------------------------------------- */

/* Can user (an instruction) fold the value v, its only use? */
static bool folds(const struct cg_gen *g, ir_ref v, ir_ref user)
{
    const struct ir_insn *in = &g->insn[v], *by = &g->insn[user];

    switch (in->op) {
    case IR_eq:
    case IR_ne:
    case IR_lts:
    case IR_les:
    case IR_ltu:
    case IR_leu:
        if (type_bits(gen_type(g, in->a)) < 32)
            return false;
        return by->a == v && (by->op == IR_branch_exit || by->op == IR_exit_if || by->op == IR_select);
    case IR_shl:
        return in->type == IR_I64 && by->op == IR_add && by->type == IR_I64 && g->insn[in->b].op == IR_const &&
            g->insn[in->b].a <= 3 && by->a != by->b;
    case IR_add:
        return in->type == IR_I64 && by->a == v && (by->op == IR_load || by->op == IR_store) &&
            (by->op == IR_load || by->c != v);
    case IR_bitcast:
        return by->op == IR_store && by->c == v && by->a != v && in->type == IR_I64 && IR_MEM_LOG2(by->aux) >= 2;
    default: return false;
    }
}

static inline void count_use(struct cg_gen *g, ir_ref r, uint32_t at, unsigned flags)
{
    struct cg_val *v = &g->val[r];

    if (v->last < at)
        v->last = at;
    v->uses += v->uses != UINT16_MAX;
    v->flags |= (uint8_t)flags;
}

static void drop_hint(struct cg_gen *g, unsigned slot, uint32_t epoch)
{
    uint32_t v = g->slot_pending[slot];

    if (g->slot_epoch[slot] == epoch && v && g->val[v].hint == g->conv->home[slot])
        g->val[v].hint = X64_NONE;
}

static void scan_put(struct cg_gen *g, ir_ref i)
{
    const struct ir_insn *in = &g->insn[i];
    unsigned slot = in->aux, home = g->conv->home[slot];

    drop_hint(g, slot, g->epoch);
    if (g->slot_epoch[slot] == g->epoch) { /* overwritten before anyone could see it */
        g->val[i].flags |= VAL_DEAD;
        g->slot_pending[slot] = 0;
        return;
    }
    g->slot_epoch[slot] = g->epoch;
    g->slot_pending[slot] = in->a;
    if (home != X64_NONE) {
        g->epoch_mask[g->epoch] |= 1u << home;
        g->val[in->a].hint = (uint8_t)home;
        g->val[in->a].hint_epoch = g->epoch;
    }
    count_use(g, in->a, i, VAL_WIDE);
}

static void scan_get(struct cg_gen *g, ir_ref i)
{
    unsigned slot = g->insn[i].aux, home = g->conv->home[slot];
    struct cg_val *v = &g->val[i];

    if (!v->uses) {
        v->flags |= VAL_DEAD;
        return;
    }
    drop_hint(g, slot, g->epoch);
    if (g->slot_epoch[slot] == g->epoch && home != X64_NONE) {
        v->flags |= VAL_FREES_HOME;
        g->epoch_mask[g->epoch] &= ~(1u << home);
    }
    g->slot_epoch[slot] = 0;
    v->hint = X64_NONE;
}

/* Do bits 32-63 of the operands matter for the result? Wrapping arithmetic asks for no more than its own user does. */
static inline bool wants_wide(const struct ir_insn *in, unsigned info, bool wide)
{
    if (info & CG_NARROW)
        return wide;
    if (info & CG_EXTEND)
        return in->aux > 32;
    return in->op != IR_trunc;
}

static inline void scan_insn(struct cg_gen *g, ir_ref i)
{
    const struct ir_insn *in = &g->insn[i];
    struct cg_val *v = &g->val[i];
    unsigned info = g->s->op_info[in->op], flags;
    uint32_t use_at = i;

    if (v->hint_epoch != g->epoch)
        v->hint = X64_NONE;
    if (!v->uses && (info & CG_REMOVABLE)) {
        v->flags |= VAL_DEAD;
        return;
    }
    if (info & CG_BARRIER)
        g->epoch_mask[++g->epoch] = 0;
    if (info & CG_LINK)
        g->nlinks++;
    if (!(info & CG_REFS))
        return;
    if ((info & CG_LAZY) && v->uses == 1 && folds(g, i, v->last)) {
        v->flags |= VAL_LAZY;
        use_at = v->last;
    }
    if ((info & CG_SAME) || ((info & CG_EXTEND) && gen_same_low(g, i)))
        use_at = v->last;
    flags = wants_wide(in, info, v->flags & VAL_WIDE) ? VAL_WIDE : 0;
    if ((info & 1) && in->a)
        count_use(g, in->a, use_at, flags);
    if ((info & 2) && in->b)
        count_use(g, in->b, use_at, flags);
    if ((info & 4) && in->c)
        count_use(g, in->c, use_at, flags);
    if (v->hint != X64_NONE && (info & CG_PASSES_HINT) && g->val[in->a].uses == 1 && g->insn[in->a].op != IR_get) {
        g->val[in->a].hint = v->hint;
        g->val[in->a].hint_epoch = g->epoch;
        g->slot_pending[g->conv->slot_of[v->hint]] = in->a;
    }
}

static void scan(struct cg_gen *g)
{
    const struct ir_insn *insn = g->insn;
    struct cg_val *val = g->val;
    uint32_t n = g->u->ninsns;

    for (uint32_t i = 0; i < n; i++)
        val[i] = (struct cg_val){.root = i, .reg = X64_NONE, .hint = X64_NONE};
    memset(g->memval, 0, g->s->guest->nslots * sizeof(*g->memval));
    memset(g->slot_epoch, 0, g->s->guest->nslots * sizeof(*g->slot_epoch));
    g->epoch = 1;
    g->epoch_mask[1] = 0;
    for (uint32_t i = n; i-- > 1;) {
        switch (insn[i].op) {
        case IR_mark: break;
        case IR_nop: /* these need no code of their own */
        case IR_const:
        case IR_pcrel: val[i].flags |= VAL_DEAD; break;
        case IR_put: scan_put(g, i); break;
        case IR_get: scan_get(g, i); break;
        default: scan_insn(g, i); break;
        }
    }
    g->avail = g->epoch_mask[g->epoch];
}

/* ---- forward pass -------------------------------------------------------------------------------------------------- */

void gen_op(struct cg_gen *g, ir_ref i)
{
    const struct ir_insn *in = &g->insn[i];

    switch ((enum ir_op)in->op) {
    case IR_nop:
    case IR_const:
    case IR_pcrel: break;
    case IR_get: gen_get(g, i); break;
    case IR_put: gen_put(g, in->aux, in->a); break;
    case IR_mark: break;
    case IR_add:
    case IR_sub:
    case IR_mul:
    case IR_mulhs:
    case IR_mulhu:
    case IR_mulhsu:
    case IR_divs:
    case IR_divu:
    case IR_rems:
    case IR_remu:
    case IR_and:
    case IR_or:
    case IR_xor:
    case IR_andn:
    case IR_not:
    case IR_neg:
    case IR_shl:
    case IR_shr:
    case IR_sar:
    case IR_rotl:
    case IR_rotr:
    case IR_clz:
    case IR_ctz:
    case IR_popcnt:
    case IR_bswap:
    case IR_orcb:
    case IR_clmul:
    case IR_clmulh:
    case IR_smin:
    case IR_smax:
    case IR_umin:
    case IR_umax:
    case IR_eq:
    case IR_ne:
    case IR_lts:
    case IR_les:
    case IR_ltu:
    case IR_leu:
    case IR_select:
    case IR_sext:
    case IR_zext:
    case IR_trunc: gen_int_op(g, i); break;
    case IR_bitcast:
    case IR_fbox:
    case IR_funbox:
    case IR_fadd:
    case IR_fsub:
    case IR_fmul:
    case IR_fdiv:
    case IR_fsqrt:
    case IR_fma:
    case IR_fmin:
    case IR_fmax:
    case IR_fminm:
    case IR_fmaxm:
    case IR_fneg:
    case IR_fabs:
    case IR_fsgnj:
    case IR_fsgnjn:
    case IR_fsgnjx:
    case IR_feq:
    case IR_flt:
    case IR_fle:
    case IR_fltq:
    case IR_fleq:
    case IR_f_to_i:
    case IR_i_to_f:
    case IR_f_to_f:
    case IR_f_to_h:
    case IR_h_to_f:
    case IR_fround:
    case IR_fclass:
    case IR_fp_flags:
    case IR_fp_set_flags:
    case IR_fp_rm:
    case IR_fp_set_rm: gen_fp_op(g, i); break;
    case IR_load:
    case IR_store:
    case IR_rmw:
    case IR_cas:
    case IR_fence: gen_mem_op(g, i); break;
    case IR_call: gen_call(g, i); break;
    case IR_branch_exit:
    case IR_exit_if:
    case IR_call_hint:
    case IR_safepoint:
    case IR_jump:
    case IR_jump_ind:
    case IR_exit: gen_exit_op(g, i); break;
    case IR_phi:
    case IR_goto:
    case IR_if:
    case IR_NOPS: gen_fail(g, "the quick tier takes one block"); break;
    }
}

void gen_lazy(struct cg_gen *g, ir_ref i)
{
    g->val[i].flags &= (uint8_t)~VAL_LAZY;
    g->val[i].hint = X64_NONE;
    gen_op(g, i);
}

static bool forward(struct cg_gen *g)
{
    const struct ir_insn *insn = g->insn;
    const struct cg_val *val = g->val;
    uint32_t n = g->u->ninsns;
    uint64_t base = g->u->pc;

    g->pc = base;
    for (uint32_t i = 1; i < n; i++) {
        unsigned op = insn[i].op;

        if (op == IR_mark) {
            g->pc = base + (uint64_t)(int64_t)(int32_t)insn[i].a;
            continue;
        }
        if (val[i].flags & (VAL_LAZY | VAL_DEAD))
            continue;
        if (g->b.end - g->b.p < OP_BYTES_MAX)
            return false;
        g->now = i;
        gen_op(g, i);
        if (g->s->op_info[op] & CG_BARRIER)
            g->avail = g->epoch_mask[--g->epoch];
        gen_done(g);
    }
    return true;
}

/* ---- the unit ------------------------------------------------------------------------------------------------------ */

static bool cold_code(struct cg_gen *g)
{
    for (uint32_t i = 0; i < g->ncold; i++) { /* may grow meanwhile */
        struct cg_cold c = g->cold[i];

        if (g->b.end - g->b.p < COLD_BYTES_MAX)
            return false;
        if (c.from)
            x64_here(&g->b, c.from);
        switch ((enum cg_cold_kind)c.kind) {
        case COLD_LINK:
        case COLD_LINK_POLL:
        case COLD_KICK:
        case COLD_SELF:
        case COLD_LINK_STUB:
        case COLD_EXIT:
        case COLD_LOOKUP:
        case COLD_KICK_REG: gen_cold_exit(g, &c); break;
        case COLD_DIV: gen_cold_int(g, &c); break;
        case COLD_NAN:
        case COLD_FMINMAX:
        case COLD_F_TO_I: gen_cold_fp(g, &c); break;
        }
    }
    return true;
}

static struct cg_gen *gen_for(struct cg_space *s, const struct ir_unit *u)
{
    struct cg_gen *g = s->gen;
    unsigned nslots = s->guest->nslots;

    if (!g) {
        g = s->gen = x_new(struct cg_gen);
        g->memval = x_new_array(uint32_t, nslots);
        g->slot_epoch = x_new_array(uint32_t, nslots);
        g->slot_pending = x_new_array(uint32_t, nslots);
    }
    if (u->ninsns > g->val_cap) {
        g->val_cap = u->ninsns + u->ninsns / 2 + 256;
        g->val = x_reallocarray(g->val, g->val_cap, sizeof(*g->val));
        g->epoch_mask = x_reallocarray(g->epoch_mask, g->val_cap + 2, sizeof(*g->epoch_mask));
    }
    return g;
}

void cg_x64_gen_free(struct cg_gen *g)
{
    x_free(g->val);
    x_free(g->epoch_mask);
    x_free(g->memval);
    x_free(g->slot_epoch);
    x_free(g->slot_pending);
    x_free(g->cold);
    x_free(g->map);
    x_free(g);
}

static void gen_begin(struct cg_gen *g, struct cg_space *s, struct cg_segment *seg, const struct ir_unit *u)
{
    uint8_t *at = seg->rw + seg->used;

    g->s = s;
    g->seg = seg;
    g->u = u;
    g->insn = u->insn;
    g->conv = &s->conv;
    g->host = &s->host;
    g->b = (struct x64_buf){.p = at, .start = at, .end = seg->rw + seg->size, .rx = seg->to_rx};
    g->entry = at;
    g->failed = false;
    g->ncold = g->nlinks = g->nmaps = 0;
    g->locked = 0;
    g->spilled[0] = g->spilled[1] = 0;
    memset(g->regval, 0, sizeof(g->regval));
    g->busy = 0;
}

/* The unit's record in the data area; false: no room. */
static bool new_unit(struct cg_gen *g)
{
    g->unit = cg_segment_data(g->seg, sizeof(*g->unit), 8);
    g->link = cg_segment_data(g->seg, g->nlinks * sizeof(*g->link), 8);
    g->nlinks = 0;
    return g->unit && g->link;
}

static bool finish_unit(struct cg_gen *g)
{
    struct cg_unit *unit = g->unit;
    struct ir_range *range = cg_segment_data(g->seg, g->u->nranges * sizeof(*range), 8);
    struct cg_map_entry *map = cg_segment_data(g->seg, g->nmaps * sizeof(*map), 8);

    if (!map || !range)
        return false;
    if (g->nmaps)
        memcpy(map, g->map, g->nmaps * sizeof(*map));
    memcpy(range, g->u->range, g->u->nranges * sizeof(*range));
    unit->base = g->u->pc;
    unit->entry = g->entry + g->b.rx;
    unit->mode = (uint8_t)g->u->mode;
    unit->code_size = (uint32_t)(g->b.p - g->entry);
    unit->guest_insns = (uint16_t)g->u->guest_insns;
    unit->ir_insns = (uint16_t)g->u->ninsns;
    unit->host_insns = (uint16_t)g->hot_insns;
    unit->link = g->link;
    unit->nlinks = (uint16_t)g->nlinks;
    unit->map = map;
    unit->nmaps = (uint16_t)g->nmaps;
    unit->range = range;
    unit->nranges = (uint8_t)g->u->nranges;
    atomic_store_explicit(&unit->pc, g->u->pc, memory_order_release);
    g->seg->used += align_up(unit->code_size, 16);
    cg_segment_add_unit(g->seg, unit);
    return true;
}

/* Data that was taken for a unit which did not come to be; it must read as zeros next time. */
static void give_back_data(struct cg_segment *seg, size_t used)
{
    memset(seg->data + used, 0, seg->data_used - used);
    seg->data_used = used;
}

struct cg_unit *cg_compile_quick(struct cg_space *s, const struct ir_unit *u, struct err *err)
{
    struct cg_segment *seg = cg_segment_current(s, err);
    struct cg_gen *g;
    size_t data_used;
    bool room;

    if (!seg)
        return NULL;
    data_used = seg->data_used;
    g = gen_for(s, u);
    gen_begin(g, s, seg, u);
    if (u->nblocks > 1 || u->ninsns > UINT16_MAX) {
        err_set(err, -E2BIG, "the quick tier takes one block of 65535 instructions");
        return NULL;
    }
    scan(g);
    room = new_unit(g) && forward(g);
    g->hot_insns = g->b.insns;
    room = room && cold_code(g);
    if (g->b.p - g->entry > UNIT_BYTES_MAX)
        gen_fail(g, "too much code");
    if (room && !g->failed && finish_unit(g))
        return g->unit;
    give_back_data(seg, data_used);
    if (g->failed)
        err_set(err, -E2BIG, "compile unit at 0x%llx: %s", (unsigned long long)u->pc, g->why);
    else
        err_set(err, -ENOSPC, "code space is full");
    return NULL;
}
