/* The quick tier against the reference interpreter: random units of every op that a straight-line unit can hold, run by both
 * on the same state and memory, for each level of host features. Units load and store around an unmapped page, so that
 * faults, side exits and events happen in the middle, and the whole state is compared afterwards.
 *
 * A failure prints LODGE_TEST_SEED=..., which repeats it alone.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/base.h"
#include "codegen/codegen.h"
#include "harness.h"
#include "ir/ir.h"

#define NINT 18
#define NFLOAT 16
#define PAGE 4096

struct test_state {
    uint64_t pc;
    uint8_t fp_flags, fp_rm;
    uint64_t x[NINT];
    uint64_t f[NFLOAT];
};

static struct ir_slot slots[NINT + NFLOAT];
static char slot_name[NINT + NFLOAT][8];
static const uint16_t hot_int[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0xffff};
static const uint16_t hot_float[] = {18, 19, 20, 21, 22, 23, 24, 25, 0xffff};

static uint64_t help_pure(void *state, uint64_t a, uint64_t b, uint64_t c)
{
    (void)state;
    return a * 3 + b * 5 + c * 7;
}

static uint64_t help_state(void *state, uint64_t a, uint64_t b, uint64_t c)
{
    struct test_state *s = state;

    s->x[2] += a;
    s->x[12] ^= b;
    s->f[1] = c;
    return s->x[3] + s->x[13];
}

/* A pure one that uses every register it may. */
static uint64_t help_clobber(void *state, uint64_t a, uint64_t b, uint64_t c)
{
    (void)state;
    __asm__ volatile(
        "mov $-1, %%rcx; mov %%rcx, %%r8; mov %%rcx, %%r9; mov %%rcx, %%r10; mov %%rcx, %%r11; mov %%rcx, %%rsi;"
        "pcmpeqd %%xmm4, %%xmm4; movaps %%xmm4, %%xmm5; movaps %%xmm4, %%xmm11; movaps %%xmm4, %%xmm0" ::
            : "rcx", "r8", "r9", "r10", "r11", "rsi", "xmm0", "xmm4", "xmm5", "xmm11");
    return a ^ b ^ c;
}

/* Stores a at address b: may fault. */
static uint64_t help_store(void *state, uint64_t a, uint64_t b, uint64_t c)
{
    (void)state;
    *(volatile uint64_t *)(uintptr_t)b = a + c;
    return a;
}

static const struct ir_helper helpers[] = {
    {"pure", help_pure, IR_PURE},
    {"state", help_state, IR_STATE},
    {"clobber", help_clobber, IR_PURE},
    {"store", help_store, IR_STORE},
};

static struct ir_guest guest = {
    .name = "test",
    .slot = slots,
    .nslots = NINT + NFLOAT,
    .hot_int = hot_int,
    .hot_float = hot_float,
    .helper = helpers,
    .nhelpers = 4,
    .canonical_nan = true,
};

static void init_guest(void)
{
    for (unsigned i = 0; i < NINT + NFLOAT; i++) {
        snprintf(slot_name[i], sizeof(slot_name[i]), "%c%u", i < NINT ? 'x' : 'f', i < NINT ? i : i - NINT);
        slots[i].name = slot_name[i];
        slots[i].type = i < NINT ? IR_I64 : IR_F64;
        slots[i].offset =
            (uint32_t)(i < NINT ? offsetof(struct test_state, x[i]) : offsetof(struct test_state, f[i - NINT]));
    }
}

/* ---- random numbers and values ---- */

static uint64_t seed;

static uint64_t rnd(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed * 0x2545f4914f6cdd1dull;
}

static unsigned below(unsigned n)
{
    return (unsigned)(rnd() >> 33) % n;
}

static uint64_t random_int(void)
{
    static const uint64_t edge[] = {0, 1, 2, 3, 7, 8, 31, 32, 63, 64, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff,
        0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, INT64_MAX, 1ull << 63, ~0ull, ~1ull, 0xffffffff80000000,
        0xffffffff7fffffff};

    switch (below(4)) {
    case 0: return edge[below(ARRAY_LEN(edge))];
    case 1: return (uint64_t)(int64_t)(int32_t)rnd();
    case 2: return rnd() >> below(64);
    default: return rnd();
    }
}

