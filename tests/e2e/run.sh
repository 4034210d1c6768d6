#!/usr/bin/env bash
# `lodge run`: programs of every kind, exit statuses, what exec does, directories as roots, and what bad input gets.
. "$(dirname "$0")/../lib/tap.sh"
need riscv64-linux-gnu-gcc

cat >"$TMP/hello.c" <<'EOF'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>
static int deep(int n) { volatile char page[4096]; page[0] = 1; return n ? deep(n - 1) + page[0] : 0; }
int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "signal")) raise(atoi(argv[2]));
    if (argc > 1 && !strcmp(argv[1], "deep")) return deep(-1);
    if (argc > 1 && !strcmp(argv[1], "grow")) {
        struct rlimit limit = {64 << 20, RLIM_INFINITY};
        return setrlimit(RLIMIT_STACK, &limit) || deep(5000) != 5000;
    }
    if (argc > 1 && !strcmp(argv[1], "spawn")) { execv(argv[2], argv + 2); perror(argv[2]); return 1; }
    for (int i = 1; i < argc; i++) printf("%s%s", argv[i], i + 1 < argc ? " " : "\n");
    return argc;
}
EOF
guest_cc "$TMP/static" -static "$TMP/hello.c"
guest_cc "$TMP/dynamic" "$TMP/hello.c"
gcc -O2 -static -o "$TMP/native" "$TMP/hello.c"
run() { timeout 60 "$LODGE" run "$@"; }

# ---- programs ----
exits 3 "a static program" run "$TMP/static" a b
is "$out" "a b" "its output"
exits 3 "under the interpreter" run --engine interp "$TMP/static" a b
exits 2 "a relative path" env -C "$TMP" timeout 60 "$LODGE" run ./static x
if [ -d /usr/riscv64-linux-gnu/lib ]; then
    exits 3 "a dynamic program with --sysroot" run --sysroot /usr/riscv64-linux-gnu "$TMP/dynamic" a b
else
    skip "a dynamic program with --sysroot" "no cross C library here"
fi
exits 126 "a dynamic program without its interpreter" run "$TMP/dynamic"
like "$err" "^lodge: run: .*/dynamic: its interpreter /lib/ld-.*: No such file" "says so"
exits 2 "a native program" run "$TMP/native" a
printf '#!%s  one two \n' "$TMP/static" >"$TMP/script"
chmod +x "$TMP/script"
exits 4 "a script" run "$TMP/script" three
is "$out" "one two $TMP/script three" "its arguments"
exits 2 "--env" run -e "A=1 2" "$TMP/static" x
sh -c "timeout 60 '$LODGE' run '$TMP/static' signal 9" 2>/dev/null
is $? 137 "death by a signal shows as the guest's own"
exits 3 "sv48" run --sv48 "$TMP/static" a b

# ---- exec ----
guest_cc "$TMP/exec" -static "$LODGE_SOURCE/tests/guest/linux/exec.c"
gcc -O2 -w -static -o "$TMP/exec-native" "$LODGE_SOURCE/tests/guest/linux/exec.c"
mkdir -p "$TMP/a" "$TMP/b"
mv "$TMP/exec" "$TMP/a/exec" && mv "$TMP/exec-native" "$TMP/b/exec"
want=$("$TMP/b/exec" "$TMP/b" 2>&1)
exits 0 "execve in all its ways" run "$TMP/a/exec" "$TMP/a"
if [ -n "${LODGE_SANITIZED:-}" ]; then # such a lodge-guest needs descriptors for its own shared libraries
    want=${want%with no free descriptor*} out=${out%with no free descriptor*}
fi
is "${out//$TMP\/a/$TMP\/b}" "$want" "execve says what the kernel says natively"
exits 2 "a guest executes a native program" run "$TMP/static" spawn "$TMP/native" x

# ---- the stack ----
exits 3 "a stack limit of 64 KB" bash -c "ulimit -s 64; timeout 60 '$LODGE' run '$TMP/static' a b"
exits 3 "no stack limit" bash -c "ulimit -s unlimited; timeout 60 '$LODGE' run '$TMP/static' a b"
bash -c "ulimit -s 1024 -c 0; timeout 60 '$LODGE' run '$TMP/static' deep; exit \$?" 2>/dev/null
is $? 139 "endless recursion is SIGSEGV"

exits 0 "a stack that grows after its limit was raised" bash -c "ulimit -Ss 1024; timeout 60 '$LODGE' run '$TMP/static' grow"

# ---- limits on memory: lodge's own does not count where it may lift them, and is small where it may not ----
if [ -z "${LODGE_SANITIZED:-}" ]; then
    for kb in 20000 100000; do
        exits 3 "ulimit -v $kb" bash -c "ulimit -v $kb; timeout 60 '$LODGE' run '$TMP/static' a b"
        exits 3 "ulimit -d $kb" bash -c "ulimit -d $kb; timeout 60 '$LODGE' run '$TMP/static' a b"
    done
    if [ "$(setpriv --bounding-set -sys_resource bash -c 'ulimit -d 4000; ulimit -d unlimited && echo lifted' 2>/dev/null)" != lifted ]; then
        exits 125 "ulimit -d 4000" setpriv --bounding-set -sys_resource bash -c "ulimit -d 4000; timeout 60 '$LODGE' run '$TMP/static' a b"
        like "$err" "^lodge: run: .*: Cannot allocate memory$" "one line"
    fi
fi

