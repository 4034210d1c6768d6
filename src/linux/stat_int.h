/* stat_int.h - asm-generic struct stat for 64-bit guests (include/uapi/asm-generic/stat.h).
 */
#ifndef LODGE_LINUX_STAT_INT_H
#define LODGE_LINUX_STAT_INT_H

#include <stdint.h>

struct stat;

struct linux_stat {
    uint64_t st_dev, st_ino;
    uint32_t st_mode, st_nlink, st_uid, st_gid;
    uint64_t st_rdev, pad1;
    int64_t st_size;
    int32_t st_blksize, pad2;
    int64_t st_blocks;
    int64_t st_atime_sec;
    uint64_t st_atime_nsec;
    int64_t st_mtime_sec;
    uint64_t st_mtime_nsec;
    int64_t st_ctime_sec;
    uint64_t st_ctime_nsec;
    uint32_t unused[2];
};
_Static_assert(sizeof(struct linux_stat) == 128, "asm-generic struct stat");

void linux_stat_convert(struct linux_stat *to, const struct stat *from);

#endif
