#!/usr/bin/env bash
# The benchmark programs print under lodge (and qemu-user, where it is) what they print natively. Speed is bench/run's.
. "$(dirname "$0")/../lib/tap.sh"
need gcc riscv64-linux-gnu-gcc python3
ok "the short forms agree" timeout 250 "$LODGE_SOURCE/bench/run" --short --rounds 1 --timeout 60 --build "$TMP" \
    --lodge "$LODGE" --json "$TMP/bench.json"
like "$(cat "$TMP/bench.json" 2>/dev/null)" '"lodge"' "lodge was among them"
done_testing
