/* thread.c - the life of a guest thread: the loop over the engine's events, start, exit, the host thread under it.
 */
#include "linux/thread_int.h"

#include <limits.h>
#include <linux/futex.h>
#include <malloc.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/str.h"
#include "linux/abi/abi.h"
#include "linux/debugger.h"
#include "linux/guest.h"
#include "linux/sanitize.h"
#include "linux/signal_int.h"
#include "linux/sys_c.h"

enum { HOST_STACK = 1 << 20 };

/* What a signal handler of the host must reach: the guest thread that this host thread runs. */
static __thread struct linux_thread *current_thread;

struct linux_thread *linux_current(void)
{
    return current_thread;
}

void linux_set_current(struct linux_thread *t)
{
    current_thread = t;
}

/* ---- events ---- */

static void system_call(struct linux_thread *t)
{
    const struct linux_abi *abi = t->process->abi;
    struct cpu_state *s = t->process->ops->thread_state(t->cpu);
    int64_t result;

    abi->call_get(s, &t->call_nr, t->call_args);
    t->call_pc = s->pc;
    result = linux_syscall(t, t->call_nr, t->call_args);
    if (t->keep_registers) {
        t->keep_registers = false;
        linux_signal_deliver(t, NULL);
        return;
    }
    linux_signal_deliver(t, &result);
}

/* The signal that a fault of the guest's raises (arch/riscv/mm/fault.c, kernel/traps.c). */
static siginfo_t fault_signal(const struct cpu_event *event)
{
    siginfo_t info = {.si_signo = SIGSEGV, .si_code = SEGV_MAPERR};

    info.si_addr = (void *)event->addr;
    switch (event->fault) {
    case CPU_FAULT_UNMAPPED: break;
    case CPU_FAULT_PROTECTED: info.si_code = SEGV_ACCERR; break;
    case CPU_FAULT_MISALIGNED:
        info.si_signo = SIGBUS;
        info.si_code = BUS_ADRALN;
        break;
    case CPU_FAULT_BUS:
        info.si_signo = SIGBUS;
        info.si_code = BUS_ADRERR;
        break;
    }
    return info;
}

static void force_at_pc(struct linux_thread *t, int signo, int code)
{
    siginfo_t info = {.si_signo = signo, .si_code = code};

    info.si_addr = (void *)t->process->ops->thread_state(t->cpu)->pc;
    linux_signal_force(t, &info);
}

static void handle_event(struct linux_thread *t, const struct cpu_event *event)
{
    siginfo_t info;

    switch (event->kind) {
    case CPU_SYSCALL: system_call(t); return;
    case CPU_FAULT:
        info = fault_signal(event);
        linux_signal_force(t, &info);
        break;
    case CPU_ILLEGAL: force_at_pc(t, SIGILL, ILL_ILLOPC); break;
    case CPU_BREAKPOINT: force_at_pc(t, SIGTRAP, TRAP_BRKPT); break;
    case CPU_KICKED:
    case CPU_STEPPED: break;
    }
    linux_signal_deliver(t, NULL);
}

void linux_thread_loop(struct linux_thread *t)
{
    for (;;) {
        struct cpu_event event;

        if (t->process->debug)
            linux_debugger_run(t, &event);
        else
            t->process->ops->run(t->cpu, &event);
        handle_event(t, &event);
    }
}

/* ---- objects ---- */

struct linux_thread *linux_thread_new(struct linux_process *p, struct linux_thread *from)
{
    struct linux_thread *t = x_new(struct linux_thread);

    t->process = p;
    if (linux_host_altstack_new(t)) {
        x_free(t);
        return NULL;
    }
    t->cpu = p->ops->thread_new(p->engine, from->cpu);
    t->sigmask = from->sigmask;
    t->seccomp = from->seccomp;
    t->altstack_flags = SS_DISABLE;
    return t;
}

void linux_thread_free(struct linux_thread *t)
{
    if (t->cpu)
        t->process->ops->thread_free(t->cpu);
    linux_host_altstack_free(t);
    linux_exec_free(t->exec);
    x_free(t);
}

void linux_thread_add(struct linux_thread *t)
{
    pthread_mutex_lock(&t->process->lock);
    t->next = t->process->threads;
    t->process->threads = t;
    pthread_mutex_unlock(&t->process->lock);
}

/* ---- the host thread ---- */

/* struct pthread's tid: found once, as the first word of the main thread's that holds its number. The C library compares it
 * in recursive locks, and a fork must give it the child's. */
int *linux_libc_tid(pthread_t host)
{
    static _Atomic size_t offset;
    size_t at = offset;

    if (!at) {
        const int *words = (const int *)pthread_self();
        int tid = (int)syscall(SYS_gettid);

        for (at = 16; at < 512 && words[at] != tid; at++)
            ;
        offset = at;
    }
    return (int *)host + at;
}

