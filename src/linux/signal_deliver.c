/* signal_deliver.c - from the thread's queue to the guest: default actions, frames, restarts of system calls, rt_sigreturn.
 *
 * Order as in Linux: a synchronous signal first, then what the host kernel handed over, one after the other as the host's
 * mask (which is the guest's) opens; each builds its frame on top of the one before. A default action is the host's: the
 * disposition there becomes SIG_DFL and the signal is raised again, so that the parent sees what it should.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "linux/abi/abi.h"
#include "linux/debugger.h"
#include "linux/host_x64.h"
#include "linux/signal_int.h"
#include "linux/sys_c.h"

static bool is_restart(int64_t result)
{
    return result == -LINUX_ERESTARTSYS || result == -LINUX_ERESTARTNOINTR || result == -LINUX_ERESTARTNOHAND ||
        result == -LINUX_ERESTART_RESTARTBLOCK;
}

static struct cpu_state *state(struct linux_thread *t)
{
    return t->process->ops->thread_state(t->cpu);
}

/* ---- default actions ---- */

static void host_raise(const siginfo_t *info)
{
    siginfo_t copy = *info;
    pid_t tid = (pid_t)syscall(SYS_gettid);

    copy.si_code = info->si_code; /* to ourselves any code is allowed */
    if (syscall(SYS_rt_tgsigqueueinfo, getpid(), tid, info->si_signo, &copy))
        syscall(SYS_tgkill, getpid(), tid, info->si_signo);
}

/* The kernel's core dump would be one of lodge. RLIMIT_CORE 1 forbids it for files and pipes alike (fs/coredump.c). */
static void forbid_host_core(struct linux_process *p)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_CORE, &limit))
        return;
    limit.rlim_cur = limit.rlim_max < 1 ? limit.rlim_max : 1;
    setrlimit(RLIMIT_CORE, &limit);
    if (!limit.rlim_max && !p->is_vfork_child) /* dumpable is the address space's, which a vfork child shares */
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

bool linux_signal_ends(int signo)
{
    return !(sig_bit(signo) &
        (sig_bit(SIGCHLD) | sig_bit(SIGCONT) | sig_bit(SIGURG) | sig_bit(SIGWINCH) | sig_bit(SIGSTOP) |
            sig_bit(SIGTSTP) | sig_bit(SIGTTIN) | sig_bit(SIGTTOU)));
}

/* SIG_DFL: host signals are blocked, all but signo stay so. Returns if the signal does not end the process. */
static void default_action(struct linux_thread *t, const siginfo_t *info)
{
    int signo = info->si_signo;
    uint64_t mask = ~sig_bit(signo);
    uint64_t old = sig_host_block_all();

    if (sig_bit(signo) & SIG_CORES) {
        linux_core_write(t, info);
        forbid_host_core(t->process);
    }
    if (linux_signal_ends(signo))
        linux_debugger_exit(t->process, true, signo);
    linux_signal_host_plain(signo, (uint64_t)SIG_DFL);
    host_raise(info);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof(mask));
    if (!linux_signal_ends(signo)) {
        sig_host_set_mask(old);
        return;
    }
    host_trap(signo); /* still here: the init of a pid namespace */
    syscall(SYS_exit_group, 128 + signo);
}

/* ---- the queue ---- */

/* A signal that came while the guest's mask was open for it, but is not any more: back to the host, pending. */
static void put_back(struct linux_thread *t, const siginfo_t *info)
{
    uint64_t bit = sig_bit(info->si_signo);

    if (!(bit & SIG_FAULTS)) {
        host_raise(info);
        return;
    }
    if (!(t->held & bit)) /* one of each at most, as in Linux */
        t->held_info[info->si_signo == SIGBUS] = *info;
    t->held |= bit;
}

/* Takes the first queued signal that the guest does not block. Host signals are blocked. */
static bool take(struct linux_thread *t, siginfo_t *info)
{
    unsigned n;

    while ((n = atomic_load_explicit(&t->queued, memory_order_relaxed)) > 0) {
        *info = t->queue[0].info;
        memmove(&t->queue[0], &t->queue[1], (n - 1) * sizeof(t->queue[0]));
        atomic_store_explicit(&t->queued, n - 1, memory_order_relaxed);
        if (!(t->sigmask & sig_bit(info->si_signo)))
            return true;
        put_back(t, info);
    }
    return false;
}

void linux_signal_force(struct linux_thread *t, const siginfo_t *info)
{
    struct linux_sighand *s = t->process->sighand;
    struct linux_sigaction *act = &s->action[info->si_signo - 1];
    uint64_t bit = sig_bit(info->si_signo);

    sig_host_block_all();
    pthread_mutex_lock(&s->lock);
    if (t->sigmask & bit || act->handler == (uint64_t)SIG_IGN) {
        *act = (struct linux_sigaction){0};
        linux_signal_host_install(t->process, info->si_signo, act);
        t->sigmask &= ~bit;
    }
    pthread_mutex_unlock(&s->lock);
    linux_signal_push(t, info, true);
    sig_host_set_mask(~UINT64_C(0)); /* until delivery, as after a host signal */
}

/* ---- frames ---- */

bool linux_on_altstack(const struct linux_thread *t, uint64_t sp)
{
    if (t->altstack_flags & LINUX_SS_AUTODISARM)
        return false;
    return sp > t->altstack_sp && sp - t->altstack_sp <= t->altstack_size;
}

