/* /proc as a guest sees it. The host's files are right for most of it; what would show lodge instead of the program is answered
 * here: the exe link, maps and smaps, auxv, cmdline, environ, limits and stat of the process itself, cpuinfo, and the exe link,
 * maps and sizes of other processes that lodge runs.
 *
 * A file is recognised by where it is, not by how its path is spelled: when the last component has one of those names, its
 * directory is opened and asked whether it lies in a proc file system and for which process. Emulated files are snapshots taken
 * at open, in a memfd reopened read-only.
 */
#include "linux/proc_int.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "linux/abi/abi.h"
#include "linux/limits_int.h"
#include "linux/signal_int.h"

#define PROC_MAGIC 0x9fa0
#define PROC_ROOT_INODE 1
#define PROC_FILE_MAX (64u << 20)

/* A directory of /proc. */
struct proc_dir {
    int fd;   /* owned; O_PATH */
    int pid;  /* 0: the root of /proc */
    bool own; /* of the calling process or one of its threads */
    bool fds; /* fd or fdinfo of pid */
};

static const char *last_component(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static int number(const char *text)
{
    char *end;
    long n = strtol(text, &end, 10);

    return *text >= '0' && *text <= '9' && !*end && n <= INT32_MAX ? (int)n : -1;
}

/* The path that a descriptor was opened by, or false. */
static bool link_of(int fd, char out[LINUX_PATH_MAX])
{
    char link[40];
    ssize_t n;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    n = readlink(link, out, LINUX_PATH_MAX - 1);
    if (n <= 0)
        return false;
    out[n] = '\0';
    return true;
}

static bool is_own(int pid)
{
    char path[64];

    if (pid == getpid())
        return true;
    snprintf(path, sizeof(path), "/proc/self/task/%d", pid);
    return access(path, F_OK) == 0;
}

/* Takes ".../PID", ".../PID/task/TID", either followed by fd or fdinfo, apart. */
static bool parse_link(char *link, struct proc_dir *d)
{
    char *last = strrchr(link, '/');

    if (!last)
        return false;
    if (str_eq(last, "/fd") || str_eq(last, "/fdinfo")) {
        d->fds = true;
        *last = '\0';
        last = strrchr(link, '/');
    }
    d->pid = last ? number(last + 1) : -1;
    if (d->pid < 0)
        return false;
    d->own = is_own(d->pid);
    return true;
}

/* Is the open directory d->fd in /proc, and where? */
static bool classify(struct proc_dir *d)
{
    char link[LINUX_PATH_MAX];
    struct statfs fs;
    struct stat st;

    if (fstatfs(d->fd, &fs) || fs.f_type != PROC_MAGIC || fstat(d->fd, &st))
        return false;
    if (st.st_ino == PROC_ROOT_INODE)
        return true;
    return link_of(d->fd, link) && parse_link(link, d);
}

static void dir_fini(struct proc_dir *d)
{
    fd_close(d->fd);
}

/* The directory that holds the last component of the path. */
static bool find_dir(int dirfd, const char *path, struct proc_dir *d)
{
    char dir[LINUX_PATH_MAX];
    size_t n = (size_t)(last_component(path) - path);

    memcpy(dir, path, n);
    if (n == 0)
        dir[n++] = '.';
    dir[n] = '\0';
    d->fd = linux_own_open(dirfd, dir, O_PATH | O_DIRECTORY);
    return d->fd >= 0 && classify(d);
}

/* Does lodge run the process? Its exe is then lodge-guest, as ours is. */
static bool runs_guest(const struct proc_dir *d)
{
    char ours[LINUX_PATH_MAX], theirs[LINUX_PATH_MAX];
    ssize_t n = readlinkat(d->fd, "exe", theirs, sizeof(theirs)), m = readlink("/proc/self/exe", ours, sizeof(ours));

    return n > 0 && n == m && !memcmp(ours, theirs, (size_t)n);
}

/* The program that another lodge process runs: the lowest mapped file, for a program lies below its interpreter. */
static bool program_of(struct linux_thread *t, const struct proc_dir *d, char out[LINUX_PATH_MAX])
{
    _cleanup_close_ int fd = linux_own_open(d->fd, "maps", O_RDONLY);
    char text[2 * LINUX_PATH_MAX], *end, *path;
    uint64_t limit = mem_space_limit(t->process->mm->mem);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

    if (n <= 0)
        return false;
    text[n] = '\0';
    for (char *line = text; (end = strchr(line, '\n')); line = end + 1) {
        *end = '\0';
        if (strtoull(line, NULL, 16) >= limit)
            return false;
        path = strchr(line, '/');
        if (!path || strlen(path) >= LINUX_PATH_MAX)
            continue;
        strcpy(out, path);
        return true;
    }
    return false;
}

bool linux_proc_exe(struct linux_thread *t, int dirfd, const char *path, char out[LINUX_PATH_MAX])
{
    _cleanup_(dir_fini) struct proc_dir d = {.fd = -1};

    if (!str_eq(last_component(path), "exe") || !find_dir(dirfd, path, &d) || d.fds || !d.pid)
        return false;
    if (!d.own)
        return runs_guest(&d) && program_of(t, &d, out);
    if (!t->process->exe[0])
        return false;
    strcpy(out, t->process->exe);
    return true;
}

bool linux_proc_hidden(struct linux_thread *t, int dirfd, const char *path)
{
    _cleanup_(dir_fini) struct proc_dir d = {.fd = -1};
    int fd = number(last_component(path));

    return fd >= 0 && linux_fd_hidden(fd) && find_dir(dirfd, path, &d) && d.fds && d.own;
}

bool linux_proc_is_fd_dir(struct linux_thread *t, int fd)
{
    struct proc_dir d = {.fd = fd};

    return classify(&d) && d.fds && d.own;
}

static int read_range(struct linux_thread *t, struct strbuf *out, uint64_t start, uint64_t end)
{
    char page[4096];

    while (start < end) {
        size_t n = end - start < sizeof(page) ? end - start : sizeof(page);

        if (linux_get(t, start, page, n))
            return -EIO;
        strbuf_addn(out, page, n);
        start += n;
    }
    return 0;
}

static int make_cpuinfo(struct linux_thread *t, struct strbuf *out)
{
    _cleanup_free_ char *host = fd_read_file("/proc/cpuinfo", PROC_FILE_MAX, NULL, NULL);
    const struct linux_abi *abi = t->process->abi;

    if (!host)
        return -ENOENT;
    for (const char *line = host; line; line = strchr(line, '\n')) {
        unsigned cpu;

        line += *line == '\n';
        if (sscanf(line, "processor : %u", &cpu) == 1)
            abi->cpuinfo(out, cpu, t->process->config->sv48);
    }
    return 0;
}

/* 1: not emulated. */
static int make_other(struct linux_thread *t, const struct proc_dir *d, const char *name, struct strbuf *out)
{
    if (!runs_guest(d))
        return 1;
    if (str_eq(name, "maps") || str_eq(name, "smaps"))
        return linux_maps_other(t, d->fd, name, out);
    if (str_eq(name, "statm"))
        return linux_proc_statm(t, d->fd, false, out);
    if (str_eq(name, "status"))
        return linux_proc_status(t, d->fd, false, out);
    return str_eq(name, "stat") ? linux_proc_stat(t, d->fd, false, out) : 1;
}

/* The same. */
static int make(struct linux_thread *t, const struct proc_dir *d, const char *name, struct strbuf *out)
{
    const struct linux_mm *mm = t->process->mm;

    if (!d->pid)
        return str_eq(name, "cpuinfo") ? make_cpuinfo(t, out) : 1;
    if (!d->own)
        return make_other(t, d, name, out);
    if (str_eq(name, "maps"))
        return linux_maps(t, out);
    if (str_eq(name, "smaps"))
        return linux_smaps(t, out);
    if (str_eq(name, "auxv"))
        return read_range(t, out, mm->auxv_start, mm->auxv_end);
    if (str_eq(name, "cmdline"))
        return read_range(t, out, mm->arg_start, mm->arg_end);
    if (str_eq(name, "environ"))
        return read_range(t, out, mm->env_start, mm->env_end);
    if (str_eq(name, "status"))
        return linux_proc_status(t, d->fd, true, out);
    if (str_eq(name, "statm"))
        return linux_proc_statm(t, d->fd, true, out);
    if (str_eq(name, "limits"))
        return linux_proc_limits(t, d->fd, out);
    return str_eq(name, "stat") ? linux_proc_stat(t, d->fd, true, out) : 1;
}

enum {
    OWN_FD = 512
}; /* lodge's own descriptor of a moment lies from here on: the guest's is the lowest that is free */

/* A memfd with the text, out of the guest's way where the limit lets it; to be opened anew for the guest. */
static int snapshot(const char *name, const struct strbuf *text)
{
    _cleanup_close_ int fd = memfd_create(name, MFD_CLOEXEC);
    int r = fd < 0 ? -errno : fd_write_full(fd, strbuf_text(text), text->len), high;

    if (r < 0)
        return r;
    high = fcntl(fd, F_DUPFD_CLOEXEC, OWN_FD);
    return high < 0 ? fd_steal(&fd) : high;
}

static bool is_emulated_name(const char *name)
{
    static const char *const names[] = {
        "maps", "smaps", "auxv", "cmdline", "environ", "stat", "statm", "status", "limits", "exe", "mem", "cpuinfo"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (str_eq(name, names[i]))
            return true;
    return false;
}

void linux_proc_mem_written(struct linux_thread *t, int fd)
{
    char link[LINUX_PATH_MAX], own[32];

    snprintf(own, sizeof(own), "/%d/mem", getpid());
    if (link_of(fd, link) && str_ends(link, own))
        mem_forget_code(t->process->mm->mem, 0, mem_space_limit(t->process->mm->mem));
}

int64_t linux_proc_open(struct linux_thread *t, int dirfd, const char *path, int flags)
{
    const char *name = last_component(path);
    _cleanup_(dir_fini) struct proc_dir d = {.fd = -1};
    _cleanup_strbuf_ struct strbuf text = {0};
    _cleanup_close_ int fd = -1;
    char program[LINUX_PATH_MAX], link[40];
    struct rlimit limit;
    int r;

    if (linux_proc_hidden(t, dirfd, path))
        return -ENOENT;
    if (!is_emulated_name(name) || (flags & O_PATH && flags & O_NOFOLLOW))
        return LINUX_PROC_HOST;
    if (linux_proc_exe(t, dirfd, path, program)) {
        if (flags & O_NOFOLLOW)
            return -ELOOP;
        return linux_host(SYS_openat, (uint64_t)AT_FDCWD, LINUX_PTR(program), (uint64_t)flags, 0, 0, 0);
    }
    if (str_eq(name, "mem") && (flags & O_ACCMODE) != O_RDONLY && find_dir(dirfd, path, &d) && d.own) {
        t->process->mem_opened = true;
        return LINUX_PROC_HOST;
    }
    if ((flags & O_ACCMODE) != O_RDONLY || flags & (O_PATH | O_DIRECTORY) || !find_dir(dirfd, path, &d) || d.fds)
        return LINUX_PROC_HOST;
    linux_limits_raise(&limit); /* the guest may have one descriptor left, or none */
    r = make(t, &d, name, &text);
    fd = r ? -1 : snapshot(name, &text);
    linux_limits_restore(&limit);
    if (r)
        return r > 0 ? LINUX_PROC_HOST : r;
    if (fd < 0)
        return fd;
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    r = open(link, O_RDONLY | (flags & (O_CLOEXEC | O_NONBLOCK)));
    return r < 0 ? -errno : r;
}
