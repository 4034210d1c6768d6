/* exec_int.h - what execve would run: shared by exec.c (the guest's calls) and run.c (the first program).
 */
#ifndef LODGE_LINUX_EXEC_INT_H
#define LODGE_LINUX_EXEC_INT_H

#include <limits.h>
#include <sys/stat.h>

#include "base/vec.h"
#include "linux/linux_int.h"

enum linux_exec_kind {
    LINUX_EXEC_GUEST,  /* a program of a guest CPU */
    LINUX_EXEC_NATIVE, /* anything else: the host's business, and its errors */
};

/* A program, after `#!` lines were followed. */
struct linux_exec {
    enum linux_exec_kind kind;
    int fd;              /* owned: the program, open for reading; -1: native and not readable */
    int seccomp_fd;      /* owned: the thread's filters for the next program; -1: it has none */
    struct stat st;      /* of the program */
    bool nosuid;         /* it lies on a nosuid mount */
    bool unreadable;     /* it may be executable, but we cannot read it: the host must, or nobody can */
    char path[PATH_MAX]; /* the program */
    VEC(char *) prefix;  /* owned strings that replace argv[0]; empty without `#!` */
    VEC(char *) argv;    /* borrowed strings: lodge-guest's whole argument vector (linux_exec_host) */
    VEC(char *) owned;   /* strings that argv borrows */
};

/* Finds out what execve(path) would run. 0 or the errno that the kernel would give; x is to be freed in either case. */
int linux_exec_resolve(const struct linux_config *c, int dirfd, const char *path, int flags, struct linux_exec *x);
uint64_t linux_guest_limit(const struct linux_config *c); /* run.c: of the address space */
void linux_exec_fini(struct linux_exec *x);

/* ---- setid.c ---- */
struct linux_ids {
    uid_t uid[3]; /* real, effective, saved */
    gid_t gid[3];
};
/* Before the exec of lodge-guest: becomes the owner of a set-id program where we may. *old takes the present ids. */
void linux_setid_become(struct linux_thread *t, const struct linux_exec *x, struct linux_ids *old);
void linux_setid_undo(const struct linux_ids *old); /* the exec failed */
/* Only the kernel can give the program its ids, and would: the host's execve must have it. */
bool linux_setid_by_kernel(struct linux_thread *t, const struct linux_exec *x);

#endif
