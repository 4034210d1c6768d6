/* linux_int.h - the objects of the Linux layer, shared by its topic files.
 *
 * Sharing follows Linux: struct linux_process is what one thread group has; a vfork child (CLONE_VM without CLONE_THREAD)
 * gets its own linux_process that points to the same linux_mm. Guest memory is reached by mem_read/mem_write (copy) or,
 * for buffers that go to the host kernel, by address after linux_buffer_out (guest address = host address).
 *
 * A system-call handler takes the thread and six arguments and returns the result or a negative errno. -LINUX_RESTART* values
 * never reach the guest: signal.c turns them into a restart or EINTR.
 */
#ifndef LODGE_LINUX_INT_H
#define LODGE_LINUX_INT_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/err.h"
#include "cpu/cpu.h"
#include "linux/linux.h"
#include "mem/mem.h"

#define LINUX_NSIG 64
#define LINUX_HIDDEN_MAX 8
#define LINUX_ERESTARTSYS 512 /* restart if SA_RESTART, else EINTR */
#define LINUX_ERESTARTNOINTR 513
#define LINUX_ERESTARTNOHAND 514
#define LINUX_ERESTART_RESTARTBLOCK 516

struct linux_abi;     /* abi/abi.h: what differs between guest CPUs */
struct linux_sighand; /* signal.c */
struct linux_thread;
struct linux_seccomp; /* seccomp.c */

/* Address space; shared by CLONE_VM. */
struct linux_mm {
    struct mem_space *mem;
    _Atomic int users;
    uint64_t brk_start, brk;       /* brk_start: first byte after bss, page aligned */
    uint64_t stack_top, stack_low; /* of the main thread */
    uint64_t arg_start, arg_end, env_start, env_end, auxv_start, auxv_end;
    uint64_t vdso, sigreturn; /* guest addresses of the vDSO image and of its rt_sigreturn */
};

/* A thread group. */
struct linux_process {
    const struct linux_config *config;
    const struct linux_abi *abi;
    const struct cpu_ops *cpu;
    const struct cpu_engine_ops *ops;
    struct cpu_engine *engine;
    struct linux_mm *mm;
    struct linux_sighand *sighand;
    pthread_mutex_t lock;         /* threads list and the fields below */
    struct linux_thread *threads; /* list by next */
    char exe[4096];               /* what /proc/self/exe says */
    int self_fd;                  /* hidden: lodge-guest, for exec; -1: /proc/self/exe */
    int trace_fd;                 /* hidden: --trace linux, or -1 */
    /* hidden_fd.h: the numbers, and who keeps a copy of each */
    unsigned nhidden;
    int hidden[LINUX_HIDDEN_MAX];
    int *hidden_owner[LINUX_HIDDEN_MAX];
    uint64_t nofile_hard;               /* limits.c: of RLIMIT_NOFILE as the guest sees it */
    struct rlimit as_limit, data_limit; /* RLIMIT_AS, RLIMIT_DATA as the guest sees them */
    bool dumps_core;                    /* RLIMIT_CORE > 0 (signal.c) */
    uint64_t personality;
    int trace_root; /* --trace linux: thread that is shown without its number; 0: none yet */
    bool is_vfork_child;
    _Atomic bool mem_opened; /* /proc/self/mem, for writing (proc.c) */
    struct debug *debug;     /* --gdb; NULL: none. Of a vfork's child: its parent's, for the breakpoints */
    _Atomic bool exiting;
    bool libc_has_threads;     /* the host's C library made one (thread.c) */
    struct sharer *sharers;    /* processes made by CLONE_VM without CLONE_VFORK (clone.c) */
    struct linux_thread *dead; /* have exited, their host threads not joined yet (thread.c); list by next */
};

/* A queued host signal, in arrival order. */
struct linux_pending {
    int signo;
    siginfo_t info;
};

