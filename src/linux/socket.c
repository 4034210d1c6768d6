/* Sockets. msghdr, cmsghdr, sockaddr and option values have the host's layout; what is left is to prepare every buffer that a
 * message header points to, and to keep lodge's own descriptors out of SCM_RIGHTS.
 */
#include "linux/sys_c.h"

#include <string.h>
#include <sys/socket.h>

/* -EBADF if the control data passes one of lodge's own descriptors on. */
static int check_rights(struct linux_thread *t, uint64_t addr, uint64_t size)
{
    struct cmsghdr c;
    int fd;

    while (size >= sizeof(c)) {
        uint64_t len;

        if (linux_get(t, addr, &c, sizeof(c)))
            return -EFAULT;
        len = c.cmsg_len;
        if (len < sizeof(c) || len > size)
            return 0; /* the kernel says EINVAL */
        for (uint64_t i = sizeof(c); c.cmsg_level == SOL_SOCKET && c.cmsg_type == SCM_RIGHTS && i + 4 <= len; i += 4)
            if (!linux_get(t, addr + i, &fd, sizeof(fd)) && linux_fd_hidden(fd))
                return -EBADF;
        len = CMSG_ALIGN(len);
        if (len >= size)
            return 0;
        addr += len;
        size -= len;
    }
    return 0;
}

/* Every buffer of the message header at addr. */
static int check_message(struct linux_thread *t, uint64_t addr, bool receive)
{
    struct msghdr m;
    uint64_t name, control;

    if (linux_get(t, addr, &m, sizeof(m)))
        return -EFAULT;
    name = LINUX_PTR(m.msg_name);
    control = LINUX_PTR(m.msg_control);
    if (linux_buffer_iov(t, LINUX_PTR(m.msg_iov), m.msg_iovlen, receive))
        return -EFAULT;
    if (!receive) {
        if (linux_buffer_in(t, name, name ? m.msg_namelen : 0) || linux_buffer_in(t, control, m.msg_controllen))
            return -EFAULT;
        return control ? check_rights(t, control, m.msg_controllen) : 0;
    }
    if (linux_buffer_out(t, addr, sizeof(m)) || linux_buffer_out(t, name, name ? m.msg_namelen : 0))
        return -EFAULT;
    return control ? linux_buffer_out(t, control, m.msg_controllen) : 0;
}

int64_t linux_sys_sendmsg(struct linux_thread *t, const uint64_t a[6])
{
    int r = check_message(t, a[1], false);

    return r ? r : linux_block(t, SYS_sendmsg, a);
}

int64_t linux_sys_recvmsg(struct linux_thread *t, const uint64_t a[6])
{
    int r = check_message(t, a[1], true);

    return r ? r : linux_block(t, SYS_recvmsg, a);
}

/* struct mmsghdr { struct msghdr; unsigned msg_len; }, padded to 64 bytes. */
static int check_messages(struct linux_thread *t, uint64_t addr, uint64_t count, bool receive)
{
    if (count > 1024) /* UIO_MAXIOV: the kernel looks at no more */
        count = 1024;
    if (linux_buffer_out(t, addr, count * sizeof(struct mmsghdr)))
        return -EFAULT;
    for (uint64_t i = 0; i < count; i++) {
        int r = check_message(t, addr + i * sizeof(struct mmsghdr), receive);

        if (r)
            return i == 0 ? r : 0; /* the kernel handles those before it, then meets the bad one itself */
    }
    return 0;
}

int64_t linux_sys_sendmmsg(struct linux_thread *t, const uint64_t a[6])
{
    int r = check_messages(t, a[1], (uint32_t)a[2], false);

    return r ? r : linux_block(t, SYS_sendmmsg, a);
}

int64_t linux_sys_recvmmsg(struct linux_thread *t, const uint64_t a[6])
{
    int r = check_messages(t, a[1], (uint32_t)a[2], true);

    return r ? r : linux_block(t, SYS_recvmmsg, a);
}

int64_t linux_sys_getsockopt(struct linux_thread *t, const uint64_t a[6])
{
    int len;

    if (linux_get(t, a[4], &len, sizeof(len)))
        return -EFAULT;
    if (len > 0 && a[3] && linux_buffer_out(t, a[3], (uint64_t)len))
        return -EFAULT;
    return linux_host(SYS_getsockopt, a[0], a[1], a[2], a[3], a[4], 0);
}
