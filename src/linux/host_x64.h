/* host_x64.h - what the signal layer must know of an x86-64 host: the interrupted pc, what kind of access faulted, and the
 * system call that a signal can take back (host_call_x64.S). An aarch64 host brings its own.
 */
#ifndef LODGE_LINUX_HOST_X64_H
#define LODGE_LINUX_HOST_X64_H

#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>

/* Makes system call nr unless *queued is not 0. linux_host_call_start <= pc < linux_host_call_end: not made yet (or to be
 * made again: the kernel sets pc so); a handler that moves pc to linux_host_call_abort makes it return -LINUX_ERESTARTSYS. */
int64_t linux_host_call_raw(
    const _Atomic unsigned *queued, long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f);
extern const char linux_host_call_start[], linux_host_call_end[], linux_host_call_abort[];

static inline uint64_t host_pc(const ucontext_t *uc)
{
    return (uint64_t)uc->uc_mcontext.gregs[REG_RIP];
}

static inline void host_pc_set(ucontext_t *uc, uint64_t pc)
{
    uc->uc_mcontext.gregs[REG_RIP] = (int64_t)pc;
}

/* Bit 1 of the page-fault error code (Intel SDM vol. 3, 4.7). */
static inline bool host_fault_is_write(const ucontext_t *uc)
{
    return uc->uc_mcontext.gregs[REG_ERR] >> 1 & 1;
}

/* Dies of a real fault or trap with the host's default action, which even the init of a pid namespace does not survive. */
static inline void host_trap(int signo)
{
    if (signo == SIGSEGV)
        __asm__ volatile("movl $0, 0");
    else if (signo == SIGILL)
        __asm__ volatile("ud2");
    else if (signo == SIGTRAP)
        __asm__ volatile("int3");
}

/* Fills in a fresh thread control block (tcbhead_t of glibc's sysdeps/x86_64/nptl/tls.h) after the caller's: tcb, dtv, self,
 * multiple_threads, sysinfo, stack_guard, pointer_guard. */
static inline void host_tls_init(void *tls)
{
    const uint64_t *mine = __builtin_thread_pointer();
    uint64_t *head = tls;

    head[0] = head[2] = (uint64_t)tls;
    for (int i = 3; i < 7; i++)
        head[i] = mine[i];
}

#endif
