/* linux.h - Linux for process guests: loads a program, answers its system calls, delivers its signals.
 *
 * The engine is reached only through cpu_engine_ops (cpu/cpu.h), which main hands over. One process guest per host process;
 * each guest thread is a host thread that loops over the engine's events.
 */
#ifndef LODGE_LINUX_H
#define LODGE_LINUX_H

#include <stdbool.h>
#include <stdint.h>

struct cpu_ops;
struct cpu_engine_ops;
struct debug_ops;
struct err;

/* What to run and how; everything is borrowed for the life of the process. */
struct linux_config {
    const struct cpu_ops *const *cpus; /* supported guest CPUs, NULL-terminated */
    const struct cpu_engine_ops *engine;
    const char *tier;  /* engine's "auto", "interp", "quick" */
    const char *path;  /* program, as the guest's execve names it */
    int exec_fd;       /* open program file (execveat, binfmt O flag), or -1 */
    char *const *argv; /* the guest's argv, argv[0] included */
    char *const *envp;
    const char *sysroot;  /* where absolute paths of the interpreter and libraries are looked up first, or NULL */
    int trace_fd;         /* --trace linux: where to print, or -1 */
    int trace_root;       /* --trace linux: thread whose lines carry no number; 0: this one */
    const char *limits;   /* resource limits that the program before has left (limits.c), or NULL */
    int seccomp_fd;       /* filters that the program before has left, to be taken and closed; or -1 */
    bool sv48;            /* 2^47 address space instead of 2^38 */
    int self_fd;          /* descriptor of lodge-guest itself for exec, or -1: /proc/self/exe */
    char *own_args;       /* first byte of lodge-guest's own argument strings, which a title may overwrite; or NULL */
    const char *gdb;      /* "" or "ADDR:PORT": wait for a debugger; NULL: none */
    uint64_t auxv_secure; /* AT_SECURE: set by exec of a set-id program */
};

/* Runs the program in the calling process. Returns only when it could not be started: 125, 126 or 127 with err set; else the
 * process ends as the guest does (its status, or its signal). */
int linux_run(const struct linux_config *config, struct err *err);

#endif
