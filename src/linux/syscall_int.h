/* syscall_int.h - the system-call table's form, shared by its two readers: the dispatcher (syscall.c) and the trace (trace.c).
 * The table itself is abi/generic.def, which explains the argument classes.
 */
#ifndef LODGE_LINUX_SYSCALL_INT_H
#define LODGE_LINUX_SYSCALL_INT_H

#include "linux/linux_int.h"

/* Structures in arguments: name, size in the guest's ABI. All but stat have the host's layout too. */
#define LINUX_STRUCTS(X)                                                                                               \
    X(int, 4)                                                                                                          \
    X(off, 8)                                                                                                          \
    X(status, 4)                                                                                                       \
    X(timespec, 16)                                                                                                    \
    X(timespec2, 32)                                                                                                   \
    X(timeval, 16)                                                                                                     \
    X(timezone, 8)                                                                                                     \
    X(itimerspec, 32)                                                                                                  \
    X(itimerval, 32)                                                                                                   \
    X(stat, 128)                                                                                                       \
    X(statfs, 120)                                                                                                     \
    X(statx, 256)                                                                                                      \
    X(caphdr, 8)                                                                                                       \
    X(tms, 32)                                                                                                         \
    X(utsname, 390)                                                                                                    \
    X(rlimit, 16)                                                                                                      \
    X(rusage, 144)                                                                                                     \
    X(timex, 208)                                                                                                      \
    X(sysinfo, 112)                                                                                                    \
    X(mq_attr, 64)                                                                                                     \
    X(sembuf, 6)                                                                                                       \
    X(cachestat, 40)

enum linux_struct {
#define X(name, size) LINUX_STRUCT_##name,
    LINUX_STRUCTS(X)
#undef X
        LINUX_STRUCT_COUNT
};

/* Sets of named values (trace_sets.def): true when values are flags to be combined. */
#define LINUX_SETS(X)                                                                                                  \
    X(access, true)                                                                                                    \
    X(af, false)                                                                                                       \
    X(at, true)                                                                                                        \
    X(cloexec, true)                                                                                                   \
    X(clock, false)                                                                                                    \
    X(clone, true)                                                                                                     \
    X(close_range, true)                                                                                               \
    X(epoll_create, true)                                                                                              \
    X(epoll_events, true)                                                                                              \
    X(epoll_op, false)                                                                                                 \
    X(eventfd, true)                                                                                                   \
    X(fallocate, true)                                                                                                 \
    X(fcntl, false)                                                                                                    \
    X(fdflags, true)                                                                                                   \
    X(flock, true)                                                                                                     \
    X(futex, false)                                                                                                    \
    X(inotify, true)                                                                                                   \
    X(inotify_init, true)                                                                                              \
    X(ioctl, false)                                                                                                    \
    X(ip_proto, false)                                                                                                 \
    X(ipc, true)                                                                                                       \
    X(ipc_cmd, false)                                                                                                  \
    X(itimer, false)                                                                                                   \
    X(madvise, false)                                                                                                  \
    X(map, true)                                                                                                       \
    X(memfd, true)                                                                                                     \
    X(mode, true)                                                                                                      \
    X(mount, true)                                                                                                     \
    X(mremap, true)                                                                                                    \
    X(msg, true)                                                                                                       \
    X(msync, true)                                                                                                     \
    X(open, true)                                                                                                      \
    X(pidfd, true)                                                                                                     \
    X(pipe, true)                                                                                                      \
    X(poll, true)                                                                                                      \
    X(prctl, false)                                                                                                    \
    X(prio, false)                                                                                                     \
    X(prot, true)                                                                                                      \
    X(random, true)                                                                                                    \
    X(rename, true)                                                                                                    \
    X(rlimit, false)                                                                                                   \
    X(rusage, false)                                                                                                   \
    X(rwf, true)                                                                                                       \
    X(sa, true)                                                                                                        \
    X(sched, false)                                                                                                    \
    X(seccomp, false)                                                                                                  \
    X(seek, false)                                                                                                     \
    X(shm, true)                                                                                                       \
    X(shut, false)                                                                                                     \
    X(sigprocmask, false)                                                                                              \
    X(sock, true)                                                                                                      \
    X(sock_flags, true)                                                                                                \
    X(sol, false)                                                                                                      \
    X(splice, true)                                                                                                    \
    X(statx, true)                                                                                                     \
    X(umount, true)                                                                                                    \
    X(wait, true)                                                                                                      \
    X(waitid, false)                                                                                                   \
    X(xattr, true)

enum linux_set {
#define X(name, is_flags) LINUX_SET_##name,
    LINUX_SETS(X)
#undef X
        LINUX_SET_COUNT
};

enum linux_arg_kind {
    LINUX_ARG_NONE, /* no more arguments */
    LINUX_ARG_FD,
    LINUX_ARG_DFD,
    LINUX_ARG_MFD, /* mmap's: -1 is no descriptor */
    LINUX_ARG_PATH,
    LINUX_ARG_LPATH,
    LINUX_ARG_NPATH,
    LINUX_ARG_STR,
    LINUX_ARG_INT,
    LINUX_ARG_UINT,
    LINUX_ARG_LONG,
    LINUX_ARG_SIZE,
    LINUX_ARG_HEX,
    LINUX_ARG_OCT,
    LINUX_ARG_PTR,
    LINUX_ARG_IN,
    LINUX_ARG_BIN,
    LINUX_ARG_OUT,
    LINUX_ARG_SIN,
    LINUX_ARG_SOUT,
    LINUX_ARG_SIO,
    LINUX_ARG_NIN,
    LINUX_ARG_NOUT,
    LINUX_ARG_IOVIN,
    LINUX_ARG_IOVOUT,
    LINUX_ARG_SAIN,
    LINUX_ARG_SAOUT,
    LINUX_ARG_MSG,
    LINUX_ARG_FLAGS,
    LINUX_ARG_ENUM,
    LINUX_ARG_SIG,
    LINUX_ARG_SIGSET,
    LINUX_ARG_SIGSETOUT,
    LINUX_ARG_STRV,
    LINUX_ARG_ENVP,
    LINUX_ARG_ACTIN,
    LINUX_ARG_ACTOUT,
    LINUX_ARG_POLLFDS,
    LINUX_ARG_EPOLLIN,
    LINUX_ARG_EPOLLOUT,
    LINUX_ARG_MSGOUT,
    LINUX_ARG_IOCTL,
    LINUX_ARG_FDPAIR,
};

struct linux_arg {
    uint8_t kind; /* enum linux_arg_kind */
    uint8_t ref;  /* 1-based argument that holds the length; 0: none */
    uint8_t type; /* enum linux_struct or enum linux_set */
};

enum linux_call_kind { LINUX_CALL_NONE, LINUX_CALL_PASS, LINUX_CALL_BLOCK, LINUX_CALL_OWN, LINUX_CALL_REFUSE };

struct linux_call {
    const char *name; /* NULL: no such call */
    linux_syscall_fn *own;
    uint16_t host; /* PASS, BLOCK: the host's number */
    uint16_t code; /* BLOCK: LINUX_ERESTARTSYS or NOHAND; REFUSE: errno */
    uint8_t kind;  /* enum linux_call_kind */
    struct linux_arg args[6];
};

#define LINUX_CALL_MAX 471

const struct linux_call *linux_call_find(uint64_t nr); /* NULL: unknown number */

#endif
