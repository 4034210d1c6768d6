/* Text form: the .ir files of tests/ir, round trips, and text that must be refused.
 *
 * A file holds cases. A case is a unit, and after a line "--- fold" the unit that the builder's folding makes of it (or after
 * "--- same": folding must change nothing). Cases are separated by "===" lines. Values are compared as printed, with
 * refs renumbered in order, so that the expectation can be written by hand.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "harness.h"
#include "ir/ir.h"
#include "ir_guest.h"

static char *print(const struct ir_unit *u)
{
    struct strbuf s = {0};

    ir_print(u, &s);
    return strbuf_take(&s);
}

/* Renumbers %N in order of appearance. */
static char *renumber(const char *text)
{
    struct strbuf out = {0};
    uint32_t seen[4096];
    size_t n = 0, i;

    for (const char *p = text; *p;) {
        char *end;
        unsigned long v;

        if (*p != '%') {
            strbuf_addc(&out, *p++);
            continue;
        }
        v = strtoul(p + 1, &end, 10);
        for (i = 0; i < n && seen[i] != v; i++)
            continue;
        if (i == n) {
            CHECK(n < ARRAY_LEN(seen));
            seen[n++] = (uint32_t)v;
        }
        strbuf_addf(&out, "%%%zu", i + 1);
        p = end;
    }
    return strbuf_take(&out);
}

static struct ir_unit *parse(struct ir_builder *b, const char *text, size_t len, const char *what)
{
    struct err err = ERR_INIT;
    struct ir_unit *u;

    if (ir_parse(b, text, len, &u, &err) < 0)
        FAIL("%s: %s in:\n%.*s", what, err.text, (int)len, text);
    return u;
}

/* Printed, parsed and printed again it is the same. */
static void check_round_trip(const struct ir_unit *u, const char *what)
{
    struct ir_builder *b = ir_builder_new(&ir_test_guest);
    char *first = print(u), *second = print(parse(b, first, strlen(first), what)), *x, *y;

    x = renumber(first);
    y = renumber(second);
    CHECK_STR(y, x);
    x_free(x);
    x_free(y);
    x_free(first);
    x_free(second);
    ir_builder_free(b);
}

/* Returns the number of failures. */
static int check_case(const char *text, size_t len, const char *what)
{
    struct ir_builder *from = ir_builder_new(&ir_test_guest), *to = ir_builder_new(&ir_test_guest);
    struct ir_builder *expected = ir_builder_new(&ir_test_guest);
    const char *fold = memmem(text, len, "--- fold\n", 9), *same = memmem(text, len, "--- same\n", 9);
    const char *split = fold ? fold : same;
    struct ir_unit *u, *folded, *want;
    struct err err = ERR_INIT;
    char *x, *y, *got, *wanted;
    int rc;

    if (!split)
        FAIL("%s: a case needs --- fold or --- same:\n%.*s", what, (int)len, text);
    u = parse(from, text, (size_t)(split - text), what);
    check_round_trip(u, what);
    folded = ir_rebuild(to, u);
    if (ir_verify(folded, &err) < 0)
        FAIL("%s: folding broke a unit: %s", what, err.text);
    check_round_trip(folded, what);
    want = fold ? parse(expected, fold + 9, len - (size_t)(fold + 9 - text), what) : u;
    x = print(folded);
    y = print(want);
    got = renumber(x);
    wanted = renumber(y);
    rc = !str_eq(got, wanted);
    if (rc)
        printf("# %s: of\n%.*scame\n%sbut expected\n%s", what, (int)(split - text), text, got, wanted);
    x_free(x);
    x_free(y);
    x_free(got);
    x_free(wanted);
    ir_builder_free(from);
    ir_builder_free(to);
    ir_builder_free(expected);
    return rc;
}

static unsigned check_file(const char *path)
{
    struct err err = ERR_INIT;
    size_t size;
    char *text = fd_read_file(path, 1 << 20, &size, &err), *end = text + size;
    unsigned n = 0;
    int failures = 0;

    if (!text)
        FAIL("%s", err.text);
    for (char *p = text; p < end; n++) {
        char *next = memmem(p, (size_t)(end - p), "\n===\n", 5);
        size_t len = next ? (size_t)(next + 1 - p) : (size_t)(end - p);

        failures += check_case(p, len, path);
        p = next ? next + 5 : end;
    }
    x_free(text);
    CHECK_EQ(failures, 0);
    return n;
}

