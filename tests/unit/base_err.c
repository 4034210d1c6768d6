/* Error texts: set, wrapped, cut, and without a place to put them. */
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "harness.h"

TEST(set_returns_code_and_text)
{
    struct err err = ERR_INIT;

    CHECK_EQ(err_set(&err, -EINVAL, "bad %s %d", "thing", 7), -EINVAL);
    CHECK_EQ(err.code, -EINVAL);
    CHECK_STR(err.text, "bad thing 7");
}

TEST(errno_is_described)
{
    struct err err = ERR_INIT;

    CHECK_EQ(err_errno(&err, -ENOENT, "open %s", "/x"), -ENOENT);
    CHECK_STR(err.text, "open /x: No such file or directory");
    err_errno(&err, -4095, "odd");
    CHECK_STR(err.text, "odd: unknown error");
}

TEST(wrap_reads_outermost_first)
{
    struct err err = ERR_INIT;

    err_set(&err, -ENOEXEC, "why");
    err_wrap(&err, "which");
    CHECK_EQ(err_wrap(&err, "what"), -ENOEXEC);
    CHECK_STR(err.text, "what: which: why");
}

TEST(null_keeps_the_code)
{
    CHECK_EQ(err_set(NULL, -EPERM, "x"), -EPERM);
    CHECK_EQ(err_errno(NULL, -EPERM, "x"), -EPERM);
    CHECK_EQ(err_wrap(NULL, "x"), -EIO);
}

TEST(long_text_is_cut)
{
    struct err err = ERR_INIT;
    char big[2 * ERR_TEXT_MAX];

    memset(big, 'a', sizeof(big) - 1);
    big[sizeof(big) - 1] = 0;
    err_set(&err, -EINVAL, "%s", big);
    CHECK_EQ(strlen(err.text), (size_t)(ERR_TEXT_MAX - 1));
    CHECK_EQ(err_wrap(&err, "b"), -EINVAL);
    CHECK_EQ(strlen(err.text), (size_t)(ERR_TEXT_MAX - 1));
    CHECK(!strncmp(err.text, "b: aaa", 6));
    err_errno(&err, -EINVAL, "%s", big);
    CHECK_EQ(strlen(err.text), (size_t)(ERR_TEXT_MAX - 1));
}
