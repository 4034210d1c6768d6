/* What the translator makes of code: where units end, what they promise about jumps, what happens at their edges. What the
 * instructions compute is tested by tests/guest/rv64.
 */
#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/hash.h"
#include "cpu/rv64/rv64_int.h"
#include "harness.h"

enum { BASE = 0x10000 };

struct code {
    uint8_t bytes[4096];
    unsigned len;
    uint64_t stop; /* stop_before says yes here */
};

static unsigned fetch(void *ctx, uint64_t pc, void *buf, unsigned len, enum cpu_fault *fault)
{
    const struct code *c = ctx;

    *fault = CPU_FAULT_UNMAPPED;
    if (pc < BASE || pc >= BASE + c->len)
        return 0;
    len = MIN(len, (unsigned)(BASE + c->len - pc));
    memcpy(buf, c->bytes + (pc - BASE), len);
    return len;
}

static bool stop_before(void *ctx, uint64_t pc)
{
    return pc == ((const struct code *)ctx)->stop;
}

static struct ir_builder *builder;

/* words: 0 ends; halfwords where the low two bits are not 11. */
static struct code code_of(const uint32_t *words)
{
    struct code c = {.len = 0};

    for (; *words; words++) {
        unsigned size = (*words & 3) == 3 ? 4 : 2;

        memcpy(c.bytes + c.len, words, size);
        c.len += size;
    }
    return c;
}

static struct ir_unit *translate_with(struct code *c, struct cpu_translate_request req)
{
    if (!builder)
        builder = ir_builder_new(&rv64_ir_guest);
    req.pc = BASE;
    req.fetch = fetch;
    req.fetch_ctx = c;
    req.max_insns = req.max_insns ? req.max_insns : 64;
    ir_begin(builder, req.pc, req.mode);
    rv64_translate(builder, &req);
    return ir_end(builder);
}

static struct ir_unit *translate(const uint32_t *words, bool trace)
{
    static struct code c;

    c = code_of(words);
    return translate_with(&c, (struct cpu_translate_request){.trace = trace});
}
#define WORDS(...) ((const uint32_t[]){__VA_ARGS__, 0})

static unsigned count(const struct ir_unit *u, enum ir_op op)
{
    unsigned n = 0;

    for (uint32_t i = 1; i < u->ninsns; i++)
        n += u->insn[i].op == op;
    return n;
}

/* The nth instruction (from 0) with op; fails if there is none. */
static const struct ir_insn *find(const struct ir_unit *u, enum ir_op op, unsigned nth)
{
    for (uint32_t i = 1; i < u->ninsns; i++)
        if (u->insn[i].op == op && nth-- == 0)
            return &u->insn[i];
    FAIL("no %s", ir_op_name(op));
}

static int64_t literal(uint32_t low, uint32_t high)
{
    return (int64_t)((uint64_t)high << 32 | low);
}

static const struct ir_insn *last(const struct ir_unit *u)
{
    return &u->insn[u->ninsns - 1];
}

static void check_jump(const struct ir_unit *u, int64_t offset)
{
    CHECK_EQ(last(u)->op, (uint8_t)IR_jump);
    CHECK_EQ(literal(last(u)->a, last(u)->b), offset);
}

static void check_exit(const struct ir_unit *u, enum ir_exit why, int64_t offset)
{
    CHECK_EQ(last(u)->op, (uint8_t)IR_exit);
    CHECK_EQ(last(u)->aux, (uint16_t)why);
    CHECK_EQ(literal(last(u)->a, last(u)->b), offset);
}

