/* riscv64_signal.c - entering and leaving a RISC-V signal handler (arch/riscv/kernel/signal.c). The handler returns to the
 * vDSO's rt_sigreturn, which unwinders know by its two instructions `li a7, 139; ecall`.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "cpu/rv64/rv64.h"
#include "linux/abi/riscv64_int.h"
#include "linux/linux_int.h"

_Static_assert(sizeof(struct riscv64_frame) == RISCV64_FRAME_SIZE, "rt_sigframe");
_Static_assert(offsetof(struct riscv64_frame, uc.sigmask) == 168, "uc_sigmask");
_Static_assert(offsetof(struct riscv64_frame, uc.mcontext.pc) == 304, "sc_regs");
_Static_assert(offsetof(struct riscv64_frame, uc.mcontext.fp) == 560, "sc_fpregs");
_Static_assert(
    sizeof(siginfo_t) == 128, "siginfo_t has one layout on every 64-bit Linux but for a few CPUs' si_fault tail");

/* q.reserved[0] and the extension header behind it (union __riscv_sc_ext... of sc_extdesc): all zero means "no more". */
enum { EXT_RESERVED = 516, EXT_SIZE = 12 };

static struct rv64_state *state(struct linux_thread *t)
{
    return (struct rv64_state *)t->process->ops->thread_state(t->cpu);
}

int riscv64_signal_enter(struct linux_thread *t, const struct linux_signal_frame *f)
{
    struct rv64_state *s = state(t);
    struct riscv64_frame frame = {0};
    uint64_t at = (f->sp - sizeof(frame)) & ~UINT64_C(15);

    memcpy(frame.info, f->info, sizeof(frame.info));
    frame.uc.stack_sp = f->altstack_sp;
    frame.uc.stack_flags = f->altstack_flags;
    frame.uc.stack_size = f->altstack_size;
    frame.uc.sigmask = f->old_mask;
    frame.uc.mcontext.pc = s->cpu.pc;
    memcpy(frame.uc.mcontext.x, &s->x[1], sizeof(frame.uc.mcontext.x));
    memcpy(frame.uc.mcontext.fp.d.f, s->f, sizeof(s->f));
    frame.uc.mcontext.fp.d.fcsr = rv64_fcsr_get(s);
    if (mem_write(t->process->mm->mem, at, &frame, sizeof(frame)))
        return -EFAULT;

    s->x[RV64_RA] = f->restorer;
    s->x[RV64_SP] = at;
    s->x[RV64_A0] = (uint64_t)f->signo;
    s->x[RV64_A1] = at + offsetof(struct riscv64_frame, info);
    s->x[RV64_A2] = at + offsetof(struct riscv64_frame, uc);
    s->cpu.pc = f->handler;
    s->resv_addr = ~UINT64_C(0); /* a trap loses the reservation */
    return 0;
}

int riscv64_signal_return(struct linux_thread *t, struct linux_signal_return *r)
{
    static const uint8_t no_extension[EXT_SIZE];
    struct rv64_state *s = state(t);
    struct riscv64_frame frame;

    if (mem_read(t->process->mm->mem, s->x[RV64_SP], &frame, sizeof(frame)))
        return -EFAULT;
    if (memcmp(frame.uc.mcontext.fp.bytes + EXT_RESERVED, no_extension, EXT_SIZE) != 0)
        return -EFAULT;
    s->cpu.pc = frame.uc.mcontext.pc & ~UINT64_C(1); /* sepc has no bit 0 */
    memcpy(&s->x[1], frame.uc.mcontext.x, sizeof(frame.uc.mcontext.x));
    memcpy(s->f, frame.uc.mcontext.fp.d.f, sizeof(s->f));
    rv64_fcsr_set(s, frame.uc.mcontext.fp.d.fcsr & 0xff);
    s->resv_addr = ~UINT64_C(0);
    r->mask = frame.uc.sigmask;
    r->altstack_sp = frame.uc.stack_sp;
    r->altstack_flags = frame.uc.stack_flags;
    r->altstack_size = frame.uc.stack_size;
    return 0;
}
