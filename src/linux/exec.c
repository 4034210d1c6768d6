/* exec.c - execve and execveat. A program for a guest CPU runs by executing lodge-guest anew, with the program as an open
 * descriptor and all that it must know in options; everything else is handed to the host's execve as it is. What the kernel
 * would refuse before its point of no return is refused here, with the same errno: the file, its `#!` chain, its ELF headers,
 * its interpreter.
 *
 * The calling process may be a vfork's child, which shares memory with its parent: what is allocated here hangs on the thread
 * (linux_thread.exec), which the parent frees.
 */
#include "linux/exec_int.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/base.h"
#include "linux/guest.h"
#include "linux/limits_int.h"
#include "linux/load_int.h"
#include "linux/sys_c.h"

enum { SCRIPT_LINE = 256, SCRIPT_DEPTH = 5 };
#define NATIVE_MACHINES(X) X(EM_X86_64) X(EM_386) /* what an x86-64 host's kernel runs itself */

/* ---- the file ---- */

/* Reading is what lodge needs, executing is what the guest needs. */
static int open_file(int dirfd, const char *path, int flags)
{
    int how = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0);
    int fd;

    if (flags & AT_EMPTY_PATH) { /* opened anew, since it may not be open for reading; without /proc, as it is */
        char name[32];

        log_format(name, sizeof(name), "/proc/self/fd/%d", dirfd);
        fd = open(name, how);
        return fd < 0 && errno == ENOENT ? fcntl(dirfd, F_DUPFD_CLOEXEC, 0) : fd;
    }
    return openat(dirfd, path, how);
}

