#!/usr/bin/env bash
# busybox: static as a bare file and as a root of its own, dynamic inside a Debian root; one program that is many.
. "$(dirname "$0")/../lib/real.sh"
real_roots base
real_unpack STATIC static riscv64
box() { timeout -k 5 20 "$LODGE" run "$STATIC/usr/bin/busybox" "$@"; }

is "$(box echo one two)" "one two" "static: echo"
is "$(box uname -m)" riscv64 "static: uname -m"
is "$(box printf '%05d %x %.3f\n' 42 255 2.5)" "00042 ff 2.500" "static: printf"
exits 3 "static: exit status" box sh -c 'exit 3'
exits 1 "static: false" box false
is "$(box sh -c 'kill -TERM $$; echo not reached' 2>/dev/null; echo $?)" 143 "static: dies of SIGTERM as a shell shows it"
is "$(printf 'b\na\nc\n' | box sort -r | tr '\n' ' ')" "c b a " "static: pipes in and out"
is "$(box sh -c 'i=0; while [ $i -lt 1000 ]; do i=$((i+1)); done; echo $i')" 1000 "static: ash counts"
is "$(box sh -c 'echo abc | busybox tr a-c x-z; (exit 7); echo $?')" "$(printf 'xyz\n7')" "static: applets as children"
is "$(printf hello | box sha256sum)" "$(printf hello | sha256sum)" "static: sha256sum"
is "$(printf hello | box md5sum)" "$(printf hello | md5sum)" "static: md5sum"
is "$(seq 20000 | box gzip -c | gzip -dc | cksum)" "$(seq 20000 | cksum)" "static: gzip"
is "$(seq 20000 | bzip2 -c 2>/dev/null | box bunzip2 -c | cksum)" "$(seq 20000 | cksum)" "static: bunzip2"
is "$(box awk 'BEGIN { for (i = 1; i <= 10; i++) p = p ? p * i : i; print p, 10 / 4, 1e300 * 10, int(-3.7), 0.1 + 0.2 }')" \
    "3628800 2.5 1e+301 -3 0.3" "static: awk's floating point"

twin "ash: functions, arithmetic, case, here-document" 'busybox sh -c "$(cat <<"E"
f() { local n=$1; [ $n -le 1 ] && echo 1 && return; echo $(( n * $(f $((n - 1))) )); }
f 10
case foobar in foo*) echo starts;; *) echo other;; esac
cat <<X
$((0x10 + 010)) ${HOME##*/} ${UNSET:-default}
X
set -- a "b c" d; for w; do echo "<$w>"; done; shift 2; echo $# $*
trap "echo bye" EXIT
E
)"'
twin "text applets" 'seq 1 50 | busybox sed -n "s/5/five/p"; seq 30 | busybox grep -c 1; seq 9 | busybox tac | busybox paste -sd,
echo a:b:c | busybox cut -d: -f2; seq 5 | busybox awk "{ s += \$1 } END { print s }"; printf "b 2\na 1\n" | busybox sort -k2n
seq 12 | busybox xargs -n 5 echo; echo hello | busybox rev; seq 100 | busybox wc; echo abc | busybox od -c; echo abc | busybox hexdump -C'
twin "digests" 'seq 5000 >n; for d in md5sum sha1sum sha256sum sha512sum sha3sum crc32; do busybox $d n; done'
twin "archives" 'mkdir -p d/e; seq 3000 >d/e/n; ln -sf e/n d/l; busybox tar cf - d | busybox tar tf - | busybox sort
busybox tar cf - d | busybox gzip | busybox gunzip | busybox tar xf - -O d/e/n | busybox md5sum
(cd d; busybox find . | busybox sort | busybox cpio -o -H newc 2>/dev/null) | busybox cpio -t 2>/dev/null'
twin "files" 'busybox mkdir -p x/y; busybox touch -d "2020-01-02 03:04:05" x/f; busybox stat -c "%n %s %Y %a %F" x/f
busybox ln -s f x/l; busybox readlink x/l; busybox chmod 640 x/f; busybox ls -l x | busybox awk "{ print \$1, \$NF }"
busybox mv x/f x/g; busybox rm -r x; busybox test -e x; echo $?; busybox dd if=/dev/zero bs=1k count=64 2>/dev/null | busybox md5sum
busybox mktemp -u -t XXXXXX | busybox wc -c; busybox realpath /proc/../tmp/.'
twin "time, numbers" 'busybox date -u -d @1000000000; busybox expr 7 \* 6; busybox factor 1234567890; busybox seq 1 0.5 3; busybox cal 2 2024
echo "2 3 ^ p" | busybox dc; echo "scale=10; sqrt(2)" | busybox bc'
twin "processes" 'busybox sh -c "busybox sleep 5 & busybox kill \$!; wait \$!; echo \$?"; busybox timeout 1 busybox sleep 9; echo $?
busybox nice -n 5 busybox nice; busybox env -i A=b busybox env; busybox setsid busybox true; echo $?'
twin "ed, diff and patch" 'printf "a\nb\nc\n" >o; printf "a\nB\nc\nd\n" >n; busybox diff -u o n | busybox tail -n +3
busybox diff -u o n | busybox patch o >/dev/null; busybox cmp o n && echo same; printf "1,2p\nq\n" | busybox ed -s o'
done_testing
