/* setid.c - programs with set-id bits. lodge-guest has none, so there are two ways: with CAP_SETUID and CAP_SETGID in the user
 * namespace we take the owner's ids before we execute lodge-guest; without, the kernel gives them where lodge is registered with
 * binfmt_misc (flag C). Else the program runs as on a nosuid mount, which --trace tells.
 */
#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/base.h"
#include "linux/exec_int.h"
#include "linux/limits_int.h"

#define BINFMT_ENTRY "/proc/sys/fs/binfmt_misc/lodge-riscv64"

bool linux_has_capability(unsigned cap)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {{0}};

    return syscall(SYS_capget, &header, data) == 0 && (data[cap / 32].effective >> cap % 32 & 1);
}

/* What a program gets (bprm_fill_uid of fs/exec.c); -1: stays as it is. */
struct owner {
    uid_t uid;
    gid_t gid;
};

static bool wanted(const struct linux_exec *x, struct owner *o)
{
    bool group = (x->st.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP);

    *o = (struct owner){(uid_t)-1, (gid_t)-1};
    if ((x->st.st_mode & S_ISUID) && x->st.st_uid != geteuid())
        o->uid = x->st.st_uid;
    if (group && x->st.st_gid != getegid())
        o->gid = x->st.st_gid;
    return o->uid != (uid_t)-1 || o->gid != (gid_t)-1;
}

static bool forbidden(const struct linux_exec *x)
{
    return x->nosuid || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
}

static bool may_give(const struct owner *o)
{
    return (o->uid == (uid_t)-1 || linux_has_capability(CAP_SETUID)) &&
        (o->gid == (gid_t)-1 || linux_has_capability(CAP_SETGID));
}

/* As the guest's /proc has it: all that a guest could pretend there is who executes its own program. */
static bool registered_with_ids(void)
{
    _cleanup_free_ char *entry = fd_read_file(BINFMT_ENTRY, 4096, NULL, NULL);
    const char *flags = entry && str_after(entry, "enabled\n") ? strstr(entry, "\nflags: ") : NULL;

    return flags && memchr(flags, 'C', 1 + strcspn(flags + 1, "\n"));
}

/* The thread's seccomp filters, which lodge runs, would not get through. */
bool linux_setid_by_kernel(struct linux_thread *t, const struct linux_exec *x)
{
    struct owner o;

    return wanted(x, &o) && !forbidden(x) && !may_give(&o) && !atomic_load(&t->seccomp) && registered_with_ids();
}

/* The kernel keeps over lodge-guest's exec what is set here, and AT_SECURE follows from ids that differ. An id that does not
 * exist in our user namespace cannot be had; then none is given. */
void linux_setid_become(struct linux_thread *t, const struct linux_exec *x, struct linux_ids *old)
{
    struct owner o;

    getresuid(&old->uid[0], &old->uid[1], &old->uid[2]);
    getresgid(&old->gid[0], &old->gid[1], &old->gid[2]);
    if (!wanted(x, &o))
        return;
    if (forbidden(x)) {
        linux_trace_note(t, "%s: set-id bits ignored: %s", x->path, x->nosuid ? "a nosuid mount" : "no_new_privs");
        return;
    }
    if (!may_give(&o)) {
        linux_trace_note(t,
            "%s: set-id bits ignored: that needs CAP_SETUID and CAP_SETGID, or `lodge system binfmt --register`",
            x->path);
        return;
    }
    if (syscall(SYS_setresgid, -1, o.gid, o.gid) == 0 && syscall(SYS_setresuid, -1, o.uid, o.uid) == 0)
        return;
    linux_trace_note(t, "%s: set-id bits ignored: its owner does not exist in this user namespace", x->path);
    syscall(SYS_setresgid, old->gid[0], old->gid[1], old->gid[2]);
}

void linux_setid_undo(const struct linux_ids *old)
{
    syscall(SYS_setresuid, old->uid[0], old->uid[1], old->uid[2]);
    syscall(SYS_setresgid, old->gid[0], old->gid[1], old->gid[2]);
}