static uint64_t random_f64(void)
{
    static const uint64_t edge[] = {0, 1ull << 63, 0x3ff0ull << 48, 0xbff0ull << 48, 0x7ff0ull << 48, 0xfff0ull << 48,
        0x7ff8ull << 48, 0xfff8ull << 48, (0x7ff0ull << 48) + 1, (0xfff4ull << 48) + 5, (0x7ff8ull << 48) + 9, 1,
        0xfffffffffffff, 1ull << 52, 0x7fefffffffffffff, 0xffefffffffffffff, 0x41dfffffffc00000, 0x41e0000000000000,
        0xc1e0000000000000, 0xc1e0000000200000, 0x41efffffffe00000, 0x41f0000000000000, 0x43e0000000000000,
        0xc3e0000000000000, 0x43efffffffffffff, 0x43f0000000000000, 0x3fe0000000000000, 0x3ff8000000000000,
        0xbfe0000000000000, 0xbfefffffffffffff, 0x4004000000000000};
    uint64_t v = rnd();

    switch (below(4)) {
    case 0: return edge[below(ARRAY_LEN(edge))];
    case 1: return bits64_put(v, 52, 11, 1023 - 40 + below(110)); /* around 1 */
    case 2: return bits64_put(v & ~mask64(40), 52, 11, 1023 + below(8));
    default: return v;
    }
}

static uint64_t random_f32_bits(void)
{
    static const uint32_t edge[] = {0, 0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000,
        0xffc00000, 0x7f800001, 0xffa00000, 0x7fc00009, 1, 0x7fffff, 0x800000, 0x7f7fffff, 0xff7fffff, 0x4effffff,
        0x4f000000, 0xcf000000, 0x4f7fffff, 0x4f800000, 0x5f000000, 0xdf000000, 0x5f7fffff, 0x5f800000, 0x3f000000,
        0x3fc00000, 0xbf000000, 0xbf7fffff};
    uint32_t v = (uint32_t)rnd();

    switch (below(3)) {
    case 0: return edge[below(ARRAY_LEN(edge))];
    case 1: return (uint32_t)bits64_put(v, 23, 8, 127 - 30 + below(70));
    default: return v;
    }
}

/* ---- random units ---- */

#define MAX_VALUES 64
static uint8_t *memory; /* page of data, page that is not mapped, page of data */

struct make {
    struct ir_builder *b;
    ir_ref value[IR_NTYPES][MAX_VALUES];
    unsigned n[IR_NTYPES];
    bool floats;
};

static ir_ref keep(struct make *m, enum ir_type t, ir_ref r)
{
    m->value[t][m->n[t] < MAX_VALUES ? m->n[t]++ : below(MAX_VALUES)] = r;
    return r;
}

static ir_ref value_of(struct make *m, enum ir_type t)
{
    ir_ref r;

    if (m->n[t] && below(3))
        return m->value[t][below(2) ? m->n[t] - 1 : below(m->n[t])];
    switch (t) {
    case IR_I64: return below(4) ? keep(m, t, ir_get(m->b, below(NINT))) : ir_const(m->b, t, random_int());
    case IR_I32:
    case IR_I16:
    case IR_I8:
        if (!below(5))
            return ir_const(m->b, t, random_int() & mask64(t == IR_I32 ? 32 : t == IR_I16 ? 16 : 8));
        return keep(m, t, ir_trunc(m->b, t, value_of(m, IR_I64)));
    case IR_F64: return below(6) ? keep(m, t, ir_get(m->b, NINT + below(NFLOAT))) : ir_const(m->b, t, random_f64());
    default:
        if (!below(6))
            return ir_const(m->b, IR_F32, random_f32_bits());
        r = ir_get(m->b, NINT + below(NFLOAT));
        return keep(m, IR_F32, ir_op1(m->b, IR_funbox, IR_F32, r));
    }
}

static unsigned bytes_of(enum ir_type t)
{
    return t == IR_I64 ? 8 : t == IR_I32 ? 4 : t == IR_I16 ? 2 : 1;
}

static enum ir_type int_type(void)
{
    static const uint8_t t[] = {IR_I64, IR_I64, IR_I64, IR_I32, IR_I32, IR_I32, IR_I16, IR_I8};

    return t[below(ARRAY_LEN(t))];
}