/* No word of any line upsets it, alone or in a run, in any mode. */
TEST(every_line_translates)
{
    for (unsigned n = 0; n < RV64_NLINES; n++)
        for (unsigned k = 0; k < 400; k++) {
            uint32_t word = rv64_line[n].value | ((uint32_t)hash_mix(n * 400 + k) & ~rv64_line[n].mask);
            struct code c = {.len = rv64_line[n].bits / 8};
            struct err err = ERR_INIT;
            struct ir_unit *u;

            memcpy(c.bytes, &word, c.len);
            u = translate_with(
                &c, (struct cpu_translate_request){.mode = k & 3, .trace = k & 4, .max_insns = k & 8 ? 1 : 9});
            CHECK(ir_op_is_terminator(last(u)->op));
            CHECK_EQ(ir_verify(u, &err), 0);
            CHECK_EQ(count(u, IR_mark), 1u);
            CHECK_EQ(u->nranges, 1u);
            CHECK_EQ(u->range[0].end, (uint64_t)BASE + c.len);
        }
}

TEST(a_unit_ends_where_told)
{
    const uint32_t *adds = WORDS(0x00150513, 0x0505, 0x00150513, 0x0505, 0x8082); /* addi a0,a0,1 four times; ret */
    struct code c = code_of(adds);
    struct ir_unit *u = translate_with(&c, (struct cpu_translate_request){.max_insns = 1});

    check_jump(u, 4);
    CHECK_EQ(u->range[0].end, (uint64_t)BASE + 4);
    check_jump(translate_with(&c, (struct cpu_translate_request){.max_insns = 3}), 10);
    c.stop = BASE + 6;
    check_jump(translate_with(&c, (struct cpu_translate_request){.stop_before = stop_before}), 6);
    c.stop = BASE; /* not before the first one */
    u = translate_with(&c, (struct cpu_translate_request){.stop_before = stop_before});
    CHECK_EQ(last(u)->op, (uint8_t)IR_jump_ind);
    c.len = 10; /* the code ends there: whoever gets there finds out */
    check_jump(translate_with(&c, (struct cpu_translate_request){0}), 10);
    c.len = 6 + 2; /* in the middle of the third one */
    check_jump(translate_with(&c, (struct cpu_translate_request){0}), 6);
}

TEST(code_that_cannot_be_fetched)
{
    struct code c = {.len = 0};
    struct ir_unit *u = translate_with(&c, (struct cpu_translate_request){0});

    check_exit(u, IR_EXIT_FETCH_FAULT, 0);
    CHECK_EQ(count(u, IR_exit_if), 0u);
    CHECK_EQ(u->nranges, 0u);
    c = (struct code){.bytes = {0x13, 0x05}, .len = 2}; /* half an addi */
    u = translate_with(&c, (struct cpu_translate_request){0});
    check_exit(u, IR_EXIT_FETCH_FAULT, 0);
    CHECK_EQ(find(u, IR_exit_if, 0)->aux, (uint16_t)IR_EXIT_FETCH_FAULT);
    CHECK_EQ(find(u, IR_pcrel, 0)->a, 2u);
    c.bytes[0] = 1; /* c.nop, then nothing */
    c.bytes[1] = 0;
    check_jump(translate_with(&c, (struct cpu_translate_request){0}), 2);
}

TEST(exits)
{
    check_exit(translate(WORDS(0x00000073), true), IR_EXIT_SYSCALL, 4);
    check_exit(translate(WORDS(0x00100073), true), IR_EXIT_BREAK, 0);
    check_exit(translate(WORDS(0x0001, 0x9002), true), IR_EXIT_BREAK, 2);
    check_exit(translate(WORDS(0x0000100f), true), IR_EXIT_FLUSH_CODE, 4);
    check_exit(translate(WORDS(0x0100000f), true), IR_EXIT_YIELD, 4);
    check_exit(translate(WORDS(0x00d00073), true), IR_EXIT_YIELD, 4);
    check_exit(translate(WORDS(0xffffffff), true), IR_EXIT_ILLEGAL, 0);
    check_exit(translate(WORDS(0x0001, 0x30200073), true), IR_EXIT_ILLEGAL, 2);
}

