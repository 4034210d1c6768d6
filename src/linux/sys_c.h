/* sys_c.h - declarations of every system-call handler (they come from the table), and what the file, socket and /proc topics
 * share with each other.
 */
#ifndef LODGE_LINUX_SYS_C_H
#define LODGE_LINUX_SYS_C_H

#include <errno.h>
#include <sys/syscall.h>

#include "linux/hidden_fd.h"
#include "linux/linux_int.h"

#define PASS(...)
#define BLOCK(...)
#define REFUSE(...)
#define OWN(nr, name, ...) linux_syscall_fn linux_sys_##name;
#include "linux/abi/generic.def"
#undef PASS
#undef BLOCK
#undef REFUSE
#undef OWN

struct strbuf;

/* What C code passes to the host kernel by address. */
#define LINUX_PTR(p) ((uint64_t)(uintptr_t)(p))

/* A host call that does not sleep for long: result or negative errno. */
int64_t linux_host(long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f);

/* linux_host_call for the two kinds of calls. What becomes of a call that was interrupted is the kernel's answer; the
 * difference is a signal that came before the call: the first kind is made after the handler, as if the signal had come before
 * the guest's instruction (a call that need not wait, like a read of a file, never fails with EINTR); the second kind (poll,
 * select, epoll, System V IPC...) fails with EINTR whenever a handler ran. Under a temporary signal mask that handler is what
 * the call waits for. */
int64_t linux_block(struct linux_thread *t, long nr, const uint64_t a[6]);
int64_t linux_block_once(struct linux_thread *t, long nr, const uint64_t a[6]);

/* ---- buffer.c ---- */
/* struct iovec[count] at addr, and every buffer in it: linux_buffer_out if out, else linux_buffer_in. More than UIO_MAXIOV
 * entries are left to the kernel. 0 or -EFAULT. */
int linux_buffer_iov(struct linux_thread *t, uint64_t addr, uint64_t count, bool out);
/* Guest memory to a local object and back: 0 or -EFAULT. */
int linux_get(struct linux_thread *t, uint64_t addr, void *to, size_t size);
int linux_put(struct linux_thread *t, uint64_t addr, const void *from, size_t size);

/* ---- memory.c ---- */
uint64_t linux_memory_size(struct linux_thread *t); /* of the address space as a kernel would count it, in bytes */

/* ---- file.c ---- */
#define LINUX_PATH_MAX 4096
/* Copies a path argument. With a sysroot, an absolute path that exists in there is replaced by the host's path of the file
 * (nofollow: of the final symlink itself). 0, -EFAULT or -ENAMETOOLONG. */
int linux_path_get(struct linux_thread *t, uint64_t addr, char path[LINUX_PATH_MAX], bool nofollow);

/* ---- proc.c ---- */
#define LINUX_PROC_HOST (-4095 - 1) /* not a file that lodge emulates: ask the host */
/* openat of a file of /proc that must look as the guest's, by any spelling: descriptor, negative errno or LINUX_PROC_HOST. */
int64_t linux_proc_open(struct linux_thread *t, int dirfd, const char *path, int flags);
/* True when the path is the exe link of a process that lodge runs: its program's path goes to `out`. */
bool linux_proc_exe(struct linux_thread *t, int dirfd, const char *path, char out[LINUX_PATH_MAX]);
/* True when the path is an entry of /proc/PID/fd or fdinfo of this process for a descriptor of lodge's own. */
bool linux_proc_hidden(struct linux_thread *t, int dirfd, const char *path);

/* After a call that may have written to fd: if it is /proc/self/mem, all translated code is thrown away. */
void linux_proc_mem_written(struct linux_thread *t, int fd);

/* True when fd is an open /proc/PID/fd or fdinfo of this process. */
bool linux_proc_is_fd_dir(struct linux_thread *t, int fd);

/* ---- proc_maps.c ---- */
/* The path of the file that is mapped at addr, as /proc/self/maps has it; false: none. */
bool linux_maps_path(uint64_t addr, char out[LINUX_PATH_MAX]);

/* ---- trace.c ---- */
/* Before a call: those that do not return are printed here. */
void linux_trace_enter(struct linux_thread *t, uint64_t nr, const uint64_t a[6]);

/* ---- seccomp.c ---- */
/* Runs the filters of a thread that has some (t->seccomp) over a call: *go, or the call's result. */
int64_t linux_seccomp_check(struct linux_thread *t, uint64_t nr, const uint64_t a[6], bool *go);
int64_t linux_seccomp_prctl(struct linux_thread *t, uint64_t mode, uint64_t addr); /* PR_SET_SECCOMP */
int linux_seccomp_mode(struct linux_thread *t);                                    /* PR_GET_SECCOMP */
/* Filters for the next program, over execve. to_fd: *fd becomes a memfd that holds them, or stays -1 when there are none;
 * from_fd takes them and closes it (-1: nothing). 0 or a negative errno. */
int linux_seccomp_to_fd(struct linux_thread *t, int *fd);
int linux_seccomp_from_fd(struct linux_thread *t, int fd);

/* ---- syscall.c ---- */
const char *linux_call_name(uint64_t nr); /* NULL: unknown */

#endif
