#!/usr/bin/env bash
# mmdebstrap --architectures=riscv64 on the host: every maintainer script of a minimal Debian runs through the registered
# binfmt, in lodge. The registration is made in a user and mount namespace of its own, where the kernel has it.
. "$(dirname "$0")/../lib/real.sh"
need mmdebstrap dpkg-deb
[ "$(id -u)" = 0 ] || skip_all "binfmt_misc needs root"
real_unpack STATIC static riscv64 # says whether the mirror can be reached
debs=$("$LODGE_SOURCE/tools/roots/fetch" base riscv64 2>"$TMP/err") || skip_all "packages: $(tail -1 "$TMP/err")"
# An archive of the locked packages: the same today and tomorrow, whatever state the mirror is in.
mkdir "$TMP/archive"
(cd "$LODGE_SOURCE/tools/roots" && python3 -c 'import rootlib
for p in rootlib.lock_read("base", "riscv64"): print(p.file, p.size, p.sha256)') | while read -r file size sum; do
    cp "$debs/$file" "$TMP/archive/"
    dpkg-deb -f "$debs/$file" | sed '/^$/d'
    printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "$file" "$size" "$sum"
done >"$TMP/archive/Packages"
printf 'Suite: trixie\nCodename: trixie\nDate: Thu, 01 Jan 2026 00:00:00 UTC\nSHA256:\n %s %s Packages\n' \
    "$(sha256sum <"$TMP/archive/Packages" | cut -d' ' -f1)" "$(stat -c %s "$TMP/archive/Packages")" >"$TMP/archive/Release"
# COMMAND... in a user and a mount namespace of its own, every user of the host mapped: what is registered there ends with it.
run_private() {
    rm -f "$TMP/mapped" && mkfifo "$TMP/mapped"
    # shellcheck disable=SC2016 # the inner shell expands
    unshare --user --mount bash -c '
        read -r _ <"$TMP/mapped"
        mount -t binfmt_misc none /proc/sys/fs/binfmt_misc || exit 77
        "$LODGE" system binfmt --register || exit
        exec timeout -k 5 1000 "$@"' bash "$@" &
    local pid=$! ours
    ours=$(readlink /proc/self/ns/user)
    while [ "$(readlink "/proc/$pid/ns/user")" = "$ours" ]; do sleep 0.01; done
    echo "0 0 4294967295" >"/proc/$pid/uid_map" && echo "0 0 4294967295" >"/proc/$pid/gid_map"
    echo >"$TMP/mapped"
    wait "$pid"
}
status=0
run_private true 2>"$TMP/err" || status=$?
[ "$status" = 77 ] && skip_all "this kernel has no binfmt_misc of a user namespace"
is "$status $(cat "$TMP/err")" "0 " "lodge system binfmt --register"
is "$(run_private "$STATIC/usr/bin/busybox" uname -m 2>&1)" riscv64 "a riscv64 program starts by itself"
status=0
run_private mmdebstrap --architectures=riscv64 --variant=minbase --mode=root trixie "$TMP/new" "deb [trusted=yes] copy:$TMP/archive ./" >"$TMP/log" 2>&1 || status=$?
is "$status" 0 "mmdebstrap"
[ "$status" = 0 ] || diag "$(tail -30 "$TMP/log")"
is "$(timeout 30 "$LODGE" run "$TMP/new" dpkg --audit 2>&1)" "" "every package is configured"
is "$(timeout 30 "$LODGE" run "$TMP/new" dpkg-query -W -f '${Status}\n' bash 2>&1)" "install ok installed" "bash among them"
done_testing
