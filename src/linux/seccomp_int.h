/* seccomp_int.h - the classic-BPF machine of seccomp filters, apart from the system calls so that it can be tested alone.
 */
#ifndef LODGE_LINUX_SECCOMP_INT_H
#define LODGE_LINUX_SECCOMP_INT_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>

/* What the kernel takes as a seccomp filter (net/core/filter.c bpf_check_classic, kernel/seccomp.c seccomp_check_filter):
 * known instructions, loads inside struct seccomp_data, jumps forward and inside, scratch memory written before it is read on
 * every way, a return at the end. Only such a program may be run. */
bool seccomp_valid(const struct sock_filter *code, unsigned count);
uint32_t seccomp_run(const struct sock_filter *code, const struct seccomp_data *data);

#endif
