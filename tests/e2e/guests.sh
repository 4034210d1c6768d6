#!/usr/bin/env bash
# tests/guest/programs/*.c under lodge: each checks itself and prints TAP; one case here a program and level of optimisation.
# The same programs run natively first, so that a failure under lodge is lodge's (or this machine's, then it is told).
#
#   GUEST_RUN='qemu-riscv64'   another translator in lodge's place
#   GUEST_ONLY='signals code'  only these
#   GUEST_LEVELS='0 2 3'       levels of optimisation; 2 if not given
. "$(dirname "$0")/../lib/tap.sh"
cc=${CC_RISCV64:-riscv64-linux-gnu-gcc}
command -v "$cc" >/dev/null || skip_all "$cc is not installed"
read -ra runner <<<"${GUEST_RUN:-$LODGE run}"
flags=(-std=gnu11 -D_GNU_SOURCE -static -pthread)
sources=("$LODGE_SOURCE"/tests/guest/programs/*.c)

# complete FILE: a TAP stream with its plan and no failure.
complete() { grep -q '^1\.\.[1-9]' "$1" && ! grep -q '^not ok\|^Bail out' "$1"; }

for source in "${sources[@]}"; do
    name=$(basename "$source" .c)
    [[ -z "${GUEST_ONLY:-}" || " $GUEST_ONLY " == *" $name "* ]] || continue
    gcc -O2 "${flags[@]}" -o "$TMP/native-$name" "$source" || exit 1
    if ! (cd "$TMP" && timeout 120 "$TMP/native-$name" >"$TMP/native.out" 2>&1) || ! complete "$TMP/native.out"; then
        diag "natively, on this machine: $(grep '^not ok\|^Bail out' "$TMP/native.out")"
        skip "$name" "it does not pass natively here"
        continue
    fi
    for level in ${GUEST_LEVELS:-2}; do
        "$cc" -O"$level" "${flags[@]}" -o "$TMP/$name" "$source" -latomic || exit 1
        timeout 120 "${runner[@]}" "$TMP/$name" >"$TMP/out" 2>"$TMP/err"
        status=$?
        if [ $status = 0 ] && complete "$TMP/out"; then
            tap_result 0 "$name -O$level"
        else
            tap_result 1 "$name -O$level"
            diag "exit status $status, $(grep -c '^ok' "$TMP/out") of $(grep -c '^ok' "$TMP/native.out") checks passed;" \
                "last line: $(tail -n 1 "$TMP/out")"
            diag "$(grep -A1 '^not ok\|^Bail out' "$TMP/out"; tail -n 5 "$TMP/err")"
        fi
    done
done
done_testing
