/* The reference interpreter: what each op means (answers known from the definitions), how units are left, and, over
 * thousands of random units, that what the builder makes of a unit does what the unit says.
 */
#include <stdarg.h>
#include <string.h>

#include "base/base.h"
#include "harness.h"
#include "ir/ir.h"
#include "ir_guest.h"

/* ---- a guest's memory: 256 bytes, wrapped; addresses with the low byte 0xf0 and more fault ---- */

struct memory {
    uint8_t byte[256];
    uint64_t accesses; /* hash of what was accessed, in order */
};

static uint8_t *reach(struct memory *m, uint64_t addr, unsigned size, unsigned kind)
{
    m->accesses = hash_mix(m->accesses ^ hash_mix(addr) ^ size * 8 ^ kind);
    return (addr & 0xff) >= 0xf0 ? NULL : &m->byte[addr & 0xff];
}

static int memory_load(void *ctx, uint64_t addr, void *buf, unsigned size)
{
    uint8_t *p = reach(ctx, addr, size, 0);

    if (!p)
        return -1;
    memcpy(buf, p, size);
    return 0;
}

static int memory_store(void *ctx, uint64_t addr, const void *buf, unsigned size)
{
    uint8_t *p = reach(ctx, addr, size, 1);

    if (!p)
        return -1;
    memcpy(p, buf, size);
    return 0;
}

static uint64_t combine(enum ir_rmw op, uint64_t old, uint64_t v, unsigned bits)
{
    int64_t x = sext64(old, bits), y = sext64(v, bits);

    switch (op) {
    case IR_RMW_XCHG: return v;
    case IR_RMW_ADD: return old + v;
    case IR_RMW_AND: return old & v;
    case IR_RMW_OR: return old | v;
    case IR_RMW_XOR: return old ^ v;
    case IR_RMW_SMIN: return (uint64_t)MIN(x, y);
    case IR_RMW_SMAX: return (uint64_t)MAX(x, y);
    case IR_RMW_UMIN: return MIN(old, v);
    case IR_RMW_UMAX: return MAX(old, v);
    }
    return 0;
}

static int memory_rmw(void *ctx, uint64_t addr, unsigned size, enum ir_rmw op, uint64_t *io)
{
    uint8_t *p = reach(ctx, addr, size, 2);
    uint64_t old = 0, v;

    if (!p)
        return -1;
    memcpy(&old, p, size);
    v = combine(op, old, *io, size * 8);
    memcpy(p, &v, size);
    *io = old;
    return 0;
}

static int memory_cas(void *ctx, uint64_t addr, unsigned size, uint64_t *io, uint64_t desired)
{
    uint8_t *p = reach(ctx, addr, size, 3);
    uint64_t old = 0;

    if (!p)
        return -1;
    memcpy(&old, p, size);
    if (old == *io)
        memcpy(p, &desired, size);
    *io = old;
    return 0;
}

/* ---- running ---- */

struct machine {
    struct ir_test_state state;
    struct memory mem;
    uint8_t fp_flags, fp_rm;
};

static struct ir_interp_result run(const struct ir_unit *u, uint64_t base, struct machine *m)
{
    const struct ir_interp_mem mem = {&m->mem, memory_load, memory_store, memory_rmw, memory_cas};
    struct ir_interp_result out = {0};

    ir_interp_run(u, base, &m->state, &m->fp_flags, &m->fp_rm, &mem, &out);
    return out;
}

static struct ir_interp_result run_text(const char *text, struct machine *m)
{
    struct ir_builder *b = ir_builder_new(&ir_test_guest);
    struct err err = ERR_INIT;
    struct ir_interp_result out;
    struct ir_unit *u;

    if (ir_parse(b, text, strlen(text), &u, &err) < 0)
        FAIL("%s in:\n%s", err.text, text);
    out = run(u, 0x1000, m);
    ir_builder_free(b);
    return out;
}