/* Where the frame goes, or 0: the alternate stack overflows (kernel: get_sigframe). */
static uint64_t frame_top(const struct linux_thread *t, const struct linux_sigaction *act, uint64_t sp, uint64_t size)
{
    if (linux_on_altstack(t, sp))
        return linux_on_altstack(t, sp - size) ? sp : 0;
    if (act->flags & LINUX_SA_ONSTACK && t->altstack_size)
        return t->altstack_sp + t->altstack_size;
    return sp;
}

static void enter_handler(struct linux_thread *t, const siginfo_t *info, const struct linux_sigaction *act)
{
    const struct linux_abi *abi = t->process->abi;
    struct linux_signal_frame frame = {
        .signo = info->si_signo,
        .info = info,
        .handler = act->handler,
        .sp = frame_top(t, act, abi->sp_get(state(t)), abi->frame_size),
        .old_mask = t->has_saved_mask ? t->saved_sigmask : t->sigmask,
        .altstack_sp = t->altstack_sp,
        .altstack_size = t->altstack_size,
        .altstack_flags = t->altstack_flags,
        .restorer = t->process->mm->sigreturn,
    };

    t->has_saved_mask = false;
    if (!frame.sp || abi->signal_enter(t, &frame)) {
        siginfo_t segv = {.si_signo = SIGSEGV, .si_code = SI_KERNEL};

        if (info->si_signo == SIGSEGV) /* its own handler cannot run (kernel: force_sigsegv) */
            t->sigmask |= sig_bit(SIGSEGV);
        linux_signal_force(t, &segv);
        return;
    }
    t->sigmask |= act->mask | (act->flags & LINUX_SA_NODEFER ? 0 : sig_bit(info->si_signo));
    t->sigmask &= ~SIG_UNBLOCKABLE;
    if (t->altstack_flags & LINUX_SS_AUTODISARM) {
        t->altstack_sp = t->altstack_size = 0;
        t->altstack_flags = SS_DISABLE;
    }
    log_debug(LOG_SIGNAL, "[%d] signal %d -> handler %#lx", t->tid, info->si_signo, (unsigned long)act->handler);
}

/* The call that the signal interrupted: EINTR, or the instruction once more. */
static void settle_restart(struct linux_thread *t, int64_t result, const struct linux_sigaction *act)
{
    const struct linux_abi *abi = t->process->abi;
    bool again = !act || result == -LINUX_ERESTARTNOINTR ||
        (result == -LINUX_ERESTARTSYS && act->flags & LINUX_SA_RESTART && !t->has_saved_mask);

    if (again)
        abi->call_restart(state(t), t->call_args[0]);
    else
        abi->call_result(state(t), -EINTR);
}

/* The action to take, with SA_RESETHAND applied. */
static struct linux_sigaction take_action(struct linux_thread *t, int signo)
{
    struct linux_sighand *s = t->process->sighand;
    struct linux_sigaction act;

    pthread_mutex_lock(&s->lock);
    act = s->action[signo - 1];
    if (act.handler > 1 && act.flags & LINUX_SA_RESETHAND) {
        s->action[signo - 1].handler = (uint64_t)SIG_DFL;
        linux_signal_host_install(t->process, signo, &s->action[signo - 1]);
    }
    pthread_mutex_unlock(&s->lock);
    return act;
}

/* Delivers what is queued now; the host's mask must be set afterwards. */
static void deliver_queue(struct linux_thread *t, const int64_t **restart)
{
    siginfo_t info;

    sig_host_block_all();
    while (take(t, &info)) {
        struct linux_sigaction act;

        if (t->process->debug && !(info.si_signo = linux_debugger_signal(t, info.si_signo)))
            continue;
        act = take_action(t, info.si_signo);
        if (act.handler == (uint64_t)SIG_IGN)
            continue;
        if (act.handler == (uint64_t)SIG_DFL) {
            default_action(t, &info);
            continue;
        }
        if (*restart)
            settle_restart(t, **restart, &act);
        *restart = NULL;
        enter_handler(t, &info, &act);
    }
}

void linux_signal_deliver(struct linux_thread *t, int64_t *result)
{
    const int64_t *restart = NULL;

    if (result && is_restart(*result))
        restart = result;
    else if (result)
        t->process->abi->call_result(state(t), *result);
    for (;;) {
        if (atomic_load_explicit(&t->queued, memory_order_relaxed)) {
            deliver_queue(t, &restart);
            linux_signal_set_mask(t, t->sigmask);
            continue;
        }
        if (restart)
            settle_restart(t, *restart, NULL);
        restart = NULL;
        if (!t->has_saved_mask)
            return;
        t->has_saved_mask = false;
        linux_signal_set_mask(t, t->saved_sigmask);
    }
}

int64_t linux_sys_rt_sigreturn(struct linux_thread *t, const uint64_t a[6])
{
    struct linux_signal_return r;

    t->keep_registers = true;
    if (t->process->abi->signal_return(t, &r)) {
        siginfo_t segv = {.si_signo = SIGSEGV, .si_code = SI_KERNEL};

        linux_signal_force(t, &segv);
        return 0;
    }
    linux_signal_set_mask(t, r.mask);
    /* restore_altstack: errors are ignored, as the kernel does */
    if (!linux_on_altstack(t, t->process->abi->sp_get(state(t))))
        linux_altstack_set(t, r.altstack_sp, r.altstack_flags, r.altstack_size);
    return 0;
}