/* A directory, a device or a file without x bits (of one that we may read). */
static int check_file(int fd, struct linux_exec *x)
{
    struct statvfs fs;

    if (fstat(fd, &x->st) < 0)
        return -errno;
    if (!S_ISREG(x->st.st_mode) || !(x->st.st_mode & 0111))
        return -EACCES;
    if (syscall(SYS_faccessat2, fd, "", X_OK, AT_EMPTY_PATH | AT_EACCESS) < 0 && errno == EACCES)
        return -EACCES;
    if (fstatvfs(fd, &fs) == 0) {
        x->nosuid = fs.f_flag & ST_NOSUID;
        if (fs.f_flag & ST_NOEXEC)
            return -EACCES;
    }
    return 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

int linux_script_parse(char line[SCRIPT_LINE + 1], size_t size, char **interp, char **arg)
{
    char *end, *at;

    line[size] = 0;
    if (size < 2 || line[0] != '#' || line[1] != '!')
        return -ENOEXEC;
    end = memchr(line, '\n', size);
    if (!end) { /* cut off: fine if at least the interpreter's name is whole */
        end = line + strnlen(line, size);
        for (at = line + 2; is_blank(*at); at++)
            ;
        if (size == SCRIPT_LINE && at + strcspn(at, " \t") >= end)
            return -ENOEXEC;
    }
    while (end > line + 2 && is_blank(end[-1]))
        end--;
    *end = 0;
    for (at = line + 2; is_blank(*at); at++)
        ;
    if (!*at)
        return -ENOEXEC;
    *interp = at;
    at += strcspn(at, " \t");
    *arg = NULL;
    if (*at) {
        *at++ = 0;
        while (is_blank(*at))
            at++;
        *arg = *at ? at : NULL;
    }
    return 0;
}

/* The interpreter takes the script's place: its name, its argument, the script's path, and then the arguments from the
 * second on. */
static int enter_script(struct linux_exec *x, const char *interp, const char *arg)
{
    if (x->prefix.len) { /* argv[0] of the script that is itself an interpreter */
        x_free(x->prefix.data[0]);
        vec_remove(&x->prefix, 0, 1);
    }
    vec_insert(&x->prefix, 0, x_strdup(x->path));
    if (arg)
        vec_insert(&x->prefix, 0, x_strdup(arg));
    vec_insert(&x->prefix, 0, x_strdup(interp));
    if (strlen(interp) >= sizeof(x->path))
        return -ENAMETOOLONG;
    strcpy(x->path, interp);
    fd_close(fd_steal(&x->fd));
    return 0;
}

/* ---- what it is ---- */

static bool is_native_elf(const char *head, size_t size)
{
    const Elf64_Ehdr *h = (const Elf64_Ehdr *)head;

    if (size < sizeof(*h) || memcmp(head, ELFMAG, SELFMAG) != 0)
        return false;
#define X(machine)                                                                                                     \
    if (h->e_machine == (machine) && h->e_ident[EI_DATA] == ELFDATA2LSB)                                               \
        return true;
    NATIVE_MACHINES(X)
#undef X
    return false;
}

/* The checks of load_elf_binary before the old program is gone. */
static int check_guest(const struct linux_config *c, struct linux_exec *x, uint64_t limit)
{
    _cleanup_(elf_fini) struct elf_program e = {0};
    struct elf_program interp = {0};
    _cleanup_close_ int fd = -1;
    int status = elf_read(x->fd, c->cpus, limit, &e, NULL);

    if (status < 0 || !e.interp[0])
        return status;
    fd = linux_open_interp(c, e.interp);
    if (fd < 0)
        return fd;
    status = elf_read(fd, c->cpus, limit, &interp, NULL);
    elf_fini(&interp);
    return status < 0 ? -ELIBBAD : 0;
}

static bool is_guest_elf(const struct linux_config *c, const char *head, size_t size)
{
    const Elf64_Ehdr *h = (const Elf64_Ehdr *)head;

    if (size < sizeof(*h) || memcmp(head, ELFMAG, SELFMAG) != 0)
        return false;
    for (const struct cpu_ops *const *cpu = c->cpus; *cpu; cpu++)
        if (h->e_machine == (*cpu)->elf_machine && h->e_ident[EI_CLASS] == (*cpu)->elf_class &&
            h->e_ident[EI_DATA] == (*cpu)->elf_data)
            return true;
    return false;
}

/* Opens path relative to dirfd and follows one `#!`. 1: there was one, x->path is its interpreter; 0: this is the program. */
static int step(const struct linux_config *c, int dirfd, const char *path, int flags, bool first, struct linux_exec *x)
{
    char head[SCRIPT_LINE + 1] = {0}, *interp, *arg;
    ssize_t n;
    int status;

    x->fd = open_file(dirfd, path, flags);
    if (x->fd < 0 && errno == ENOENT && !first && c->sysroot)
        x->fd = linux_open_interp(c, x->path);
    if (x->fd < 0) {
        x->kind = LINUX_EXEC_NATIVE;
        x->unreadable = errno == EACCES;
        return x->unreadable && first ? 0 : -errno;
    }
    status = check_file(x->fd, x);
    if (status < 0)
        return status;
    n = fd_pread_full(x->fd, head, SCRIPT_LINE, 0);
    if (n < 0)
        return (int)n;
    x->kind = is_guest_elf(c, head, (size_t)n) ? LINUX_EXEC_GUEST : LINUX_EXEC_NATIVE;
    if (x->kind == LINUX_EXEC_GUEST || is_native_elf(head, (size_t)n))
        return 0;
    if (linux_script_parse(head, (size_t)n, &interp, &arg) < 0)
        return 0;
    if (first && dirfd >= 0 && path[0] != '/' && (fcntl(dirfd, F_GETFD) & FD_CLOEXEC))
        return -ENOENT; /* the interpreter could not open it: BINPRM_FLAGS_PATH_INACCESSIBLE */
    status = enter_script(x, interp, arg);
    return status < 0 ? status : 1;
}

/* The program's name as do_open_execat makes it: relative to a descriptor it is /dev/fd/N or /dev/fd/N/path. */
static int name_program(int dirfd, const char *path, struct linux_exec *x)
{
    size_t n;

    if (dirfd == AT_FDCWD || path[0] == '/')
        n = log_format(x->path, sizeof(x->path), "%s", path);
    else
        n = log_format(x->path, sizeof(x->path), "/dev/fd/%d%s%s", dirfd, path[0] ? "/" : "", path);
    return n + 1 < sizeof(x->path) ? 0 : -ENAMETOOLONG;
}

int linux_exec_resolve(const struct linux_config *c, int dirfd, const char *path, int flags, struct linux_exec *x)
{
    int status;

    *x = (struct linux_exec){.fd = -1, .seccomp_fd = -1};
    if (!path[0] && !(flags & AT_EMPTY_PATH))
        return -ENOENT;
    if (path[0])
        flags &= ~AT_EMPTY_PATH;
    status = name_program(dirfd, path, x);
    for (int depth = 0; status == 0; depth++) {
        status = step(c, dirfd, path, flags, depth == 0, x);
        if (status < 1)
            break;
        if (depth == SCRIPT_DEPTH)
            return -ELOOP;
        status = flags = 0;
        dirfd = AT_FDCWD;
        path = x->path;
    }
    return status == 0 && x->kind == LINUX_EXEC_GUEST ? check_guest(c, x, linux_guest_limit(c)) : status;
}

void linux_exec_fini(struct linux_exec *x)
{
    fd_close(fd_steal(&x->fd));
    fd_close(fd_steal(&x->seccomp_fd));
    vec_foreach (s, &x->prefix)
        x_free(*s);
    vec_foreach (s, &x->owned)
        x_free(*s);
    vec_fini(&x->prefix);
    vec_fini(&x->owned);
    vec_fini(&x->argv);
}

/* After the program was executed in a process of its own (vfork), whose descriptors these were. */
void linux_exec_free(struct linux_exec *x)
{
    if (!x)
        return;
    x->fd = x->seccomp_fd = -1;
    linux_exec_fini(x);
    x_free(x);
}

/* ---- lodge-guest's arguments ---- */

static void option(struct linux_exec *x, const char *name, const char *value)
{
    char *text = value ? x_asprintf("--%s=%s", name, value) : x_asprintf("--%s", name);

    vec_push(&x->owned, text);
    vec_push(&x->argv, text);
}

static void option_fd(struct linux_exec *x, const char *name, int fd)
{
    char number[16];

    if (fd < 0)
        return;
    log_format(number, sizeof(number), "%d", fd);
    option(x, name, number);
}

/* Everything that the new lodge-guest must know (main/lodge-guest.c reads it). */
static void build_options(const struct linux_process *p, struct linux_exec *x)
{
    const struct linux_config *c = p->config;
    static char self[] = "lodge-guest";

    vec_push(&x->argv, self);
    if (c->tier)
        option(x, "engine", c->tier);
    if (c->sysroot)
        option(x, "sysroot", c->sysroot);
    if (c->sv48)
        option(x, "sv48", NULL);
    option_fd(x, "trace-fd", p->trace_fd);
    option_fd(x, "self-fd", p->self_fd);
    option_fd(x, "exec-fd", x->fd);
    option_fd(x, "seccomp-fd", x->seccomp_fd);
    if (p->trace_root)
        option_fd(x, "trace-root", p->trace_root);
    vec_push(&x->owned, linux_limits_text(p));
    option(x, "limits", vec_last(&x->owned));
    option(x, "", NULL); /* "--" */
    vec_push(&x->argv, x->path);
}

/* The guest's argument list follows; with `#!`, its first element is replaced. Strings stay where they are: a guest
 * address is a host address, and the host's execve says EFAULT or E2BIG itself. */
static int add_guest_argv(struct linux_thread *t, uint64_t list, struct linux_exec *x)
{
    static char empty[] = "";
    uint64_t at = 0;

    vec_foreach (s, &x->prefix)
        vec_push(&x->argv, *s);
    for (uint64_t i = 0; list; i++) {
        if (i > INT_MAX)
            return -E2BIG;
        if (guest_read(t, list + 8 * i, &at, sizeof(at)))
            return -EFAULT;
        if (!at)
            break;
        if (at >= mem_space_limit(t->process->mm->mem))
            return -EFAULT;
        if (i > 0 || !x->prefix.len)
            vec_push(&x->argv, (char *)at);
    }
    if (!x->prefix.len && x->argv.data[x->argv.len - 1] == x->path)
        vec_push(&x->argv, empty); /* Linux >= 5.18: an empty argv gets one empty string */
    vec_push(&x->argv, NULL);
    return 0;
}

/* ---- the call ---- */

static void set_cloexec(int fd, bool on)
{
    if (fd >= 0)
        fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0);
}

