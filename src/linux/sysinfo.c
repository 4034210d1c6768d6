/* What the system says about itself.
 */
#include "linux/sys_c.h"

#include <stdio.h>
#include <sys/utsname.h>

#include "linux/abi/abi.h"

int64_t linux_sys_uname(struct linux_thread *t, const uint64_t a[6])
{
    struct utsname u;
    int64_t r = linux_host(SYS_uname, LINUX_PTR(&u), 0, 0, 0, 0, 0);

    if (r < 0)
        return r;
    snprintf(u.machine, sizeof(u.machine), "%s", t->process->abi->name);
    return linux_put(t, a[0], &u, sizeof(u));
}
