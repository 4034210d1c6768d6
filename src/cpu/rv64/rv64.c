/* The riscv64 guest CPU: its state by name, what it tells IR, engines, debuggers and the guest about itself, and the few
 * functions that translated code calls. Decoding is generated (rv64.decode); translation is in translate*.c.
 */
#include "cpu/rv64/rv64.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "base/bits.h"
#include "cpu/rv64/rv64_int.h"

enum { EM_RISCV_NUMBER = 243 };

uint32_t rv64_fcsr_get(const struct rv64_state *s)
{
    return (uint32_t)(s->cpu.fp_rm << 5 | s->cpu.fp_flags);
}

void rv64_fcsr_set(struct rv64_state *s, uint32_t fcsr)
{
    s->cpu.fp_flags = fcsr & 31;
    s->cpu.fp_rm = fcsr >> 5 & 7;
}

/* ---- extensions ---- */

uint64_t rv64_hwprobe_ima_ext0(void)
{
    enum { IMA_FD = 1, IMA_C = 2 };
    static const signed char bit[] = {
#define BASE(letter)
#define EXT(name, nr) nr,
#include "cpu/rv64/ext.def"
#undef BASE
#undef EXT
    };
    uint64_t mask = IMA_FD | IMA_C;

    for (unsigned n = 0; n < ARRAY_LEN(bit); n++)
        mask |= bit[n] >= 0 ? (uint64_t)1 << bit[n] : 0;
    return mask;
}

uint64_t rv64_hwcap(void)
{
#define BASE(letter) | (uint64_t)1 << (#letter[0] - 'a')
#define EXT(name, nr)
    return 0
#include "cpu/rv64/ext.def"
        ;
#undef BASE
#undef EXT
}

const char *rv64_isa_string(void)
{
    return "rv64"
#define BASE(letter) #letter
#define EXT(name, nr) "_" #name
#include "cpu/rv64/ext.def"
#undef BASE
#undef EXT
        ;
}

/* ---- state ---- */

const char *const rv64_x_name[32] = {"zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2",
    "a3", "a4", "a5", "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"};
const char *const rv64_f_name[32] = {"ft0", "ft1", "ft2", "ft3", "ft4", "ft5", "ft6", "ft7", "fs0", "fs1", "fa0", "fa1",
    "fa2", "fa3", "fa4", "fa5", "fa6", "fa7", "fs2", "fs3", "fs4", "fs5", "fs6", "fs7", "fs8", "fs9", "fs10", "fs11",
    "ft8", "ft9", "ft10", "ft11"};

const float rv64_fli[32] = {-1, 0x1p-126f, 0x1p-16f, 0x1p-15f, 0x1p-8f, 0x1p-7f, 0x1p-4f, 0x1p-3f, 0.25f, 0.3125f,
    0.375f, 0.4375f, 0.5f, 0.625f, 0.75f, 0.875f, 1, 1.25f, 1.5f, 1.75f, 2, 2.5f, 3, 4, 8, 16, 128, 256, 0x1p15f,
    0x1p16f, INFINITY, NAN};

#define X_SLOT(n, abi) [SLOT_X + (n)] = {abi, offsetof(struct rv64_state, x) + 8 * (n), IR_I64}
#define F_SLOT(n, abi) [SLOT_F + (n)] = {abi, offsetof(struct rv64_state, f) + 8 * (n), IR_F64}
static const struct ir_slot slots[SLOT_COUNT] = {
    X_SLOT(0, "zero"),
    X_SLOT(1, "ra"),
    X_SLOT(2, "sp"),
    X_SLOT(3, "gp"),
    X_SLOT(4, "tp"),
    X_SLOT(5, "t0"),
    X_SLOT(6, "t1"),
    X_SLOT(7, "t2"),
    X_SLOT(8, "s0"),
    X_SLOT(9, "s1"),
    X_SLOT(10, "a0"),
    X_SLOT(11, "a1"),
    X_SLOT(12, "a2"),
    X_SLOT(13, "a3"),
    X_SLOT(14, "a4"),
    X_SLOT(15, "a5"),
    X_SLOT(16, "a6"),
    X_SLOT(17, "a7"),
    X_SLOT(18, "s2"),
    X_SLOT(19, "s3"),
    X_SLOT(20, "s4"),
    X_SLOT(21, "s5"),
    X_SLOT(22, "s6"),
    X_SLOT(23, "s7"),
    X_SLOT(24, "s8"),
    X_SLOT(25, "s9"),
    X_SLOT(26, "s10"),
    X_SLOT(27, "s11"),
    X_SLOT(28, "t3"),
    X_SLOT(29, "t4"),
    X_SLOT(30, "t5"),
    X_SLOT(31, "t6"),
    F_SLOT(0, "ft0"),
    F_SLOT(1, "ft1"),
    F_SLOT(2, "ft2"),
    F_SLOT(3, "ft3"),
    F_SLOT(4, "ft4"),
    F_SLOT(5, "ft5"),
    F_SLOT(6, "ft6"),
    F_SLOT(7, "ft7"),
    F_SLOT(8, "fs0"),
    F_SLOT(9, "fs1"),
    F_SLOT(10, "fa0"),
    F_SLOT(11, "fa1"),
    F_SLOT(12, "fa2"),
    F_SLOT(13, "fa3"),
    F_SLOT(14, "fa4"),
    F_SLOT(15, "fa5"),
    F_SLOT(16, "fa6"),
    F_SLOT(17, "fa7"),
    F_SLOT(18, "fs2"),
    F_SLOT(19, "fs3"),
    F_SLOT(20, "fs4"),
    F_SLOT(21, "fs5"),
    F_SLOT(22, "fs6"),
    F_SLOT(23, "fs7"),
    F_SLOT(24, "fs8"),
    F_SLOT(25, "fs9"),
    F_SLOT(26, "fs10"),
    F_SLOT(27, "fs11"),
    F_SLOT(28, "ft8"),
    F_SLOT(29, "ft9"),
    F_SLOT(30, "ft10"),
    F_SLOT(31, "ft11"),
    [SLOT_RESV_ADDR] = {"resv_addr", offsetof(struct rv64_state, resv_addr), IR_I64},
    [SLOT_RESV_VALUE] = {"resv_value", offsetof(struct rv64_state, resv_value), IR_I64},
};

