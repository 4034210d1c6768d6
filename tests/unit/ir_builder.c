/* The builder: slot cache, value table, dead values and puts, ranges, and SSA over loops and diamonds. Folding rules
 * are tested by tests/ir (text), where a case is two lines.
 */
#include <string.h>

#include "base/bits.h"
#include "harness.h"
#include "ir/ir.h"

static uint64_t helper_fn(void *state, uint64_t a, uint64_t b, uint64_t c)
{
    return a + b + c;
}

static const struct ir_slot slots[] = {
    {"a0", 0, IR_I64},
    {"a1", 8, IR_I64},
    {"fa0", 16, IR_F64},
};
static const struct ir_helper helpers[] = {
    {"sum", helper_fn, IR_PURE},
    {"poke_state", helper_fn, IR_STATE},
    {"poke_memory", helper_fn, IR_STORE},
};
static const struct ir_guest guest = {
    .name = "test",
    .slot = slots,
    .nslots = ARRAY_LEN(slots),
    .helper = helpers,
    .nhelpers = ARRAY_LEN(helpers),
    .canonical_nan = true,
};
enum { A0, A1, FA0 };
enum { SUM, POKE_STATE, POKE_MEMORY };

static unsigned count(const struct ir_unit *u, enum ir_op op)
{
    unsigned n = 0;

    for (ir_ref r = 1; r < u->ninsns; r++)
        n += u->insn[r].op == op;
    return n;
}

static struct ir_builder *fresh(void)
{
    struct ir_builder *b = ir_builder_new(&guest);

    ir_begin(b, 0x1000, 0);
    return b;
}

TEST(get_is_cached_and_follows_put)
{
    struct ir_builder *b = fresh();
    ir_ref x = ir_get(b, A0), y;

    CHECK_EQ(ir_get(b, A0), x);
    y = ir_op2(b, IR_add, IR_I64, x, ir_get(b, A1));
    ir_put(b, A0, y);
    CHECK_EQ(ir_get(b, A0), y);
    ir_put(b, A0, y); /* known already */
    ir_jump(b, 0x1004);
    CHECK_EQ(count(ir_end(b), IR_put), 1u);
    ir_builder_free(b);
}

TEST(state_helper_makes_slots_unknown)
{
    struct ir_builder *b = fresh();
    ir_ref x = ir_get(b, A0), local;
    uint32_t l = ir_local_new(b, IR_I64);

    local = ir_const(b, IR_I64, 5);
    ir_local_set(b, l, local);
    ir_call(b, IR_I64, POKE_MEMORY, x, 0, 0);
    CHECK_EQ(ir_get(b, A0), x);
    ir_call(b, IR_I64, POKE_STATE, x, 0, 0);
    CHECK(ir_get(b, A0) != x);
    CHECK_EQ(ir_local_get(b, l), local);
    ir_builder_free(b);
}

TEST(equal_pure_ops_are_one_and_loads_are_not)
{
    struct ir_builder *b = fresh();
    ir_ref x = ir_get(b, A0), y = ir_get(b, A1);

    CHECK_EQ(ir_op2(b, IR_mulhu, IR_I64, x, y), ir_op2(b, IR_mulhu, IR_I64, x, y));
    CHECK(ir_op2(b, IR_mulhu, IR_I64, x, y) != ir_op2(b, IR_mulhu, IR_I64, y, x));
    CHECK(ir_load(b, IR_I64, IR_MEM(3, 0, IR_DIRECT), x, 0) != ir_load(b, IR_I64, IR_MEM(3, 0, IR_DIRECT), x, 0));
    ir_begin(b, 0x2000, 0); /* the value table may not remember the unit before */
    x = ir_get(b, A0);
    y = ir_get(b, A1);
    CHECK(ir_op2(b, IR_mulhu, IR_I64, y, x) < 5);
    ir_builder_free(b);
}