/* a1 = op(a0, a1) at the given type. */
static uint64_t binary(const char *op, const char *type, uint64_t a, uint64_t b)
{
    struct machine m = {.state.a = {a, b}};
    char *text;

    if (str_eq(type, "i64"))
        text = x_asprintf("%%1 = get i64 a0\n%%2 = get i64 a1\n%%3 = %s i64 %%1 %%2\nput a1 %%3\njump +0x0\n", op);
    else
        text = x_asprintf("%%1 = get i64 a0\n%%2 = get i64 a1\n%%3 = trunc %s %%1\n%%4 = trunc %s %%2\n"
                          "%%5 = %s %s %%3 %%4\n%%6 = zext i64 %s %%5\nput a1 %%6\njump +0x0\n",
            type, type, op, type, type + 1);
    run_text(text, &m);
    x_free(text);
    return m.state.a[1];
}

static uint64_t unary(const char *op, uint64_t a)
{
    struct machine m = {.state.a = {a}};
    char *text = x_asprintf("%%1 = get i64 a0\n%%2 = %s i64 %%1\nput a1 %%2\njump +0x0\n", op);

    run_text(text, &m);
    x_free(text);
    return m.state.a[1];
}

TEST(integer_ops)
{
    static const struct {
        const char *op, *type;
        uint64_t a, b, want;
    } cases[] = {
        {"add", "i8", 0xff, 2, 1},
        {"sub", "i16", 0, 1, 0xffff},
        {"mul", "i32", 0x10001, 0x10001, 0x20001},
        {"mulhs", "i64", (uint64_t)INT64_MIN, (uint64_t)INT64_MIN, (uint64_t)1 << 62},
        {"mulhs", "i32", 0xffffffff, 2, 0xffffffff},
        {"mulhu", "i64", UINT64_MAX, UINT64_MAX, UINT64_MAX - 1},
        {"mulhu", "i32", 0xffffffff, 0xffffffff, 0xfffffffe},
        {"mulhsu", "i64", UINT64_MAX, UINT64_MAX, UINT64_MAX},
        {"mulhsu", "i32", 0xffffffff, 2, 0xffffffff},
        {"divs", "i64", (uint64_t)INT64_MIN, UINT64_MAX, (uint64_t)INT64_MIN},
        {"divs", "i64", (uint64_t)-7, 2, (uint64_t)-3},
        {"divs", "i32", 0x80000000, 0xffffffff, 0x80000000},
        {"divs", "i32", 7, 0, 0xffffffff},
        {"divu", "i32", 0xfffffffe, 2, 0x7fffffff},
        {"divu", "i64", 7, 0, UINT64_MAX},
        {"rems", "i64", (uint64_t)INT64_MIN, UINT64_MAX, 0},
        {"rems", "i64", (uint64_t)-7, 2, UINT64_MAX},
        {"rems", "i32", 0xfffffff9, 0, 0xfffffff9},
        {"remu", "i64", 7, 0, 7},
        {"andn", "i64", 0xff, 0x0f, 0xf0},
        {"shl", "i64", 1, 64 + 3, 8},
        {"shl", "i32", 1, 33, 2},
        {"shr", "i32", 0x80000000, 31, 1},
        {"sar", "i32", 0x80000000, 31, 0xffffffff},
        {"sar", "i8", 0x80, 9, 0xc0},
        {"rotl", "i32", 0x80000001, 1, 3},
        {"rotl", "i64", 5, 64, 5},
        {"rotr", "i64", 1, 1, (uint64_t)1 << 63},
        {"clmul", "i64", 7, 7, 21},
        {"clmulh", "i64", (uint64_t)1 << 63, 6, 3},
        {"smin", "i32", 0xffffffff, 1, 0xffffffff},
        {"smax", "i64", UINT64_MAX, 1, 1},
        {"umin", "i32", 0xffffffff, 1, 1},
        {"umax", "i64", UINT64_MAX, 1, UINT64_MAX},
        {"lts", "i64", UINT64_MAX, 0, 1},
        {"les", "i64", 5, 5, 1},
        {"ltu", "i64", UINT64_MAX, 0, 0},
        {"leu", "i64", 0, 0, 1},
        {"eq", "i64", 3, 3, 1},
        {"ne", "i64", 3, 3, 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint64_t got = binary(cases[i].op, cases[i].type, cases[i].a, cases[i].b);

        if (got != cases[i].want)
            FAIL("%s %s %#llx %#llx: %#llx", cases[i].op, cases[i].type, (long long)cases[i].a, (long long)cases[i].b,
                (long long)got);
    }
    CHECK_EQ(unary("clz", 0), 64u);
    CHECK_EQ(unary("clz", 1), 63u);
    CHECK_EQ(unary("ctz", 0), 64u);
    CHECK_EQ(unary("popcnt", 0xf0f), 8u);
    CHECK_EQ(unary("bswap", 0x0102030405060708), 0x0807060504030201u);
    CHECK_EQ(unary("orcb", 0x0100000000008000), 0xff0000000000ff00u);
    CHECK_EQ(unary("not", 1), ~(uint64_t)1);
    CHECK_EQ(unary("neg", 1), UINT64_MAX);
}

TEST(memory)
{
    struct machine m = {.state.a = {0x10}, .mem.byte[0x18] = 0x80};
    struct ir_interp_result r = run_text("%1 = get i64 a0\n"
                                         "%2 = load i64 s8 %1 +8\n"
                                         "%3 = load i64 u8 %1 +8\n"
                                         "put a1 %2\nput a2 %3\n"
                                         "%4 = rmw i64 smax.s8 %1 %3\n"
                                         "store u16 %1 +0 %2\n"
                                         "%5 = cas i64 u16 %1 %2 %1\n"
                                         "put a3 %5\n"
                                         "mark +0x10 4\n"
                                         "%6 = load i64 u64 %1 -32\n"
                                         "put a0 %6\n"
                                         "jump +0x0\n",
        &m);

    CHECK_EQ(m.state.a[1], (uint64_t)-128);
    CHECK_EQ(m.state.a[2], 0x80u);
    CHECK_EQ(m.state.a[3], 0xff80u); /* cas compares the low 16 bits */
    CHECK_EQ(m.mem.byte[0x10], 0x10);
    CHECK_EQ(r.kind, IR_RUN_FAULT);
    CHECK_EQ(r.next_pc, 0x1010u);
    CHECK_EQ(r.fault_addr, (uint64_t)-16);
    CHECK(!r.fault_write);
    CHECK_EQ(m.state.a[0], 0x10u); /* not put */
}

TEST(leaving)
{
    struct machine m = {.state.a = {1, 0x55}};
    struct ir_interp_result r;

    r = run_text("%1 = get i64 a0\nbranch_exit %1 -0x8\njump +0x4\n", &m);
    CHECK(r.kind == IR_RUN_NEXT && r.next_pc == 0xff8 && r.ind == IR_IND_JUMP);
    r = run_text("%1 = get i64 a1\njump_ind ret %1\n", &m);
    CHECK(r.kind == IR_RUN_NEXT && r.next_pc == 0x55 && r.ind == IR_IND_RET);
    r = run_text("mark +0x6 2\n%1 = get i64 a1\nexit_if misaligned %1 %1\njump +0x8\n", &m);
    CHECK(r.kind == IR_RUN_EXIT && r.why == IR_EXIT_MISALIGNED && r.next_pc == 0x1006 && r.info == 0x55);
    r = run_text("exit syscall +0x4\n", &m);
    CHECK(r.kind == IR_RUN_EXIT && r.why == IR_EXIT_SYSCALL && r.next_pc == 0x1004);
}

TEST(loops_and_phis)
{
    /* Fibonacci: phis take their values all at once. */
    static const char text[] = "block 0:\n%1 = get i64 a0\n%2 = const i64 0\n%3 = const i64 1\ngoto @1\n"
                               "block 1:\n%4 = phi i64 [@0 %2] [@1 %5]\n%5 = phi i64 [@0 %3] [@1 %7]\n"
                               "%6 = phi i64 [@0 %1] [@1 %8]\n%7 = add i64 %4 %5\n%9 = const i64 -1\n"
                               "%8 = add i64 %6 %9\nif %8 @1 @2\n"
                               "block 2:\nput a1 %4\njump +0x0\n";
    struct machine m = {.state.a = {51}};

    run_text(text, &m);
    CHECK_EQ(m.state.a[1], 12586269025u); /* F(50) */
}

TEST(fp_environment)
{
    struct machine m = {.fp_rm = IR_RM_RUP, .fp_flags = IR_FP_DZ, .state.fa = {0x3ff0000000000000, 1}};

    run_text("%1 = get f64 fa0\n%2 = get f64 fa1\n%3 = fadd f64 dyn %1 %2\nput fa0 %3\n%4 = fp_flags i64\nput a0 %4\n"
             "%5 = const i64 0\nfp_set_flags %5\n%6 = const i64 1\nfp_set_rm %6\n%7 = fadd f64 dyn %1 %2\nput fa1 %7\n"
             "%8 = fp_rm i64\nput a1 %8\njump +0x0\n",
        &m);
    CHECK_EQ(m.state.fa[0], 0x3ff0000000000001u);
    CHECK_EQ(m.state.a[0], (uint64_t)(IR_FP_DZ | IR_FP_NX));
    CHECK_EQ(m.state.fa[1], 0x3ff0000000000000u);
    CHECK_EQ(m.state.a[1], (uint64_t)IR_RM_RTZ);
    CHECK_EQ(m.fp_flags, IR_FP_NX);
}

/* ---- random units ---- */

struct generator {
    struct strbuf text;
    uint64_t seed;
    unsigned next;     /* number of the next value */
    uint8_t type[512]; /* by number */
};

static unsigned pick(struct generator *g, unsigned n)
{
    g->seed = g->seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(g->seed >> 33) % n;
}

/* A value of type t, mostly a late one; made on the spot if there is none. */
static unsigned operand(struct generator *g, enum ir_type t)
{
    static const uint64_t constants[] = {0, 1, 2, 5, 7, 8, 31, 32, 48, 63, 0xff, 0xffff, 0x80000000, 0xffffffff,
        0x7fffffffffffffff, 0x8000000000000000, ~(uint64_t)0, ~(uint64_t)1};
    uint64_t v;

    for (unsigned tries = 0; tries < 12 && pick(g, 8); tries++) {
        unsigned back = 1 + pick(g, tries < 6 ? 6 : g->next), n = g->next > back ? g->next - back : 0;

        if (n && g->type[n] == t)
            return n;
    }
    g->type[g->next] = (uint8_t)t;
    if (pick(g, 2) && (t == IR_I64 || t == IR_F64)) {
        strbuf_addf(&g->text, "%%%u = get %s %s%u\n", g->next, ir_type_name(t), t == IR_I64 ? "a" : "fa",
            pick(g, t == IR_I64 ? 4 : 2));
        return g->next++;
    }
    v = constants[pick(g, ARRAY_LEN(constants))];
    if (t == IR_F64)
        v = v << 40 | v;
    strbuf_addf(&g->text, "%%%u = const %s %#llx\n", g->next, ir_type_name(t),
        (unsigned long long)(v & mask64(ir_type_bits(t))));
    return g->next++;
}

__attribute__((format(printf, 3, 4))) static void line(struct generator *g, enum ir_type t, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    if (t) {
        strbuf_addf(&g->text, "%%%u = ", g->next);
        g->type[g->next++] = (uint8_t)t;
    }
    strbuf_vaddf(&g->text, fmt, args);
    strbuf_addc(&g->text, '\n');
    va_end(args);
}

static const enum ir_type ints[] = {IR_I64, IR_I32, IR_I64, IR_I32, IR_I16, IR_I8};

static void add_integer(struct generator *g)
{
    enum ir_type t = ints[pick(g, 6)], u = ints[pick(g, 6)];
    enum ir_op op = IR_add + pick(g, IR_select - IR_add);
    unsigned x = operand(g, t), y = pick(g, 6) ? operand(g, t) : x;

    if (op >= IR_eq)
        line(g, u, "%s %s %%%u %%%u", ir_op_name(op), ir_type_name(u), x, y);
    else if (ir_op_refs(op) & 2)
        line(g, t, "%s %s %%%u %%%u", ir_op_name(op), ir_type_name(t), x, y);
    else
        line(g, t, "%s %s %%%u", ir_op_name(op), ir_type_name(t), x);
}

static void add_conversion(struct generator *g)
{
    enum ir_type t = ints[pick(g, 6)], u = ints[pick(g, 6)];
    unsigned x = operand(g, t), y, z, w = MIN(ir_type_bits(t), ir_type_bits(u));

    unsigned round = 8u << pick(g, 4), bits = pick(g, 3) ? MIN(w, round) : 1 + pick(g, w), kind = pick(g, 4);

    if (kind == 0 && ir_type_bits(u) >= ir_type_bits(t))
        kind = 1;
    switch (kind) {
    case 0: line(g, u, "trunc %s %%%u", ir_type_name(u), x); break;
    case 1: line(g, u, "sext %s %u %%%u", ir_type_name(u), bits, x); break;
    case 2: line(g, u, "zext %s %u %%%u", ir_type_name(u), bits, x); break;
    default:
        y = operand(g, u);
        z = operand(g, u);
        line(g, u, "select %s %%%u %%%u %%%u", ir_type_name(u), x, y, z);
        break;
    }
}

static void add_float(struct generator *g)
{
    static const enum ir_op same[] = {IR_fadd, IR_fmul, IR_fsgnj, IR_fsgnjn, IR_fsgnjx, IR_fneg, IR_fabs, IR_fmin};
    unsigned x = operand(g, IR_F64), y = pick(g, 3) ? operand(g, IR_F64) : x;
    enum ir_op op = same[pick(g, ARRAY_LEN(same))];
    const char *rm = op == IR_fadd || op == IR_fmul ? "dyn " : "";

    switch (pick(g, 9)) {
    case 0: line(g, IR_F32, "funbox f32 %%%u", x); break;
    case 1: line(g, IR_F64, "fbox f64 %%%u", operand(g, IR_F32)); break;
    case 2: line(g, IR_I64, "bitcast i64 %%%u", x); break;
    case 3: line(g, IR_F64, "bitcast f64 %%%u", operand(g, IR_I64)); break;
    case 4: line(g, IR_I64, "flt i64 %%%u %%%u", x, y); break;
    case 5: line(g, IR_I64, "fclass i64 %%%u", x); break;
    case 6: line(g, IR_F64, "i_to_f f64 dyn.%c %%%u", pick(g, 2) ? 's' : 'u', operand(g, ints[pick(g, 6)])); break;
    case 7: line(g, IR_I64, "f_to_i i64 rtz.s32 %%%u", x); break;
    default:
        if (ir_op_refs(op) & 2)
            line(g, IR_F64, "%s f64 %s%%%u %%%u", ir_op_name(op), rm, x, y);
        else
            line(g, IR_F64, "%s f64 %%%u", ir_op_name(op), x);
        break;
    }
}

static void add_effect(struct generator *g)
{
    unsigned x = operand(g, IR_I64), y = operand(g, IR_I64);
    static const char *const sizes[] = {"u8", "s8", "u16", "s16", "u32", "s32", "u64"};

    switch (pick(g, 12)) {
    case 0: line(g, IR_I64, "load i64 %s %%%u %+d", sizes[pick(g, 7)], x, (int)pick(g, 64) - 32); break;
    case 1: line(g, IR_VOID, "store %s %%%u +0 %%%u", sizes[pick(g, 7)], x, y); break;
    case 2: line(g, IR_I64, "rmw i64 add.s32 %%%u %%%u", x, y); break;
    case 3: line(g, IR_I64, "call i64 poke_state %%%u _ _", x); break;
    case 4: line(g, IR_I64, "call i64 sum %%%u %%%u _", x, y); break;
    case 5:
        if (!pick(g, 3))
            line(g, IR_VOID, "branch_exit %%%u +0x%x", operand(g, ints[pick(g, 6)]), pick(g, 64) * 2);
        break;
    case 6: line(g, IR_VOID, "mark +0x%x 4", pick(g, 64) * 2); break;
    case 7: line(g, IR_I64, "pcrel i64 +0x%x", pick(g, 64)); break;
    default: line(g, IR_VOID, "put a%u %%%u", pick(g, 4), pick(g, 2) ? x : y); break;
    }
}

/* One op on value x of type t with a telling constant or another value; the result has type t again. */
static unsigned add_link(struct generator *g, enum ir_type t, unsigned x)
{
    static const enum ir_op ops[] = {IR_shl, IR_shr, IR_sar, IR_and, IR_add, IR_mul, IR_divu, IR_remu, IR_eq, IR_ne,
        IR_lts, IR_les, IR_ltu, IR_leu, IR_sub, IR_xor, IR_neg, IR_not, IR_zext, IR_sext};
    static const unsigned constants[] = {0, 1, 8, 16, 24, 31, 32, 48, 56, 63, 255, 65535};
    enum ir_op op = ops[pick(g, ARRAY_LEN(ops))];
    const char *name = ir_op_name(op), *type = ir_type_name(t);
    unsigned y = x;

    if (op == IR_zext || op == IR_sext) {
        line(g, t, "%s %s %u %%%u", name, type, pick(g, 4) ? 8u << pick(g, 3) : 1 + pick(g, 32), x);
    } else if (op == IR_neg || op == IR_not) {
        line(g, t, "%s %s %%%u", name, type, x);
    } else {
        if (pick(g, 3)) {
            line(g, t, "const %s %u", type, constants[pick(g, ARRAY_LEN(constants))]);
            y = g->next - 1;
        } else {
            y = operand(g, t);
        }
        if (pick(g, 8))
            line(g, t, "%s %s %%%u %%%u", name, type, x, y);
        else
            line(g, t, "%s %s %%%u %%%u", name, type, y, x);
    }
    return g->next - 1;
}

/* Ops upon ops: what rules that look two deep are about. */
static void add_chain(struct generator *g)
{
    enum ir_type t = pick(g, 2) ? IR_I64 : IR_I32;
    unsigned x = operand(g, t);

    for (unsigned n = 2 + pick(g, 2); n--;)
        x = add_link(g, t, x);
}

static void add_some(struct generator *g, unsigned n)
{
    while (n--) {
        unsigned kind = pick(g, 13);

        if (kind >= 10)
            add_chain(g);
        else if (kind < 4)
            add_integer(g);
        else if (kind < 6)
            add_conversion(g);
        else if (kind < 7)
            add_float(g);
        else
            add_effect(g);
    }
}

/* Stores the newest values, so that folding cannot be wrong unseen. */
static void store_values(struct generator *g)
{
    unsigned last = g->next;

    line(g, IR_I64, "const i64 0");
    for (unsigned i = 0; i < 28 && i + 1 < last; i++) {
        unsigned n = last - 1 - i;

        if (g->type[n])
            line(g, IR_VOID, "store u%u %%%u +%u %%%u", ir_type_bits(g->type[n]), last, i * 8, n);
    }
}

/* One block; or a loop around a diamond with a counter: 0 -> 1 -> (2 | 3) -> 4 -> (1 | 5). */
static void generate(struct generator *g, bool blocks)
{
    unsigned x, i, before;

    strbuf_clear(&g->text);
    g->next = 1;
    memset(g->type, 0, sizeof(g->type));
    if (!blocks) {
        add_some(g, 5 + pick(g, 20));
        if (pick(g, 2))
            store_values(g);
        x = operand(g, IR_I64);
        line(g, IR_VOID, "put a0 %%%u", x);
        line(g, IR_VOID, pick(g, 3) ? "jump +0x20" : "jump_ind call %%%u", x);
        return;
    }
    strbuf_add(&g->text, "block 0:\n");
    add_some(g, 6);
    line(g, IR_I64, "const i64 %u", 1 + pick(g, 4));
    i = g->next - 1;
    x = operand(g, IR_I64);
    strbuf_add(&g->text, "goto @1\nblock 1:\n");
    before = g->next;
    line(g, IR_I64, "phi i64 [@0 %%%u] [@4 %%%u]", i, 500);
    line(g, IR_I64, "phi i64 [@0 %%%u] [@4 %%%u]", x, 501);
    line(g, IR_I64, "phi i64 [@0 %%%u] [@4 %%%u]", x, 502);
    add_some(g, 8);
    line(g, IR_VOID, "if %%%u @2 @3", operand(g, ints[pick(g, 6)]));
    i = g->next;
    strbuf_add(&g->text, "block 2:\n");
    add_some(g, 6);
    store_values(g);
    x = operand(g, IR_I64);
    strbuf_add(&g->text, "goto @4\nblock 3:\n");
    memset(g->type + i, 0, g->next - i); /* block 2 does not dominate what follows */
    add_some(g, 6);
    i = operand(g, IR_I64);
    strbuf_add(&g->text, "goto @4\nblock 4:\n");
    strbuf_addf(&g->text, "%%501 = phi i64 [@2 %%%u] [@3 %%%u]\n%%503 = const i64 -1\n%%500 = add i64 %%%u %%503\n", x,
        i, before);
    strbuf_addf(&g->text, "%%502 = add i64 %%%u %%501\nput a2 %%501\nif %%500 @1 @5\n", before + 1);
    strbuf_addf(&g->text, "block 5:\nput a1 %%501\nput a3 %%%u\njump +0x4\n", before + 2);
}

static void check_same(const struct ir_unit *u, const struct ir_unit *folded, uint64_t seed, const char *text)
{
    struct machine x = {.fp_rm = seed % 5}, y;
    struct ir_interp_result p, q;

    for (int i = 0; i < 4; i++) {
        x.state.a[i] = hash_mix(seed + (uint64_t)i) >> ((seed + (uint64_t)i) & 1 ? seed * 5 % 64 : 0);
        x.state.fa[i] = hash_mix(seed * 3 + (uint64_t)i) | (seed & 1 ? 0xffffffff00000000u : 0);
    }
    y = x;
    p = run(u, 0x7000, &x);
    q = run(folded, 0x7000, &y);
    if (q.ind == IR_IND_JUMP) /* an indirect jump to a known place became a direct one */
        p.ind = IR_IND_JUMP;
    if (memcmp(&x, &y, sizeof(x)) || memcmp(&p, &q, sizeof(p))) {
        struct strbuf out = {0};

        ir_print(folded, &out);
        FAIL("a unit and its folded form differ (a0 %#llx %#llx):\n%s\n%s", (long long)x.state.a[0],
            (long long)y.state.a[0], text, out.data);
    }
}

static void random_units(uint64_t seed, int n, bool blocks)
{
    struct ir_builder *from = ir_builder_new(&ir_test_guest), *to = ir_builder_new(&ir_test_guest);
    struct generator g = {.seed = seed};

    for (int i = 0; i < n; i++) {
        struct ir_unit *u, *folded;
        struct err err = ERR_INIT;

        generate(&g, blocks);
        if (ir_parse(from, g.text.data, g.text.len, &u, &err) < 0)
            FAIL("%s in\n%s", err.text, g.text.data);
        folded = ir_rebuild(to, u);
        if (ir_verify(folded, &err) < 0)
            FAIL("folded: %s of\n%s", err.text, g.text.data);
        for (uint64_t k = 0; k < 8; k++)
            check_same(u, folded, (uint64_t)i * 8 + k, g.text.data);
    }
    strbuf_fini(&g.text);
    ir_builder_free(from);
    ir_builder_free(to);
}

TEST_TIMEOUT(folding_keeps_meaning, 200)
{
    random_units(1, 40000, false);
}

TEST_TIMEOUT(folding_keeps_meaning_over_blocks, 200)
{
    random_units(2, 15000, true);
}