/* Executes lodge-guest; returns only on failure. Without a descriptor of it and without /proc, a host where lodge is
 * registered with binfmt_misc finds it by itself. */
static int64_t exec_guest(struct linux_thread *t, struct linux_exec *x, uint64_t argv, uint64_t envp)
{
    struct linux_process *p = t->process;
    struct linux_ids ids;
    int64_t r;
    int status;

    build_options(p, x);
    status = add_guest_argv(t, argv, x);
    if (status < 0)
        return status;
    linux_setid_become(t, x, &ids);
    set_cloexec(x->fd, false);
    set_cloexec(p->self_fd, false);
    set_cloexec(p->trace_fd, false);
    set_cloexec(x->seccomp_fd, false);
    linux_signal_exec_prepare(p);
    if (p->self_fd >= 0)
        r = host_result(syscall(SYS_execveat, p->self_fd, "", x->argv.data, envp, AT_EMPTY_PATH));
    else
        r = host_result(syscall(SYS_execve, "/proc/self/exe", x->argv.data, envp));
    linux_signal_exec_failed(p);
    set_cloexec(p->self_fd, true);
    set_cloexec(p->trace_fd, true);
    linux_setid_undo(&ids);
    return r;
}

/* The host's own execve: programs of the host's CPU, and what it has in binfmt_misc. */
static int64_t host_exec(struct linux_thread *t, int dirfd, const char *path, const uint64_t a[6], int flags)
{
    int64_t r;

    linux_signal_exec_prepare(t->process);
    linux_limits_native(t->process);
    r = host_result(syscall(SYS_execveat, dirfd, path, a[0], a[1], flags));
    linux_limits_native_failed();
    linux_signal_exec_failed(t->process);
    return r;
}

