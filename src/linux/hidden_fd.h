/* hidden_fd.h - lodge's own descriptors in a guest's process: the program lodge-guest itself for exec, the trace's output,
 * the debugger's sockets. The guest can neither see, use nor close them, and they do not count: they stand at numbers from
 * the guest's RLIMIT_NOFILE on where the hard limit and good taste (4096) allow, so every number below the limit is free.
 *
 * All are close-on-exec; exec.c lets those that lodge-guest needs again pass.
 */
#ifndef LODGE_LINUX_HIDDEN_FD_H
#define LODGE_LINUX_HIDDEN_FD_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct linux_process;
struct linux_thread;

/* Moves *fd (-1: nothing to do) out of the guest's way; *fd is its number from now on, kept up to date when it must move
 * again. At most LINUX_HIDDEN_MAX descriptors. */
void linux_hidden_add(struct linux_process *p, int *fd);
void linux_hidden_drop(struct linux_process *p, int *fd); /* closes it; *fd becomes -1 */

bool linux_fd_hidden(int fd); /* of the calling guest thread's process */
/* The first hidden descriptor >= from, or -1. */
int linux_hidden_next(struct linux_thread *t, uint32_t from);
/* The guest is about to put a descriptor of its own at fd: 0, or -EMFILE when a hidden one stands there and cannot move. */
int linux_hidden_make_room(struct linux_thread *t, int fd);
/* RLIMIT_NOFILE was changed: hidden descriptors go above the new one. */
void linux_hidden_limit_changed(struct linux_process *p);

#endif