# ---- what is refused ----
exits 127 "a missing program" run "$TMP/nothing"
like "$err" "^lodge: run: .*/nothing: No such file or directory$" "one line"
exits 126 "a file that is not executable" run "$TMP/hello.c"
echo text >"$TMP/text" && chmod +x "$TMP/text"
exits 126 "a text file" run "$TMP/text"
: >"$TMP/empty" && chmod +x "$TMP/empty"
exits 126 "an empty file" run "$TMP/empty"
exits 127 "no path" run static
exits 125 "a directory without a command" run "$TMP"
exits 125 "no guest" run
exits 125 "an unknown option" run --nothing "$TMP/static"
exits 125 "an unknown engine" run --engine best "$TMP/static"
head -c 100 "$TMP/static" >"$TMP/cut" && chmod +x "$TMP/cut"
exits 126 "a truncated ELF file" run "$TMP/cut"
like "$err" "beyond the end of the file" "says what is wrong"
head -c 70000 "$TMP/static" >"$TMP/cut"
exits 126 "an ELF file without its last segment" run "$TMP/cut"
poke() { cp "$TMP/static" "$TMP/poked" && printf "$2" | dd of="$TMP/poked" bs=1 seek="$1" conv=notrunc status=none; }
poke 4 '\1'
exits 126 "wrong class" run "$TMP/poked"
poke 18 '\267'
exits 126 "wrong machine" run "$TMP/poked"
poke 56 '\0\0'
exits 126 "no program headers" run "$TMP/poked"
poke 56 '\377\377'
exits 126 "65535 program headers" run "$TMP/poked"
poke 24 '\1\0\0\0\0\0\0\0'
bash -c "ulimit -c 0; timeout 60 '$LODGE' run '$TMP/poked'; exit \$?" 2>"$TMP/stderr"
status=$?
ok "an entry where nothing is: a signal ($status)" test "$status" = 139 -o "$status" = 135
is "$(grep -c 'bug of lodge' "$TMP/stderr")" 0 "no crash of lodge's own"
exits 125 "no free descriptor" bash -c "ulimit -n 4; exec '$LODGE' run '$TMP/static'"
like "$err" "^lodge: .*Too many open files" "says so"

# ---- a directory ----
root=$TMP/root
mkdir -p "$root/bin" "$root/proc" "$root/tmp"
cp "$TMP/static" "$root/bin/tool" && cp "$TMP/native" "$root/bin/native"
chmod -R a+rX "$TMP"
in_root() { exits "$1" "$2" timeout 60 "${as[@]}" "$LODGE" run "$root" "${@:3}"; }
for user in self nobody; do
    as=()
    if [ $user = nobody ]; then
        [ "$(id -u)" = 0 ] || continue
        as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
        "${as[@]}" test -x "$LODGE" && "${as[@]}" unshare -Urm true 2>/dev/null || { skip "as nobody" "not possible here"; continue; }
        chown -R 65534:65534 "$root"
        "${as[@]}" test -w "$root/dev" || rm -rf "$root/dev"
    fi
    in_root 3 "a command from the guest's PATH ($user)" tool a b
    is "$out" "a b" "its output"
    in_root 127 "a command that is not there ($user)" nothing
    in_root 2 "a guest executes a native program inside ($user)" tool spawn /bin/native x
    if [ "$user" = nobody ] || [ "$(id -u)" != 0 ]; then
        in_root 2 "a native program executes a guest inside" native spawn /bin/tool x
    fi
done

# ---- subordinate ids: a user's guest has users ----
guest_cc "$TMP/setid" -static "$LODGE_SOURCE/tests/guest/linux/setid.c"
cp "$TMP/setid" "$root/bin/setid"
cat >"$TMP/subids" <<'EOF'
for file in subuid subgid; do
    printf '1:7:7\nnobody:100000:65536\n' >"$TMP/$file"
    mount --bind "$TMP/$file" /etc/$file || exit 77
done
user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
"${user[@]}" timeout 60 "$LODGE" run "$TMP/root" setid ids 1000 1001
status=$?
cp "$TMP/setid" "$TMP/root/bin/suid" && chown 100006:100007 "$TMP/root/bin/suid" && chmod 6755 "$TMP/root/bin/suid"
"${user[@]}" timeout 60 "$LODGE" run "$TMP/root" setid ids 1000 1001 exec /bin/suid
umount /etc/subuid /etc/subgid
exit $status
EOF
if [ "$(id -u)" = 0 ] && [ -x /usr/bin/newuidmap ] && setpriv --reuid=65534 --regid=65534 --clear-groups unshare -Urm true 2>/dev/null &&
    setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$LODGE" && [ -e /etc/subuid ] && [ -e /etc/subgid ]; then
    out=$(timeout 60 unshare -m bash "$TMP/subids" 2>&1)
    is "$out" "uid 1000 1000 1000 gid 1001 1001 1001 secure 0
uid 1000 7 7 gid 1001 8 8 secure 1" "subordinate ids, and a set-id program among them"
else
    skip "subordinate ids" "needs root, newuidmap, /etc/subuid and user namespaces of users"
fi

# ---- binfmt_misc, in a user namespace of its own ----
cat >"$TMP/binfmt" <<'EOF'
mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc || exit 77
"$LODGE" system binfmt && "$LODGE" system binfmt --register && "$LODGE" system binfmt --status | head -n 1
"$TMP/static" a b; echo "exit $?"
"$LODGE" system binfmt --unregister && "$LODGE" system binfmt
EOF
out=$(timeout 60 unshare -Urm bash "$TMP/binfmt" 2>&1)
if [ $? = 77 ]; then
    skip "binfmt_misc" "not in a user namespace on this kernel"
else
    is "$out" "riscv64: not registered
riscv64: registered
a b
exit 3
riscv64: not registered" "registered, the kernel starts riscv64 programs through lodge"
fi
done_testing
