/* riscv64.c - the registers of a RISC-V Linux process: calls in a0..a5 and a7, result in a0 (arch/riscv/kernel/entry.S,
 * "RISC-V ELF psABI"); thread pointer tp, stack pointer sp. Signal frames: riscv64_signal.c.
 */
#include <linux/audit.h>
#include <string.h>

#include "base/str.h"
#include "cpu/rv64/rv64.h"
#include "linux/abi/riscv64_int.h"

enum { ECALL_SIZE = 4 };

static struct rv64_state *rv(struct cpu_state *s)
{
    return (struct rv64_state *)s;
}

static const struct rv64_state *rv_const(const struct cpu_state *s)
{
    return (const struct rv64_state *)s;
}

/* start_thread, arch/riscv/kernel/process.c */
static void start(struct cpu_state *s, uint64_t pc, uint64_t sp)
{
    s->pc = pc;
    rv(s)->x[RV64_SP] = sp;
}

static void call_get(const struct cpu_state *s, uint64_t *nr, uint64_t a[6])
{
    *nr = rv_const(s)->x[RV64_A7];
    memcpy(a, &rv_const(s)->x[RV64_A0], 6 * sizeof(*a));
}

static void call_result(struct cpu_state *s, int64_t result)
{
    rv(s)->x[RV64_A0] = (uint64_t)result;
}

static void call_restart(struct cpu_state *s, uint64_t a0)
{
    rv(s)->x[RV64_A0] = a0;
    s->pc -= ECALL_SIZE;
}

static uint64_t sp_get(const struct cpu_state *s)
{
    return rv_const(s)->x[RV64_SP];
}

static void sp_set(struct cpu_state *s, uint64_t sp)
{
    rv(s)->x[RV64_SP] = sp;
}

static void tls_set(struct cpu_state *s, uint64_t tls)
{
    rv(s)->x[RV64_TP] = tls;
}

/* elf_gregset_t is struct user_regs_struct: pc, x1..x31. */
static uint32_t core_regs(const struct cpu_state *s, uint8_t out[512])
{
    memcpy(out, &s->pc, 8);
    memcpy(out + 8, &rv_const(s)->x[1], 31 * 8);
    return 32 * 8;
}

/* elf_fpregset_t is union __riscv_fp_state, of which d is used: f[32], fcsr. NT_FPREGSET has the size of the q member's
 * predecessor: struct __riscv_d_ext_state, 264 bytes. */
static uint32_t core_fpregs(const struct cpu_state *s, uint8_t out[1024])
{
    uint32_t fcsr[2] = {rv64_fcsr_get(rv_const(s)), 0};

    memcpy(out, rv_const(s)->f, 32 * 8);
    memcpy(out + 32 * 8, fcsr, sizeof(fcsr));
    return 32 * 8 + sizeof(fcsr);
}

/* arch/riscv/kernel/cpu.c, c_show */
static void cpuinfo(struct strbuf *out, unsigned cpu, bool sv48)
{
    const char *isa = rv64_isa_string();

    strbuf_addf(
        out, "processor\t: %u\nhart\t\t: %u\nisa\t\t: %s\nmmu\t\t: %s\n", cpu, cpu, isa, sv48 ? "sv48" : "sv39");
    strbuf_addf(out, "mvendorid\t: 0x0\nmarchid\t\t: 0x0\nmimpid\t\t: 0x0\nhart isa\t: %s\n\n", isa);
}

const struct linux_abi linux_abi_riscv64 = {
    .name = "riscv64",
    .frame_size = RISCV64_FRAME_SIZE + 16,
    .hwcap = rv64_hwcap,
    .vdso = &riscv64_vdso,
    .start = start,
    .call_get = call_get,
    .call_result = call_result,
    .call_restart = call_restart,
    .clone_tls_arg = 3,
    .clone_child_tid_arg = 4,
    .sp_get = sp_get,
    .sp_set = sp_set,
    .tls_set = tls_set,
    .signal_enter = riscv64_signal_enter,
    .signal_return = riscv64_signal_return,
    .audit_arch = AUDIT_ARCH_RISCV64,
    .cpuinfo = cpuinfo,
    .core_regs = core_regs,
    .core_fpregs = core_fpregs,
};