TEST(files)
{
    struct dirent *e;
    const char *source = getenv("LODGE_SOURCE");
    char *where = x_asprintf("%s/tests/ir", source ? source : ".");
    unsigned n = 0;
    DIR *dir = opendir(where);

    CHECK(dir);
    while ((e = readdir(dir))) {
        char *path = x_asprintf("%s/%s", where, e->d_name);

        if (str_ends(path, ".ir"))
            n += check_file(path);
        x_free(path);
    }
    closedir(dir);
    x_free(where);
    CHECK(n >= 50);
}

/* Every op with its attributes, as text that parses and prints back unchanged. */
static const char *const lines[] = {
    "  mark -0x4 2\n",
    "  %1 = get i64 a0\n",
    "  %2 = get f64 fa0\n",
    "  %3 = get f32 fs0\n",
    "  %4 = get i32 w0\n",
    "  %5 = const i64 -5\n",
    "  %6 = const i32 0xdeadbeef\n",
    "  %7 = const f64 0x3ff0000000000000\n",
    "  %8 = pcrel i64 -0x10\n",
    "  %9 = mulhsu i64 %1 %5\n",
    "  %10 = sext i64 32 %4\n",
    "  %11 = trunc i8 %1\n",
    "  %12 = select f64 %11 %2 %7\n",
    "  %13 = fma f64 dyn.negp.negc %2 %7 %12\n",
    "  %14 = f_to_i i64 rtz.u32.nan_zero %2\n",
    "  %15 = f_to_i i32 rmm.s32.nan_max %3\n",
    "  %16 = i_to_f f32 rup.u %1\n",
    "  %17 = i_to_f f32 dyn.s %4\n",
    "  %18 = fround f64 rdn.nx %2\n",
    "  %19 = fround f64 rne %2\n",
    "  %20 = feq i64 %2 %7\n",
    "  %21 = load i64 s32 %1 -8\n",
    "  %22 = load i32 u8.paged %1 +2147483647\n",
    "  store u64.bounded %4 +0 %2\n",
    "  %23 = rmw i64 umax.s32 %1 %5\n",
    "  %24 = cas i64 u64 %1 %5 %21\n",
    "  fence none\n",
    "  fence rr.wr\n",
    "  %25 = call i64 sum %1 _ %5\n",
    "  branch_exit %4 +0x7fffffff0\n",
    "  exit_if misaligned %20 %1\n",
    "  exit_if break %20 _\n",
    "  call_hint +0x8\n",
    "  fp_set_flags %1\n",
    "  %26 = fp_rm i64\n",
    "  put a0 %26\n",
    "  safepoint +0x0\n",
    "  jump_ind ret %1\n",
};

TEST(every_form_prints_back)
{
    struct ir_builder *b = ir_builder_new(&ir_test_guest);
    struct strbuf s = {0};
    char *printed, *text;

    strbuf_add(&s, "unit 0x1000 mode 1\n");
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        strbuf_add(&s, lines[i]);
    printed = print(parse(b, s.data, s.len, "lines"));
    text = renumber(printed);
    CHECK_STR(text, strbuf_text(&s));
    x_free(printed);
    x_free(text);
    strbuf_fini(&s);
    ir_builder_free(b);
}

TEST(forward_names_and_blocks)
{
    static const char text[] = "unit 0x1000\n"
                               "block 0:\n  %9 = get i64 a0 # comment\n  goto @1\n"
                               "block 1:\n  %2 = phi i64 [@1 %3] [@0 %9]\n  %4 = const i64 1\n  %3 = sub i64 %2 %4\n"
                               "  if %3 @1 @2\n\n"
                               "block 2:\n  put a0 %3\n  exit syscall +0x4\n";
    struct ir_builder *b = ir_builder_new(&ir_test_guest);
    struct ir_unit *u = parse(b, text, sizeof(text) - 1, "loop");

    CHECK_EQ(u->nblocks, 3u);
    CHECK_EQ(u->block[1].npreds, 2u);
    CHECK_EQ(u->phi_arg[0], 1u); /* predecessors in block order: 0, then 1 */
    check_round_trip(u, "loop");
    ir_builder_free(b);
}