TEST(dead_values_and_overwritten_puts_vanish)
{
    struct ir_builder *b = fresh();
    ir_ref x = ir_get(b, A0);
    const struct ir_unit *u;

    ir_op2(b, IR_mul, IR_I64, x, ir_op2(b, IR_xor, IR_I64, x, ir_get(b, A1))); /* nobody uses it */
    ir_call(b, IR_I64, SUM, x, x, x);
    ir_put(b, A0, ir_op1(b, IR_bswap, IR_I64, x)); /* overwritten unseen */
    ir_put(b, A0, ir_op1(b, IR_ctz, IR_I64, x));
    ir_put(b, A1, ir_op1(b, IR_clz, IR_I64, x)); /* seen by the load's fault */
    ir_load(b, IR_I64, IR_MEM(3, 0, IR_DIRECT), x, 0);
    ir_put(b, A1, x);
    ir_jump(b, 0x1004);
    u = ir_end(b);
    CHECK_EQ(count(u, IR_mul) + count(u, IR_xor) + count(u, IR_call) + count(u, IR_bswap), 0u);
    CHECK_EQ(count(u, IR_load), 1u);
    CHECK_EQ(count(u, IR_put), 3u);
    CHECK_EQ(count(u, IR_get), 1u);
    CHECK_EQ(u->uses[x], 4u); /* ctz, clz, load, put */
    ir_builder_free(b);
}

TEST(fp_ops_are_neither_merged_nor_dropped)
{
    struct ir_builder *b = fresh();
    ir_ref x = ir_get(b, FA0);
    const struct ir_unit *u;

    ir_emit(b, IR_fadd, IR_F64, IR_RM_DYN, x, x, 0);
    ir_emit(b, IR_fadd, IR_F64, IR_RM_DYN, x, x, 0);
    ir_jump(b, 0x1004);
    u = ir_end(b);
    CHECK_EQ(count(u, IR_fadd), 2u);
    ir_builder_free(b);
}

TEST(jump_to_known_place_is_direct)
{
    struct ir_builder *b = fresh();
    const struct ir_unit *u;
    ir_ref t = ir_op2(b, IR_add, IR_I64, ir_pcrel(b, 0x5000), ir_const(b, IR_I64, -(uint64_t)0x1ff));

    t = ir_op2(b, IR_and, IR_I64, t, ir_const(b, IR_I64, ~(uint64_t)1));
    ir_jump_ind(b, IR_IND_CALL, t);
    u = ir_end(b);
    CHECK_EQ(count(u, IR_jump), 1u);
    CHECK_EQ(u->insn[u->ninsns - 1].a, 0x5000u - 0x200 - 0x1000);
    ir_builder_free(b);
}

TEST(ranges_merge)
{
    struct ir_builder *b = fresh();
    const struct ir_unit *u;

    ir_note_range(b, 0x1000, 0x1004);
    ir_note_range(b, 0x1004, 0x1006);
    ir_note_range(b, 0x2000, 0x2004);
    CHECK_EQ(ir_ranges_left(b), 6u);
    ir_jump(b, 0x1000);
    u = ir_end(b);
    CHECK_EQ(u->nranges, 2u);
    CHECK_EQ(u->range[0].end, (uint64_t)0x1006);
    ir_builder_free(b);
}

TEST(growth_keeps_what_was_built)
{
    struct ir_builder *b = fresh();
    ir_ref x = ir_get(b, A0);
    const struct ir_unit *u;

    for (unsigned i = 1; i < 20000; i++)
        x = ir_op2(b, IR_add, IR_I64, x, ir_const(b, IR_I64, i));
    ir_put(b, A0, x);
    ir_jump(b, 0x1004);
    u = ir_end(b);
    CHECK_EQ(count(u, IR_add), 19999u);
    CHECK_EQ(u->insn[2].op, IR_const);
    ir_builder_free(b);
}

/* ---- blocks ---- */

TEST(diamond_gets_one_phi)
{
    struct ir_builder *b = fresh();
    ir_ref x = ir_get(b, A0);
    uint32_t then = ir_block_new(b), other = ir_block_new(b), join = ir_block_new(b);
    const struct ir_unit *u;
    ir_ref v;

    ir_if(b, x, then, other);
    ir_block_seal(b, then);
    ir_block_seal(b, other);
    ir_block_start(b, then);
    ir_put(b, A1, ir_const(b, IR_I64, 1));
    ir_goto(b, join);
    ir_block_start(b, other);
    ir_put(b, A1, ir_const(b, IR_I64, 2));
    ir_goto(b, join);
    ir_block_seal(b, join);
    ir_block_start(b, join);
    v = ir_get(b, A1);
    CHECK_EQ(ir_get(b, A0), x); /* the same in both arms: no phi */
    ir_store(b, IR_MEM(3, 0, IR_DIRECT), ir_get(b, A0), 0, v);
    ir_jump(b, 0x1010);
    u = ir_end(b);
    CHECK_EQ(u->nblocks, 4u);
    CHECK_EQ(count(u, IR_phi), 1u);
    CHECK_EQ(u->nphi_args, 2u);
    CHECK_EQ(u->block[3].npreds, 2u);
    CHECK_EQ(u->insn[u->phi_arg[0]].op, IR_const);
    CHECK_EQ(u->insn[u->block[3].first].op, IR_phi);
    ir_builder_free(b);
}

