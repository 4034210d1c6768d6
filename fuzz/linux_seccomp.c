/* Hostile seccomp filters: what the check lets in must run to its end inside its own memory. The input is struct seccomp_data
 * (as much as there is) behind a program of 8-byte instructions. */
#include <string.h>

#include "base/alloc.h"
#include "fuzz.h"
#include "linux/seccomp_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned count = (unsigned)(size / sizeof(struct sock_filter));
    struct sock_filter *code = x_memdup(data, size); /* its own block: a read past the end is seen */
    struct seccomp_data call = {0};

    memcpy(&call, data, size < sizeof(call) ? size : sizeof(call));
    if (seccomp_valid(code, count))
        seccomp_run(code, &call);
    x_free(code);
    return 0;
}
