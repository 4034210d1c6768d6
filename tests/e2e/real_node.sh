#!/usr/bin/env bash
# Node.js 20: V8's compilers write riscv64 code; libuv's threads and epoll.
. "$(dirname "$0")/../lib/real.sh"
real_roots jit
put main.js <"$LODGE_SOURCE/tests/guest/script/main.js"
twin "a program that gets hot" 'node main.js' 400
for flags in "--no-opt" "--always-sparkplug" "--max-lazy --stress-compaction" "--single-threaded"; do
    twin "node $flags" "node $flags main.js" 600
done
is "$(guest 60 node -p process.arch)" riscv64 "process.arch"
twin "an exception, an exit status, standard input" 'echo "throw new Error(\"x\")" >e.js; node e.js 2>&1 | grep -c "^Error: x"; echo "process.exit(6)" | node -; echo $?; seq 1000 | node -e "let n = 0; require(\"readline\").createInterface({ input: process.stdin }).on(\"line\", l => n += +l).on(\"close\", () => console.log(n))"' 120
put stress.js <"$LODGE_SOURCE/tests/guest/script/stress.js"
for run in 1 2 3; do
    twin "workers, children and wasm at once, run $run" 'node stress.js' 200
done
done_testing
