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

/* The folder of lodge's own program file, with a slash, or "". Without /proc, as it was executed. On the heap: lodge starts under
 * stack limits of a few pages. */
static char *own_folder(void)
{
    char *path = x_malloc(PATH_MAX), *slash;
    ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);

    if (n > 0)
        path[n] = 0;
    else
        snprintf(path, PATH_MAX, "%s", (const char *)getauxval(AT_EXECFN));
    slash = strrchr(path, '/');
    *(slash ? slash + 1 : path) = 0;
    return path;
}

int vm_guest_open(char **path, struct err *err)
{
    _cleanup_free_ char *own = own_folder();
    int fd = -1;

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