static unsigned rounding(void)
{
    static const uint8_t rm[] = {7, 7, 7, 7, 0, 1, 2, 3, 4};

    return rm[below(ARRAY_LEN(rm))];
}

static void make_int(struct make *m)
{
    static const uint8_t two[] = {IR_add, IR_sub, IR_mul, IR_mulhs, IR_mulhu, IR_mulhsu, IR_divs, IR_divu, IR_rems,
        IR_remu, IR_and, IR_or, IR_xor, IR_andn, IR_shl, IR_shr, IR_sar, IR_rotl, IR_rotr, IR_clmul, IR_clmulh, IR_smin,
        IR_smax, IR_umin, IR_umax, IR_add, IR_sub, IR_add, IR_and};
    static const uint8_t one[] = {IR_not, IR_neg, IR_clz, IR_ctz, IR_popcnt, IR_bswap, IR_orcb};
    static const uint8_t cmp[] = {IR_eq, IR_ne, IR_lts, IR_les, IR_ltu, IR_leu};
    enum ir_type t = int_type(), u = int_type();
    ir_ref x, y, z;

    switch (below(8)) {
    case 0:
    case 1:
    case 2:
        x = value_of(m, t), y = value_of(m, t);
        if (!below(4))
            y = ir_const(m->b, t, random_int() & mask64(t == IR_I64 ? 64 : t == IR_I32 ? 32 : t == IR_I16 ? 16 : 8));
        keep(m, t, ir_op2(m->b, two[below(ARRAY_LEN(two))], t, x, y));
        break;
    case 3:
        x = one[below(ARRAY_LEN(one))];
        keep(m, t, ir_op1(m->b, (enum ir_op)x, t, value_of(m, t)));
        break;
    case 4:
        x = value_of(m, t), y = value_of(m, t);
        keep(m, u, ir_op2(m->b, cmp[below(ARRAY_LEN(cmp))], u, x, y));
        break;
    case 5:
        x = value_of(m, t), y = value_of(m, t);
        x = ir_op2(m->b, cmp[below(ARRAY_LEN(cmp))], IR_I64, x, y);
        y = value_of(m, u), z = value_of(m, u);
        keep(m, u, ir_emit(m->b, IR_select, u, 0, x, y, z));
        break;
    case 6:
        x = value_of(m, IR_I64);
        if (below(2))
            x = value_of(m, IR_I32), y = 1 + below(32);
        else
            y = 1 + below(64);
        if (!below(2))
            y = 8u << below(3);
        keep(m, IR_I64, below(2) ? ir_sext(m->b, IR_I64, y, x) : ir_zext(m->b, IR_I64, y, x));
        break;
    default: /* shift and add, an address form */
        x = ir_op2(m->b, IR_shl, IR_I64, value_of(m, IR_I64), ir_const(m->b, IR_I64, below(5)));
        keep(m, IR_I64,
            ir_op2(m->b, IR_add, IR_I64, below(2) ? x : value_of(m, IR_I64), below(2) ? x : value_of(m, IR_I64)));
        break;
    }
}

