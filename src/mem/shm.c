/* System V shared memory: attach at a place inside the guest's space, detach as the kernel does (ipc/shm.c).
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/bits.h"
#include "mem/mem_int.h"

static int64_t attach_locked(struct mem_space *m, int shmid, uint64_t addr, uint64_t size, int flags)
{
    uint64_t len = align_up(size, MEM_PAGE);
    struct mem_area area = {.shared = true, .shm = true, .id = m->next_id};
    long at;

    if (!addr)
        addr = mem_area_choose(m, len, MEM_PAGE);
    else if (len > m->limit || addr > m->limit - len || (!(flags & SHM_REMAP) && !mem_area_free(m, addr, addr + len)))
        return -EINVAL;
    if (!addr || mem_reserve_foreign(m, addr, addr + len) < 0)
        return -ENOMEM;
    if (m->foreign)
        flags |= SHM_REMAP; /* over the reservation */
    at = syscall(SYS_shmat, shmid, addr, flags & ~(SHM_RND | SHM_EXEC));
    if (at < 0) {
        int status = -errno;

        if (m->foreign && !mem_area_any(m, addr, addr + len))
            munmap((void *)addr, len);
        return status;
    }
    m->next_id++;
    area.start = addr;
    area.end = addr + len;
    area.prot = (uint8_t)(PROT_READ | (flags & SHM_RDONLY ? 0 : PROT_WRITE) | (flags & SHM_EXEC ? PROT_EXEC : 0));
    mem_record(m, area);
    return (int64_t)addr;
}

int64_t mem_shmat(struct mem_space *m, int shmid, uint64_t addr, int flags)
{
    struct shmid_ds info;
    int64_t result;

    if (addr && !is_aligned(addr, MEM_PAGE)) {
        if (!(flags & SHM_RND))
            return -EINVAL;
        addr = align_down(addr, MEM_PAGE);
    }
    if (!addr && (flags & SHM_REMAP))
        return -EINVAL;
    if (shmctl(shmid, IPC_STAT, &info) < 0)
        return -errno;
    mem_lock(m);
    result = attach_locked(m, shmid, addr, info.shm_segsz, flags);
    mem_unlock(m);
    return result;
}

/* The pieces that are left of the attachment that began at addr go; others that were mapped between them stay. */
static int64_t detach_locked(struct mem_space *m, uint64_t addr)
{
    uint32_t id = 0;

    for (size_t i = mem_area_index(m, addr); i < m->areas.len;) {
        struct mem_area a = m->areas.data[i];
        int64_t status;

        if (!a.shm || a.start - a.offset != addr || (id && a.id != id)) {
            i++;
            continue;
        }
        id = a.id;
        status = mem_unmap_range(m, a.start, a.end);
        if (status < 0)
            return status;
        i = mem_area_index(m, a.end);
    }
    return id ? 0 : -EINVAL;
}

int64_t mem_shmdt(struct mem_space *m, uint64_t addr)
{
    int64_t result;

    if (!is_aligned(addr, MEM_PAGE))
        return -EINVAL;
    mem_lock(m);
    result = detach_locked(m, addr);
    mem_unlock(m);
    return result;
}
