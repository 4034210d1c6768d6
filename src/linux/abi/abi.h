/* abi.h - what differs between guest CPUs for the Linux layer, besides the system-call numbers (abi/NAME.def): which
 * registers carry a call, how a thread starts, what a signal frame looks like. One constant struct linux_abi a guest CPU;
 * the only files that know registers by name are abi/NAME*.c.
 */
#ifndef LODGE_LINUX_ABI_H
#define LODGE_LINUX_ABI_H

#include <signal.h>
#include <stdint.h>

#include "cpu/cpu.h"

struct linux_thread;

/* One signal to be delivered to a handler. Masks have bit n-1 for signal n. */
struct linux_signal_frame {
    int signo;
    const siginfo_t *info;
    uint64_t handler;
    uint64_t sp;                         /* to build below; the alternate stack is chosen already */
    uint64_t old_mask;                   /* for uc_sigmask */
    uint64_t altstack_sp, altstack_size; /* uc_stack */
    int altstack_flags;
    uint64_t restorer; /* where the handler returns to */
};

/* What rt_sigreturn found besides the registers, which are set already. */
struct linux_signal_return {
    uint64_t mask;
    uint64_t altstack_sp, altstack_size;
    int altstack_flags;
};

struct strbuf;

/* The vDSO: functions by name, each with its code, and where a signal frame holds which DWARF register (offset from the
 * stack pointer), so that unwinders get past __vdso_rt_sigreturn. */
struct linux_vdso_function {
    const char *name;
    uint32_t code[3]; /* li a7, nr; ecall; ret: one shape for every CPU whose instructions have 4 bytes */
};
struct linux_vdso_register {
    uint16_t dwarf, offset;
};
struct linux_vdso_desc {
    const char *version;                         /* symbol version */
    const struct linux_vdso_function *functions; /* the first is rt_sigreturn */
    unsigned nfunctions;
    const struct linux_vdso_register *registers;
    unsigned nregisters;
    uint8_t sp_register, pc_register; /* DWARF numbers; pc_register is the return address column */
    uint16_t sp_offset;               /* of the interrupted stack pointer in the frame */
};

struct linux_abi {
    const char *name;    /* "riscv64": uname's machine */
    uint64_t frame_size; /* bytes that a signal frame takes at most, alignment included */

    uint64_t (*hwcap)(void); /* AT_HWCAP */
    const struct linux_vdso_desc *vdso;
    /* A new program's first state: all registers zero but these. */
    void (*start)(struct cpu_state *s, uint64_t pc, uint64_t sp);

    /* System call in the registers; pc is past the instruction. */
    void (*call_get)(const struct cpu_state *s, uint64_t *nr, uint64_t a[6]);
    void (*call_result)(struct cpu_state *s, int64_t result);
    void (*call_restart)(struct cpu_state *s, uint64_t a0); /* makes the instruction run again */

    /* clone's last arguments: a[3] = tls, a[4] = child_tid (CLONE_BACKWARDS) or the other way round. */
    int clone_tls_arg, clone_child_tid_arg;
    uint64_t (*sp_get)(const struct cpu_state *s);
    void (*sp_set)(struct cpu_state *s, uint64_t sp);
    void (*tls_set)(struct cpu_state *s, uint64_t tls);

    /* Builds the frame and sets the registers to enter the handler: 0 or -EFAULT (registers untouched). */
    int (*signal_enter)(struct linux_thread *t, const struct linux_signal_frame *f);
    /* rt_sigreturn: restores the registers from the frame at sp: 0 or -EFAULT. */
    int (*signal_return)(struct linux_thread *t, struct linux_signal_return *r);

    uint32_t audit_arch; /* AUDIT_ARCH_* (linux/audit.h): what seccomp filters see */
    void (*cpuinfo)(struct strbuf *out, unsigned cpu, bool sv48); /* one CPU's block of /proc/cpuinfo */

    /* Core files: NT_PRSTATUS' pr_reg and NT_FPREGSET's descriptor; return the size. */
    uint32_t (*core_regs)(const struct cpu_state *s, uint8_t out[512]);
    uint32_t (*core_fpregs)(const struct cpu_state *s, uint8_t out[1024]);
};

extern const struct linux_abi linux_abi_riscv64;

#endif
