/* /proc/PID/stat, statm, status and limits of a guest: the host's, but for what would show lodge: the size of the address
 * space, where things lie in it, signal sets, the seccomp mode, limits that lodge keeps for itself. Resident memory is the
 * host process's, for that is what the guest costs.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fd.h"
#include "linux/limits_int.h"
#include "linux/proc_int.h"
#include "linux/signal_int.h"

static int sizes_of(struct linux_thread *t, int dirfd, bool own, struct maps_sizes *s)
{
    if (!own)
        return linux_maps_sizes_other(t, dirfd, s);
    linux_maps_sizes(t, s);
    return 0;
}

static int read_host(int dirfd, const char *name, char *text, size_t size)
{
    _cleanup_close_ int fd = linux_own_open(dirfd, name, O_RDONLY);
    ssize_t n = fd < 0 ? -errno : fd_read_full(fd, text, size - 1);

    if (n <= 0)
        return n < 0 ? (int)n : -ESRCH;
    text[n] = '\0';
    return 0;
}

/* Fields by their numbers in proc_pid_stat(5). */
int linux_proc_stat(struct linux_thread *t, int dirfd, bool own, struct strbuf *out)
{
    const struct linux_mm *mm = t->process->mm;
    char text[2048], *rest, *save = NULL;
    struct maps_sizes sizes;
    int r = read_host(dirfd, "stat", text, sizeof(text)), field = 3;

    if (r == 0)
        r = sizes_of(t, dirfd, own, &sizes);
    if (r < 0)
        return r;
    rest = strrchr(text, ')'); /* the name may hold anything */
    if (!rest)
        return -EIO;
    strbuf_addn(out, text, (size_t)(rest - text) + 1);
    for (char *word = strtok_r(rest + 1, " \n", &save); word; word = strtok_r(NULL, " \n", &save), field++) {
        uint64_t value = 0;
        bool ours = own;

        switch (field) {
        case 23: value = sizes.total, ours = true; break;
        case 28: value = mm->auxv_end & ~(uint64_t)15; break;
        case 47: value = mm->brk_start; break;
        case 48: value = mm->arg_start; break;
        case 49: value = mm->arg_end; break;
        case 50: value = mm->env_start; break;
        case 51: value = mm->env_end; break;
        default: ours = false; break;
        }
        if (ours)
            strbuf_addf(out, " %" PRIu64, value);
        else
            strbuf_addf(out, " %s", word);
    }
    strbuf_addc(out, '\n');
    return 0;
}

/* In pages: size, resident, shared, text, lib (0), data and stack, dirty (0). */
int linux_proc_statm(struct linux_thread *t, int dirfd, bool own, struct strbuf *out)
{
    unsigned long size, resident, shared, code;
    struct maps_sizes sizes;
    char text[256];
    int r = read_host(dirfd, "statm", text, sizeof(text));

    if (r == 0)
        r = sizes_of(t, dirfd, own, &sizes);
    if (r < 0)
        return r;
    if (sscanf(text, "%lu %lu %lu %lu", &size, &resident, &shared, &code) != 4)
        return -EIO;
    strbuf_addf(out, "%" PRIu64 " %lu %lu %lu 0 %" PRIu64 " 0\n", sizes.total / MEM_PAGE, resident, shared, code,
        (sizes.data + sizes.stack) / MEM_PAGE);
    return 0;
}

static uint64_t handled(const struct linux_sighand *s, bool ignored)
{
    uint64_t set = 0;

    for (int i = 0; i < LINUX_NSIG; i++)
        if (ignored ? s->action[i].handler == (uint64_t)SIG_IGN : s->action[i].handler > (uint64_t)SIG_IGN)
            set |= UINT64_C(1) << i;
    return set;
}

/* True when the line was about signals or seccomp, and is replaced. Only the process itself knows these. */
static bool own_line(struct linux_thread *t, const char *line, struct strbuf *out)
{
    const struct linux_sighand *s = t->process->sighand;

    if (str_after(line, "SigBlk:"))
        strbuf_addf(out, "SigBlk:\t%016" PRIx64 "\n", t->sigmask);
    else if (str_after(line, "SigIgn:"))
        strbuf_addf(out, "SigIgn:\t%016" PRIx64 "\n", handled(s, true));
    else if (str_after(line, "SigCgt:"))
        strbuf_addf(out, "SigCgt:\t%016" PRIx64 "\n", handled(s, false));
    else if (str_after(line, "Seccomp:"))
        strbuf_addf(out, "Seccomp:\t%d\n", linux_seccomp_mode(t));
    else
        return false;
    return true;
}

int linux_proc_status(struct linux_thread *t, int dirfd, bool own, struct strbuf *out)
{
    struct maps_sizes sizes;
    char text[8192], *save = NULL;
    int r = read_host(dirfd, "status", text, sizeof(text));

    if (r == 0)
        r = sizes_of(t, dirfd, own, &sizes);
    if (r < 0)
        return r;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        if (str_after(line, "VmPeak:") || str_after(line, "VmSize:"))
            strbuf_addf(out, "%.7s\t%8" PRIu64 " kB\n", line, sizes.total / 1024);
        else if (str_after(line, "VmData:"))
            strbuf_addf(out, "VmData:\t%8" PRIu64 " kB\n", sizes.data / 1024);
        else if (str_after(line, "VmStk:"))
            strbuf_addf(out, "VmStk:\t%8" PRIu64 " kB\n", sizes.stack / 1024);
        else if (!own || !own_line(t, line, out))
            strbuf_addf(out, "%s\n", line);
    }
    return 0;
}

static void limit_text(uint64_t value, char out[24])
{
    if (value == RLIM_INFINITY)
        snprintf(out, 24, "unlimited");
    else
        snprintf(out, 24, "%" PRIu64, value);
}

int linux_proc_limits(struct linux_thread *t, int dirfd, struct strbuf *out)
{
    const struct linux_process *p = t->process;
    char text[4096], soft[24], hard[24], *save = NULL;
    struct rlimit nofile = {0};
    int r = read_host(dirfd, "limits", text, sizeof(text));

    if (r < 0)
        return r;
    getrlimit(RLIMIT_NOFILE, &nofile);
    nofile.rlim_max = p->nofile_hard;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        const struct rlimit *own = str_after(line, "Max address space") ? &p->as_limit
            : str_after(line, "Max data size")                          ? &p->data_limit
            : str_after(line, "Max open files")                         ? &nofile
                                                                        : NULL;

        if (!own) {
            strbuf_addf(out, "%s\n", line);
            continue;
        }
        limit_text(own->rlim_cur, soft);
        limit_text(own->rlim_max, hard);
        strbuf_addf(out, "%.25s %-20s %-20s %-10s\n", line, soft, hard, own == &nofile ? "files" : "bytes");
    }
    return 0;
}
