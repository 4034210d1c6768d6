#!/bin/bash
# Set-id programs, and programs that may be executed but not read: natively and under lodge they must say the same where lodge
# has the means, and run without their ids, told under --trace, where it has not.
. "$(dirname "$0")/../lib/tap.sh"
need riscv64-linux-gnu-gcc cc setpriv
[ "$(id -u)" = 0 ] || { echo "1..0 # SKIP needs root"; exit 0; }

source=$LODGE_SOURCE/tests/guest/linux/setid.c
mkdir -p "$TMP/native" "$TMP/guest" "$TMP/nosuid"
cc -static -O1 -w -o "$TMP/native/setid" "$source" && guest_cc "$TMP/guest/setid" -static "$source" || exit 1
mount -t tmpfs -o nosuid,mode=755 none "$TMP/nosuid" 2>/dev/null || nomount=1
trap '[ -z "${nomount:-}" ] && umount -l "$TMP/nosuid"; rm -rf "$TMP"' EXIT
for kind in native guest; do
    cd "$TMP/$kind" || exit 1
    copy() { cp setid "$2" && chown "$3" "$2" && chmod "$1" "$2"; } # MODE NAME OWNER
    copy 4755 user 1234:0
    copy 2755 group 0:1235
    copy 2745 nogroup 0:1235
    copy 6755 both 1234:1235
    copy 4755 root 0:0
    copy 6755 rootboth 0:1235
    copy 0711 secret 0:0
    copy 0700 mine 0:0
    printf '#!./user\n' >script && chmod 6755 script && chown 1236:1236 script
    [ -n "${nomount:-}" ] || { mkdir "$TMP/nosuid/$kind" && cp -p both "$TMP/nosuid/$kind/both"; }
done
chmod a+rx "$TMP"

# NAME AS... -- PROGRAM: executed by a program of the same kind
same() {
    local name=$1 want got as=()
    shift
    while [ "$1" != -- ]; do as+=("$1") && shift; done
    want=$(cd "$TMP/native" && "${as[@]}" timeout 20 ./setid exec "${2/KIND/native}" 2>&1)
    got=$(cd "$TMP/guest" && "${as[@]}" timeout 20 "$LODGE" run ./setid exec "${2/KIND/guest}" 2>&1)
    is "${got//guest/native}" "$want" "$name"
}
for program in user group nogroup both root rootboth script setid secret; do
    same "$program, by root" -- ./$program
done
as_caps=(setpriv --reuid 2000 --regid 2000 --clear-groups --inh-caps "-all,+setuid,+setgid" --ambient-caps "-all,+setuid,+setgid")
for program in user group both root rootboth; do
    same "$program, by a user with the capabilities" "${as_caps[@]}" -- ./$program
done
same "no_new_privs" setpriv --no-new-privs -- ./both
[ -n "${nomount:-}" ] && skip "a nosuid mount" "cannot mount here" || same "a nosuid mount" -- ../nosuid/KIND/both

if [ -n "${nomount:-}" ] || ! mount -t tmpfs -o noexec none "$TMP/nosuid/native"; then
    skip "a noexec mount" "cannot mount here"
else
    cp /bin/true "$TMP/nosuid/native/file"
    cc -O1 -w -o "$TMP/native/noexec" "$LODGE_SOURCE/tests/guest/linux/noexec.c"
    guest_cc "$TMP/guest/noexec" -static "$LODGE_SOURCE/tests/guest/linux/noexec.c"
    want=$(timeout 20 "$TMP/native/noexec" "$TMP/nosuid/native/file" 2>&1)
    is "$(timeout 20 "$LODGE" run "$TMP/guest/noexec" "$TMP/nosuid/native/file" 2>&1)" "$want" "a noexec mount: as natively"
    is "$(grep -c '^not ok' <<<"$want")" 0 "a noexec mount: every fact holds"
    umount "$TMP/nosuid/native"
fi

# Without capabilities and without binfmt_misc.
user=(setpriv --reuid 2000 --regid 2000 --clear-groups)
cd "$TMP/guest" || exit 1
"${user[@]}" test -x "$LODGE" || { skip "as a user" "lodge cannot be executed by others here" && done_testing; }
exits 0 "a set-id program by a user" "${user[@]}" timeout 20 "$LODGE" run --trace linux ./setid exec ./both
is "$out" "uid 2000 2000 2000 gid 2000 2000 2000 secure 0" "it runs without its ids"
like "$err" "./both: set-id bits ignored: that needs CAP_SETUID" "and the trace says so"
exits 1 "a program that the user may not read" "${user[@]}" timeout 20 "$LODGE" run ./setid exec ./secret
is "$err" "execv: Permission denied" "it cannot be translated"
exits 1 "one that the user may not execute" "${user[@]}" timeout 20 "$LODGE" run ./setid exec ./mine
is "$err" "execv: Permission denied" "as natively"
exits 126 "as the first program" "${user[@]}" timeout 20 "$LODGE" run ./secret
like "$err" "^lodge: run: ./secret: .*Permission denied" "one line"

# With binfmt_misc, in a user namespace that has all these ids.
cat >"$TMP/inside" <<'EOS'
mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc || exit 77
"$LODGE" system binfmt --register || exit 1
cd "$TMP/guest"
for p in both secret root; do
    setpriv --reuid 2000 --regid 2000 --clear-groups --bounding-set -all timeout 20 "$LODGE" run ./setid exec ./$p
done
"$LODGE" system binfmt --unregister
EOS
cat >"$TMP/map" <<'EOS'
read -r pid <"$TMP/pid"
echo "0 0 65536" >/proc/$pid/uid_map && echo "0 0 65536" >/proc/$pid/gid_map
echo >"$TMP/go"
EOS
mkfifo "$TMP/pid" "$TMP/go"
timeout 20 bash "$TMP/map" &
out=$(timeout 60 unshare -Um bash -c 'echo $$ >"$TMP/pid"; read -r _ <"$TMP/go"
    exec setpriv --reuid 0 --regid 0 --clear-groups bash "$TMP/inside"' 2>&1)
status=$?
wait
if [ $status = 77 ]; then
    skip "with binfmt_misc" "not in a user namespace on this kernel"
else
    is "$out" "uid 2000 1234 1234 gid 2000 1235 1235 secure 1
uid 2000 2000 2000 gid 2000 2000 2000 secure 0
uid 2000 0 0 gid 2000 2000 2000 secure 1" "registered with binfmt_misc, the kernel gives them"
fi
done_testing
