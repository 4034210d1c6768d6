/* file.c - `lodge run FILE`: no walls, no monitor, no state. lodge-guest takes the calling process over, so that job control,
 * signals, limits and the exit status are the guest's own.
 */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "vm/vm.h"

/* The environment with r's additions. Nothing of the list is ever freed: the process becomes another program. */
static char **environment(const struct vm_run *r)
{
    VEC(char *) env = {0};

    for (char *const *e = r->env; *e; e++)
        if (strchr(*e, '='))
            vec_push(&env, *e);
    for (char **e = environ; *e; e++) {
        bool replaced = false;

        for (char *const *n = r->env; *n; n++)
            replaced |= strchr(*n, '=') && !strncmp(*n, *e, (size_t)(strchr(*n, '=') - *n) + 1);
        if (!replaced)
            vec_push(&env, *e);
    }
    vec_push(&env, NULL);
    return env.data;
}

int vm_run_file(const struct vm_run *r, struct err *err)
{
    VEC(char *) argv = {0};
    int fd = vm_guest_open(NULL, err);

    if (fd < 0)
        return VM_EXIT_LODGE;
    if (r->workdir && chdir(r->workdir) < 0) {
        err_errno(err, -errno, "run: working directory %s", r->workdir);
        return VM_EXIT_LODGE;
    }
    vec_push(&argv, x_strdup(r->guest));
    for (char *const *a = r->command; *a; a++)
        vec_push(&argv, *a);
    vec_push(&argv, NULL);
    vm_guest_exec(fd, r, r->guest, argv.data, environment(r), err);
    err_wrap(err, "run: %s", r->guest);
    return VM_EXIT_LODGE;
}
