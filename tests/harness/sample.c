/* What the harness must tell apart. Run by harness.sh, which knows the expected TAP; not a test of lodge. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "harness.h"

TEST(passes)
{
    printf("not ok 1 - printed by the test itself\n");
    CHECK(1 + 1 == 2);
    CHECK_EQ(-1, -1);
    CHECK_STR("a", "a");
}

TEST(fails_a_check)
{
    CHECK(1 + 1 == 3);
}

TEST(fails_equality)
{
    int seven = 7;

    CHECK_EQ(seven, 8);
}

TEST(fails_strings)
{
    CHECK_STR(NULL, "want");
}

TEST(skips)
{
    SKIP("because of %s", "reasons");
}

TEST(crashes)
{
    raise(SIGSEGV);
}

TEST(exits)
{
    _exit(3);
}

TEST_TIMEOUT(hangs, 1)
{
    for (;;)
        pause();
}

TEST_TIMEOUT(leaves_a_child_that_holds_the_pipe, 5)
{
    if (fork() == 0) {
        sleep(3);
        _exit(0);
    }
}
