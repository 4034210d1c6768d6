#!/bin/bash
# Signals, threads, processes, time: the programs of tests/guest/linux that print "ok - FACT" for what every Linux does. Each
# must say the same natively, where that is possible, and under lodge.
. "$(dirname "$0")/../lib/tap.sh"

need riscv64-linux-gnu-gcc cc
here=$LODGE_SOURCE/tests/guest/linux

facts() { # NAME
    local name=$1 want got
    cc -O2 -w -pthread -o "$TMP/native" "$here/$name.c" -lrt &&
        riscv64-linux-gnu-gcc -static -O2 -w -pthread -o "$TMP/guest" "$here/$name.c" -lrt || {
        tap_result 1 "$name: builds"
        return
    }
    want=$(timeout 60 "$TMP/native" 2>&1)
    got=$(timeout 100 "$LODGE" run "$TMP/guest" 2>&1)
    is "$got" "$want" "$name: as natively"
    like "$got" $'\ndone$' "$name: came to its end"
    like "$(grep -c '^not ok' <<<"$got")" '^0$' "$name: every fact holds"
}

facts signal_fault
facts signal_basic
facts process
facts code_writes
if [ -n "${LODGE_SANITIZED:-}" ]; then
    # Storms and threads take minutes there, and RLIMIT_AS across exec leaves no room for shadow memory.
    skip "storms, threads, timers, exec, forks out of threads" "too slow or too big for a sanitizer"
else
    for name in memory signal_storm threads timers exec_state fork_threads; do
        facts "$name"
    done
fi

# Death by a signal: the shell sees it, and no core of lodge's own is left.
cat >"$TMP/die.c" <<'C'
#include <stdlib.h>
int main(int argc, char **argv) { if (argc > 1) abort(); *(volatile int *)16 = 1; return 0; }
C
guest_cc "$TMP/die" -static "$TMP/die.c"
cd "$TMP" || exit 1
(ulimit -c 0; timeout 20 "$LODGE" run "$TMP/die" 2>/dev/null)
is $? 139 "a fault ends it with SIGSEGV"
(ulimit -c 0; timeout 20 "$LODGE" run "$TMP/die" abort 2>/dev/null)
is $? 134 "abort ends it with SIGABRT"
if [[ $(cat /proc/sys/kernel/core_pattern) == [!/\|]* ]] && ulimit -c unlimited 2>/dev/null; then
    (timeout 20 "$LODGE" run "$TMP/die" 2>/dev/null)
    core=$(ls "$TMP" | grep core | head -n 1)
    like "$(riscv64-linux-gnu-readelf -h "$TMP/$core" 2>&1)" "CORE.*RISC-V" "a core file in the guest's format"
    like "$(riscv64-linux-gnu-readelf -n "$TMP/$core" 2>&1)" "NT_PRSTATUS.*NT_PRPSINFO.*NT_SIGINFO.*NT_AUXV" "with its notes"
else
    skip "a core file in the guest's format" "core_pattern is no plain file name"
fi
done_testing