static void make_float(struct make *m)
{
    static const uint8_t two[] = {IR_fadd, IR_fsub, IR_fmul, IR_fdiv, IR_fadd, IR_fmul};
    static const uint8_t exact2[] = {IR_fmin, IR_fmax, IR_fminm, IR_fmaxm, IR_fsgnj, IR_fsgnjn, IR_fsgnjx};
    static const uint8_t cmp[] = {IR_feq, IR_flt, IR_fle, IR_fltq, IR_fleq};
    enum ir_type t = below(2) ? IR_F64 : IR_F32, it = below(2) ? IR_I64 : IR_I32;
    ir_ref x, y, z;
    unsigned op;

    switch (below(14)) {
    case 0:
    case 1:
    case 2:
        x = value_of(m, t), y = value_of(m, t);
        keep(m, t, ir_emit(m->b, two[below(ARRAY_LEN(two))], t, rounding(), x, y, 0));
        break;
    case 3:
        x = value_of(m, t), y = value_of(m, t);
        keep(m, t, ir_op2(m->b, exact2[below(ARRAY_LEN(exact2))], t, x, y));
        break;
    case 4:
        x = value_of(m, t), y = value_of(m, t), z = value_of(m, t);
        keep(m, t, ir_emit(m->b, IR_fma, t, rounding() | (below(4) << 8), x, y, z));
        break;
    case 5: keep(m, t, ir_emit(m->b, IR_fsqrt, t, rounding(), value_of(m, t), 0, 0)); break;
    case 6: keep(m, t, ir_op1(m->b, below(2) ? IR_fneg : IR_fabs, t, value_of(m, t))); break;
    case 7:
        x = value_of(m, t), y = value_of(m, t);
        keep(m, IR_I64, ir_op2(m->b, cmp[below(ARRAY_LEN(cmp))], IR_I64, x, y));
        break;
    case 8:
        op = IR_FTOI(below(2) ? 1 : rounding(), below(6) ? 2 + below(2) : below(2), below(2), below(2));
        x = value_of(m, t);
        keep(m, IR_I64, ir_emit(m->b, IR_f_to_i, IR_I64, op, x, 0, 0));
        break;
    case 9: keep(m, t, ir_emit(m->b, IR_i_to_f, t, IR_ITOF(rounding(), below(2)), value_of(m, it), 0, 0)); break;
    case 10:
        x = value_of(m, t);
        t = t == IR_F64 ? IR_F32 : IR_F64;
        keep(m, t, ir_emit(m->b, IR_f_to_f, t, rounding(), x, 0, 0));
        break;
    case 11:
        op = below(4);
        if (op == 0)
            keep(m, t, ir_emit(m->b, IR_fround, t, rounding() | (below(2) << 8), value_of(m, t), 0, 0));
        else if (op == 1)
            keep(m, IR_I64, ir_op1(m->b, IR_fclass, IR_I64, value_of(m, t)));
        else if (op == 2)
            keep(m, IR_I64, ir_emit(m->b, IR_f_to_h, IR_I64, rounding(), value_of(m, t), 0, 0));
        else
            keep(m, t, ir_emit(m->b, IR_h_to_f, t, rounding(), value_of(m, IR_I64), 0, 0));
        break;
    case 12:
        op = below(4);
        if (op == 0)
            keep(m, IR_I64, ir_op1(m->b, IR_bitcast, IR_I64, value_of(m, IR_F64)));
        else if (op == 1)
            keep(m, IR_F64, ir_op1(m->b, IR_bitcast, IR_F64, value_of(m, IR_I64)));
        else if (op == 2)
            keep(m, IR_I32, ir_op1(m->b, IR_bitcast, IR_I32, value_of(m, IR_F32)));
        else
            keep(m, IR_F32, ir_op1(m->b, IR_bitcast, IR_F32, value_of(m, IR_I32)));
        break;
    default:
        op = below(5);
        if (op == 0)
            keep(m, IR_I64, ir_emit(m->b, IR_fp_flags, IR_I64, 0, 0, 0, 0));
        else if (op == 1)
            ir_emit(m->b, IR_fp_set_flags, IR_VOID, 0, ir_zext(m->b, IR_I64, 5, value_of(m, IR_I64)), 0, 0);
        else if (op == 2)
            keep(m, IR_I64, ir_emit(m->b, IR_fp_rm, IR_I64, 0, 0, 0, 0));
        else
            keep(m, t, ir_emit(m->b, IR_select, t, 0, value_of(m, IR_I64), value_of(m, t), value_of(m, t)));
        break;
    }
}

/* An address in the data, or rarely in the hole. size keeps accesses inside one page. */
static ir_ref make_address(struct make *m, unsigned size)
{
    ir_ref i = value_of(m, IR_I64), base = ir_const(m->b, IR_I64, (uint64_t)(uintptr_t)memory);

    i = ir_op2(m->b, IR_and, IR_I64, i, ir_const(m->b, IR_I64, below(12) ? 0xff8 : 0x1ff8));
    (void)size;
    if (below(2))
        return ir_op2(m->b, IR_add, IR_I64, i, base);
    keep(m, IR_I64, i);
    return keep(m, IR_I64, ir_op2(m->b, IR_add, IR_I64, base, i));
}

