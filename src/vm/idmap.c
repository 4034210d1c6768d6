/* idmap.c - the ids of the user namespace that a root is entered with. Where the caller has subordinate ids (subuid(5)), the
 * set-id programs newuidmap and newgidmap map them, and the guest has users; else the caller's own ids are the only ones, as
 * root.
 *
 * A namespace is mapped from outside: a child that stays there waits until its parent has made the namespace.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"
#include "vm/vm_int.h"

struct range {
    unsigned long start, count;
};

/* Takes the next colon-separated field off the line. */
static const char *field(char **line)
{
    char *at = *line, *end = at + strcspn(at, ":");

    *line = *end ? end + 1 : end;
    *end = 0;
    return at;
}

/* The user's name in /etc/passwd (lodge is linked statically: no getpwuid); "" if it has none there. */
static char *user_name(const char *uid)
{
    _cleanup_free_ char *text = fd_read_file("/etc/passwd", 16 << 20, NULL, NULL);
    char *save = NULL;

    for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save)) {
        const char *name = field(&line);

        field(&line);
        if (str_eq(field(&line), uid))
            return x_strdup(name);
    }
    return x_strdup("");
}

/* The first range of the user in /etc/subuid or /etc/subgid: lines of NAME-OR-NUMBER:START:COUNT. */
static bool find_range(const char *file, uid_t uid, struct range *r)
{
    _cleanup_free_ char *text = fd_read_file(file, 1 << 20, NULL, NULL), *number = x_asprintf("%u", uid),
                        *user = user_name(number);
    char *save = NULL;

    for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save)) {
        const char *name = field(&line);

        if (*name && (str_eq(name, number) || str_eq(name, user)) &&
            sscanf(line, "%lu:%lu", &r->start, &r->count) == 2 && r->count > 0)
            return true;
    }
    return false;
}

/* Id 0 is the caller's own, the range follows. */
static int run_tool(const char *tool, pid_t pid, unsigned own, const struct range *r)
{
    char *argv[] = {x_strdup(tool), x_asprintf("%d", pid), x_strdup("0"), x_asprintf("%u", own), x_strdup("1"),
        x_strdup("1"), x_asprintf("%lu", r->start), x_asprintf("%lu", r->count), NULL}; /* we end soon */
    int status = 0;
    pid_t child;

    child = fork();
    if (child == 0) {
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);

        dup2(null, STDERR_FILENO); /* its complaint would be taken for ours; the single mapping follows */
        execvp(argv[0], argv);
        _exit(127);
    }
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EPERM;
}

/* What the child has done: its exit status. */
enum { MAPPED_ALL, MAPPED_NOTHING, MAPPED_USERS };

static int map_from_outside(pid_t pid, uid_t uid, gid_t gid)
{
    struct range users, groups;

    if (!find_range("/etc/subuid", uid, &users) || !find_range("/etc/subgid", uid, &groups) ||
        run_tool("newuidmap", pid, uid, &users) < 0)
        return MAPPED_NOTHING;
    return run_tool("newgidmap", pid, gid, &groups) < 0 ? MAPPED_USERS : MAPPED_ALL;
}

int vm_idmap_begin(struct vm_idmap *m, struct err *err)
{
    pid_t self = getpid();
    char go;
    int p[2];

    *m = (struct vm_idmap){.go = -1, .child = -1, .uid = geteuid(), .gid = getegid()};
    if (access("/etc/subuid", R_OK) < 0 || access("/etc/subgid", R_OK) < 0)
        return 0;
    if (pipe2(p, O_CLOEXEC) < 0)
        return err_errno(err, -errno, "pipe");
    m->child = fork();
    if (m->child == 0) {
        fd_close(p[1]);
        _exit(read(p[0], &go, 1) == 1 ? map_from_outside(self, m->uid, m->gid) : MAPPED_NOTHING);
    }
    fd_close(p[0]);
    m->go = p[1];
    return 0;
}

static int write_map(const char *path, unsigned own, struct err *err)
{
    _cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);
    char map[64];
    int n = (int)log_format(map, sizeof(map), "0 %u 1\n", own), status;

    status = fd < 0 ? -errno : fd_write_full(fd, map, (size_t)n);
    return status < 0 ? err_errno(err, status, "%s", path) : 0;
}

static void deny_setgroups(void)
{
    _cleanup_close_ int fd = open("/proc/self/setgroups", O_WRONLY | O_CLOEXEC);

    if (fd >= 0)
        fd_write_full(fd, "deny", 4); /* gid_map says whether it was needed */
}

int vm_idmap_finish(struct vm_idmap *m, bool made, struct err *err)
{
    int status = 0, done = MAPPED_NOTHING;

    if (m->go >= 0 && made && write(m->go, "g", 1) < 0)
        log_debug(LOG_RUN, "id maps: errno %d", errno);
    fd_close(fd_steal(&m->go));
    while (m->child > 0 && waitpid(m->child, &status, 0) < 0 && errno == EINTR)
        ;
    if (!made)
        return 0;
    if (m->child > 0 && WIFEXITED(status))
        done = WEXITSTATUS(status);
    log_debug(LOG_RUN, "id maps: subordinate ids: %s", done == MAPPED_ALL ? "mapped" : "none");
    if (done == MAPPED_ALL)
        return 0;
    if (done != MAPPED_USERS && write_map("/proc/self/uid_map", m->uid, err) < 0)
        return err->code;
    deny_setgroups();
    return write_map("/proc/self/gid_map", m->gid, err);
}
