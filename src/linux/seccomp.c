/* seccomp(2). Nothing yet: no filter can be installed.
 */
#include "linux/sys_c.h"

int64_t linux_seccomp_check(struct linux_thread *t, uint64_t nr, const uint64_t a[6])
{
    return LINUX_SECCOMP_GO;
}

int64_t linux_sys_seccomp(struct linux_thread *t, const uint64_t a[6])
{
    return -ENOSYS;
}
