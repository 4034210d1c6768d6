// What V8 and libuv ask of a CPU and a kernel: hot code, deoptimisation, garbage, typed arrays, wasm, workers, timers,
// sockets, children. Each line has one right value.
const assert = require("assert"), crypto = require("crypto"), fs = require("fs"), http = require("http"), os = require("os"), path = require("path");
const { execFileSync, spawn } = require("child_process"), { Worker, isMainThread, workerData } = require("worker_threads"), zlib = require("zlib");

const part = (name, ...values) => console.log(name + ":", ...values);

if (!isMainThread) {
    const shared = new Int32Array(workerData);
    for (let i = 0; i < 20000; i++) Atomics.add(shared, 0, 1);
    Atomics.add(shared, 1, 1);
    Atomics.notify(shared, 1);
} else main().catch(error => { console.log(error); process.exit(1); });

function collatz(n) { let steps = 0; for (; n !== 1; steps++) n = n % 2 ? 3 * n + 1 : n / 2; return steps; }
function add(a, b) { return a + b; }
function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
function deep(n) { return n ? 1 + deep(n - 1) : 0; }

async function main() {
    let sum = 0;
    for (let i = 1; i < 60000; i++) sum += collatz(i);
    part("collatz", sum);
    let text = 0;
    for (let i = 0; i < 300000; i++) text = add(i, 1); // integers, then doubles, then strings: deoptimised twice
    for (let i = 0; i < 100000; i++) text = add(i, 0.5);
    for (let i = 0; i < 1000; i++) text = add("s", i);
    part("types", text, fib(24), deep(5000));
    try { (function f() { f(); })(); } catch (error) { part("overflow", error.name); }
    part("integers", 2 ** 31 | 0, -7 % 3, 1 << 33, -1 >>> 28, Math.imul(0x7fffffff, 3), Math.clz32(77), 0xffffffff * 0xffffffff, 3n ** 100n % 1000007n, BigInt.asIntN(64, 2n ** 63n));
    part("floats", 0.1 + 0.2, 1 / 3, Math.sqrt(2), 1e308 * 10, -0 === 0, Object.is(Math.round(-0.2), -0), Math.fround(0.1), (1e21).toString(), (25).toString(36), 5e-324 / 2, Math.hypot(3, 4), NaN | 0, (0.000001234).toExponential(2), parseFloat("1.7976931348623157e308"));
    const floats = new Float64Array(100000).map((_, i) => (i * 7919) % 10007 / 3);
    part("typed arrays", floats.sort()[50000], floats.reduce((a, b) => a + b, 0), new DataView(new Float32Array([1.1]).buffer).getUint32(0).toString(16));
    const map = new Map();
    for (let i = 0; i < 200000; i++) map.set("k" + i % 5003, { i, next: map.get("k" + (i + 1) % 5003) ? 1 : 0 });
    part("map", map.size, [...map.values()].reduce((a, v) => a + v.next, 0));
    part("text", "héllo wörld".toUpperCase(), "a1b22".replace(/\d+/g, m => `<${m}>`), JSON.stringify({ a: [1, null, "x"], b: { c: 1.5 } }), [..."añb€"].length, "x".padStart(4, "-"), encodeURIComponent("ä/b"), [3, 1, 2].toSorted());
    part("digest", crypto.createHash("sha256").update("x".repeat(100000)).digest("hex"), crypto.pbkdf2Sync("p", "s", 1000, 16, "sha1").toString("hex"));
    part("zlib", zlib.gunzipSync(zlib.gzipSync(Buffer.alloc(100000, "ab"))).length, zlib.brotliDecompressSync(zlib.brotliCompressSync("brotli")).toString());
    const code = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 7, 1, 96, 2, 127, 127, 1, 127, 3, 2, 1, 0, 7, 7, 1, 3, 97, 100, 100, 0, 0, 10, 9, 1, 7, 0, 32, 0, 32, 1, 106, 11]);
    const { instance } = await WebAssembly.instantiate(code);
    let wasm = 0;
    for (let i = 0; i < 100000; i++) wasm = instance.exports.add(wasm, i);
    part("wasm", wasm);
    function* squares() { for (let i = 0; ; i++) yield i * i; }
    const first = [];
    for (const s of squares()) { if (s > 50) break; first.push(s); }
    part("generator", ...first);

    const shared = new SharedArrayBuffer(8);
    const workers = [1, 2, 3].map(() => new Worker(__filename, { workerData: shared }));
    await Promise.all(workers.map(w => new Promise((resolve, reject) => w.on("exit", resolve).on("error", reject))));
    part("workers", ...new Int32Array(shared));
    const order = [];
    await new Promise(resolve => { setTimeout(() => { order.push("timer"); resolve(); }, 20); setImmediate(() => order.push("immediate")); process.nextTick(() => order.push("tick")); Promise.resolve().then(() => order.push("promise")); });
    part("order", ...order);
    const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "lodge-")), "f");
    await fs.promises.writeFile(file, "line\n".repeat(1000));
    part("file", (await fs.promises.readFile(file, "utf8")).split("\n").length, fs.statSync(file).size);
    fs.rmSync(path.dirname(file), { recursive: true });
    const server = http.createServer((request, response) => response.end(request.url.toUpperCase().repeat(1000)));
    await new Promise(resolve => server.listen(0, "127.0.0.1", resolve));
    const bodies = await Promise.all([..."abcdefgh"].map(async c => (await (await fetch(`http://127.0.0.1:${server.address().port}/${c}`)).text()).length));
    part("http", ...bodies);
    server.close();
    server.closeAllConnections();
    part("children", execFileSync("echo", ["from", "echo"]).toString().trim(), await new Promise(resolve => spawn("sh", ["-c", "kill -TERM $$"]).on("exit", (status, signal) => resolve(signal))));
    try { execFileSync("/nothing/of/this/name"); } catch (error) { part("missing", error.code); }
    assert.deepStrictEqual(structuredClone({ a: new Date(0), b: /x/g }), { a: new Date(0), b: /x/g });
    part("done", "OK");
}