static void make_memory(struct make *m)
{
    unsigned log2 = below(4), kind = below(10), size = 1u << log2;
    ir_ref a = make_address(m, 8), v;
    enum ir_type t = log2 == 3 ? IR_I64 : log2 == 2 ? (below(2) ? IR_I32 : IR_I64) : int_type();
    int32_t off = 0;

    if (t < IR_I64 && bytes_of(t) < size)
        t = IR_I64;
    if (kind < 3) {
        keep(m, t, ir_load(m->b, t, IR_MEM(log2, below(2), IR_DIRECT), a, off));
    } else if (kind < 6) {
        v = below(5) ? value_of(m, t) : ir_const(m->b, t, random_int() & mask64(8 * bytes_of(t)));
        if (log2 == 3 && m->floats && below(2))
            v = ir_op1(m->b, IR_bitcast, IR_I64, value_of(m, IR_F64));
        ir_store(m->b, IR_MEM(log2, 0, IR_DIRECT), a, off, v);
    } else if (kind == 6) {
        t = log2 == 3 || below(2) ? IR_I64 : IR_I32;
        v = value_of(m, t);
        v = ir_rmw(m->b, t, IR_MEM(log2, below(2), IR_DIRECT), (enum ir_rmw)below(9), a, v);
        if (below(2))
            keep(m, t, v);
    } else if (kind == 7) {
        t = log2 == 3 || below(2) ? IR_I64 : IR_I32;
        v = value_of(m, t);
        keep(m, t, ir_cas(m->b, t, IR_MEM(log2, below(2), IR_DIRECT), a, v, value_of(m, t)));
    } else if (kind == 8) {
        ir_fence(m->b, 1 + below(15));
    } else if (m->floats) {
        t = below(2) ? IR_F64 : IR_F32;
        if (below(2))
            keep(m, t, ir_load(m->b, t, IR_MEM(t == IR_F64 ? 3 : 2, 0, IR_DIRECT), a, off));
        else
            ir_store(m->b, IR_MEM(t == IR_F64 ? 3 : 2, 0, IR_DIRECT), a, off, value_of(m, t));
    }
}

static void make_call(struct make *m)
{
    unsigned h = below(4);
    ir_ref a = value_of(m, IR_I64), c = value_of(m, IR_I64), b = value_of(m, IR_I64);

    if (h == 3) /* never the hole: the interpreter has no handler for faults in helpers */
        b = ir_op2(m->b, IR_add, IR_I64, ir_op2(m->b, IR_and, IR_I64, b, ir_const(m->b, IR_I64, 0xff8)),
            ir_const(m->b, IR_I64, (uint64_t)(uintptr_t)memory));

    keep(m, IR_I64, ir_call(m->b, IR_I64, h, a, b, c));
}

static void make_put(struct make *m)
{
    ir_ref v;

    if (m->floats && below(2)) {
        v = below(2) ? ir_op1(m->b, IR_fbox, IR_F64, value_of(m, IR_F32)) : value_of(m, IR_F64);
        ir_put(m->b, NINT + below(NFLOAT), v);
        return;
    }
    v = below(3) ? value_of(m, IR_I64) : ir_sext(m->b, IR_I64, 32, value_of(m, IR_I32));
    ir_put(m->b, below(NINT), v);
}

static void make_side_exit(struct make *m, uint64_t pc)
{
    static const uint8_t cmp[] = {IR_eq, IR_ne, IR_lts, IR_les, IR_ltu, IR_leu};
    enum ir_type t = int_type();
    ir_ref x = value_of(m, t), y = value_of(m, t), c;

    c = below(3) ? ir_op2(m->b, cmp[below(6)], IR_I64, x, y) : x;
    if (below(2))
        c = ir_op2(m->b, IR_eq, IR_I64, ir_op2(m->b, IR_and, IR_I64, value_of(m, IR_I64), ir_const(m->b, IR_I64, 15)),
            ir_const(m->b, IR_I64, 5));
    if (below(2))
        ir_branch_exit(m->b, c, pc + 2 * below(20) - 16);
    else
        ir_exit_if(m->b, c, (enum ir_exit)below(5), below(2) ? value_of(m, IR_I64) : 0);
}

static void make_end(struct make *m, uint64_t pc)
{
    if (!below(3))
        ir_call_hint(m->b, pc + 4);
    switch (below(4)) {
    case 0: ir_jump(m->b, pc + 4 * below(20) - 40); break;
    case 1: ir_jump_ind(m->b, (enum ir_ind)below(3), value_of(m, IR_I64)); break;
    case 2: ir_exit(m->b, (enum ir_exit)below(5), pc + 4); break;
    default: ir_jump(m->b, pc + 4); break;
    }
}

