/* vm.h - composition: what is asked for becomes engine + surroundings + walls. For now: a foreign program with no walls, or
 * one inside a directory that becomes its root file system; and the registration of lodge-guest with binfmt_misc.
 *
 * Functions that run something replace the calling process and return only on failure, with the exit status to use: 125
 * lodge failed, 126 found but not executable, 127 not found; err says why, and hint (may be left "") what to do.
 */
#ifndef LODGE_VM_H
#define LODGE_VM_H

#include <stdbool.h>

struct err;

enum { VM_EXIT_LODGE = 125, VM_EXIT_NOT_EXECUTABLE = 126, VM_EXIT_NOT_FOUND = 127 };

/* Everything borrowed. */
struct vm_run {
    const char *guest;    /* a program, or a directory */
    char *const *command; /* file: its arguments; directory: COMMAND and its arguments. NULL-terminated */
    const char *sysroot;  /* or NULL */
    const char *engine;   /* or NULL */
    const char *gdb;      /* or NULL */
    const char *workdir;  /* or NULL */
    char *const *env;     /* NAME=VALUE or NAME (taken from lodge's own), NULL-terminated */
    int trace_fd;         /* or -1; not close-on-exec */
    bool sv48;
};

int vm_run_file(const struct vm_run *r, struct err *err);
int vm_run_root(const struct vm_run *r, struct err *err, const char **hint);

/* lodge-guest: next to lodge, else in the folder it is installed in. An O_CLOEXEC descriptor and, where wanted, its path (free
 * with x_free); negative errno. */
int vm_guest_open(char **path, struct err *err);
/* Fills r's options into lodge-guest's argument list (vm_guest.c), and executes it with `program`, whose argv follows. */
int vm_guest_exec(
    int guest_fd, const struct vm_run *r, const char *program, char *const *argv, char *const *envp, struct err *err);

/* binfmt_misc below `dir` ("/proc/sys/fs/binfmt_misc"), mounted if need be. 0 or a negative errno. */
int vm_binfmt_register(const char *dir, const char *guest_path, struct err *err);
int vm_binfmt_unregister(const char *dir, struct err *err);
char *vm_binfmt_status(
    const char *dir, struct err *err); /* free with x_free; NULL: not registered, or no binfmt_misc */
#define VM_BINFMT_DIR "/proc/sys/fs/binfmt_misc"

#endif
