#!/usr/bin/env bash
# Program files that lie about themselves: one line that says what is wrong and 126 (127: a file is missing), or the signal
# that a kernel would deliver. The kernel's own answer is ENOEXEC, EINVAL or, once the old program is gone, SIGSEGV.
. "$(dirname "$0")/../lib/tap.sh"
need riscv64-linux-gnu-gcc python3
ulimit -c 0

cat >"$TMP/hello.c" <<'EOT'
#include <unistd.h>
int main(void) { return write(1, "hello\n", 6) == 6 ? 7 : 1; }
EOT
cat >"$TMP/start.c" <<'EOT'
static long call(long nr, long a, long b, long c)
{
    register long a0 __asm__("a0") = a, a1 __asm__("a1") = b, a2 __asm__("a2") = c, a7 __asm__("a7") = nr;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a7) : "memory");
    return a0;
}
volatile int data = 6, zero[5000];
void _start(void) { data++; call(64, 1, (long)"hello\n", 6); call(94, data + zero[4999], 0, 0); }
EOT
cat >"$TMP/spawn.c" <<'EOT'
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
int main(int argc, char **argv) { execv(argv[1], argv + 1); printf("%s\n", strerror(errno)); return argc; }
EOT
guest_cc "$TMP/static" -static "$TMP/hello.c"
guest_cc "$TMP/pie" -pie -nostdlib -fPIE -Wl,--no-dynamic-linker "$TMP/start.c"
guest_cc "$TMP/dynamic" -Wl,--dynamic-linker="$TMP/ld.so.of-a-name-that-is-long-enough-for-all-cases" "$TMP/hello.c"
guest_cc "$TMP/spawn" -static "$TMP/spawn.c"
cp "$TMP/pie" "$TMP/ld.so"
run() { timeout 60 "$LODGE" run "$@"; }
# Without what bash has to say about signals; what lodge said is in $TMP/stderr.
silent() { { timeout 20 "$LODGE" run "$@" >"$TMP/stdout" 2>"$TMP/stderr"; } 2>"$TMP/shell"; }
patch() { python3 "$LODGE_SOURCE/tests/lib/elf_patch.py" "$@" && chmod +x "$2"; }

one_line() { # REGEX NAME: what lodge said is one line, about the file, and says why
    [[ $err =~ ^lodge:\ run:\ $TMP/bad:\ [^$'\n']*$ ]] && [[ $err =~ $1 ]]
    tap_result $? "$2: says why" || diag "got: $err" "want a match of: $1"
}

# refused NAME REGEX PROGRAM PATCH...: 126 and one line; for a guest's execve it is an error before the old program is gone.
refused() {
    local name=$1 regex=$2
    patch "$TMP/$3" "$TMP/bad" "${@:4}"
    exits 126 "$name" run "$TMP/bad"
    one_line "$regex" "$name"
    exits 2 "$name: execve refuses" run "$TMP/spawn" "$TMP/bad"
    like "$out" "^(Exec format error|Invalid argument|Accessing a corrupted shared library)" "$name: errno"
}
# dies NAME PROGRAM PATCH...: begins, and then dies by a signal of its own.
dies() {
    local name=$1
    patch "$TMP/$2" "$TMP/bad" "${@:3}"
    silent "$TMP/bad"
    is "$?" 139 "$name: SIGSEGV"
    is "$(cat "$TMP/stderr")" "" "$name: lodge has nothing to say"
}
# runs NAME PROGRAM PATCH...: odd, but nothing that a kernel minds.
runs() {
    local name=$1
    patch "$TMP/$2" "$TMP/bad" "${@:3}"
    exits 7 "$name: runs" run "$TMP/bad"
    is "$out$err" hello "$name: output"
}

exits 7 "the static program as it is" run "$TMP/static"
exits 7 "the position-independent one" run "$TMP/pie"

# ---- the ELF header ----
refused "class 32" "class 1" static ei_class=1
refused "big-endian" "byte order 2" static ei_data=2
refused "another machine" "ELF machine 40" static e_machine=40
refused "an object file" "ELF type 1 is not a program" static e_type=1
refused "a core file" "ELF type 4 is not a program" static e_type=4
refused "no program headers" "0 program headers" static e_phnum=0
refused "65,535 program headers" "65535 program headers" static e_phnum=0xffff
refused "1,200 program headers" "1200 program headers" static e_phnum=1200
refused "program headers of 55 bytes" "program headers of 55 bytes" static e_phentsize=55
refused "program headers of no bytes" "program headers of 0 bytes" static e_phentsize=0
refused "program headers behind the end" "beyond the end of the file" static e_phoff=0x7fffffff
refused "program headers at 2^63" "beyond the end of the file" static e_phoff=0x8000000000000000
refused "program headers at -1" "beyond the end of the file" static e_phoff=0xffffffffffffffff
refused "program headers that wrap round" "beyond the end of the file" static e_phoff=0xffffffffffffffc0
runs "a wrong ELF version" static e_version=77
runs "no section headers where it says" static e_shoff=0xffffffffffffffff

