#!/usr/bin/env bash
# The programs exist and start; misuse is an error of lodge (125), said on standard error.
. "$(dirname "$0")/../lib/tap.sh"

exits 125 "lodge without a verb" timeout 10 "$LODGE"
is "$out" "" "nothing on standard output"
like "$err" "^lodge: " "one line says what is wrong"
exits 125 "lodge-guest started by hand" timeout 10 "$LODGE_BUILD/bin/lodge-guest"
is "$out" "" "nothing on standard output"
like "$err" "^lodge" "one line says so"
done_testing