/* Most used first. */
static const uint16_t hot_int[] = {15, 14, 10, 2, 8, 13, 11, 12, 9, 1, 16, 17, 18, 19, 6, 28, 20, 29, 30, 21, 31, 22, 7,
    5, 23, 24, 25, 26, 27, 4, 3, 0xffff};
static const uint16_t hot_float[] = {SLOT_F + 15, SLOT_F + 14, SLOT_F + 10, SLOT_F + 13, SLOT_F + 12, SLOT_F + 11,
    SLOT_F + 8, SLOT_F + 9, SLOT_F + 0, SLOT_F + 1, SLOT_F + 16, SLOT_F + 17, SLOT_F + 2, SLOT_F + 3, SLOT_F + 4,
    SLOT_F + 5, SLOT_F + 18, SLOT_F + 19, SLOT_F + 20, SLOT_F + 6, SLOT_F + 7, 0xffff};

static void reset(struct cpu_state *state)
{
    struct rv64_state *s = (struct rv64_state *)state;

    memset(s, 0, sizeof(*s));
    s->resv_addr = ~(uint64_t)0;
}

static uint32_t unit_mode(const struct cpu_state *s)
{
    return s->fp_rm < IR_RM_RMM ? 0 : s->fp_rm == IR_RM_RMM ? IR_MODE_SOFT_RM : IR_MODE_BAD_RM;
}

/* ---- helpers ---- */

static uint64_t now(uint64_t per_second)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * per_second + (uint64_t)t.tv_nsec / (1000000000 / per_second);
}

/* cycle and instret: a hart of 1 GHz that retires one instruction a cycle. */
static uint64_t helper_cycle(void *state, uint64_t a, uint64_t b, uint64_t c)
{
    return now(1000000000);
}

static uint64_t helper_time(void *state, uint64_t a, uint64_t b, uint64_t c)
{
    return now(RV64_TIMEBASE_HZ);
}

/* Raises NV or NX in the host's FP environment, from where flags are collected. */
static void raise_fp(bool invalid)
{
    volatile double x = invalid ? 0 : 1, y = invalid ? 0 : 0x1p-100;

    x = invalid ? x / y : x + y;
}

/* fcvtmod.w.d (Zfa): toward zero, modulo 2^32, sign-extended; NaN and infinity give 0. NV if the true value is out of
 * int32's range, else NX if inexact. */
static uint64_t helper_fcvtmod(void *state, uint64_t bits, uint64_t b, uint64_t c)
{
    int exp = (int)(bits >> 52 & 0x7ff) - 1075; /* value = mant * 2^exp */
    uint64_t mant = (bits & mask64(52)) | (uint64_t)1 << 52, low;
    bool negative = bits >> 63, inexact = false, invalid;

    if (exp == 0x7ff - 1075) {
        raise_fp(true);
        return 0;
    }
    if (exp < -52) { /* |value| < 1, subnormals and zero included */
        if (bits << 1)
            raise_fp(false);
        return 0;
    }
    if (exp < 0) {
        inexact = mant & mask64((unsigned)-exp);
        low = mant >> -exp;
        invalid = low > (uint64_t)INT32_MAX + negative;
    } else {
        low = exp < 64 ? mant << exp : 0;
        invalid = true; /* at least 2^52 */
    }
    if (invalid || inexact)
        raise_fp(invalid);
    return (uint64_t)sext64(negative ? 0 - low : low, 32);
}

