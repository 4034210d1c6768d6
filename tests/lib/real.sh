# Real programs by script: Debian's riscv64 programs under lodge next to their amd64 twins on this machine. Source it in
# place of tap.sh (it sources that), pick a set of tools/roots/sets.ini, and write cases:
#
#     . "$(dirname "$0")/../lib/real.sh"
#     real_roots base
#     twin "awk sums" 'seq 100 | awk "{ s += \$1 } END { print s }"'
#     is "$(guest 20 uname -m)" riscv64 "uname"
#     done_testing
#
# $GUEST_ROOT and $NATIVE_ROOT are the two roots. $WORK is the path, inside both, of a folder that belongs to this test
# and is removed at the end; commands start there. The roots are shared by all tests: nothing else in them may be changed
# (`real_copy` makes a root that may). A mirror that cannot be reached makes the file skip.
# shellcheck source=tests/lib/tap.sh
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"

real_clean=()
trap 'rm -rf "$TMP" "${real_clean[@]}"' EXIT

# real_root SET ARCH: prints the folder of an unpacked root; skips the file when the mirror does not give it.
real_root() {
    local status=0
    "$LODGE_SOURCE/tools/roots/unpack" "$1" "$2" 2>"$TMP/unpack.err" || status=$?
    [ "$status" = 0 ] && return
    cat "$TMP/unpack.err" >&2
    return "$status"
}

real_unpack() { # VARIABLE SET ARCH
    local status=0 path
    path=$(real_root "$2" "$3") || status=$?
    [ "$status" = 75 ] && skip_all "root $3-$2: $(tail -1 "$TMP/unpack.err")"
    [ "$status" = 0 ] || {
        tap_result 1 "root $3-$2 unpacks" || diag "$(cat "$TMP/unpack.err")"
        done_testing
    }
    printf -v "$1" %s "$path"
}

real_work() { # makes WORK in both roots
    local folder
    folder=$(mktemp -d "$GUEST_ROOT/tmp/lodge-test.XXXXXX")
    WORK=/tmp/$(basename "$folder")
    mkdir -p "$NATIVE_ROOT$WORK"
    chmod 755 "$folder" "$NATIVE_ROOT$WORK"
    real_clean+=("$folder" "$NATIVE_ROOT$WORK")
}

real_roots() { # SET
    [ "$(uname -m)" = x86_64 ] || skip_all "the native twins are for x86-64"
    real_unpack GUEST_ROOT "$1" riscv64
    real_unpack NATIVE_ROOT "$1" amd64
    real_work
}

# Copies of both roots that this test alone uses, and may change.
real_copy() {
    local arch from
    for arch in GUEST NATIVE; do
        from=${arch}_ROOT
        cp -a --reflink=auto "${!from}" "$TMP/$arch"
        printf -v "${arch}_ROOT" %s "$TMP/$arch"
    done
    real_work
}

# What both sides start with: nothing of the machine that runs the test.
real_env() { # COMMAND...: sets real_command, which starts it in WORK by the root's env(1)
    real_command=(/usr/bin/env -i -C "$WORK" PATH=/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin HOME=/root LC_ALL=C.UTF-8
        TERM=dumb TZ=UTC DEBIAN_FRONTEND=noninteractive "$@")
}

# guest SECONDS COMMAND...: inside GUEST_ROOT, in WORK.
guest() {
    local limit=$1
    shift
    real_env "$@"
    timeout -k 5 "$limit" "$LODGE" run "$GUEST_ROOT" "${real_command[@]}"
}

# native SECONDS COMMAND...: the same inside NATIVE_ROOT, on this machine's CPU.
native() {
    local limit=$1 user=()
    shift
    real_env "$@"
    [ "$(id -u)" = 0 ] || user=(--map-root-user)
    timeout -k 5 "$limit" unshare --mount --propagation private "${user[@]}" bash -c "$real_enter" "$NATIVE_ROOT" "${real_command[@]}"
}

# What lodge makes of a root, for the native side: /proc and /sys of the host, and the same few devices.
# shellcheck disable=SC2016 # the inner shell expands
real_enter='
for dir in proc sys; do mount --rbind "/$dir" "$0/$dir" || exit; done
mount -t tmpfs -o mode=755 tmpfs "$0/dev" && mkdir "$0/dev/pts" "$0/dev/shm" || exit
for node in null zero full random urandom tty; do : >"$0/dev/$node" && mount --bind "/dev/$node" "$0/dev/$node" || exit; done
mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts "$0/dev/pts" && mount -t tmpfs -o mode=1777 tmpfs "$0/dev/shm" || exit
ln -s pts/ptmx "$0/dev/ptmx" && ln -s /proc/self/fd "$0/dev/fd"
for n in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/${n%:*}" "$0/dev/${n#*:}"; done
exec chroot "$0" "$@"'

# bare SECONDS PROGRAM ARG...: one program of GUEST_ROOT as a bare file, no root entered.
bare() {
    local limit=$1 program=$2
    shift 2
    timeout -k 5 "$limit" "$LODGE" run --sysroot "$GUEST_ROOT" "$GUEST_ROOT$program" "$@"
}

# put FILE: standard input becomes WORK/FILE on both sides.
put() {
    tee "$NATIVE_ROOT$WORK/$1" >"$GUEST_ROOT$WORK/$1"
}

# twin NAME SCRIPT [SECONDS]: bash runs the script on both sides; standard output and exit status must be the same. The
# native side must print something and end with 0: else the case would show nothing.
twin() {
    local name=$1 script=$2 limit=${3:-60} want got want_status=0 got_status=0
    want=$(native "$limit" bash -c "$script" 2>"$TMP/native.err" </dev/null) || want_status=$?
    got=$(guest "$limit" bash -c "$script" 2>"$TMP/guest.err" </dev/null) || got_status=$?
    if [ "$want_status" != 0 ] || [ -z "$want" ]; then
        tap_result 1 "$name"
        diag "the native side exited $want_status:" "$want" "$(tail -20 "$TMP/native.err")"
    elif [ "$got" != "$want" ] || [ "$got_status" != 0 ]; then
        tap_result 1 "$name"
        diag "exited $got_status; < native, > guest:"
        diag "$(diff <(printf '%s\n' "$want") <(printf '%s\n' "$got") | head -40)"
        diag "standard error: $(tail -20 "$TMP/guest.err")"
    else
        tap_result 0 "$name"
    fi
}
