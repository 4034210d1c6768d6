/* String buffer and comparisons. */
#include "base/str.h"
#include "harness.h"

TEST(buffer_grows)
{
    _cleanup_strbuf_ struct strbuf s = {0};
    _cleanup_free_ char *taken = NULL;

    CHECK_STR(strbuf_text(&s), "");
    for (int i = 0; i < 1000; i++) {
        strbuf_addc(&s, 'a');
        strbuf_add(&s, "bc");
        strbuf_addf(&s, "%03d", i);
    }
    CHECK_EQ(s.len, (size_t)6000);
    CHECK_EQ(strlen(s.data), (size_t)6000);
    CHECK_MEM(s.data + 5994, "abc999", 7);
    taken = strbuf_take(&s);
    CHECK_EQ(strlen(taken), (size_t)6000);
    CHECK_STR(strbuf_text(&s), "");
}

TEST(empty_and_binary)
{
    _cleanup_strbuf_ struct strbuf s = {0};
    _cleanup_free_ char *empty = strbuf_take(&s);

    CHECK_STR(empty, "");
    strbuf_addn(&s, "a\0b", 3);
    strbuf_addn(&s, NULL, 0);
    CHECK_EQ(s.len, (size_t)3);
    CHECK_MEM(s.data, "a\0b", 4);
    strbuf_clear(&s);
    CHECK_STR(strbuf_text(&s), "");
    strbuf_addf(&s, "%s", "");
    CHECK_STR(strbuf_text(&s), "");
}

TEST(comparisons)
{
    CHECK(str_eq("a", "a") && !str_eq("a", "b"));
    CHECK_STR(str_after("--trace=x", "--trace="), "x");
    CHECK_STR(str_after("abc", ""), "abc");
    CHECK(str_after("--tra", "--trace") == NULL);
    CHECK(str_ends("a.wasm", ".wasm") && str_ends("x", "") && !str_ends("m", "wasm") && !str_ends("a.wasmx", ".wasm"));
}
