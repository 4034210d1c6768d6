/* sys_b.h - system-call handlers of processes, threads, signals, time and scheduling. Each is its manual page; t is the
 * calling thread, a the arguments; the result or a negative errno (or -LINUX_ERESTART*).
 */
#ifndef LODGE_LINUX_SYS_B_H
#define LODGE_LINUX_SYS_B_H

#include "linux/linux_int.h"

/* signal_call.c, signal_deliver.c */
linux_syscall_fn linux_sys_rt_sigaction, linux_sys_rt_sigprocmask, linux_sys_rt_sigpending, linux_sys_rt_sigsuspend,
    linux_sys_rt_sigtimedwait, linux_sys_rt_sigreturn, linux_sys_rt_sigqueueinfo, linux_sys_rt_tgsigqueueinfo,
    linux_sys_kill, linux_sys_tkill, linux_sys_tgkill, linux_sys_pidfd_send_signal, linux_sys_sigaltstack,
    linux_sys_restart_syscall;

/* thread.c, clone.c */
linux_syscall_fn linux_sys_clone, linux_sys_clone3, linux_sys_exit, linux_sys_exit_group, linux_sys_set_tid_address;

/* wait.c */
linux_syscall_fn linux_sys_wait4, linux_sys_waitid;

/* futex.c */
linux_syscall_fn linux_sys_futex, linux_sys_futex_waitv, linux_sys_futex_wait, linux_sys_set_robust_list,
    linux_sys_get_robust_list, linux_sys_membarrier, linux_sys_rseq;

/* time.c */
linux_syscall_fn linux_sys_nanosleep, linux_sys_clock_nanosleep, linux_sys_clock_gettime, linux_sys_clock_getres,
    linux_sys_gettimeofday, linux_sys_getcpu, linux_sys_timer_create, linux_sys_timer_settime, linux_sys_timer_gettime,
    linux_sys_timer_getoverrun, linux_sys_timer_delete, linux_sys_setitimer, linux_sys_getitimer;

/* ids.c: prctl, limits, personality */
linux_syscall_fn linux_sys_prctl, linux_sys_prlimit64, linux_sys_getrlimit, linux_sys_setrlimit, linux_sys_personality,
    linux_sys_ptrace;

/* abi/riscv64_hwprobe.c */
linux_syscall_fn linux_sys_riscv_hwprobe;

#endif
