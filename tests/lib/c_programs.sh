# The C programs of tests/guest/c, each built natively and for the guest by several compilers, must print the same lines.
# Sourced by tests/e2e/c_programs.sh and c_programs_all.sh; `builds` holds the names of the builds to try.
# shellcheck source=tests/lib/tap.sh
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"
need gcc riscv64-linux-gnu-gcc
c_flags=(-std=gnu11 -w -frounding-math -ffp-contract=off -fno-strict-aliasing -pthread -D_GNU_SOURCE)
# Every extension that lodge tells the guest about.
c_march=rv64gc_zba_zbb_zbc_zbs_zicond_zicboz_zfhmin_zfa_zawrs_zihintpause

c_build() { # BUILD SOURCE OUTPUT
    local level=-O${1##*-O}
    case $1 in
    gcc-static-*) riscv64-linux-gnu-gcc "${c_flags[@]}" "$level" -static -o "$3" "$2" -lm ;;
    gcc-*) riscv64-linux-gnu-gcc "${c_flags[@]}" "$level" -o "$3" "$2" -lm ;;
    clang-*) clang-19 --target=riscv64-linux-gnu "-march=$c_march" -fuse-ld=lld-19 "${c_flags[@]}" "$level" -o "$3" "$2" -lm ;;
    esac
}

c_programs() { # BUILD...
    local source name build want
    for source in "$LODGE_SOURCE"/tests/guest/c/*.c; do
        name=$(basename "$source" .c)
        gcc "${c_flags[@]}" -O1 -o "$TMP/$name" "$source" -lm || { tap_result 1 "$name builds natively"; continue; }
        want=$(timeout -k 5 60 "$TMP/$name" </dev/null 2>&1; echo "status $?")
        like "$want" $'\nstatus 0$' "$name, natively" || { diag "$want"; continue; }
        for build; do
            case $build in
            clang-*)
                command -v clang-19 >/dev/null && command -v ld.lld-19 >/dev/null || {
                    skip "$name, $build" "clang-19 or lld-19 is not installed"
                    continue
                } ;;
            esac
            if ! c_build "$build" "$source" "$TMP/$name.guest" 2>"$TMP/err"; then
                tap_result 1 "$name, $build: builds"
                diag "$(cat "$TMP/err")"
                continue
            fi
            # shellcheck disable=SC2086 # options
            c_same "$(timeout -k 5 "${C_SECONDS:-120}" "$LODGE" run ${C_OPTIONS:-} --sysroot /usr/riscv64-linux-gnu "$TMP/$name.guest" </dev/null 2>&1
                echo "status $?")" "$want" "$name, $build"
        done
    done
}

c_same() { # GOT WANT NAME: shows the lines that differ
    [ "$1" = "$2" ]
    tap_result $? "$3" || diag "< native, > guest:" "$(diff <(printf '%s\n' "$2") <(printf '%s\n' "$1") | head -30)"
}
