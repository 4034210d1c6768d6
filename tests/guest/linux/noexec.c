/* What a file on a noexec mount (the argument) cannot be used for. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "facts.h"

int main(int argc, char **argv)
{
    int fd = open(argv[argc - 1], O_RDWR);
    char *p;

    CHECK(execl(argv[argc - 1], "x", (char *)NULL) == -1 && errno == EACCES, "execve");
    CHECK(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED && errno == EPERM, "mmap");
    p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
    CHECK(p != MAP_FAILED, "mmap to read");
    CHECK(mprotect(p, 4096, PROT_READ | PROT_EXEC) == -1 && errno == EACCES, "mprotect");
    CHECK(mprotect(p, 4096, PROT_READ | PROT_WRITE) == 0, "mprotect to write");
    p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0, "memory of no file");
    p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, open(argv[0], O_RDONLY), 0);
    CHECK(mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0, "another file");
    return check_done();
}
