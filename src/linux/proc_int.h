/* proc_int.h - contents of emulated files of /proc, appended to a buffer: 0 or a negative errno.
 */
#ifndef LODGE_LINUX_PROC_INT_H
#define LODGE_LINUX_PROC_INT_H

#include "base/str.h"
#include "linux/sys_c.h"

/* ---- proc_maps.c ---- */
int linux_maps(struct linux_thread *t, struct strbuf *out);
int linux_smaps(struct linux_thread *t, struct strbuf *out);

/* The same of another process that lodge runs, from the host's files in its directory: what lies below the guest's limit.
 * Which pages the program may execute only that process knows. */
int linux_maps_other(struct linux_thread *t, int dirfd, const char *name, struct strbuf *out);

/* Sizes of a guest's address space, in bytes. */
struct maps_sizes {
    uint64_t total, data, stack;
};
void linux_maps_sizes(struct linux_thread *t, struct maps_sizes *out);
int linux_maps_sizes_other(struct linux_thread *t, int dirfd, struct maps_sizes *out);

/* ---- proc_status.c: stat, statm, status and limits of a process whose directory is open, ours or another guest's ---- */
int linux_proc_stat(struct linux_thread *t, int dirfd, bool own, struct strbuf *out);
int linux_proc_statm(struct linux_thread *t, int dirfd, bool own, struct strbuf *out);
int linux_proc_status(struct linux_thread *t, int dirfd, bool own, struct strbuf *out);
int linux_proc_limits(struct linux_thread *t, int dirfd, struct strbuf *out);

#endif
