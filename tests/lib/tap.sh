# Tests by script: source this, write cases, call `done_testing` last. Prints TAP; the exit status is 1 when a case failed.
#
#     . "$(dirname "$0")/../lib/tap.sh"
#     out=$(timeout 20 "$LODGE" run ./hello a b)
#     is "$out" "hello a b" "arguments arrive"
#     done_testing
#
# $LODGE is the program under test, $LODGE_BUILD its build folder, $LODGE_SOURCE the source tree, $TMP a fresh folder that is
# removed at the end. All can be left out of the environment: `bash tests/e2e/run.sh` uses ./build.
LODGE_SOURCE=${LODGE_SOURCE:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
LODGE_BUILD=${LODGE_BUILD:-$LODGE_SOURCE/build}
LODGE=${LODGE:-$LODGE_BUILD/bin/lodge}
TMP=$(mktemp -d "${TMPDIR:-/tmp}/lodge-test.XXXXXX")
export LODGE LODGE_BUILD LODGE_SOURCE TMP
tap_count=0 tap_failed=0
trap 'rm -rf "$TMP"' EXIT

tap_result() { # STATUS NAME
    tap_count=$((tap_count + 1))
    if [ "$1" = 0 ]; then
        echo "ok $tap_count - $2"
    else
        tap_failed=$((tap_failed + 1))
        echo "not ok $tap_count - $2"
        return 1
    fi
}

diag() { printf '%s\n' "$*" | sed 's/^/# /'; }

# ok NAME COMMAND...: the command succeeds.
ok() {
    local name=$1 out status=0
    shift
    out=$("$@" 2>&1) || status=$?
    tap_result "$status" "$name" || diag "\`$*' exited $status: $out"
}

# is GOT WANT NAME: two strings are the same.
is() {
    if [ "$1" = "$2" ]; then tap_result 0 "$3"; else
        tap_result 1 "$3"
        diag "got:" && diag "$1" && diag "want:" && diag "$2"
    fi
}

# like GOT REGEX NAME: bash's [[ =~ ]].
like() {
    if [[ $1 =~ $2 ]]; then tap_result 0 "$3"; else
        tap_result 1 "$3"
        diag "got:" && diag "$1" && diag "want a match of: $2"
    fi
}

# exits STATUS NAME COMMAND...: the command's exit status; what it printed is left in $out, standard error in $err.
exits() {
    local want=$1 name=$2 got=0
    shift 2
    out=$("$@" 2>"$TMP/stderr") || got=$?
    err=$(cat "$TMP/stderr")
    [ "$got" = "$want" ]
    tap_result $? "$name" || diag "\`$*' exited $got, not $want" "$out" "$err"
}

# golden GOT FILE NAME: the text equals FILE (below the source tree); ./check --update-golden writes FILE instead.
golden() {
    if [ -n "${LODGE_UPDATE_GOLDEN:-}" ]; then
        printf '%s\n' "$1" >"$LODGE_SOURCE/$2"
        tap_result $? "$3"
    else
        is "$1" "$(cat "$LODGE_SOURCE/$2")" "$3"
    fi
}

# skip NAME REASON: one case that this machine cannot run. ./check lists the reason.
skip() {
    tap_count=$((tap_count + 1))
    echo "ok $tap_count - $1 # SKIP $2"
}

# skip_all REASON: the whole file.
skip_all() {
    echo "1..0 # SKIP $1"
    exit 0
}

need() { # COMMAND...: skip the whole file where one is missing
    local command
    for command; do
        command -v "$command" >/dev/null || skip_all "$command is not installed"
    done
}

# guest_cc OUTPUT ARG...: compiles for riscv64 with Debian's cross compiler.
guest_cc() {
    local output=$1
    shift
    riscv64-linux-gnu-gcc -O2 -g -o "$output" "$@"
}

done_testing() {
    echo "1..$tap_count"
    [ "$tap_failed" = 0 ] && [ "$tap_count" -gt 0 ]
    exit
}
