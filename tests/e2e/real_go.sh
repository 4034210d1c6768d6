#!/usr/bin/env bash
# A static Go program with many goroutines: preemption signals, a concurrent collector, nil loads, children of itself.
. "$(dirname "$0")/../lib/real.sh"
status=0
for cpu in riscv64 amd64; do
    "$LODGE_SOURCE/tools/roots/go-build" "$cpu" "$LODGE_SOURCE/tests/guest/go/goroutines.go" "$TMP/go-$cpu" 2>"$TMP/err" || status=$?
    [ "$status" = 75 ] && skip_all "Go for $cpu: $(tail -1 "$TMP/err")"
    [ "$status" = 0 ] || diag "$(cat "$TMP/err")"
done
want=$(timeout 120 "$TMP/go-amd64" 2>&1)
like "$want" 'OK$' "natively"
for run in 1 2 3 4 5; do
    is "$(timeout -k 5 240 "$LODGE" run "$TMP/go-riscv64" 2>&1 </dev/null)" "$want" "under lodge, run $run"
done
is "$(GOMAXPROCS=8 GOGC=5 timeout -k 5 400 "$LODGE" run "$TMP/go-riscv64" 2>&1 </dev/null)" "$want" "8 threads, the collector always on"
is "$(GODEBUG=asyncpreemptoff=0,gcstoptheworld=1 timeout -k 5 400 "$LODGE" run "$TMP/go-riscv64" 4 2>&1 </dev/null | tail -1)" OK "four times as long"
done_testing
