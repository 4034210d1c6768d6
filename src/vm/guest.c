/* guest.c - finds lodge-guest and executes it in the calling process.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/base.h"
#include "vm/vm.h"

/* The folder of lodge's own program file, with a slash, or "". Without /proc, as it was executed. */
static void own_folder(char out[PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", out, PATH_MAX - 1);

    if (n > 0)
        out[n] = 0;
    else
        snprintf(out, PATH_MAX, "%s", (const char *)getauxval(AT_EXECFN));
    *(strrchr(out, '/') ? strrchr(out, '/') + 1 : out) = 0;
}

int vm_guest_open(char **path, struct err *err)
{
    char own[PATH_MAX];
    int fd = -1;

    own_folder(own);
    for (int i = 0; i < 2 && fd < 0; i++) {
        _cleanup_free_ char *name = x_asprintf("%slodge-guest", i == 0 ? own : LODGE_LIBEXECDIR "/");

        fd = open(name, O_PATH | O_CLOEXEC);
        if (fd >= 0 && path)
            *path = steal(&name);
    }
    if (fd < 0)
        return err_errno(err, -errno, "lodge-guest: not in %s and not in %s", own, LODGE_LIBEXECDIR);
    return fd;
}

int vm_guest_exec(
    int guest_fd, const struct vm_run *r, const char *program, char *const *argv, char *const *envp, struct err *err)
{
    VEC(char *) args = {0};

    vec_push(&args, x_strdup("lodge-guest"));
    if (r->engine)
        vec_push(&args, x_asprintf("--engine=%s", r->engine));
    if (r->sysroot)
        vec_push(&args, x_asprintf("--sysroot=%s", r->sysroot));
    if (r->gdb)
        vec_push(&args, x_asprintf("--gdb=%s", r->gdb));
    if (r->trace_fd >= 0)
        vec_push(&args, x_asprintf("--trace-fd=%d", r->trace_fd));
    if (r->sv48)
        vec_push(&args, x_strdup("--sv48"));
    vec_push(&args, x_asprintf("--self-fd=%d", guest_fd));
    vec_push(&args, x_strdup("--"));
    vec_push(&args, x_strdup(program));
    for (; *argv; argv++)
        vec_push(&args, *argv);
    vec_push(&args, NULL);
    fcntl(guest_fd, F_SETFD, 0);
    syscall(SYS_execveat, guest_fd, "", args.data, envp, AT_EMPTY_PATH);
    return err_errno(err, -errno, "execute lodge-guest");
}
