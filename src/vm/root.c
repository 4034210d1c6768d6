/* root.c - `lodge run DIR COMMAND`: the directory becomes the root file system of a mount namespace of its own, with /proc,
 * /dev and /sys in it. Not root: in a user namespace of its own as well, where the caller is root. The mounts are one table.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/base.h"
#include "vm/vm_int.h"

#define PATH_DEFAULT "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* What is put into the root. A source beginning with '/' is bound; TRY: the guest lives without it. */
struct mount_step {
    const char *target, *source, *type, *data;
    unsigned long flags;
    enum { STEP_DIR, STEP_FILE, STEP_LINK } kind; /* what target is made as if it is missing */
    bool try;
};

#define NODE(name)                                                                                                     \
    {                                                                                                                  \
        .target = "dev/" name, .source = "/dev/" name, .kind = STEP_FILE                                               \
    }
static const struct mount_step steps[] = {
    {.target = "proc", .source = "/proc"},
    {.target = "sys", .source = "/sys", .try = true},
    {.target = "dev", .type = "tmpfs", .data = "mode=755,size=4m", .flags = MS_NOSUID},
    NODE("null"),
    NODE("zero"),
    NODE("full"),
    NODE("random"),
    NODE("urandom"),
    NODE("tty"),
    {.target = "dev/pts",
        .type = "devpts",
        .data = "newinstance,ptmxmode=0666,mode=0620",
        .flags = MS_NOSUID | MS_NOEXEC},
    {.target = "dev/ptmx", .source = "pts/ptmx", .kind = STEP_LINK},
    {.target = "dev/shm", .type = "tmpfs", .data = "mode=1777", .flags = MS_NOSUID | MS_NODEV},
    {.target = "dev/fd", .source = "/proc/self/fd", .kind = STEP_LINK},
    {.target = "dev/stdin", .source = "/proc/self/fd/0", .kind = STEP_LINK},
    {.target = "dev/stdout", .source = "/proc/self/fd/1", .kind = STEP_LINK},
    {.target = "dev/stderr", .source = "/proc/self/fd/2", .kind = STEP_LINK},
    {.target = "etc/resolv.conf", .source = "/etc/resolv.conf", .kind = STEP_FILE, .try = true},
};

/* ---- namespaces ---- */

static int enter_namespaces(bool user, struct err *err, const char **hint)
{
    struct vm_idmap ids = {.go = -1, .child = -1};
    int status = user ? vm_idmap_begin(&ids, err) : 0;

    if (status < 0)
        return status;
    if (unshare(CLONE_NEWNS | (user ? CLONE_NEWUSER : 0)) < 0) {
        status = -errno;
        vm_idmap_finish(&ids, false, err);
        *hint = user ? "unprivileged user namespaces are switched off here; allow them (sysctl "
                       "kernel.unprivileged_userns_clone=1, "
                       "user.max_user_namespaces), or run lodge as root"
                     : "lodge needs CAP_SYS_ADMIN for this";
        return err_errno(err, status, user ? "user and mount namespace" : "mount namespace");
    }
    if (user && vm_idmap_finish(&ids, true, err) < 0)
        return err->code;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return err_errno(err, -errno, "private mounts");
    return 0;
}

/* ---- the root's contents; paths are relative to it, the current directory ---- */

