/* signal.c - the host's side of signals: dispositions, masks, the handler that queues, the faults of guest code.
 *
 * Every call about signals is raw: the C library must not see them, for it keeps 32 and 33 for itself. A handler runs on the
 * thread's own alternate stack with everything blocked; it queues, kicks the engine, and takes back a system call that has
 * not begun, so that no signal is lost between a check and a blocking call.
 */
#include "linux/signal_int.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "linux/host_x64.h"

/* The kernel's struct sigaction. */
struct host_sigaction {
    void *handler;
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
};

#define HOST_SA_RESTORER 0x04000000u

/* Returns through the system call, as libc's own restorer does. Unwinders look for these bytes. */
__attribute__((naked, noinline)) static void host_restorer(void)
{
    __asm__ volatile("mov $15, %eax\n\tsyscall"); /* rt_sigreturn */
}

uint64_t sig_host_block_all(void)
{
    uint64_t all = ~UINT64_C(0), old = 0;

    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &old, sizeof(all));
    return old;
}

void sig_host_set_mask(uint64_t mask)
{
    mask &= ~SIG_FAULTS;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof(mask));
}

/* ---- the handler ---- */

void linux_signal_push(struct linux_thread *t, const siginfo_t *info, bool first)
{
    unsigned n = atomic_load_explicit(&t->queued, memory_order_relaxed);
    unsigned at = first ? 0 : n;

    if (n == sizeof(t->queue) / sizeof(t->queue[0]))
        return; /* cannot happen: see linux_thread.queued */
    if (first)
        memmove(&t->queue[1], &t->queue[0], n * sizeof(t->queue[0]));
    t->queue[at].signo = info->si_signo;
    t->queue[at].info = *info;
    atomic_store_explicit(&t->queued, n + 1, memory_order_relaxed);
}

/* A fault of guest code, or of lodge on its behalf: arranges that execution goes on, or ends the process as a bug of lodge. */
static void host_fault(struct linux_thread *t, int signo, siginfo_t *info, ucontext_t *uc)
{
    uint64_t fixup = mem_fault_fixup(host_pc(uc)), addr = (uint64_t)info->si_addr;

    if (t && signo == SIGSEGV && info->si_code == SEGV_MAPERR && mem_grow(t->process->mm->mem, addr))
        return;
    if (fixup) {
        if (!(signo == SIGSEGV && host_fault_is_write(uc) && mem_write_fault(t->process->mm->mem, addr)))
            host_pc_set(uc, fixup);
        return;
    }
    if (t && t->process->ops->host_fault(t->cpu, signo, info, uc) == CPU_FAULT_RESUME)
        return;
    log_line("lodge: signal %d in lodge itself at pc %#lx (base %#lx), address %#lx: a bug of lodge", signo,
        (unsigned long)host_pc(uc), (unsigned long)linux_host_call_start, (unsigned long)info->si_addr);
    syscall(SYS_exit_group, 125);
}

static void host_handler(int signo, siginfo_t *info, void *context)
{
    int saved_errno = errno;
    ucontext_t *uc = context;
    struct linux_thread *t = linux_current();
    uint64_t all_but_faults = ~SIG_FAULTS, pc = host_pc(uc);

    /* A signal that a process sends has si_code <= 0. */
    if ((signo == SIGSEGV || signo == SIGBUS) && info->si_code > 0) {
        host_fault(t, signo, info, uc);
        errno = saved_errno;
        return;
    }
    if (!t)
        return;
    info->si_signo = signo;
    linux_signal_push(t, info, false);
    memcpy(&uc->uc_sigmask, &all_but_faults, sizeof(all_but_faults));
    t->process->ops->kick(t->cpu);
    if (pc >= (uint64_t)linux_host_call_start && pc < (uint64_t)linux_host_call_end)
        host_pc_set(uc, (uint64_t)linux_host_call_abort);
    errno = saved_errno;
}

/* ---- dispositions ---- */

void linux_signal_host_install(struct linux_process *p, int signo, const struct linux_sigaction *act)
{
    bool dumps = p->dumps_core && act->handler == (uint64_t)SIG_DFL && sig_bit(signo) & SIG_CORES;
    bool shown = p->debug && act->handler == (uint64_t)SIG_DFL && linux_signal_ends(signo);
    bool caught = act->handler > 1 || sig_bit(signo) & SIG_FAULTS || dumps || shown;
    struct host_sigaction host = {0};

    host.flags = act->flags & (SA_NOCLDSTOP | SA_NOCLDWAIT | LINUX_SA_RESTART);
    if (caught) {
        host.handler = (void *)host_handler;
        host.flags |= SA_SIGINFO | SA_ONSTACK | HOST_SA_RESTORER;
        host.restorer = host_restorer;
        host.mask = ~UINT64_C(0);
    } else {
        host.handler = (void *)act->handler;
    }
    syscall(SYS_rt_sigaction, signo, &host, NULL, sizeof(host.mask));
}

void linux_signal_host_plain(int signo, uint64_t handler)
{
    struct host_sigaction host = {.handler = (void *)handler};

    syscall(SYS_rt_sigaction, signo, &host, NULL, sizeof(host.mask));
}

void linux_signal_core_limit(struct linux_process *p)
{
    struct rlimit limit;

    pthread_mutex_lock(&p->sighand->lock);
    p->dumps_core = getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_cur > 0;
    for (int signo = 1; signo <= LINUX_NSIG; signo++)
        if (sig_bit(signo) & SIG_CORES & ~SIG_FAULTS)
            linux_signal_host_install(p, signo, &p->sighand->action[signo - 1]);
    pthread_mutex_unlock(&p->sighand->lock);
}