struct linux_thread {
    struct linux_process *process;
    struct cpu_thread *cpu; /* owned */
    struct linux_thread *next;
    pthread_t host;
    int tid; /* host's = guest's */
    uint64_t clear_child_tid;
    /* signals (signal.c) */
    uint64_t sigmask;       /* blocked, as the guest set it; bit n-1 */
    uint64_t saved_sigmask; /* to restore after ppoll, sigsuspend...; valid if has_saved_mask */
    bool has_saved_mask;
    uint64_t altstack_sp, altstack_size;
    int altstack_flags;
    struct linux_exec *exec; /* owned: exec.c; memory of an execve in progress */
    struct linux_pending queue[80];
    _Atomic unsigned queued; /* > 0: every signal but SIGSEGV and SIGBUS is blocked in the host until delivery */
    uint64_t held;           /* SIGSEGV, SIGBUS sent by somebody while the guest blocks them */
    siginfo_t held_info[2];
    void *host_altstack;                         /* owned: where the host handlers run */
    bool debug_step, debug_stop_next;            /* debugger.c: gdb asked for a step; stop before running on */
    int debug_pass;                              /* signal that gdb wants delivered without a stop; or 0 */
    bool pinned;                                 /* buffers of the call in progress are (mem_pin) */
    bool keep_registers;                         /* this call's result is not to be stored: rt_sigreturn */
    uint64_t set_child_tid, set_parent_tid;      /* a new thread: where its tid goes before it runs, or 0 */
    _Atomic int started;                         /* a thread made by clone: 0, then its tid; futex word */
    const struct linux_seccomp *_Atomic seccomp; /* newest filter, or NULL; inherited by threads and children */
    /* system call in progress (for restart and trace) */
    uint64_t call_nr, call_args[6], call_pc;
    struct {
        int64_t (*resume)(struct linux_thread *t, const uint64_t a[6]);
        uint64_t a[6];
    } restart_block;
};

typedef int64_t linux_syscall_fn(struct linux_thread *t, const uint64_t a[6]);

/* ---- thread.c, process.c ---- */
struct linux_thread *linux_current(void); /* of the calling host thread; async-signal-safe */
void linux_thread_loop(struct linux_thread *t) __attribute__((noreturn));
void linux_exit_group(struct linux_process *p, int status) __attribute__((noreturn));

/* ---- signal.c ---- */
/* For main before linux_load: takes the dispositions and the mask that the process was started with, installs the host's
 * handlers. t is the main thread, and is the current one from then on. */
int linux_signal_init(struct linux_process *p, struct linux_thread *t, struct err *err);
void linux_signal_core_limit(struct linux_process *p); /* RLIMIT_CORE has changed */
void linux_signal_show_all(struct linux_process *p);   /* a debugger is to see signals before they end the process */
/* Sends the guest thread itself a synchronous signal (fault, illegal instruction); delivered before it runs again. */
void linux_signal_force(struct linux_thread *t, const siginfo_t *info);
/* Delivers what is pending; called between events. result: of the system call just made (restart rules), or NULL. */
void linux_signal_deliver(struct linux_thread *t, int64_t *result);
/* A host system call that a signal must be able to interrupt without a race: returns the kernel's result, or
 * -LINUX_ERESTARTSYS if a signal arrived before it started. All blocking calls go through it. */
int64_t linux_host_call(
    struct linux_thread *t, long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f);
/* Until the system call in progress ends, the guest's mask is this one (ppoll, pselect6, epoll_pwait, rt_sigsuspend). The
 * host's mask follows at once, so the host call that comes next needs no mask of its own. A handler that runs because of it
 * makes the call return -EINTR. */
void linux_signal_set_temporary_mask(struct linux_thread *t, uint64_t mask);

/* Around the host's execve: the host's dispositions of SIGSEGV and SIGBUS become what the new program must inherit. */
void linux_signal_exec_prepare(struct linux_process *p);
void linux_signal_exec_failed(struct linux_process *p);

/* ---- loader.c, exec.c, run.c ---- */
void linux_exec_free(struct linux_exec *x); /* memory only: for the parent of a vfork's child; NULL: nothing */
int linux_load(
    struct linux_process *p, struct linux_thread *t, struct err *err); /* ELF, stack, auxv, vDSO, entry state */

/* ---- syscall.c: the table ---- */
int64_t linux_syscall(struct linux_thread *t, uint64_t nr, const uint64_t a[6]); /* -ENOSYS for an unknown number */

/* ---- guest buffers ---- */
/* Checks [addr, addr+len) against the guest's limit, and makes watched code pages writable, until the
 * call in progress is over. 0 or -EFAULT. */
int linux_buffer_out(struct linux_thread *t, uint64_t addr, uint64_t len); /* the kernel will write there */
int linux_buffer_in(struct linux_thread *t, uint64_t addr, uint64_t len);  /* the kernel will read there */

/* ---- trace.c ---- */
void linux_trace_call(struct linux_thread *t, uint64_t nr, const uint64_t a[6], int64_t result);
void linux_trace_note(struct linux_thread *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
