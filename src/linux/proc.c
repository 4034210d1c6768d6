/* /proc as a guest sees it.
 */
#include "linux/sys_c.h"

int64_t linux_proc_open(struct linux_thread *t, int dirfd, const char *path, int flags)
{
    return LINUX_PROC_HOST;
}

bool linux_proc_exe(struct linux_thread *t, int dirfd, const char *path, char out[LINUX_PATH_MAX])
{
    return false;
}

bool linux_proc_hidden(struct linux_thread *t, int dirfd, const char *path)
{
    return false;
}

bool linux_proc_is_fd_dir(struct linux_thread *t, int fd)
{
    return false;
}
