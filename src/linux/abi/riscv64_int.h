/* riscv64_int.h - the RISC-V signal frame, as arch/riscv/include/uapi/asm/{sigcontext,ucontext,ptrace}.h have it.
 *
 *     offset  0    siginfo (128)
 *           128    uc_flags, uc_link, uc_stack {sp, flags, size}
 *           168    uc_sigmask (8), reserved (120)
 *           304    pc, x1..x31
 *           560    union: d {f[32], fcsr}, q {f[64], fcsr, reserved[3]}; the end header of extended state (magic 0,
 *                  size 0) lies in its last 8 bytes
 *          1088    end
 */
#ifndef LODGE_LINUX_RISCV64_INT_H
#define LODGE_LINUX_RISCV64_INT_H

#include <stdint.h>

#include "linux/abi/abi.h"

#define RISCV64_FRAME_SIZE 1088

struct riscv64_sigcontext {
    uint64_t pc, x[31]; /* x[n-1] is register n */
    union {
        struct {
            uint64_t f[32];
            uint32_t fcsr;
        } d;
        uint8_t bytes[528];
    } fp;
} __attribute__((aligned(16)));

struct riscv64_ucontext {
    uint64_t flags, link;
    uint64_t stack_sp;
    int32_t stack_flags, pad;
    uint64_t stack_size;
    uint64_t sigmask;
    uint8_t reserved[120];
    struct riscv64_sigcontext mcontext;
};

struct riscv64_frame {
    uint8_t info[128];
    struct riscv64_ucontext uc;
};

extern const struct linux_vdso_desc riscv64_vdso;

int riscv64_signal_enter(struct linux_thread *t, const struct linux_signal_frame *f);
int riscv64_signal_return(struct linux_thread *t, struct linux_signal_return *r);

#endif
