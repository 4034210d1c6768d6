/* Bit arithmetic that is defined for every argument: a shift by the full width, a field of 64 bits, alignment at the
 * top of the address space. Widths count bits, positions count from bit 0.
 */
#ifndef LODGE_BASE_BITS_H
#define LODGE_BASE_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* The low `width` bits set; width 0..64, more counts as 64. */
static inline uint64_t mask64(unsigned width)
{
    return width >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << width) - 1;
}

/* Bits [pos, pos + width) of value, moved to bit 0. pos 0..63. */
static inline uint64_t bits64(uint64_t value, unsigned pos, unsigned width)
{
    return value >> pos & mask64(width);
}

static inline uint32_t bits32(uint32_t value, unsigned pos, unsigned width)
{
    return (uint32_t)(value >> pos & mask64(width));
}

static inline bool bit64(uint64_t value, unsigned pos)
{
    return value >> pos & 1;
}

/* value with bits [pos, pos + width) replaced by the low bits of field. */
static inline uint64_t bits64_put(uint64_t value, unsigned pos, unsigned width, uint64_t field)
{
    uint64_t mask = mask64(width) << pos;

    return (value & ~mask) | (field << pos & mask);
}

/* The low `width` bits as a signed number; width 1..64. */
static inline int64_t sext64(uint64_t value, unsigned width)
{
    return (int64_t)(value << (64 - width)) >> (64 - width);
}

static inline int32_t sext32(uint32_t value, unsigned width)
{
    return (int32_t)(value << (32 - width)) >> (32 - width);
}

/* Does value, taken as signed, fit `width` bits as signed? */
static inline bool fits_signed(int64_t value, unsigned width)
{
    return sext64((uint64_t)value, width) == value;
}

static inline bool fits_unsigned(uint64_t value, unsigned width)
{
    return (value & ~mask64(width)) == 0;
}

/* align is a power of two. align_up wraps to 0 past the top: test with align_up_ok where the value is not ours. */
static inline uint64_t align_down(uint64_t value, uint64_t align)
{
    return value & ~(align - 1);
}

static inline uint64_t align_up(uint64_t value, uint64_t align)
{
    return (value + align - 1) & ~(align - 1);
}

static inline bool align_up_ok(uint64_t value, uint64_t align)
{
    return value <= UINT64_MAX - (align - 1);
}

static inline bool is_aligned(uint64_t value, uint64_t align)
{
    return (value & (align - 1)) == 0;
}

static inline bool is_pow2(uint64_t value)
{
    return value && !(value & (value - 1));
}

static inline unsigned popcount64(uint64_t value)
{
    return (unsigned)__builtin_popcountll(value);
}

/* Leading and trailing zeros; 64 for 0. */
static inline unsigned clz64(uint64_t value)
{
    return value ? (unsigned)__builtin_clzll(value) : 64;
}

static inline unsigned ctz64(uint64_t value)
{
    return value ? (unsigned)__builtin_ctzll(value) : 64;
}

static inline unsigned clz32(uint32_t value)
{
    return value ? (unsigned)__builtin_clz(value) : 32;
}

static inline unsigned ctz32(uint32_t value)
{
    return value ? (unsigned)__builtin_ctz(value) : 32;
}

/* Rotations by any count; only its low bits matter. */
static inline uint64_t rotl64(uint64_t value, unsigned n)
{
    return value << (n & 63) | value >> (-n & 63);
}

static inline uint64_t rotr64(uint64_t value, unsigned n)
{
    return value >> (n & 63) | value << (-n & 63);
}

static inline uint32_t rotl32(uint32_t value, unsigned n)
{
    return value << (n & 31) | value >> (-n & 31);
}

static inline uint32_t rotr32(uint32_t value, unsigned n)
{
    return value >> (n & 31) | value << (-n & 31);
}

/* Smallest power of two >= value; 1 for 0; 0 when it does not fit. */
static inline uint64_t pow2_ceil(uint64_t value)
{
    if (value <= 1)
        return 1;
    return value > (uint64_t)1 << 63 ? 0 : (uint64_t)1 << (64 - clz64(value - 1));
}

#endif
