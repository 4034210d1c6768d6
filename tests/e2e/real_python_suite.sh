#!/usr/bin/env bash
# CPython's own tests (libpython3.13-testsuite): each module's failures must be those of the same module in the amd64 root.
. "$(dirname "$0")/../lib/real.sh"
real_roots lang
modules=(test_float test_math test_ctypes test_mmap test_threading test_signal test_subprocess test_socket test_os test_asyncio
    test_thread test_fork1 test_struct test_cmath test_select test_epoll test_posix test_mmap test_memoryview test_long test_decimal)
[ -n "${MODULES:-}" ] && read -ra modules <<<"$MODULES"

# verdicts SIDE MODULE: a line a test that failed or had an error, from unittest's report; then what regrtest says of it.
verdicts() {
    "$1" 900 python3 -m test -v --timeout 300 "$2" >"$TMP/$1.log" 2>&1 </dev/null
    echo "status $?"
    grep -E '^(FAIL|ERROR): ' "$TMP/$1.log" | sort -u
}
for module in "${modules[@]}"; do
    want=$(verdicts native "$module")
    got=$(verdicts guest "$module")
    is "$got" "$want" "$module"
    if [ "$got" != "$want" ]; then
        diag "$(grep -A12 -E '^(FAIL|ERROR): ' "$TMP/guest.log" | head -80)" "$(tail -5 "$TMP/guest.log")"
    elif ! grep -qE '^Ran [0-9]+ test|^Total tests: run=[1-9]' "$TMP/native.log"; then
        tap_result 1 "$module has tests"
    fi
done
done_testing