static const char *const refused[] = {
    "",
    "unit 0x1000\n",
    "jump +0x0\njump +0x0\n",                                                                  /* two terminators */
    "%1 = get i64 a0\n",                                                                       /* none */
    "%1 = get i64 nosuch\njump +0x0\n",                                                        /* slot */
    "%1 = get i32 a0\njump +0x0\n",                                                            /* slot's type */
    "%1 = frobnicate i64\njump +0x0\n",                                                        /* op */
    "%1 = get i128 a0\njump +0x0\n",                                                           /* type */
    "get i64 a0\njump +0x0\n",                                                                 /* no name */
    "%1 = jump +0x0\n",                                                                        /* name */
    "%1 = get i64 a0\n%1 = get i64 a0\njump +0x0\n",                                           /* twice */
    "%1 = add i64 %2 %2\n%2 = get i64 a0\njump +0x0\n",                                        /* before it is there */
    "%1 = add i64 %7 %7\njump +0x0\n",                                                         /* nowhere */
    "%1 = add i64 %1 %1\njump +0x0\n",                                                         /* itself */
    "%1 = add i64 _ _\njump +0x0\n",                                                           /* none */
    "%1 = get i64 a0\n%2 = add i32 %1 %1\njump +0x0\n",                                        /* types */
    "%1 = get i64 a0\n%2 = fadd f64 rne %1 %1\njump +0x0\n",                                   /* types */
    "%1 = get i64 a0\n%2 = sext i32 64 %1\njump +0x0\n",                                       /* width */
    "%1 = get i64 a0\n%2 = sext i64 0 %1\njump +0x0\n",                                        /* width */
    "%1 = get i64 a0\n%2 = trunc i64 %1\njump +0x0\n",                                         /* width */
    "%1 = const i32 0x100000000\njump +0x0\n",                                                 /* bits */
    "%1 = const v128 0\njump +0x0\n",                                                          /* reserved type */
    "%1 = get i64 a0\n%2 = load i32 u64 %1 +0\njump +0x0\n",                                   /* size */
    "%1 = get i64 a0\n%2 = load i64 u64 %1 +99999999999\njump +0x0\n",                         /* offset */
    "%1 = get i64 a0\n%2 = load f64 u32 %1 +0\njump +0x0\n",                                   /* size */
    "%1 = const i64 18446744073709551616\njump +0x0\n",                                        /* number */
    "goto @1\n",                                                                               /* block */
    "goto @0\n",                                                                               /* entry */
    "block 1:\njump +0x0\n",                                                                   /* count */
    "block 0:\ngoto @1\nblock 1:\n",                                                           /* empty */
    "block 0:\njump +0x0\nblock 1:\njump +0x0\n",                                              /* unreachable */
    "block 0:\n%1 = phi i64\njump +0x0\n",                                                     /* phi in the entry */
    "block 0:\n%1 = get i64 a0\ngoto @1\nblock 1:\n%2 = phi i64 [@1 %1]\njump +0x0\n",         /* predecessor */
    "block 0:\n%1 = get i64 a0\ngoto @1\nblock 1:\n%2 = phi i64 [@0 %1] [@0 %1]\njump +0x0\n", /* count */
    "block 0:\n%1 = get i64 a0\ngoto @1\nblock 1:\n%2 = phi i32 [@0 %1]\njump +0x0\n",         /* type */
    "block 0:\n%1 = get i64 a0\nif %1 @1 @1\nblock 1:\njump +0x0\n",                           /* one target */
    "block 0:\n%1 = get i64 a0\nif %1 @1 @2\nblock 1:\n%2 = get i64 a1\ngoto @2\nblock 2:\nput a0 %2\njump +0x0\n",
    "jump +0x0 +0x0\n", /* rest of line */
    "%1 = get i64 a0\nfence zz\njump +0x0\n",
    "%4294967295 = get i64 a0\njump +0x0\n",
};

TEST(wrong_text_is_refused)
{
    struct ir_builder *b = ir_builder_new(&ir_test_guest);

    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        struct err err = ERR_INIT;
        struct ir_unit *u;

        if (ir_parse(b, refused[i], strlen(refused[i]), &u, &err) >= 0)
            FAIL("accepted: %s", refused[i]);
        CHECK(err.text[0]);
    }
    ir_builder_free(b);
}

/* Any cut and any changed byte of a good text: an error or a unit, never a crash. */
TEST(damaged_text)
{
    struct ir_builder *b = ir_builder_new(&ir_test_guest);
    struct strbuf s = {0};
    struct ir_unit *u;
    uint32_t seed = 1;

    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        strbuf_add(&s, lines[i]);
    for (size_t len = 0; len < s.len; len++)
        ir_parse(b, s.data, len, &u, NULL);
    for (int i = 0; i < 20000; i++) {
        size_t at = (seed = seed * 1664525 + 1013904223) % s.len;
        char old = s.data[at];

        s.data[at] = (char)(seed >> 24);
        ir_parse(b, s.data, s.len, &u, NULL);
        s.data[at] = old;
    }
    parse(b, s.data, s.len, "undamaged");
    strbuf_fini(&s);
    ir_builder_free(b);
}
