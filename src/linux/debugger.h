/* debugger.h - gdb and guest threads: where a thread stops, and what debug may ask of the process (debugger.c). */
#ifndef LODGE_LINUX_DEBUGGER_H
#define LODGE_LINUX_DEBUGGER_H

#include "linux/linux_int.h"

struct cpu_event;

/* Waits for a debugger on config->gdb; the main thread stops before its first instruction. */
int linux_debugger_open(struct linux_process *p, struct linux_thread *t, struct err *err);
/* As ops->run, with parking, stepping and stops. An event that was only the debugger's comes back as CPU_STEPPED. */
void linux_debugger_run(struct linux_thread *t, struct cpu_event *event);
/* A signal is about to be delivered: returns the one that gdb lets through, or 0. */
int linux_debugger_signal(struct linux_thread *t, int signo);
void linux_debugger_fork_child(struct linux_process *p);
void linux_debugger_exit(struct linux_process *p, bool by_signal, int code);

#endif
