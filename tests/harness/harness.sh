#!/usr/bin/env bash
# The harness tells each kind of result apart: a test that cannot fail would be worse than none.
. "$(dirname "$0")/../lib/tap.sh"
sample=$LODGE_BUILD/tests/harness/harness-sample

exits 1 "a program with a failed test exits 1" "$sample"
is "$(grep -E '^(ok|not ok|1\.\.)' <<<"$out")" "1..9
ok 1 - passes
not ok 2 - fails_a_check
not ok 3 - fails_equality
not ok 4 - fails_strings
ok 5 - skips # SKIP because of reasons
not ok 6 - crashes
not ok 7 - exits
not ok 8 - hangs
ok 9 - leaves_a_child_that_holds_the_pipe" "every result is what it should be"
like "$out" "# .*sample.c:[0-9]+: 1 \+ 1 == 3" "a failed CHECK says where and what"
like "$out" "seven: got 7 \(0x7\), want 8 \(0x8\)" "a failed CHECK_EQ shows both values"
like "$out" "killed by signal 11" "a crash names its signal"
like "$out" "still running after 1 s" "a hang is cut"
exits 0 "one test alone" "$sample" passes
exits 1 "an unknown test name" "$sample" nonsense
done_testing