TEST(jumps)
{
    /* jal ra,+8: a call in every mode */
    struct ir_unit *u = translate(WORDS(0x008000ef, 0x00000013, 0x8082), true);

    check_jump(u, 8);
    CHECK_EQ(find(u, IR_call_hint, 0)->a, 4u);
    CHECK_EQ(find(u, IR_put, 0)->aux, (uint16_t)RV64_RA);
    /* jal x0,+8 forward: followed in a trace, leaving a hole in the ranges */
    u = translate(WORDS(0x0080006f, 0x00000013, 0x8082), true);
    CHECK_EQ(last(u)->op, (uint8_t)IR_jump_ind);
    CHECK_EQ(u->nranges, 2u);
    CHECK_EQ(u->range[1].start, (uint64_t)BASE + 8);
    check_jump(translate(WORDS(0x0080006f, 0x00000013, 0x8082), false), 8);
    check_jump(translate(WORDS(0x0001, 0xbffd, 0x8082), true), 0); /* c.nop; c.j .-2 */
    /* auipc ra,0; jalr ra,12(ra): a call to a known place */
    u = translate(WORDS(0x00000097, 0x00c080e7, 0x0001), true);
    check_jump(u, 12);
    CHECK_EQ(find(u, IR_call_hint, 0)->a, 8u);
    /* but not if the register was written in between */
    u = translate(WORDS(0x00000097, 0x00a080b3, 0x00c080e7), true); /* add ra,ra,a0 */
    CHECK_EQ(last(u)->op, (uint8_t)IR_jump_ind);
}

/* Table of unprivileged ISA 2.5.1: x1 and x5 are links. */
TEST(indirect_jumps_by_kind)
{
    static const struct {
        unsigned rd, rs1;
        enum ir_ind kind;
    } want[] = {{0, 10, IR_IND_JUMP}, {0, 1, IR_IND_RET}, {0, 5, IR_IND_RET}, {1, 10, IR_IND_CALL},
        {5, 10, IR_IND_CALL}, {1, 1, IR_IND_CALL}, {1, 5, IR_IND_CALL}, {5, 1, IR_IND_CALL}, {6, 10, IR_IND_JUMP},
        {6, 1, IR_IND_RET}};

    for (unsigned n = 0; n < ARRAY_LEN(want); n++) {
        struct ir_unit *u = translate(WORDS(0x00000067 | want[n].rd << 7 | want[n].rs1 << 15), true);

        CHECK_EQ(last(u)->op, (uint8_t)IR_jump_ind);
        CHECK_EQ(last(u)->aux, (uint16_t)want[n].kind);
        CHECK_EQ(count(u, IR_call_hint), (unsigned)(want[n].kind == IR_IND_CALL));
    }
}

TEST(branches)
{
    /* beqz a0,+8; addi; ret: passed in a trace, else the end */
    const uint32_t *forward = WORDS(0x00050463, 0x00150513, 0x8082);
    struct ir_unit *u = translate(forward, true);

    CHECK_EQ(find(u, IR_branch_exit, 0)->b, 8u);
    CHECK_EQ(last(u)->op, (uint8_t)IR_jump_ind);
    u = translate(forward, false);
    CHECK_EQ(find(u, IR_branch_exit, 0)->b, 8u);
    check_jump(u, 4);
    /* addi a0,a0,-1; bnez a0,.-4: a loop's end ends the unit */
    u = translate(WORDS(0xfff50513, 0xfe051ee3, 0x8082), true);
    CHECK_EQ(literal(find(u, IR_branch_exit, 0)->b, find(u, IR_branch_exit, 0)->c), (int64_t)0);
    check_jump(u, 8);
}

TEST(rounding_modes)
{
    static const uint32_t fadd = 0x00c58553; /* fadd.s fa0,fa1,fa2,rne */
    struct code c;

    for (unsigned rm = 0; rm < 8; rm++)
        for (unsigned mode = 0; mode < 3; mode++) {
            struct ir_unit *u;
            bool bad = rm == 5 || rm == 6 || (rm == 7 && mode == IR_MODE_BAD_RM);

            c = code_of(WORDS(fadd | rm << 12));
            u = translate_with(&c, (struct cpu_translate_request){.mode = mode});
            if (bad) {
                check_exit(u, IR_EXIT_ILLEGAL, 0);
                CHECK_EQ(count(u, IR_fadd), 0u);
            } else {
                check_jump(u, 4);
                CHECK_EQ(find(u, IR_fadd, 0)->aux, (uint16_t)rm);
            }
        }
}

