/* thread_int.h - between thread.c and clone.c.
 *
 * A guest thread is a pthread of the host that never ends the pthread way: the C library's exit path takes locks that a fork
 * in another thread would copy. It ends by the raw system call, and thread.c joins it later, under the allocation lock, once
 * the kernel knows its number no more. The kernel's set_tid_address and robust list are the guest's own.
 */
#ifndef LODGE_LINUX_THREAD_INT_H
#define LODGE_LINUX_THREAD_INT_H

#include "linux/linux_int.h"

void linux_set_current(struct linux_thread *t);
/* A thread of p with the registers of from; not in p's list, no host thread yet. NULL: no memory for its stack. */
struct linux_thread *linux_thread_new(struct linux_process *p, struct linux_thread *from);
void linux_thread_free(struct linux_thread *t);
void linux_thread_add(struct linux_thread *t);
/* Starts t in a host thread that calls setup and then loops; waits until setup has returned: its tid or -errno.
 * All host signals are blocked. */
int64_t linux_thread_start(struct linux_thread *t);
/* In the child of a fork: the calling thread is p's only one. */
void linux_thread_fork_child(struct linux_thread *t);
int *linux_libc_tid(pthread_t host); /* where the C library keeps the tid of that thread */

#endif
