/* ioctl: the request says, by the table or by the direction and size in its number (ioctl(2), _IOC), which memory the kernel
 * will touch; everything goes to the host as it is.
 */
#include "linux/ioctl_int.h"

#include <sys/ioctl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/if_tun.h>
#include <linux/loop.h>
#include <linux/nsfs.h>
#include <linux/random.h>
#include <linux/rtc.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stddef.h>

#include "linux/sys_c.h"

#define IN true, false
#define OUT false, true
#define IO true, true
#define VAL false, false
#define IOCTL(name, direction, size) {#name, (uint32_t)name, size, direction},
static const struct linux_ioctl ioctls[] = {
#include "linux/abi/ioctl.def"
};

const struct linux_ioctl *linux_ioctl_find(uint32_t request)
{
    for (size_t i = 0; i < sizeof(ioctls) / sizeof(ioctls[0]); i++)
        if (ioctls[i].request == request)
            return &ioctls[i];
    return NULL;
}

/* SIOCGIFCONF: the addresses go to a buffer of its own. */
static int check_ifconf(struct linux_thread *t, uint64_t addr)
{
    struct ifconf c;

    if (linux_get(t, addr, &c, sizeof(c)))
        return -EFAULT;
    return c.ifc_len > 0 && c.ifc_buf ? linux_buffer_out(t, LINUX_PTR(c.ifc_buf), (uint64_t)c.ifc_len) : 0;
}

/* FS_IOC_FIEMAP: extents follow the header. */
static int check_fiemap(struct linux_thread *t, uint64_t addr)
{
    struct fiemap f;

    if (linux_get(t, addr, &f, sizeof(f)))
        return -EFAULT;
    return linux_buffer_out(t, addr, sizeof(f) + (uint64_t)f.fm_extent_count * sizeof(struct fiemap_extent));
}

static int check(struct linux_thread *t, uint32_t request, uint64_t arg)
{
    const struct linux_ioctl *known = linux_ioctl_find(request);
    uint32_t size = known ? known->size : _IOC_SIZE(request);
    bool writes = known ? known->writes : (_IOC_DIR(request) & _IOC_READ) != 0;
    bool reads = known ? known->reads : (_IOC_DIR(request) & _IOC_WRITE) != 0;

    if (request == SIOCGIFCONF && check_ifconf(t, arg))
        return -EFAULT;
    if (request == FS_IOC_FIEMAP)
        return check_fiemap(t, arg);
    if (writes)
        return linux_buffer_out(t, arg, size);
    return reads ? linux_buffer_in(t, arg, size) : 0;
}

int64_t linux_sys_ioctl(struct linux_thread *t, const uint64_t a[6])
{
    uint32_t request = (uint32_t)a[1];
    int r = check(t, request, a[2]);

    /* A number without direction and size that is not in the table may write anywhere; nothing is known of it. */
    return r ? r : linux_block(t, SYS_ioctl, (uint64_t[6]){a[0], request, a[2]});
}
