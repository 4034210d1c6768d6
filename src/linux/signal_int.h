/* signal_int.h - what the signal files share.
 *
 * The host's state mirrors the guest's: a signal that the guest handles has lodge's handler, SIG_DFL and SIG_IGN are the
 * host's own, and the host thread's mask is the guest's mask. Exceptions: SIGSEGV and SIGBUS always have lodge's handler and
 * are never blocked; while a signal waits in the thread's queue all others are blocked; while RLIMIT_CORE allows core files,
 * SIG_DFL signals that dump core are caught, for the core file must be the guest's; and with a debugger, which sees signals
 * first, all that end the process.
 *
 * SA_RESTART is passed on to the host: an interrupted host call that the kernel would restart is seen by the handler with pc
 * at its system-call instruction, where linux_host_call turns it into -LINUX_ERESTARTSYS; one that it would not restart
 * returns -EINTR. So which calls restart is the kernel's decision.
 */
#ifndef LODGE_LINUX_SIGNAL_INT_H
#define LODGE_LINUX_SIGNAL_INT_H

#include "linux/linux_int.h"

/* struct sigaction of the asm-generic ABI; flags are the same on every CPU. */
struct linux_sigaction {
    uint64_t handler, flags, mask;
};

struct linux_sighand {
    pthread_mutex_t lock; /* taken with all host signals blocked */
    _Atomic int users;
    struct linux_sigaction action[LINUX_NSIG];
};

#define LINUX_SA_RESTART 0x10000000u
#define LINUX_SA_ONSTACK 0x08000000u
#define LINUX_SA_NODEFER 0x40000000u
#define LINUX_SA_RESETHAND 0x80000000u
#define LINUX_SS_AUTODISARM ((int)(1u << 31))
#define LINUX_MINSIGSTKSZ 2048

#define HOST_ALTSTACK_SIZE (64u << 10) /* AVX-512 and AMX state is 11 KB of a frame */

static inline uint64_t sig_bit(int signo)
{
    return UINT64_C(1) << (signo - 1);
}

#define SIG_FAULTS (sig_bit(SIGSEGV) | sig_bit(SIGBUS)) /* never blocked in the host */
/* Default action "core" (signal(7)). */
#define SIG_CORES                                                                                                      \
    (sig_bit(SIGQUIT) | sig_bit(SIGILL) | sig_bit(SIGTRAP) | sig_bit(SIGABRT) | sig_bit(SIGBUS) | sig_bit(SIGFPE) |    \
        sig_bit(SIGSEGV) | sig_bit(SIGXCPU) | sig_bit(SIGXFSZ) | sig_bit(SIGSYS))
#define SIG_UNBLOCKABLE (sig_bit(SIGKILL) | sig_bit(SIGSTOP))

/* ---- signal.c ---- */
uint64_t sig_host_block_all(void); /* SIGSEGV and SIGBUS too; returns the previous mask */
void sig_host_set_mask(uint64_t mask);
/* The guest's mask becomes mask, and the host's follows (unless signals are queued: then delivery sets it). */
void linux_signal_set_mask(struct linux_thread *t, uint64_t mask);
void linux_signal_host_install(struct linux_process *p, int signo, const struct linux_sigaction *act);
void linux_signal_host_plain(int signo, uint64_t handler); /* SIG_DFL or SIG_IGN, also for SIGSEGV and SIGBUS */
void linux_signal_push(struct linux_thread *t, const siginfo_t *info, bool first); /* host signals blocked */
struct linux_sighand *linux_sighand_copy(struct linux_sighand *from);
void linux_sighand_clear(struct linux_process *p); /* CLONE_CLEAR_SIGHAND: handlers become SIG_DFL */
void linux_sighand_put(struct linux_sighand *s);
int linux_host_altstack_new(struct linux_thread *t);  /* 0 or -errno; used once set */
void linux_host_altstack_use(struct linux_thread *t); /* by the thread itself */
void linux_host_altstack_free(struct linux_thread *t);

/* ---- signal_call.c ---- */
/* sigaltstack(2) after the check that the stack is not in use: 0, -EINVAL, -ENOMEM. */
int linux_altstack_set(struct linux_thread *t, uint64_t sp, int flags, uint64_t size);

/* ---- signal_deliver.c ---- */
bool linux_signal_ends(int signo); /* its default action ends the process */
bool linux_on_altstack(const struct linux_thread *t, uint64_t sp);
void linux_set_current(struct linux_thread *t); /* thread.c */

/* ---- core.c ---- */
/* Writes a core file of the guest where the host's limits and core_pattern say so. All host signals are blocked. */
void linux_core_write(struct linux_thread *t, const siginfo_t *info);

#endif
