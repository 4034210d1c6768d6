/* ipc_int.h - struct semid64_ds: asm-generic (include/uapi/asm-generic/sembuf.h, 64 bit) and x86-64
 * (arch/x86/include/uapi/asm/sembuf.h). struct ipc64_perm is the same 48 bytes in both.
 */
#ifndef LODGE_LINUX_IPC_INT_H
#define LODGE_LINUX_IPC_INT_H

#include <stdint.h>

struct linux_semid64_ds {
    uint8_t perm[48];
    int64_t otime, ctime;
    uint64_t nsems, unused[2];
};
_Static_assert(sizeof(struct linux_semid64_ds) == 88, "asm-generic semid64_ds");

struct linux_x86_semid64_ds {
    uint8_t perm[48];
    int64_t otime, unused1, ctime, unused2;
    uint64_t nsems, unused[2];
};
_Static_assert(sizeof(struct linux_x86_semid64_ds) == 104, "x86-64 semid64_ds");

void linux_semid_to_guest(struct linux_semid64_ds *to, const struct linux_x86_semid64_ds *from);

#endif
