/* poll_int.h - struct epoll_event of guests other than x86-64, where it is packed (include/uapi/linux/eventpoll.h).
 */
#ifndef LODGE_LINUX_POLL_INT_H
#define LODGE_LINUX_POLL_INT_H

#include <stdint.h>

struct linux_epoll_event {
    uint32_t events, pad;
    uint64_t data;
};
_Static_assert(sizeof(struct linux_epoll_event) == 16, "struct epoll_event");

#endif
