/* System V IPC and keys. Of the control structures only struct semid64_ds differs between x86-64 and the asm-generic ABI.
 * shmat and shmdt belong to the memory calls.
 */
#include "linux/ipc_int.h"

#include <linux/keyctl.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <string.h>

#include "linux/sys_c.h"

#ifndef SEM_STAT_ANY
#define SEM_STAT_ANY 20
#endif
#ifndef SHM_STAT_ANY
#define SHM_STAT_ANY 15
#endif
#ifndef MSG_STAT_ANY
#define MSG_STAT_ANY 13
#endif

int64_t linux_sys_msgctl(struct linux_thread *t, const uint64_t a[6])
{
    int cmd = (int)a[1];
    unsigned size = cmd == IPC_INFO || cmd == MSG_INFO ? sizeof(struct msginfo) : sizeof(struct msqid_ds);

    if (cmd != IPC_RMID && linux_buffer_out(t, a[2], size))
        return -EFAULT;
    return linux_host(SYS_msgctl, a[0], a[1], a[2], 0, 0, 0);
}

int64_t linux_sys_msgrcv(struct linux_thread *t, const uint64_t a[6])
{
    if ((int64_t)a[2] >= 0 && linux_buffer_out(t, a[1], a[2] + sizeof(long)))
        return -EFAULT;
    return linux_block_once(t, SYS_msgrcv, a);
}

int64_t linux_sys_msgsnd(struct linux_thread *t, const uint64_t a[6])
{
    if ((int64_t)a[2] >= 0 && linux_buffer_in(t, a[1], a[2] + sizeof(long)))
        return -EFAULT;
    return linux_block_once(t, SYS_msgsnd, a);
}

int64_t linux_sys_shmctl(struct linux_thread *t, const uint64_t a[6])
{
    unsigned size = 0;

    switch ((int)a[1]) {
    case IPC_STAT:
    case IPC_SET:
    case SHM_STAT:
    case SHM_STAT_ANY: size = sizeof(struct shmid_ds); break;
    case IPC_INFO: size = sizeof(struct shminfo); break;
    case SHM_INFO: size = sizeof(struct shm_info); break;
    default: break;
    }
    if (size && linux_buffer_out(t, a[2], size))
        return -EFAULT;
    return linux_host(SYS_shmctl, a[0], a[1], a[2], 0, 0, 0);
}

void linux_semid_to_guest(struct linux_semid64_ds *to, const struct linux_x86_semid64_ds *from)
{
    memset(to, 0, sizeof(*to));
    memcpy(to->perm, from->perm, sizeof(to->perm));
    to->otime = from->otime;
    to->ctime = from->ctime;
    to->nsems = from->nsems;
}

static int64_t semctl_stat(struct linux_thread *t, const uint64_t a[6])
{
    struct linux_x86_semid64_ds host;
    struct linux_semid64_ds guest;
    int64_t r = linux_host(SYS_semctl, a[0], a[1], a[2], LINUX_PTR(&host), 0, 0);

    if (r < 0)
        return r;
    linux_semid_to_guest(&guest, &host);
    return linux_put(t, a[3], &guest, sizeof(guest)) ? -EFAULT : r;
}

/* IPC_SET takes nothing but uid, gid and mode out of the permissions, which lie first in both layouts. */
static int64_t semctl_set(struct linux_thread *t, const uint64_t a[6])
{
    struct linux_x86_semid64_ds host = {0};

    if (linux_get(t, a[3], host.perm, sizeof(host.perm)))
        return -EFAULT;
    return linux_host(SYS_semctl, a[0], a[1], a[2], LINUX_PTR(&host), 0, 0);
}

static int64_t semctl_all(struct linux_thread *t, const uint64_t a[6])
{
    struct linux_x86_semid64_ds ds;
    int64_t r = linux_host(SYS_semctl, a[0], 0, IPC_STAT, LINUX_PTR(&ds), 0, 0);

    if (r == 0 && linux_buffer_out(t, a[3], ds.nsems * sizeof(uint16_t)))
        return -EFAULT;
    return linux_host(SYS_semctl, a[0], a[1], a[2], a[3], 0, 0);
}

int64_t linux_sys_semctl(struct linux_thread *t, const uint64_t a[6])
{
    switch ((int)a[2]) {
    case IPC_STAT:
    case SEM_STAT:
    case SEM_STAT_ANY: return semctl_stat(t, a);
    case IPC_SET: return semctl_set(t, a);
    case GETALL:
    case SETALL: return semctl_all(t, a);
    case IPC_INFO:
    case SEM_INFO:
        if (linux_buffer_out(t, a[3], sizeof(struct seminfo)))
            return -EFAULT;
        break;
    default: break;
    }
    return linux_host(SYS_semctl, a[0], a[1], a[2], a[3], 0, 0);
}

int64_t linux_sys_semop(struct linux_thread *t, const uint64_t a[6])
{
    return linux_block_once(t, SYS_semop, a);
}

int64_t linux_sys_keyctl(struct linux_thread *t, const uint64_t a[6])
{
    switch ((int)a[0]) {
    case KEYCTL_DESCRIBE:
    case KEYCTL_READ:
    case KEYCTL_GET_SECURITY:
        if (linux_buffer_out(t, a[2], a[3]))
            return -EFAULT;
        break;
    case KEYCTL_DH_COMPUTE:
        if (linux_buffer_out(t, a[2], a[3]) || linux_buffer_in(t, a[1], 12))
            return -EFAULT;
        break;
    default: break;
    }
    return linux_host(SYS_keyctl, a[0], a[1], a[2], a[3], a[4], 0);
}
