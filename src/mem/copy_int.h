/* copy_int.h - the copy routines of one host CPU (copy_x64.c). Each may fault at guest addresses; the signal handler
 * then goes on at the routine's resume address, where it returns -EFAULT.
 */
#ifndef LODGE_MEM_COPY_INT_H
#define LODGE_MEM_COPY_INT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct mem_fixup {
    uint64_t start, end, resume;
};
extern const struct mem_fixup mem_fixups[]; /* ended by a zero entry */

int mem_copy_faulting(void *to, const void *from, size_t len);
/* Copies up to and with the NUL: its index, or size if there is none in size bytes, or -EFAULT. */
ssize_t mem_copy_string_faulting(char *to, const char *from, size_t size);
int mem_cas_faulting(void *at, unsigned size, uint64_t *expected_old, uint64_t desired);

#endif
