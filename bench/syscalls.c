/* Short system calls: getppid, and reads and writes of /dev/zero, /dev/null and a pipe. */
#include "bench.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    unsigned long n = bench_repetitions(argc, argv);
    uint64_t sum = 0;
    char data[64] = "lodge";
    int null = open("/dev/null", O_WRONLY), zero = open("/dev/zero", O_RDONLY), ends[2];
    if (null < 0 || zero < 0 || pipe(ends))
        return 1;
    long parent = syscall(SYS_getppid);
    for (unsigned long i = 0; i < n; i++)
        for (int j = 0; j < 100; j++) {
            struct stat st;
            sum += syscall(SYS_getppid) == parent;
            sum += (uint64_t)write(null, data, sizeof data);
            sum += (uint64_t)write(ends[1], data, 16);
            sum += (uint64_t)read(ends[0], data, sizeof data);
            sum += (uint64_t)read(zero, data + 16, 16);
            sum += fstat(null, &st) == 0 && S_ISCHR(st.st_mode);
        }
    return bench_result("syscalls", n, sum);
}
