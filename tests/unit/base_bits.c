/* Bit helpers against the obvious slow way, all widths and positions. */
#include "base/bits.h"
#include "harness.h"

static const uint64_t samples[] = {0, 1, 2, 0x7f, 0x80, 0xff, 0x7fffffff, 0x80000000, 0xffffffff, 0x123456789abcdef0u,
    0x7fffffffffffffffu, 0x8000000000000000u, 0xfffffffffffffffeu, 0xffffffffffffffffu};

TEST(fields)
{
    for (unsigned s = 0; s < ARRAY_LEN(samples); s++)
        for (unsigned pos = 0; pos < 64; pos++)
            for (unsigned width = 1; pos + width <= 64; width++) {
                uint64_t want = 0;

                for (unsigned i = 0; i < width; i++)
                    want |= (samples[s] >> (pos + i) & 1) << i;
                CHECK_EQ(bits64(samples[s], pos, width), want);
                CHECK_EQ(bits64(bits64_put(samples[s], pos, width, ~want), pos, width), ~want & mask64(width));
                CHECK_EQ(bits64_put(bits64_put(samples[s], pos, width, ~want), pos, width, want), samples[s]);
                if (pos + width <= 32)
                    CHECK_EQ(bits32((uint32_t)samples[s], pos, width), (uint32_t)want);
            }
    CHECK_EQ(mask64(0), (uint64_t)0);
    CHECK_EQ(mask64(64), ~(uint64_t)0);
}

TEST(sign_extension)
{
    for (unsigned s = 0; s < ARRAY_LEN(samples); s++)
        for (unsigned width = 1; width <= 64; width++) {
            uint64_t low = samples[s] & mask64(width);
            uint64_t want = low >> (width - 1) & 1 ? low | ~mask64(width) : low;

            CHECK_EQ(sext64(samples[s], width), (int64_t)want);
            CHECK_EQ(fits_signed((int64_t)samples[s], width), samples[s] == want);
            CHECK_EQ(fits_unsigned(samples[s], width), samples[s] == low);
            if (width <= 32)
                CHECK_EQ(sext32((uint32_t)samples[s], width), (int32_t)want);
        }
}

TEST(alignment)
{
    CHECK_EQ(align_up(0, 4096), (uint64_t)0);
    CHECK_EQ(align_up(1, 4096), (uint64_t)4096);
    CHECK_EQ(align_up(4096, 4096), (uint64_t)4096);
    CHECK_EQ(align_down(4097, 4096), (uint64_t)4096);
    CHECK(align_up_ok(UINT64_MAX - 4095, 4096));
    CHECK(!align_up_ok(UINT64_MAX - 4094, 4096));
    CHECK(is_aligned(8192, 4096) && !is_aligned(8200, 4096));
    CHECK(is_pow2(1) && is_pow2((uint64_t)1 << 63) && !is_pow2(0) && !is_pow2(12));
    CHECK_EQ(pow2_ceil(0), (uint64_t)1);
    CHECK_EQ(pow2_ceil(17), (uint64_t)32);
    CHECK_EQ(pow2_ceil(32), (uint64_t)32);
    CHECK_EQ(pow2_ceil((uint64_t)1 << 63), (uint64_t)1 << 63);
    CHECK_EQ(pow2_ceil(UINT64_MAX), (uint64_t)0);
}

TEST(counting)
{
    CHECK_EQ(clz64(0), 64u);
    CHECK_EQ(ctz64(0), 64u);
    CHECK_EQ(clz32(0), 32u);
    CHECK_EQ(ctz32(0), 32u);
    for (unsigned i = 0; i < 64; i++) {
        CHECK_EQ(clz64((uint64_t)1 << i), 63 - i);
        CHECK_EQ(ctz64((uint64_t)1 << i), i);
        CHECK_EQ(popcount64(mask64(i)), i);
    }
    for (unsigned i = 0; i < 32; i++) {
        CHECK_EQ(clz32(1u << i), 31 - i);
        CHECK_EQ(ctz32(1u << i), i);
    }
}

TEST(rotation)
{
    for (unsigned n = 0; n < 130; n++) {
        CHECK_EQ(rotl64((uint64_t)1, n), (uint64_t)1 << n % 64);
        CHECK_EQ(rotr64(rotl64(0x123456789abcdef0u, n), n), (uint64_t)0x123456789abcdef0u);
        CHECK_EQ(rotl32(1, n), 1u << n % 32);
        CHECK_EQ(rotr32(rotl32(0x12345678u, n), n), 0x12345678u);
    }
}
