#!/usr/bin/env bash
# mmdebstrap --architectures=riscv64 on the host: every maintainer script of a minimal Debian runs through the registered
# binfmt, in lodge. The registration is made in a user and mount namespace of its own, where the kernel has it.
. "$(dirname "$0")/../lib/real.sh"
need mmdebstrap
[ "$(id -u)" = 0 ] || skip_all "binfmt_misc needs root"
real_unpack GUEST_ROOT base riscv64 # says whether the mirror can be reached
mirror=$(cd "$LODGE_SOURCE/tools/roots" && python3 -c 'import rootlib; m = rootlib.find_mirror(); print(m.uri if m else "")')
[ -n "$mirror" ] || skip_all "no Debian mirror in the host's apt sources"
run_private() { # in namespaces of its own: what is registered there ends with it
    # shellcheck disable=SC2016
    timeout -k 5 1000 unshare --user --mount --map-users=auto --map-groups=auto --map-root-user bash -c '
        mount -t binfmt_misc none /proc/sys/fs/binfmt_misc || exit 77
        "$LODGE" system binfmt --register || exit
        "$@"' bash "$@"
}
status=0
run_private true 2>"$TMP/err" || status=$?
[ "$status" = 77 ] && skip_all "this kernel has no binfmt_misc of a user namespace"
is "$status" 0 "lodge system binfmt --register" || diag "$(cat "$TMP/err")"
is "$(run_private "$GUEST_ROOT/usr/bin/true" 2>&1; echo $?)" 0 "a riscv64 program starts by itself"
status=0
run_private mmdebstrap --architectures=riscv64 --variant=minbase --mode=root trixie "$TMP/new" "deb $mirror trixie main" >"$TMP/log" 2>&1 || status=$?
is "$status" 0 "mmdebstrap" || diag "$(tail -30 "$TMP/log")"
is "$(timeout 30 "$LODGE" run "$TMP/new" dpkg --audit 2>&1)" "" "every package is configured"
is "$(timeout 30 "$LODGE" run "$TMP/new" dpkg-query -W -f '${Status}\n' bash 2>&1)" "install ok installed" "bash among them"
done_testing
