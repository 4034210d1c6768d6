/* ioctl_int.h - names and arguments of ioctl requests (abi/ioctl.def).
 */
#ifndef LODGE_LINUX_IOCTL_INT_H
#define LODGE_LINUX_IOCTL_INT_H

#include <stdbool.h>
#include <stdint.h>

struct linux_ioctl {
    const char *name;
    uint32_t request;
    uint16_t size;
    bool reads, writes; /* the kernel reads, writes the argument's memory */
};

const struct linux_ioctl *linux_ioctl_find(uint32_t request); /* NULL: not in the table */

#endif