TEST(csrs)
{
    check_exit(translate(WORDS(0x00259073, 0x0001), true), IR_EXIT_MODE, 4); /* fsrm a1 */
    check_exit(translate(WORDS(0x00359573, 0x0001), true), IR_EXIT_MODE, 4); /* fscsr a0,a1 */
    check_exit(translate(WORDS(0x0021d573, 0x0001), true), IR_EXIT_MODE, 4); /* csrrwi a0,frm,3 */
    check_jump(translate(WORDS(0x00202573, 0x0001), true), 6);               /* frrm a0 */
    check_jump(translate(WORDS(0x00159573, 0x0001), true), 6);               /* fsflags a0,a1 */
    check_jump(translate(WORDS(0xc0202573, 0x0001), true), 6);               /* rdinstret a0 */
    CHECK_EQ(count(translate(WORDS(0xc0102573), true), IR_call), 1u);        /* rdtime a0 */
    check_exit(translate(WORDS(0xc0059073), true), IR_EXIT_ILLEGAL, 0);      /* csrw cycle,a1 */
    check_exit(translate(WORDS(0xc000e573), true), IR_EXIT_ILLEGAL, 0);      /* csrrsi a0,cycle,1 */
    check_exit(translate(WORDS(0x30002573), true), IR_EXIT_ILLEGAL, 0);      /* csrr a0,mstatus */
    check_exit(translate(WORDS(0xc2002573), true), IR_EXIT_ILLEGAL, 0);      /* csrr a0,vl */
}

TEST(fences)
{
    static const struct {
        uint32_t word;
        unsigned kinds; /* 0: none is emitted */
    } want[] = {{0x0ff0000f, IR_FENCE_FULL}, {0x0330000f, IR_FENCE_FULL}, {0x8330000f, 15 & ~IR_FENCE_WR},
        {0x0110000f, IR_FENCE_WW}, {0x0220000f, IR_FENCE_RR}, {0x0230000f, IR_FENCE_RR | IR_FENCE_RW},
        {0x0310000f, IR_FENCE_RW | IR_FENCE_WW}, {0x0120000f, IR_FENCE_WR}, {0x0480000f, IR_FENCE_WR}, {0x0030000f, 0}};

    for (unsigned n = 0; n < ARRAY_LEN(want); n++) {
        struct ir_unit *u = translate(WORDS(want[n].word), true);

        CHECK_EQ(count(u, IR_fence), (unsigned)(want[n].kinds != 0));
        if (want[n].kinds)
            CHECK_EQ(find(u, IR_fence, 0)->aux, (uint16_t)want[n].kinds);
    }
}

/* x0 as destination: the access and the flags remain, the value goes nowhere. */
TEST(x0_is_never_written)
{
    CHECK_EQ(count(translate(WORDS(0x0005a003), true), IR_load), 1u); /* lw x0,0(a1) */
    CHECK_EQ(count(translate(WORDS(0xa0c5a053), true), IR_feq), 1u);  /* feq.s x0,fa1,fa2 */
    for (unsigned n = 0; n < RV64_NLINES; n++) {
        uint32_t word = rv64_line[n].value | ((uint32_t)hash_mix(n) & ~rv64_line[n].mask);
        struct code c = {.len = rv64_line[n].bits / 8};
        struct rv64_insn insn;
        struct ir_unit *u;

        if (c.len == 2 || rv64_decode32(word, &insn) == RV64_ILLEGAL)
            continue;
        insn.rd = 0;
        word = rv64_encode(insn.line, &insn);
        memcpy(c.bytes, &word, 4);
        u = translate_with(&c, (struct cpu_translate_request){0});
        for (uint32_t i = 1; i < u->ninsns; i++)
            CHECK(u->insn[i].op != IR_put || u->insn[i].aux != 0);
    }
}
