#!/usr/bin/env bash
# The last line of ./check counts rightly, and no kind of bad log is taken for success.
. "$(dirname "$0")/../lib/tap.sh"
mkdir -p "$TMP/build" && cd "$TMP" || exit 1

log() { # RESULT TAP: appends one test program's record
    python3 -c 'import json,sys; print(json.dumps({"name": "lodge:unit / sample", "result": sys.argv[1], "stdout": sys.argv[2]}))' \
        "$1" "$2" >>build/log.json
}
counted() { # STATUS LAST-LINE NAME
    exits "$1" "$3" python3 "$LODGE_SOURCE/tools/count.py" build/log.json
    is "$(tail -1 <<<"$out")" "$2" "$3: the line"
    rm build/log.json
}

log OK $'1..2\nok 1 - a\nok 2 - b\n'
counted 0 "2 passed, 0 failed, 0 skipped" "all pass"

log OK $'1..3\nok 1 - a\nok 2 - b # SKIP no such thing\nok 3 - c\n'
log SKIP $'1..0 # SKIP nothing here\n'
exits 0 "skips" python3 "$LODGE_SOURCE/tools/count.py" build/log.json
like "$out" 'build/sample: b: no such thing' "a skipped subtest is told with its reason"
like "$out" 'build/sample: nothing here' "a skipped program is told with its reason"
counted 0 "2 passed, 0 failed, 2 skipped" "skips"

log FAIL $'1..3\nok 1 - a\nnot ok 2 - b\n# because\nok 3 - c\n'
exits 1 "a failure" python3 "$LODGE_SOURCE/tools/count.py" build/log.json
like "$out" 'failed: build/sample: b' "a failure is named"
like "$out" '# because' "with what the test said"
counted 1 "2 passed, 1 failed, 0 skipped" "a failure"

log TIMEOUT $'1..3\nok 1 - a\n'
counted 1 "1 passed, 1 failed, 0 skipped" "a program that stopped early"
log ERROR ''
counted 1 "0 passed, 1 failed, 0 skipped" "a program that said nothing"
log OK $'1..3\nok 1 - a\nok 2 - b\n'
counted 1 "2 passed, 1 failed, 0 skipped" "fewer results than planned"
log FAIL $'1..1\nok 1 - a\n'
counted 1 "1 passed, 1 failed, 0 skipped" "exit status 1 with every subtest ok"
log SKIP $'1..0 # SKIP nothing\n'
counted 1 "0 passed, 0 failed, 1 skipped" "nothing executed"
: >build/log.json
counted 1 "0 passed, 0 failed, 0 skipped" "an empty log"
done_testing
