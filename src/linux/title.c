/* title.c - shows the guest's own arguments, environment and auxiliary vector to whoever looks at the process from outside
 * (ps, /proc/PID/cmdline). The guest's stack lies at its guest addresses in this process, so the kernel is simply told that
 * they are there (PR_SET_MM_MAP, no privilege needed); what the guest writes over its argv later shows too.
 */
#include <elf.h>
#include <linux/prctl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/base.h"
#include "linux/load_int.h"

enum { HOST_AUXV_MAX = 400 }; /* bytes: what the host's mm_struct holds at least */

/* The guest's auxiliary vector without its empty entries, which make it longer than a host's. */
static unsigned copy_auxv(const struct linux_mm *mm, uint64_t out[HOST_AUXV_MAX / 8])
{
    unsigned n = 0;
    uint64_t pair[2];

    for (uint64_t at = mm->auxv_start; at < mm->auxv_end && n + 2 <= HOST_AUXV_MAX / 8; at += sizeof(pair)) {
        if (mem_read(mm->mem, at, pair, sizeof(pair)) < 0)
            break;
        if (pair[0] >= AT_L1I_CACHESIZE && pair[0] <= AT_L3_CACHEGEOMETRY)
            continue;
        out[n++] = pair[0];
        out[n++] = pair[1];
    }
    return n * 8;
}

/* Without it, or in a kernel that lacks it: the strings that lodge-guest itself was started with are overwritten. */
static void overwrite_arguments(const struct linux_process *p)
{
    char *const *argv = p->config->argv;
    char *end = argv[0], *start = p->config->own_args;

    for (unsigned i = 0; argv[i]; i++) /* contiguous, as the kernel puts them */
        if (argv[i] == end)
            end += strlen(end) + 1;
    if (!start || start >= argv[0])
        return;
    memmove(start, argv[0], (size_t)(end - argv[0]));
    memset(start + (end - argv[0]), 0, (size_t)(argv[0] - start));
}

void linux_title_set(struct linux_process *p, uint64_t sp)
{
    struct linux_mm *mm = p->mm;
    uint64_t auxv[HOST_AUXV_MAX / 8], host_brk = (uint64_t)syscall(SYS_brk, 0);
    /* A program given as a descriptor has the name of its file. */
    const char *path = str_after(p->config->path, "/dev/fd/") ? p->exe : p->config->path, *name = strrchr(path, '/');
    struct prctl_mm_map map = {
        .start_code = mm->vdso,
        .end_code = mm->vdso + MEM_PAGE,
        .start_data = mm->stack_low,
        .end_data = mm->stack_top,
        .start_brk = host_brk,
        .brk = host_brk,
        .start_stack = sp,
        .arg_start = mm->arg_start,
        .arg_end = mm->arg_end,
        .env_start = mm->env_start,
        .env_end = mm->env_end,
        .auxv = (void *)auxv,
        .auxv_size = copy_auxv(mm, auxv),
        .exe_fd = UINT32_MAX,
    };

    prctl(PR_SET_NAME, name ? name + 1 : path);
    if (prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map), 0) < 0) {
        log_debug(LOG_LOADER, "PR_SET_MM_MAP refused");
        overwrite_arguments(p);
    }
}