/* name: what the new program is told it was started as; NULL: the path. */
static int64_t do_exec(
    struct linux_thread *t, int dirfd, const char *path, const uint64_t a[6], int flags, const char *name)
{
    struct linux_exec *x = x_new(struct linux_exec);
    struct rlimit limit;
    bool native;
    int64_t r;

    t->exec = x;
    linux_limits_raise(&limit); /* the guest's descriptors may all be in use */
    r = linux_exec_resolve(t->process->config, dirfd, path, flags, x);
    if (r == 0 && name && !x->prefix.len)
        strcpy(x->path, name);
    if (r == 0 && x->kind == LINUX_EXEC_GUEST)
        r = linux_seccomp_to_fd(t, &x->seccomp_fd);
    linux_limits_restore(&limit);
    native = r == 0 && x->kind == LINUX_EXEC_NATIVE;
    if (r == 0 && t->process->trace_fd >= 0) /* later there is nobody to print it; a failure prints a second line */
        linux_trace_call(t, t->call_nr, t->call_args, 0);
    if (r == 0 && x->kind == LINUX_EXEC_GUEST && linux_setid_by_kernel(t, x))
        host_exec(t, dirfd, path, a, flags); /* if that fails, it runs without its ids */
    if (r == 0 && x->kind == LINUX_EXEC_GUEST) {
        r = exec_guest(t, x, a[0], a[1]);
        native = r == -ENOENT && t->process->self_fd < 0;
    }
    if (native)
        r = host_exec(t, dirfd, path, a, flags);
    if (r == -ENOEXEC && x->unreadable) {
        linux_trace_note(t, "%s: cannot be read, so cannot be translated", x->path);
        r = -EACCES;
    }
    t->exec = NULL;
    linux_exec_fini(x);
    x_free(x);
    return r;
}

/* The name of a file that execveat was given as a descriptor, as the kernel makes it up for scripts and AT_EXECFN. */
static int fd_path(struct linux_thread *t, int dirfd, char path[LINUX_PATH_MAX])
{
    int fd_flags = fcntl(dirfd, F_GETFD);

    if (fd_flags < 0 || linux_fd_hidden(dirfd))
        return -EBADF;
    log_format(path, LINUX_PATH_MAX, "/proc/self/fd/%d", dirfd);
    return 0;
}

int64_t linux_sys_execveat(struct linux_thread *t, const uint64_t a[6])
{
    char path[LINUX_PATH_MAX], exe[LINUX_PATH_MAX];
    int dirfd = (int)a[0], flags = (int)a[4];
    ssize_t n = mem_read_string(t->process->mm->mem, a[1], path, sizeof(path));

    if (n < 0)
        return n;
    if (flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
        return -EINVAL;
    if (dirfd >= 0 && path[0] != '/' && linux_fd_hidden(dirfd))
        return -EBADF;
    if (!path[0] && (flags & AT_EMPTY_PATH) && fd_path(t, dirfd, exe) < 0)
        return -EBADF;
    if (linux_proc_exe(t, dirfd, path, exe))
        return do_exec(t, AT_FDCWD, exe, a + 2, 0, path[0] ? path : NULL);
    return do_exec(t, dirfd, path, a + 2, flags, NULL);
}

int64_t linux_sys_execve(struct linux_thread *t, const uint64_t a[6])
{
    return linux_sys_execveat(t, (const uint64_t[6]){(uint64_t)AT_FDCWD, a[0], a[1], a[2], 0});
}