void linux_signal_show_all(struct linux_process *p)
{
    pthread_mutex_lock(&p->sighand->lock);
    for (int signo = 1; signo <= LINUX_NSIG; signo++)
        if (p->sighand->action[signo - 1].handler == (uint64_t)SIG_DFL && linux_signal_ends(signo))
            linux_signal_host_install(p, signo, &p->sighand->action[signo - 1]);
    pthread_mutex_unlock(&p->sighand->lock);
}

int linux_signal_init(struct linux_process *p, struct linux_thread *t, struct err *err)
{
    struct linux_sighand *s = x_new(struct linux_sighand);
    struct rlimit core;
    int r;

    pthread_mutex_init(&s->lock, NULL);
    s->users = 1;
    p->sighand = s;
    t->altstack_flags = SS_DISABLE;
    r = linux_host_altstack_new(t);
    if (r)
        return err_set(err, r, "no memory for a signal stack");
    linux_host_altstack_use(t);
    linux_set_current(t);
    syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &t->sigmask, sizeof(t->sigmask));
    for (int signo = 1; signo <= LINUX_NSIG; signo++) {
        struct host_sigaction host = {0};

        syscall(SYS_rt_sigaction, signo, NULL, &host, sizeof(host.mask));
        if (host.handler == (void *)SIG_IGN)
            s->action[signo - 1].handler = (uint64_t)SIG_IGN;
        if (sig_bit(signo) & SIG_FAULTS)
            linux_signal_host_install(p, signo, &s->action[signo - 1]);
    }
    if (getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur > 0)
        linux_signal_core_limit(p);
    sig_host_set_mask(t->sigmask);
    return 0;
}

void linux_signal_exec_prepare(struct linux_process *p)
{
    if (p->sighand->action[SIGSEGV - 1].handler == (uint64_t)SIG_IGN)
        linux_signal_host_plain(SIGSEGV, (uint64_t)SIG_IGN);
    if (p->sighand->action[SIGBUS - 1].handler == (uint64_t)SIG_IGN)
        linux_signal_host_plain(SIGBUS, (uint64_t)SIG_IGN);
}

void linux_signal_exec_failed(struct linux_process *p)
{
    linux_signal_host_install(p, SIGSEGV, &p->sighand->action[SIGSEGV - 1]);
    linux_signal_host_install(p, SIGBUS, &p->sighand->action[SIGBUS - 1]);
}

struct linux_sighand *linux_sighand_copy(struct linux_sighand *from)
{
    struct linux_sighand *s = x_new(struct linux_sighand);

    pthread_mutex_init(&s->lock, NULL);
    s->users = 1;
    memcpy(s->action, from->action, sizeof(s->action));
    return s;
}

void linux_sighand_clear(struct linux_process *p)
{
    for (int signo = 1; signo <= LINUX_NSIG; signo++) {
        struct linux_sigaction *act = &p->sighand->action[signo - 1];

        if (act->handler <= 1)
            continue;
        *act = (struct linux_sigaction){0};
        linux_signal_host_install(p, signo, act);
    }
}

void linux_sighand_put(struct linux_sighand *s)
{
    if (atomic_fetch_sub(&s->users, 1) == 1)
        x_free(s);
}

/* ---- masks ---- */

void linux_signal_set_mask(struct linux_thread *t, uint64_t mask)
{
    uint64_t freed;

    t->sigmask = mask & ~SIG_UNBLOCKABLE;
    freed = t->held & ~t->sigmask;
    if (freed) {
        uint64_t old = sig_host_block_all();

        for (int i = 0; i < 2; i++)
            if (freed & sig_bit(i ? SIGBUS : SIGSEGV))
                linux_signal_push(t, &t->held_info[i], false);
        t->held &= ~freed;
        sig_host_set_mask(old | ~SIG_FAULTS);
    }
    if (!atomic_load_explicit(&t->queued, memory_order_relaxed))
        sig_host_set_mask(t->sigmask);
}

void linux_signal_set_temporary_mask(struct linux_thread *t, uint64_t mask)
{
    if (!t->has_saved_mask)
        t->saved_sigmask = t->sigmask;
    t->has_saved_mask = true;
    linux_signal_set_mask(t, mask);
}

int64_t linux_host_call(
    struct linux_thread *t, long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
    return linux_host_call_raw(&t->queued, nr, a, b, c, d, e, f);
}

/* ---- the host's alternate stack ---- */

int linux_host_altstack_new(struct linux_thread *t)
{
    char *p =
        mmap(NULL, HOST_ALTSTACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (p == MAP_FAILED)
        return -errno;
    mprotect(p, MEM_PAGE, PROT_NONE);
    t->host_altstack = p;
    return 0;
}

void linux_host_altstack_use(struct linux_thread *t)
{
    stack_t ss = {.ss_sp = (char *)t->host_altstack + MEM_PAGE, .ss_size = HOST_ALTSTACK_SIZE - MEM_PAGE};

    sigaltstack(&ss, NULL);
}

void linux_host_altstack_free(struct linux_thread *t)
{
    if (t->host_altstack)
        munmap(t->host_altstack, HOST_ALTSTACK_SIZE);
    t->host_altstack = NULL;
}
