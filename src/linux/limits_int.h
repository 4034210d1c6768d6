/* limits_int.h - resource limits between limits.c, exec.c and run.c.
 */
#ifndef LODGE_LINUX_LIMITS_INT_H
#define LODGE_LINUX_LIMITS_INT_H

#include <linux/capability.h>
#include <sys/resource.h>

#include "linux/linux_int.h"

/* The limits that the process was started with, or those that the program before has left (config->limits). */
void linux_limits_init(struct linux_process *p);
char *linux_limits_text(const struct linux_process *p); /* for the next program; to be freed with x_free */
/* The host's become the guest's: a native program follows; or it did not. */
void linux_limits_native(const struct linux_process *p);
void linux_limits_native_failed(void);

/* More descriptors for a moment: the host's soft limit as high as it goes. */
void linux_limits_raise(struct rlimit *saved);
void linux_limits_restore(const struct rlimit *saved);
/* openat for a descriptor of lodge's own, close-on-exec, also when the guest has used up all of its own: fd or -1. */
int linux_own_open(int dirfd, const char *path, int flags);

bool linux_has_capability(unsigned cap); /* setid.c: effective, of the calling thread */

#endif
