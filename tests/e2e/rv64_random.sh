#!/usr/bin/env bash
# Random instructions (tests/guest/rv64/random_insns.py): each engine against qemu-riscv64 10, an implementation that shares
# nothing with ours; without it the engines against each other.
#
#   RV64_SEEDS='1 2 3'     which programs; a failure is repeated by its seed
#   RV64_ORACLE=QEMU       another emulator that knows all the extensions
. "$(dirname "$0")/../lib/tap.sh"
guest=$LODGE_SOURCE/tests/guest/rv64

need python3 clang-19 ld.lld-19
oracle=${RV64_ORACLE:-}
if [ -z "$oracle" ]; then
    root=$("$LODGE_SOURCE/tools/roots/unpack" oracle amd64 2>"$TMP/unpack") && oracle=$root/usr/bin/qemu-riscv64
    [ -n "$oracle" ] || skip "against qemu-riscv64 10" "$(tail -n 1 "$TMP/unpack")"
fi
for seed in ${RV64_SEEDS:-1 2 3 4 5 6}; do
    python3 "$guest/random_insns.py" "$seed" "$TMP/random.S" 400 &&
        python3 "$guest/insns.py" build "$TMP/random.S" "$TMP/random" || exit 1
    timeout 60 "$LODGE_BUILD/bin/lodge-guest" --engine=interp -- "$TMP/random" random >"$TMP/interp"
    timeout 60 "$LODGE_BUILD/bin/lodge-guest" --engine=quick -- "$TMP/random" random >"$TMP/quick"
    size=$(stat -c %s "$TMP/interp")
    is "$size" $((400 * 720)) "seed $seed: interp runs to the end"
    ok "seed $seed: quick as interp" cmp "$TMP/quick" "$TMP/interp"
    if [ -n "$oracle" ]; then
        timeout 60 "$oracle" -cpu max "$TMP/random" >"$TMP/qemu"
        ok "seed $seed: interp as qemu" cmp "$TMP/interp" "$TMP/qemu"
    fi
done
done_testing
