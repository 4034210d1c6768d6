/* proc_int.h - contents of emulated files of /proc, appended to a buffer: 0 or a negative errno.
 */
#ifndef LODGE_LINUX_PROC_INT_H
#define LODGE_LINUX_PROC_INT_H

#include "base/str.h"
#include "linux/sys_c.h"

/* ---- proc_maps.c ---- */
int linux_maps(struct linux_thread *t, struct strbuf *out);
int linux_smaps(struct linux_thread *t, struct strbuf *out);
uint64_t linux_maps_size(struct linux_thread *t); /* bytes mapped in the guest's view */

#endif
