#!/usr/bin/env bash
# python3: bare with the root as sysroot, and inside the root, compared part by part with the native twin.
. "$(dirname "$0")/../lib/real.sh"
real_roots lang
put basics.py <"$LODGE_SOURCE/tests/guest/script/basics.py"

is "$(bare 30 /usr/bin/python3 -c 'import platform, sys; print(platform.machine(), sys.version_info[:2], sys.argv)' a)" \
    "riscv64 (3, 13) ['-c', 'a']" "bare: python3"
exits 9 "bare: exit status" bare 30 /usr/bin/python3 -Sc 'import sys; sys.exit(9)'
is "$(bare 30 /usr/bin/python3 -Sc 'import os; os.abort()' 2>/dev/null; echo $?)" 134 "bare: abort"
is "$(echo 'print(sum(range(10)))' | bare 30 /usr/bin/python3 -S)" 45 "bare: a script on standard input"
twin "what a program asks of a CPU and a kernel" 'python3 basics.py' 120
twin "a traceback" 'printf "def f(n):\n    return f(n - 1) if n else 1 / 0\nf(3)\n" >t.py; python3 t.py 2>&1; echo $?'
twin "the compiler, bytecode cache, zip import" 'mkdir -p pk; echo "x = 41" >pk/__init__.py; python3 -c "import pk; print(pk.x + 1)"; ls pk/__pycache__; python3 -m zipfile -c z.zip pk/__init__.py; python3 -m compileall -q pk; echo $?; python3 -m json.tool <<<"{\"a\":[1]}"; python3 -m timeit -n 5 -r 1 "pass" | wc -l'
twin "multiprocessing with processes and shared memory" 'cat >m.py <<E
import multiprocessing as m, concurrent.futures as c
def square(x): return x * x
if __name__ == "__main__":
    for method in "fork", "spawn", "forkserver":
        with m.get_context(method).Pool(2) as p: print(method, p.map(square, range(10)))
    v = m.Value("i", 0)
    def add():
        for _ in range(200):
            with v.get_lock(): v.value += 1
    p = [m.get_context("fork").Process(target=add) for _ in range(3)]
    [x.start() for x in p]; [x.join() for x in p]; print(v.value, [x.exitcode for x in p])
    with c.ThreadPoolExecutor(4) as e: print(sum(e.map(square, range(100))))
E
python3 m.py' 180
done_testing