# ---- segments ----
refused "more in the file than in memory" "larger in the file than in memory" static load1.p_memsz=0x100
refused "a segment behind the end of the file" "beyond the end of the file" static load1.p_offset=0x7ffff0dc0
refused "a segment whose offset is -1 page" "beyond the end of the file" static load1.p_offset=0xfffffffffffffdc0
refused "a segment whose size wraps round" "larger in the file|beyond the end" static load1.p_filesz=-0x6000 load1.p_memsz=-1
refused "a segment above the address space" "outside the address space" static load1.p_vaddr=0x4000000dc0
refused "a segment in the kernel's half" "outside the address space" static load1.p_vaddr=0xffffffff80000dc0
refused "a segment that ends behind the address space" "outside the address space" static load1.p_memsz=0x4000000000
refused "a segment whose end wraps round" "outside the address space" static load1.p_memsz=0xffffffffffffffff
refused "segments out of order" "overlap or are out of order" static load1.p_vaddr=0x5dc0
refused "segments that overlap" "overlap or are out of order" static load1.p_vaddr=0x20dc0
refused "an offset that does not fit the address" "does not fit its address" static load1.p_offset=+8
refused "nothing to load" "nothing to load" static load0.p_type=4 load1.p_type=4
runs "alignment that is no power of two" pie load0.p_align=3
runs "no alignment" pie load0.p_align=0
runs "alignment of 1 GiB" pie load0.p_align=0x40000000
patch "$TMP/pie" "$TMP/bad" load0.p_align=0x8000000000000000
exits 125 "alignment of 2^63" run "$TMP/bad"
one_line "no room|Cannot allocate memory" "alignment of 2^63"
patch "$TMP/static" "$TMP/bad" load1.p_memsz=0x3ffff80000
exits 125 "a segment that leaves no room for a stack" run "$TMP/bad"
one_line "Cannot allocate memory" "a segment that leaves no room for a stack"
patch "$TMP/static" "$TMP/bad" load0.p_vaddr=0 load0.p_offset=0
if [ "$(cat /proc/sys/vm/mmap_min_addr)" -gt 0 ]; then
    silent "$TMP/bad"
    status=$? err=$(cat "$TMP/stderr")
    ok "a segment at address 0: refused, or it dies by its own fault ($status)" \
        test $status = 126 -o $status = 139
fi
dies "a text segment that is not executable" static load0.p_flags=4
dies "a data segment that is not writable" pie load1.p_flags=4
dies "data that is not in memory" static load1.p_filesz=0 load1.p_memsz=0

# ---- where it begins ----
dies "an entry at 0" static e_entry=0
dies "an entry where nothing is" static e_entry=0x3000000000
dies "an entry in the kernel's half" static e_entry=0xffffffff80000000
dies "an entry behind the address space" static e_entry=0x4000000000
dies "an entry in the data, not executable" static e_entry=0x73000
patch "$TMP/static" "$TMP/bad" e_entry=+1
silent "$TMP/bad"
status=$?
ok "an unaligned entry: the even address below, as jalr has it, or a signal ($status)" test $status = 7 -o $status -ge 128
is "$(grep -c 'bug of lodge' "$TMP/stderr")" 0 "an unaligned entry: no crash of lodge's own"

# ---- the interpreter ----
patch "$TMP/dynamic" "$TMP/bad"
exits 126 "an interpreter that is not there" run "$TMP/bad"
like "$err" "its interpreter $TMP/ld.so.*: No such file or directory.*hint: .*--sysroot" "an interpreter that is not there: says why, and what to do"
exits 2 "execve of it" run "$TMP/spawn" "$TMP/bad"
is "$out" "No such file or directory" "its errno"
runs "an interpreter that is another program" dynamic "interp=$TMP/ld.so"
refused "an interpreter without a name" "interpreter has no name" dynamic 'interp=\0'
refused "a name of one byte" "wrong length" dynamic interp.p_filesz=1
refused "a name of 5,000 bytes" "wrong length" dynamic interp.p_filesz=5000
refused "a name without end" "has no end" dynamic interp.p_filesz=10
refused "a name behind the end of the file" "beyond the end of the file" dynamic interp.p_offset=0x7fffffff
refused "a name at -1" "beyond the end of the file" dynamic interp.p_offset=0xffffffffffffffff
interpreter() { # NAME REGEX
    patch "$TMP/dynamic" "$TMP/bad" "interp=$TMP/ld.so"
    exits 126 "$1" run "$TMP/bad"
    one_line "interpreter $TMP/ld.so: .*$2" "$1"
}
mv "$TMP/ld.so" "$TMP/good.so"
echo "no ELF file" >"$TMP/ld.so" && chmod +x "$TMP/ld.so"
interpreter "an interpreter that is a text" "not an ELF file"
: >"$TMP/ld.so"
interpreter "an empty interpreter" "not an ELF file"
patch "$TMP/good.so" "$TMP/ld.so" e_machine=62
interpreter "an interpreter for another machine" "no guest CPU for ELF machine 62"
head -c 300 "$TMP/good.so" >"$TMP/ld.so"
interpreter "an interpreter that is cut off" "beyond the end of the file"
cp "$TMP/good.so" "$TMP/ld.so" && chmod -x "$TMP/ld.so"
interpreter "an interpreter that is not executable" "Permission denied"
rm "$TMP/ld.so" && mkdir "$TMP/ld.so"
interpreter "an interpreter that is a directory" "(Permission denied|Is a directory)"

# ---- cut off at every place that matters, and bytes at random ----
for n in 1 3 4 16 63 64 65 119 120 300; do
    head -c "$n" "$TMP/pie" >"$TMP/bad" && chmod +x "$TMP/bad"
    silent "$TMP/bad"
    is "$? $(wc -l <"$TMP/stderr")" "126 1" "cut off after $n bytes"
done
RANDOM=1
for i in $(seq 60); do
    bytes=()
    for k in 1 2 3; do bytes+=("at.$((RANDOM % 400)).1=$((RANDOM % 256))"); done
    patch "$TMP/pie" "$TMP/bad" "${bytes[@]}"
    silent "$TMP/bad"
    status=$?
    { [ $status != 125 ] && [ $status != 124 ] && ! grep -q "bug of lodge" "$TMP/stderr"; } ||
        { tap_result 1 "bytes at random: ${bytes[*]}" || diag "status $status" "$(cat "$TMP/stderr")"; }
done
ok "60 files with three bytes at random in their headers end without a bug of lodge" true
done_testing
