/* A hostile program file: its ELF headers and its `#!` line. What the reader accepts must hold together. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/base.h"
#include "cpu/rv64/rv64.h"
#include "fuzz.h"
#include "linux/load_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct cpu_ops *const cpus[] = {&rv64_cpu_ops, NULL};
    char line[257] = {0}, *interp, *arg;
    size_t n = size < 256 ? size : 256;
    struct elf_program p;
    int fd = memfd_create("elf", MFD_CLOEXEC);

    memcpy(line, data, n);
    if (linux_script_parse(line, n, &interp, &arg) == 0 && (interp < line || interp + strlen(interp) > line + 256))
        __builtin_trap();
    if (fd_write_full(fd, data, size) == 0 && elf_read(fd, cpus, (uint64_t)1 << 38, &p, NULL) == 0) {
        if (!p.nsegments || p.low > p.high || p.high > (uint64_t)1 << 38)
            __builtin_trap();
        elf_fini(&p);
    }
    close(fd);
    return 0;
}