static struct ir_unit *make_unit(struct ir_builder *b, uint32_t mode, bool floats, unsigned max_ops)
{
    struct make m = {.b = b, .floats = floats};
    uint64_t pc = 0x10000 + 4 * below(1000);
    unsigned n = 1 + below(max_ops);

    ir_begin(b, pc, mode);
    for (unsigned i = 0; i < n; i++) {
        unsigned kind = below(32);
        if (below(2)) {
            pc += 4;
            ir_mark(b, pc, 4);
        }
        if (kind < 10)
            floats &&below(3) ? make_float(&m) : make_int(&m);
        else if (kind < 22)
            make_put(&m);
        else if (kind < 28)
            make_memory(&m);
        else if (kind < 29)
            make_side_exit(&m, pc);
        else if (kind < 30)
            make_call(&m);
        else
            floats ? make_float(&m) : make_int(&m);
    }
    for (unsigned i = 0; i < 4; i++)
        make_put(&m);
    make_end(&m, pc);
    return below(2) ? ir_end(b) : ir_end_unswept(b);
}

/* ---- running ---- */

static struct {
    struct cg_runtime rt;
    struct test_state state;
} run __attribute__((aligned(64)));
static uint64_t fault_addr;
static bool faulted;

static void on_fault(int sig, siginfo_t *info, void *uc)
{
    faulted = true;
    fault_addr = (uint64_t)(uintptr_t)info->si_addr;
    if (cg_recover(&run.rt, uc))
        return;
    signal(sig, SIG_DFL); /* a crash: let it be one */
}

static int mapped(uint64_t addr, unsigned size)
{
    uint64_t at = addr - (uint64_t)(uintptr_t)memory;

    return (at < PAGE && at + size <= PAGE) || (at >= 2 * PAGE && at + size <= 3 * PAGE);
}

static int mem_load(void *ctx, uint64_t addr, void *buf, unsigned size)
{
    (void)ctx;
    if (!mapped(addr, size))
        return -1;
    memcpy(buf, (const void *)(uintptr_t)addr, size);
    return 0;
}

static int mem_store(void *ctx, uint64_t addr, const void *buf, unsigned size)
{
    (void)ctx;
    if (!mapped(addr, size))
        return -1;
    memcpy((void *)(uintptr_t)addr, buf, size);
    return 0;
}

static uint64_t rmw_new(enum ir_rmw op, uint64_t old, uint64_t v, unsigned bits)
{
    int64_t so = sext64(old, bits), sv = sext64(v, bits);

    switch (op) {
    case IR_RMW_XCHG: return v;
    case IR_RMW_ADD: return old + v;
    case IR_RMW_AND: return old & v;
    case IR_RMW_OR: return old | v;
    case IR_RMW_XOR: return old ^ v;
    case IR_RMW_SMIN: return so < sv ? old : v;
    case IR_RMW_SMAX: return so > sv ? old : v;
    case IR_RMW_UMIN: return old < v ? old : v;
    case IR_RMW_UMAX: return old > v ? old : v;
    }
    return 0;
}

static int mem_rmw(void *ctx, uint64_t addr, unsigned size, enum ir_rmw op, uint64_t *io)
{
    uint64_t old = 0, v = *io & mask64(8 * size);

    if (mem_load(ctx, addr, &old, size))
        return -1;
    v = rmw_new(op, old, v, 8 * size);
    *io = old;
    return mem_store(ctx, addr, &v, size);
}

static int mem_cas(void *ctx, uint64_t addr, unsigned size, uint64_t *io, uint64_t desired)
{
    uint64_t old = 0;

    if (mem_load(ctx, addr, &old, size))
        return -1;
    if (old == (*io & mask64(8 * size)))
        mem_store(ctx, addr, &desired, size);
    *io = old;
    return 0;
}

enum { JUMP_CACHE_BITS = 12 };
static _Atomic(struct cg_unit *) jump_cache[1 << JUMP_CACHE_BITS];

