#!/usr/bin/env bash
# Every instruction of the decode file, by the tables and programs of tests/guest/rv64 (how they work: insns.py there).
. "$(dirname "$0")/../lib/tap.sh"
guest=$LODGE_SOURCE/tests/guest/rv64
insns=$guest/insns.py

need python3
ok "every line of rv64.decode is executed by some test" \
    python3 "$insns" missing "$LODGE_SOURCE/src/cpu/rv64/rv64.decode" "$guest"/*.txt "$guest"/*.S
for tool in clang-19 ld.lld-19; do
    if ! command -v "$tool" >/dev/null; then
        skip "instructions" "$tool is not installed"
        done_testing
    fi
done
for file in "$guest"/*.txt "$guest"/*.S; do
    name=$(basename "$file")
    python3 "$insns" build "$file" "$TMP/$name.exe" || exit 1
    for engine in ${LODGE_TEST_ENGINES:-interp quick}; do
        exits 0 "$name, $engine" \
            timeout 100 "$LODGE_BUILD/bin/lodge-guest" --engine="$engine" -- "$TMP/$name.exe" "$name" || diag "${out:0:2000}"
    done
done
done_testing