/* for (local = a0; local; local--) a1 += local; */
static const struct ir_unit *build_loop(struct ir_builder *b, bool clobber)
{
    uint32_t i = ir_local_new(b, IR_I64);
    uint32_t head, body, out;
    ir_ref v;

    ir_local_set(b, i, ir_get(b, A0));
    head = ir_block_new(b);
    body = ir_block_new(b);
    out = ir_block_new(b);
    ir_goto(b, head);
    ir_block_start(b, head);
    ir_if(b, ir_local_get(b, i), body, out);
    ir_block_seal(b, body);
    ir_block_start(b, body);
    v = ir_local_get(b, i);
    ir_put(b, A1, ir_op2(b, IR_add, IR_I64, ir_get(b, A1), v));
    if (clobber)
        ir_call(b, IR_I64, POKE_STATE, v, 0, 0);
    ir_local_set(b, i, ir_op2(b, IR_sub, IR_I64, v, ir_const(b, IR_I64, 1)));
    ir_goto(b, head);
    ir_block_seal(b, head);
    ir_block_seal(b, out);
    ir_block_start(b, out);
    ir_put(b, A0, ir_get(b, A1));
    /* fa0 never changes (a trivial phi, then a get in the entry), unless the helper is called */
    ir_store(b, IR_MEM(3, 0, IR_DIRECT), ir_get(b, A0), 0, ir_get(b, FA0));
    ir_jump(b, 0x1010);
    return ir_end(b);
}

TEST(loop_gets_phis_for_what_changes)
{
    struct ir_builder *b = fresh();
    const struct ir_unit *u = build_loop(b, false);

    CHECK_EQ(count(u, IR_phi), 2u); /* i, a1 */
    CHECK_EQ(count(u, IR_nop), 0u);
    CHECK_EQ(u->nblocks, 4u);
    ir_begin(b, 0x1000, 0);
    u = build_loop(b, true);
    CHECK_EQ(count(u, IR_phi), 3u); /* a1 is read back at the end of the body, and so is fa0 */
    ir_builder_free(b);
}

TEST(unreachable_blocks_are_dropped)
{
    struct ir_builder *b = fresh();
    ir_ref x = ir_get(b, A0);
    uint32_t dead = ir_block_new(b), dead2 = ir_block_new(b), live = ir_block_new(b);
    const struct ir_unit *u;

    ir_put(b, A1, x);
    ir_goto(b, live);
    ir_block_start(b, dead); /* dead and dead2 are a cycle of their own that also enters live */
    ir_put(b, A1, ir_const(b, IR_I64, 9));
    ir_if(b, x, dead2, live);
    ir_block_seal(b, dead2);
    ir_block_start(b, dead2);
    ir_get(b, FA0);
    ir_goto(b, dead);
    ir_block_seal(b, dead);
    ir_block_seal(b, live);
    ir_block_start(b, live);
    ir_put(b, A0, ir_op1(b, IR_neg, IR_I64, ir_get(b, A1)));
    ir_jump(b, 0x1010);
    u = ir_end(b);
    CHECK_EQ(u->nblocks, 2u);
    CHECK_EQ(u->block[1].npreds, 1u);
    CHECK_EQ(count(u, IR_phi), 0u);
    ir_builder_free(b);
}

/* A chain of diamonds deeper than any stack of recursive look-ups, read from its very end. */
TEST(long_chains_do_not_recurse)
{
    struct ir_builder *b = fresh();
    ir_ref x = ir_get(b, A0);
    const struct ir_unit *u;

    for (int i = 0; i < 50000; i++) {
        uint32_t then = ir_block_new(b), join = ir_block_new(b);
        ir_if(b, x, then, join);
        ir_block_seal(b, then);
        ir_block_start(b, then);
        ir_goto(b, join);
        ir_block_seal(b, join);
        ir_block_start(b, join);
    }
    ir_put(b, A0, ir_get(b, A1));
    ir_jump(b, 0x1010);
    u = ir_end(b);
    CHECK_EQ(count(u, IR_phi), 0u);
    CHECK_EQ(count(u, IR_get), 2u);
    ir_builder_free(b);
}