static void report_start(struct linux_thread *t, int value)
{
    atomic_store(&t->started, value);
    syscall(SYS_futex, &t->started, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

static void *thread_main(void *arg)
{
    struct linux_thread *t = arg;

    linux_set_current(t);
    linux_host_altstack_use(t);
    t->tid = (int)syscall(SYS_gettid);
    syscall(SYS_set_robust_list, NULL, 24); /* the C library's own; the guest sets one if it wants it */
    syscall(SYS_set_tid_address, t->clear_child_tid);
    if (t->set_child_tid)
        guest_write(t, t->set_child_tid, &t->tid, sizeof(t->tid));
    if (t->set_parent_tid)
        guest_write(t, t->set_parent_tid, &t->tid, sizeof(t->tid));
    linux_thread_add(t);
    report_start(t, t->tid);
    linux_signal_set_mask(t, t->sigmask);
    linux_thread_loop(t);
}

/* Joins the host threads of those that are gone. */
static void reap(struct linux_process *p)
{
    struct linux_thread **link = &p->dead;

    while (*link) {
        struct linux_thread *t = *link, *live = p->threads;

        while (live && live->tid != t->tid)
            live = live->next;
        if (!live && syscall(SYS_tgkill, getpid(), t->tid, 0) == 0) { /* still on its way out */
            link = &t->next;
            continue;
        }
        *link = t->next;
        *linux_libc_tid(t->host) = 0;
        alloc_fork_lock();
        pthread_join(t->host, NULL);
        alloc_fork_unlock();
        linux_thread_free(t);
    }
}

/* The C library takes SIGSETXID's disposition, and unblocks it, whenever it believes that a process makes its first thread
 * (nptl/pthread_create.c, late_init). The guest has it back before a signal can come. */
static int host_thread_new(struct linux_process *p, pthread_t *host, void *(*fn)(void *), void *arg)
{
    enum { SIGSETXID = 33 };
    pthread_attr_t attr;
    int r;

    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, HOST_STACK);
    r = pthread_create(host, &attr, fn, arg);
    pthread_attr_destroy(&attr);
    sig_host_block_all();
    linux_signal_host_install(p, SIGSETXID, &p->sighand->action[SIGSETXID - 1]);
    return r;
}

static void *nothing(void *arg)
{
    return arg;
}

/* So that no guest thread is the library's first: it would start with that signal open. */
static void first_thread(struct linux_process *p)
{
    pthread_t host;

    if (p->libc_has_threads)
        return;
    p->libc_has_threads = true;
    mallopt(M_ARENA_MAX, 1); /* one lock is held around every call: more arenas would only cost memory */
    if (host_thread_new(p, &host, nothing, NULL) == 0)
        pthread_join(host, NULL);
}

int64_t linux_thread_start(struct linux_thread *t)
{
    struct linux_process *p = t->process;
    int r;

    pthread_mutex_lock(&p->lock);
    reap(p);
    alloc_fork_lock();
    first_thread(p);
    r = host_thread_new(p, &t->host, thread_main, t);
    alloc_fork_unlock();
    pthread_mutex_unlock(&p->lock);
    if (r)
        return -r;
    while (!atomic_load(&t->started))
        syscall(SYS_futex, &t->started, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
    return atomic_load(&t->started);
}

void linux_thread_fork_child(struct linux_thread *t)
{
    struct linux_process *p = t->process;
    struct linux_thread *other = p->threads;

    while (other) {
        struct linux_thread *next = other->next;

        other->cpu = other == t ? t->cpu : NULL; /* the engine forgets its own records of them */
        if (other != t)
            linux_thread_free(other);
        other = next;
    }
    p->threads = t;
    t->next = NULL;
    t->started = 0; /* its number is the process's now: nobody will join it */
    p->sharers = NULL;
    p->dead = NULL; /* their host stacks are the child's to forget */
}

/* ---- the end ---- */

static void unlink_thread(struct linux_thread *t)
{
    struct linux_thread **link = &t->process->threads;

    while (*link && *link != t)
        link = &(*link)->next;
    if (*link)
        *link = t->next;
}

/* What the C library keeps for a thread (malloc's cache above all), which its own exit path would free. Weak: only the static
 * library, which lodge-guest links, lets others call it. */
extern void __libc_thread_freeres(void) __attribute__((weak));

static void free_libc_thread(void)
{
    alloc_fork_lock();
    if (__libc_thread_freeres)
        __libc_thread_freeres();
    alloc_fork_unlock();
}

/* The host kernel releases the robust list, stores 0 to the clear_child_tid address and wakes, in this order. */
int64_t linux_sys_exit(struct linux_thread *t, const uint64_t a[6])
{
    struct linux_process *p = t->process;
    bool is_pthread = t->started;

    sig_host_block_all();
    if (t->clear_child_tid)
        linux_buffer_out(t, t->clear_child_tid, 4);
    pthread_mutex_lock(&p->lock);
    unlink_thread(t);
    p->ops->thread_free(t->cpu);
    t->cpu = NULL;
    if (t->started) {
        t->next = p->dead;
        p->dead = t;
    }
    linux_set_current(NULL);
    pthread_mutex_unlock(&p->lock);
    if (!p->is_vfork_child) /* it borrows its parent's TLS */
        free_libc_thread();
    if (LINUX_SANITIZED && is_pthread)
        pthread_exit(NULL); /* a sanitizer keeps its own books of threads */
    for (;;)
        syscall(SYS_exit, (int)a[0]);
}

static void log_stats(struct linux_process *p)
{
    _cleanup_strbuf_ struct strbuf out = {0};

    if (!log_on(LOG_JIT) || !p->ops->stats)
        return;
    p->ops->stats(p->engine, &out);
    log_line("%s", out.data);
}

void linux_exit_group(struct linux_process *p, int status)
{
    atomic_store(&p->exiting, true);
    log_stats(p);
    linux_debugger_exit(p, false, status);
    for (;;)
        syscall(SYS_exit_group, status);
}

int64_t linux_sys_exit_group(struct linux_thread *t, const uint64_t a[6])
{
    linux_exit_group(t->process, (int)a[0]);
}

int64_t linux_sys_set_tid_address(struct linux_thread *t, const uint64_t a[6])
{
    t->clear_child_tid = a[0];
    return syscall(SYS_set_tid_address, a[0]);
}
