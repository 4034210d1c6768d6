/* What a fuzz target defines: libFuzzer's entry, called once an input. Returns 0. Whatever the bytes, it may not crash,
 * leak or run for seconds. */
#ifndef LODGE_FUZZ_H
#define LODGE_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