static void random_state(struct test_state *s, unsigned rm)
{
    memset(s, 0, sizeof(*s));
    s->fp_rm = (uint8_t)rm;
    s->fp_flags = (uint8_t)below(32);
    for (unsigned i = 0; i < NINT; i++)
        s->x[i] = random_int();
    for (unsigned i = 0; i < NFLOAT; i++)
        s->f[i] = below(3) == 0 ? random_f64() : 0xffffffff00000000 | random_f32_bits();
    for (unsigned i = 0; i < NFLOAT; i += 3)
        s->f[i] = random_f64();
}

struct outcome {
    struct test_state state;
    uint8_t memory[2 * PAGE];
    enum { NEXT, EXIT, FAULT } kind;
    uint64_t pc, why, info, addr;
};

static void save(struct outcome *o)
{
    o->state = run.state;
    memcpy(o->memory, memory, PAGE);
    memcpy(o->memory + PAGE, memory + 2 * PAGE, PAGE);
}

static void restore(const struct outcome *o)
{
    run.state = o->state;
    memcpy(memory, o->memory, PAGE);
    memcpy(memory + 2 * PAGE, o->memory + PAGE, PAGE);
}

static void run_compiled(const struct cg_unit *u, struct outcome *o)
{
    uint32_t before = cg_mxcsr_make(IR_RM_RNE, 0), after;

    run.rt.mxcsr = cg_mxcsr_make((enum ir_rm)run.state.fp_rm, 0);
    run.rt.kick = 1;
    faulted = false;
    __asm__ volatile("ldmxcsr %0" ::"m"(before));
    cg_enter(&run.rt, u->entry);
    __asm__ volatile("stmxcsr %0" : "=m"(after));
    CHECK_EQ(after, before);
    run.state.fp_flags |= (uint8_t)cg_mxcsr_flags(run.rt.mxcsr);
    save(o);
    o->kind = run.rt.leave == CG_LEAVE_FAULT ? FAULT : run.rt.leave == CG_LEAVE_EXIT ? EXIT : NEXT;
    o->pc = run.rt.pc;
    o->why = o->kind == EXIT ? run.rt.why : 0;
    o->info = o->kind == EXIT ? run.rt.info : 0;
    o->addr = o->kind == FAULT ? fault_addr : 0;
}

static void run_reference(const struct ir_unit *u, struct outcome *o)
{
    static const struct ir_interp_mem mem = {.load = mem_load, .store = mem_store, .rmw = mem_rmw, .cas = mem_cas};
    struct ir_interp_result r;

    ir_interp_run(u, u->pc, &run.state, &run.state.fp_flags, &run.state.fp_rm, &mem, &r);
    save(o);
    o->kind = r.kind == IR_RUN_FAULT ? FAULT : r.kind == IR_RUN_EXIT ? EXIT : NEXT;
    o->pc = r.next_pc;
    o->why = o->kind == EXIT ? r.why : 0;
    o->info = o->kind == EXIT ? r.info : 0;
    o->addr = o->kind == FAULT ? r.fault_addr : 0;
}

static void explain(const struct ir_unit *u, const struct cg_unit *code, uint64_t unit_seed, unsigned max_ops,
    const struct outcome *got, const struct outcome *want)
{
    struct strbuf s = {0};

    cg_dump(code, u, &s);
    printf("# LODGE_TEST_SEED=%llu:%u\n%s", (unsigned long long)unit_seed, max_ops, strbuf_text(&s));
    printf("# kind %d %d, pc %#llx %#llx, why %llu %llu info %#llx %#llx addr %#llx %#llx, flags %x %x\n", got->kind,
        want->kind, (unsigned long long)got->pc, (unsigned long long)want->pc, (unsigned long long)got->why,
        (unsigned long long)want->why, (unsigned long long)got->info, (unsigned long long)want->info,
        (unsigned long long)got->addr, (unsigned long long)want->addr, got->state.fp_flags, want->state.fp_flags);
    for (unsigned i = 0; i < NINT + NFLOAT; i++)
        if (((const uint64_t *)&got->state)[i + 2] != ((const uint64_t *)&want->state)[i + 2])
            printf("# %s: got %016llx want %016llx\n", slot_name[i],
                (unsigned long long)((const uint64_t *)&got->state)[i + 2],
                (unsigned long long)((const uint64_t *)&want->state)[i + 2]);
    for (unsigned i = 0; i < sizeof(got->memory); i++)
        if (got->memory[i] != want->memory[i])
            printf("# memory %#x: got %02x want %02x\n", i, got->memory[i], want->memory[i]);
    fflush(stdout);
    strbuf_fini(&s);
}

