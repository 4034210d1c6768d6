// Workers that compute the same as the main thread, children that all report, a wasm loop that gets optimised: prints OK or how
// many results are wrong.
const { Worker, isMainThread, workerData, parentPort } = require("worker_threads"), { spawn, execFile } = require("child_process"), zlib = require("zlib");
function fuzz(seed) { let s = seed; const out = []; for (let i = 0; i < 3000; i++) { s = (s * 1103515245 + 12345) & 0x7fffffff; out.push({ k: "k" + s % 100, v: s % 7 ? s : s / 3, n: [s & 255, null, "x".repeat(s % 9)] }); } return out; }
function work(seed) {
  let h = 0; for (let r = 0; r < 12; r++) { const o = fuzz(seed + r), t = JSON.stringify(o), p = JSON.parse(t); for (const x of p) h = (h * 31 + x.k.length + (x.v | 0) + x.n[0]) | 0;
    for (const m of t.matchAll(/"k(\d+)","v":(\d+)(\.\d+)?/g)) h = (h ^ (+m[1] + (m[3] ? 1 : 0))) | 0;
    h = (h + zlib.gunzipSync(zlib.gzipSync(t)).length) | 0; }
  return h; }
const wasmBytes = new Uint8Array([0,97,115,109,1,0,0,0,1,6,1,96,1,127,1,127,3,2,1,0,7,8,1,4,108,111,111,112,0,0,10,33,1,31,1,2,127,3,64,32,1,32,2,106,32,2,115,33,1,32,2,65,1,106,34,2,32,0,72,13,0,11,32,1,11]);
function wasmRef(n) { let a = 0, i = 0; do { a = ((a + i) | 0) ^ i; i = (i + 1) | 0; } while (i < n); return a; }
if (!isMainThread) { parentPort.postMessage(work(workerData)); }
else (async () => {
  let bad = 0; const want = [1, 2, 3, 4].map(work);
  for (let round = 0; round < 3; round++) {
    const got = await Promise.all([1, 2, 3, 4].map(s => new Promise((ok, no) => { const w = new Worker(__filename, { workerData: s }); w.on("message", ok); w.on("error", no); })));
    got.forEach((g, i) => { if (g !== want[i]) bad++; });
    const kids = await Promise.all(Array.from({ length: 12 }, (_, i) => new Promise(ok => execFile("sh", ["-c", `echo ${i}; exit ${i}`], (e, so) => ok([e ? e.code : 0, +so])))));
    kids.forEach(([c, o], i) => { if (c !== i || o !== i) bad++; });
  }
  let inst; try { inst = (await WebAssembly.instantiate(wasmBytes)).instance; } catch (e) { console.log("wasm", e.message); }
  if (inst) for (let i = 1; i < 2000; i += 7) if (inst.exports.loop(i * 10) !== wasmRef(i * 10)) bad++;
  console.log(bad ? "BAD " + bad : "OK");
})();
