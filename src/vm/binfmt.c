/* binfmt.c - registers lodge-guest with binfmt_misc (Documentation/admin-guide/binfmt-misc.rst), host-wide or in a user
 * namespace of its own. Flags: F opens lodge-guest now, so that it works in every chroot and container; C takes the
 * program's set-id bits, and with it O hands lodge-guest the program as an open descriptor; P keeps the guest's argv[0].
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/base.h"
#include "vm/vm.h"

#define ENTRY "lodge-riscv64"
#define BINFMTFS_MAGIC 0x42494e4d
/* An ELF header up to e_machine: class 64, little-endian, version 1, ET_EXEC or ET_DYN, EM_RISCV. */
#define RISCV64_MAGIC "\\x7fELF\\x02\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02\\x00\\xf3\\x00"
#define RISCV64_MASK                                                                                                   \
    "\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xfe\\xff\\xff\\xff"

static int write_to(const char *dir, const char *name, const char *text)
{
    _cleanup_free_ char *path = x_asprintf("%s/%s", dir, name);
    _cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);
    ssize_t n;

    if (fd < 0)
        return -errno;
    n = write(fd, text, strlen(text)); /* one write is one order */
    return n < 0 ? -errno : 0;
}

static int ensure_mounted(const char *dir, struct err *err)
{
    struct statfs fs;

    if (statfs(dir, &fs) == 0 && fs.f_type == BINFMTFS_MAGIC)
        return 0;
    if (mount("binfmt_misc", dir, "binfmt_misc", 0, NULL) < 0)
        return err_errno(err, -errno, "binfmt_misc: mount at %s", dir);
    return 0;
}

int vm_binfmt_register(const char *dir, const char *guest_path, struct err *err)
{
    _cleanup_free_ char *order = x_asprintf(":" ENTRY ":M::" RISCV64_MAGIC ":" RISCV64_MASK ":%s:FCP", guest_path);
    int status = ensure_mounted(dir, err);

    if (status < 0)
        return status;
    status = write_to(dir, "register", order);
    if (status == -EEXIST) { /* an older one: its lodge-guest may be gone */
        write_to(dir, ENTRY, "-1");
        status = write_to(dir, "register", order);
    }
    return status < 0 ? err_errno(err, status, "binfmt_misc: register %s", guest_path) : 0;
}

int vm_binfmt_unregister(const char *dir, struct err *err)
{
    int status = write_to(dir, ENTRY, "-1");

    return status < 0 ? err_errno(err, status, "binfmt_misc: unregister " ENTRY) : 0;
}

char *vm_binfmt_status(const char *dir, struct err *err)
{
    _cleanup_free_ char *path = x_asprintf("%s/" ENTRY, dir);

    return fd_read_file(path, 4096, NULL, err);
}