static void one_unit(struct cg_space *space, struct ir_builder *b, bool floats, unsigned max_ops)
{
    static struct outcome before, got, want;
    uint64_t unit_seed = seed;
    unsigned rm = floats ? below(5) : 0;
    struct ir_unit *u = make_unit(b, rm == IR_RM_RMM ? IR_MODE_SOFT_RM : 0, floats, max_ops);
    struct err err = ERR_INIT;
    struct cg_unit *code;

    CHECK_EQ(ir_verify(u, &err), 0);
    code = cg_compile_quick(space, u, &err);
    if (!code)
        FAIL("seed %llu: %s", (unsigned long long)unit_seed, err.text);
    for (unsigned i = 0; i < 4; i++) {
        random_state(&run.state, rm);
        for (unsigned k = 0; k < PAGE; k += 8) {
            uint64_t v = below(3) ? random_int() : random_f64();
            memcpy(memory + k, &v, 8);
            memcpy(memory + 2 * PAGE + k, &v, 8);
        }
        save(&before);
        run_compiled(code, &got);
        restore(&before);
        run_reference(u, &want);
        if (memcmp(&got.state, &want.state, sizeof(got.state)) || memcmp(got.memory, want.memory, sizeof(got.memory)) ||
            got.kind != want.kind || got.pc != want.pc || got.why != want.why || got.info != want.info ||
            (got.addr & ~7ull) != (want.addr & ~7ull)) {
            explain(u, code, unit_seed, max_ops, &got, &want);
            FAIL("seed %llu: compiled code and interpreter differ", (unsigned long long)unit_seed);
        }
    }
}

static void many_units(const struct cg_host *host, bool floats, unsigned units)
{
    struct sigaction sa = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    const char *from = getenv("LODGE_TEST_SEED");
    struct err err = ERR_INIT;
    struct cg_space *space;
    struct ir_builder *b;

    init_guest();
    sigaction(SIGSEGV, &sa, NULL);
    /* A fixed place makes a seed repeat its unit; above 2^44, where ASan's shadow memory is not. */
    memory = mmap((void *)0x200012340000, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    mprotect(memory + PAGE, PAGE, PROT_NONE);
    for (unsigned i = 0; i < ARRAY_LEN(jump_cache); i++)
        jump_cache[i] = &cg_no_unit;
    space = cg_space_new(&guest, host, 32 << 20, &err);
    CHECK(space);
    cg_runtime_init(&run.rt, space, jump_cache, JUMP_CACHE_BITS);
    b = ir_builder_new(&guest);
    for (unsigned i = 0; i < units; i++) {
        unsigned max_ops = 3 + i * 60 / units; /* small ones first: they are easier to read */

        seed = 0x9e3779b97f4a7c15ull * (i + 1) + floats;
        if (from && sscanf(from, "%llu:%u", (unsigned long long *)&seed, &max_ops) != 2)
            FAIL("LODGE_TEST_SEED is SEED:OPS");
        one_unit(space, b, floats, max_ops);
        if (from)
            break;
    }
    ir_builder_free(b);
    cg_space_free(space);
}

static struct cg_host this_host(void)
{
    struct cg_host h;

    cg_host_detect(&h);
    return h;
}

TEST_TIMEOUT(int_all_features, 120)
{
    struct cg_host h = this_host();

    many_units(&h, false, 6000);
}

TEST_TIMEOUT(int_no_features, 120)
{
    struct cg_host h = {0};

    many_units(&h, false, 6000);
}

TEST_TIMEOUT(float_all_features, 120)
{
    struct cg_host h = this_host();

    many_units(&h, true, 8000);
}

TEST_TIMEOUT(float_no_features, 120)
{
    struct cg_host h = {0};

    many_units(&h, true, 8000);
}

TEST_TIMEOUT(float_avx_without_fma, 120)
{
    struct cg_host h = this_host();

    h.fma = h.bmi2 = h.lzcnt = false;
    many_units(&h, true, 4000);
}