static void make_target(const struct mount_step *s)
{
    if (s->kind == STEP_DIR)
        mkdir(s->target, 0755);
    else if (s->kind == STEP_FILE)
        fd_close(open(s->target, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
}

static int do_step(const struct mount_step *s, struct err *err)
{
    struct stat st;
    int r;

    if (s->kind == STEP_LINK)
        r = symlink(s->source, s->target);
    else {
        if (lstat(s->target, &st) < 0)
            make_target(s);
        if (!s->type && stat(s->source, &st) < 0)
            return s->try ? 0 : err_errno(err, -errno, "%s", s->source);
        r = s->type ? mount(s->type, s->target, s->type, s->flags, s->data)
                    : mount(s->source, s->target, NULL, MS_BIND | MS_REC, NULL);
    }
    return r < 0 && errno != EEXIST && !s->try ? err_errno(err, -errno, "/%s", s->target) : 0;
}

/* So that a native program inside can execute a foreign one: a binfmt_misc that belongs to this user namespace alone (Linux
 * >= 6.7). Elsewhere the guest does without. */
static void register_inside(const char *guest_path)
{
    struct err err = ERR_INIT;

    if (mount("binfmt_misc", "proc/sys/fs/binfmt_misc", "binfmt_misc", 0, NULL) < 0)
        log_debug(LOG_RUN, "binfmt_misc inside: mount: errno %d", errno);
    else if (vm_binfmt_register("proc/sys/fs/binfmt_misc", guest_path, &err) < 0)
        log_debug(LOG_RUN, "binfmt_misc inside: %s", err.text);
}

static int enter_root(const char *dir, bool user, const char *guest_path, struct err *err)
{
    if (mount(dir, dir, NULL, MS_BIND | MS_REC, NULL) < 0 || chdir(dir) < 0)
        return err_errno(err, -errno, "bind");
    for (size_t i = 0; i < ARRAY_LEN(steps); i++)
        if (do_step(&steps[i], err) < 0)
            return err->code;
    if (user)
        register_inside(guest_path);
    /* pivot_root(2), "pivot_root(".", ".")": the old root ends up on top of the new one and is taken away. */
    if (syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
        return err_errno(err, -errno, "pivot_root");
    return 0;
}

/* ---- the command ---- */

static const char *env_get(char *const *env, const char *name)
{
    for (; *env; env++)
        if (!strncmp(*env, name, strlen(name)) && (*env)[strlen(name)] == '=')
            return *env + strlen(name) + 1;
    return NULL;
}

static char **environment(const struct vm_run *r)
{
    static const char *const kept[] = {"TERM", "LODGE_DEBUG", "LODGE_DUMP"};
    VEC(char *) env = {0};

    for (char *const *e = r->env; *e; e++)
        if (strchr(*e, '='))
            vec_push(&env, *e);
        else if (getenv(*e))
            vec_push(&env, x_asprintf("%s=%s", *e, getenv(*e)));
    vec_push(&env, NULL);
    env.len--;
    if (!env_get(env.data, "PATH"))
        vec_push(&env, x_strdup("PATH=" PATH_DEFAULT));
    vec_push(&env, NULL);
    env.len--;
    if (!env_get(env.data, "HOME"))
        vec_push(&env, x_strdup("HOME=/root"));
    for (size_t i = 0; i < ARRAY_LEN(kept); i++)
        if (getenv(kept[i]))
            vec_push(&env, x_asprintf("%s=%s", kept[i], getenv(kept[i])));
    vec_push(&env, NULL);
    return env.data;
}

/* The command's path as the guest's own PATH has it; what execvp does. *status: the exit status when there is none. */
static char *find_command(const char *name, const char *path, int *status)
{
    *status = VM_EXIT_NOT_FOUND;
    if (strchr(name, '/'))
        return x_strdup(name);
    for (const char *end; *path; path = *end ? end + 1 : end) {
        _cleanup_free_ char *full = NULL;
        struct stat st;

        end = path + strcspn(path, ":");
        full = end == path ? x_asprintf("./%s", name) : x_asprintf("%.*s/%s", (int)(end - path), path, name);
        if (stat(full, &st) < 0 || S_ISDIR(st.st_mode))
            continue;
        if (st.st_mode & 0111)
            return steal(&full);
        *status = VM_EXIT_NOT_EXECUTABLE;
    }
    return NULL;
}

static int run_command(const struct vm_run *r, int guest_fd, struct err *err)
{
    char **env = environment(r);
    const char *path = env_get(env, "PATH");
    int status;
    _cleanup_free_ char *program = NULL;

    if (r->workdir && chdir(r->workdir) < 0) {
        err_errno(err, -errno, "working directory %s", r->workdir);
        return VM_EXIT_LODGE;
    }
    program = find_command(r->command[0], path ? path : "", &status);
    if (!program) {
        err_set(err, -ENOENT, "%s: not %s in the guest's PATH", r->command[0],
            status == VM_EXIT_NOT_FOUND ? "found" : "executable");
        return status;
    }
    vm_guest_exec(guest_fd, r, program, r->command, env, err);
    return VM_EXIT_LODGE;
}

int vm_run_root(const struct vm_run *r, struct err *err, const char **hint)
{
    _cleanup_free_ char *guest_path = NULL;
    bool user = geteuid() != 0;
    int guest_fd = vm_guest_open(&guest_path, err), status;

    if (guest_fd >= 0 && enter_namespaces(user, err, hint) == 0 && enter_root(r->guest, user, guest_path, err) == 0)
        status = run_command(r, guest_fd, err);
    else
        status = VM_EXIT_LODGE;
    err_wrap(err, "run: %s", r->guest);
    return status;
}
