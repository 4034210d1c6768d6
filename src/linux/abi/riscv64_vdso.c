/* riscv64_vdso.c - what the RISC-V vDSO contains (arch/riscv/kernel/vdso/vdso.lds.S). The C library finds the functions by
 * these names and this version. Their code is a plain system call: lodge answers those for the time without entering the
 * kernel.
 */
#include <stddef.h>

#include "base/bits.h"
#include "linux/abi/riscv64_int.h"

#define LI_A7(nr) ((nr) << 20 | 17 << 7 | 0x13) /* addi a7, zero, nr */
#define ECALL 0x00000073
#define RET 0x00008067
#define FUNCTION(name, nr)                                                                                             \
    {                                                                                                                  \
        "__vdso_" #name,                                                                                               \
        {                                                                                                              \
            LI_A7(nr), ECALL, RET                                                                                      \
        }                                                                                                              \
    }

static const struct linux_vdso_function functions[] = {
    FUNCTION(rt_sigreturn, 139), /* gdb and libgcc know it by its two words as well */
    FUNCTION(clock_gettime, 113),
    FUNCTION(gettimeofday, 169),
    FUNCTION(clock_getres, 114),
    FUNCTION(getcpu, 168),
    FUNCTION(flush_icache, 259),
    FUNCTION(riscv_hwprobe, 258),
};

/* DWARF numbers: x registers 0..31, f registers 32..63, 64 is the alternate return column, which carries the pc. */
#define FRAME_PC offsetof(struct riscv64_frame, uc.mcontext.pc)
#define X(n)                                                                                                           \
    {                                                                                                                  \
        n, FRAME_PC + 8 * (n)                                                                                          \
    }
#define F(n)                                                                                                           \
    {                                                                                                                  \
        32 + (n), offsetof(struct riscv64_frame, uc.mcontext.fp) + 8 * (n)                                             \
    }
static const struct linux_vdso_register registers[] = {
    {64, FRAME_PC},
    X(1),
    X(3),
    X(4),
    X(5),
    X(6),
    X(7),
    X(8),
    X(9),
    X(10),
    X(11),
    X(12),
    X(13),
    X(14),
    X(15),
    X(16),
    X(17),
    X(18),
    X(19),
    X(20),
    X(21),
    X(22),
    X(23),
    X(24),
    X(25),
    X(26),
    X(27),
    X(28),
    X(29),
    X(30),
    X(31),
    F(0),
    F(1),
    F(2),
    F(3),
    F(4),
    F(5),
    F(6),
    F(7),
    F(8),
    F(9),
    F(10),
    F(11),
    F(12),
    F(13),
    F(14),
    F(15),
    F(16),
    F(17),
    F(18),
    F(19),
    F(20),
    F(21),
    F(22),
    F(23),
    F(24),
    F(25),
    F(26),
    F(27),
    F(28),
    F(29),
    F(30),
    F(31),
};

const struct linux_vdso_desc riscv64_vdso = {
    .version = "LINUX_4.15",
    .functions = functions,
    .nfunctions = ARRAY_LEN(functions),
    .registers = registers,
    .nregisters = ARRAY_LEN(registers),
    .sp_register = 2,
    .pc_register = 64,
    .sp_offset = FRAME_PC + 8 * 2,
};
