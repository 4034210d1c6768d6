/* The debug log's formatter must agree with snprintf on strings and numbers of any shape, and a LODGE_DEBUG value may
 * hold anything. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_free_ char *text = x_strndup((const char *)data, size);
    char got[128], want[128];
    uint64_t number = 0;
    int width, precision;

    log_init(text);
    log_init(NULL);
    memcpy(&number, data, size < sizeof(number) ? size : sizeof(number));
    width = size > 8 ? data[8] % 60 : 0;
    precision = size > 9 ? data[9] % 60 : 0;
    snprintf(want, sizeof(want), "[%*lld|%#lx|%.*s|%-*u]", width, (long long)number, (unsigned long)number, precision,
        text, width, (unsigned)number);
    log_format(got, sizeof(got), "[%*lld|%#lx|%.*s|%-*u]", width, (long long)number, (unsigned long)number, precision,
        text, width, (unsigned)number);
    if (strcmp(got, want))
        abort();
    return 0;
}