static const struct ir_helper helpers[HELPER_COUNT] = {
    [HELPER_CYCLE] = {"rv64_cycle", helper_cycle, IR_STATE},
    [HELPER_TIME] = {"rv64_time", helper_time, IR_STATE},
    [HELPER_FCVTMOD] = {"rv64_fcvtmod", helper_fcvtmod, IR_FPENV},
};

const struct ir_guest rv64_ir_guest = {
    .name = "riscv64",
    .slot = slots,
    .nslots = SLOT_COUNT,
    .hot_int = hot_int,
    .hot_float = hot_float,
    .helper = helpers,
    .nhelpers = HELPER_COUNT,
    .canonical_nan = true,
};

/* ---- debuggers: gdb's riscv order (gdb/features/riscv/64bit-{cpu,fpu}.xml) ---- */

enum { REG_PC = 32, REG_F = 33, REG_FFLAGS = 65, REG_FRM, REG_FCSR, REG_COUNT };
#define X(name)                                                                                                        \
    {                                                                                                                  \
        name, 64, "int", "general"                                                                                     \
    }
#define P(name, type)                                                                                                  \
    {                                                                                                                  \
        name, 64, type, "general"                                                                                      \
    }
#define F(name)                                                                                                        \
    {                                                                                                                  \
        name, 64, "ieee_double", "float"                                                                               \
    }
static const struct cpu_reg_desc regs[REG_COUNT] = {X("zero"), P("ra", "code_ptr"), P("sp", "data_ptr"),
    P("gp", "data_ptr"), P("tp", "data_ptr"), X("t0"), X("t1"), X("t2"), P("fp", "data_ptr"), X("s1"), X("a0"), X("a1"),
    X("a2"), X("a3"), X("a4"), X("a5"), X("a6"), X("a7"), X("s2"), X("s3"), X("s4"), X("s5"), X("s6"), X("s7"), X("s8"),
    X("s9"), X("s10"), X("s11"), X("t3"), X("t4"), X("t5"), X("t6"), P("pc", "code_ptr"), F("ft0"), F("ft1"), F("ft2"),
    F("ft3"), F("ft4"), F("ft5"), F("ft6"), F("ft7"), F("fs0"), F("fs1"), F("fa0"), F("fa1"), F("fa2"), F("fa3"),
    F("fa4"), F("fa5"), F("fa6"), F("fa7"), F("fs2"), F("fs3"), F("fs4"), F("fs5"), F("fs6"), F("fs7"), F("fs8"),
    F("fs9"), F("fs10"), F("fs11"), F("ft8"), F("ft9"), F("ft10"), F("ft11"), {"fflags", 32, "int", "float"},
    {"frm", 32, "int", "float"}, {"fcsr", 32, "int", "float"}};
#undef X
#undef P
#undef F

static uint64_t reg_get(const struct cpu_state *state, unsigned reg)
{
    const struct rv64_state *s = (const struct rv64_state *)state;

    if (reg < REG_PC)
        return s->x[reg];
    if (reg == REG_PC)
        return s->cpu.pc;
    if (reg < REG_FFLAGS)
        return s->f[reg - REG_F];
    return reg == REG_FFLAGS ? s->cpu.fp_flags : reg == REG_FRM ? s->cpu.fp_rm : rv64_fcsr_get(s);
}

static void reg_set(struct cpu_state *state, unsigned reg, uint64_t value)
{
    struct rv64_state *s = (struct rv64_state *)state;

    if (reg > 0 && reg < REG_PC)
        s->x[reg] = value;
    else if (reg == REG_PC)
        s->cpu.pc = value & ~(uint64_t)1;
    else if (reg >= REG_F && reg < REG_FFLAGS)
        s->f[reg - REG_F] = value;
    else if (reg == REG_FFLAGS)
        s->cpu.fp_flags = value & 31;
    else if (reg == REG_FRM)
        s->cpu.fp_rm = value & 7;
    else if (reg == REG_FCSR)
        rv64_fcsr_set(s, (uint32_t)value);
}

const struct cpu_ops rv64_cpu_ops = {
    .name = "riscv64",
    .elf_machine = EM_RISCV_NUMBER,
    .elf_class = 2,
    .elf_data = 1,
    .state_size = sizeof(struct rv64_state),
    .ir = &rv64_ir_guest,
    .reset = reset,
    .translate = rv64_translate,
    .disassemble = rv64_disassemble,
    .unit_mode = unit_mode,
    .regs = regs,
    .nregs = REG_COUNT,
    .gdb_arch = "riscv:rv64",
    .reg_get = reg_get,
    .reg_set = reg_set,
};
