# What CPython asks of a CPU and a kernel, on results that do not depend on either: numbers, text, collections under the
# garbage collector, threads, children, asyncio, sockets, mmap, signals, ctypes.
import asyncio, ctypes, decimal, fractions, hashlib, itertools, json, math, mmap, os, pickle, random, re, signal
import socket, sqlite3, struct, subprocess, sys, tempfile, threading, time, zlib

def part(name, value):
    print(f"{name}: {value}", flush=True)

part("integers", [2**200 % (10**9 + 7), -7 // 2, -7 % 3, (1 << 64) - 1, pow(3, 10**5, 2**61 - 1), hash(2**61), int("7" * 60, 9)])
part("floats", [0.1 + 0.2, 1e308 * 10, -1e308 * 10, 5e-324 / 2, math.sqrt(2), math.fsum([0.1] * 10), round(2.675, 2), 1 / 3,
     float.fromhex("0x1.8p-1074"), math.nextafter(1, 2), math.fmod(-7, 3), divmod(-7.5, 2), math.ldexp(0.7, -1070), (0.1).as_integer_ratio()])
part("libm", [f"{f(0.7):.14g}" for f in (math.sin, math.cos, math.tan, math.exp, math.log, math.atan, math.sinh, math.gamma, math.erf)])
part("conversions", [int(1e18), int(-2.9), round(0.5), round(1.5), math.floor(-0.5), f"{2**70:e}", f"{1e22:.0f}", repr(1e16), float("1.7976931348623157e308"), struct.pack(">dfe", 1.1, 1.1, 1.1).hex()])
part("decimal", [decimal.Decimal(2).sqrt(), fractions.Fraction(1, 3) + fractions.Fraction(1, 6), decimal.Decimal(1) / 7])
random.seed(42)
part("random", [random.random(), random.randrange(10**12), random.gauss(0, 1), random.sample(range(100), 5)])
part("complex", [abs(3 + 4j), (1 + 2j) ** 3, complex("1e3-2j")])
part("text", ["héllo".upper(), "ß".casefold(), f"{'x':>5}|{3.14159:.2f}|{255:#x}|{1234567:,}", re.findall(r"(\w)(\d+)", "a1 b22 c333"), "abc"[::-1], "%r" % "\u20ac"])
part("digests", [hashlib.new(n, b"x" * 10000).hexdigest()[:16] for n in ("md5", "sha1", "sha256", "sha512", "sha3_256", "blake2b")] + [zlib.crc32(b"abc"), zlib.adler32(b"abc")])
part("packed", zlib.decompress(zlib.compress(b"ab" * 5000, 9))[:6] + pickle.loads(pickle.dumps(b"x")) + json.dumps({"a": [1, 2.5, None]}).encode())
part("sorted", sorted((random.randrange(1000) for _ in range(2000)), key=lambda v: -v)[:3])
part("permutations", sum(1 for p in itertools.permutations(range(7)) if p[0] < p[-1]))

class Node:
    def __init__(self, other):
        self.other, self.me = other, self
node = None
for _ in range(20000):
    node = Node(node if random.random() < 0.5 else None)
part("collected", "yes")

def deep(n):
    return 0 if n == 0 else 1 + deep(n - 1)
sys.setrecursionlimit(20000)
part("deep", deep(5000))
try:
    deep(100000)
except RecursionError:
    part("recursion", "stopped")

total, lock = 0, threading.Lock()
def add():
    global total
    for _ in range(2000):
        with lock:
            total += 1
threads = [threading.Thread(target=add) for _ in range(8)]
[t.start() for t in threads]; [t.join() for t in threads]
part("threads", total)

done = subprocess.run([sys.executable, "-Sc", "import sys; print(sys.stdin.read()[::-1]); sys.exit(3)"], input="abc", text=True, capture_output=True)
part("subprocess", [done.stdout, done.stderr, done.returncode])
try:
    subprocess.run(["/nothing/of/this/name"])
except FileNotFoundError as error:
    part("missing", error.errno)
child = os.fork()
if child == 0:
    os._exit(7)
part("fork", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
child = os.posix_spawn(sys.executable, [sys.executable, "-Sc", "import os; os.kill(os.getpid(), 9)"], {})
part("spawn", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))

async def server():
    async def serve(reader, writer):
        writer.write((await reader.readline()).upper())
        writer.close()
    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    async def ask(i):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"question %d\n" % i)
        answer = await reader.read()
        writer.close()
        return answer
    answers = await asyncio.gather(*(ask(i) for i in range(20)))
    listener.close()
    child = await asyncio.create_subprocess_exec(sys.executable, "-Sc", "print('from a child')", stdout=subprocess.PIPE)
    out, _ = await child.communicate()
    try:
        await asyncio.wait_for(asyncio.sleep(30), 0.05)
    except asyncio.TimeoutError:
        return [answers[0], answers[19], len(answers), out, "timed out"]
part("asyncio", asyncio.run(server()))

a, b = socket.socketpair()
r, w = os.pipe()
socket.send_fds(a, [b"take"], [w])
_, fds, _, _ = socket.recv_fds(b, 10, 1)
os.write(fds[0], b"through")
part("descriptor passed", os.read(r, 10))
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 0))
udp.sendto(b"datagram", udp.getsockname())
part("udp", udp.recv(100))

with tempfile.TemporaryFile() as file:
    file.truncate(8192)
    with mmap.mmap(file.fileno(), 8192) as mapped:
        mapped[4096:4100] = b"mmap"
        mapped.flush()
        file.seek(4096)
        part("mmap", file.read(4))

caught = []
signal.signal(signal.SIGALRM, lambda number, frame: caught.append(number))
signal.setitimer(signal.ITIMER_REAL, 0.05)
started = time.monotonic()
while not caught and time.monotonic() - started < 10:
    math.sqrt(2)
part("alarm in a loop", caught)
signal.setitimer(signal.ITIMER_REAL, 0.05)
time.sleep(0.2)
part("alarm in a sleep", caught)

libc = ctypes.CDLL(None)
libc.snprintf.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p]
buffer = ctypes.create_string_buffer(64)
libc.snprintf(buffer, 64, b"%d %.3f %s", ctypes.c_int(-5), ctypes.c_double(2.5), b"text")
part("ctypes varargs", buffer.value)
compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))(lambda x, y: x[0] - y[0])
numbers = (ctypes.c_int * 6)(5, 3, 9, 1, 7, 2)
libc.qsort(numbers, 6, 4, compare)
part("ctypes callback", list(numbers))

base = sqlite3.connect(":memory:")
base.execute("create table t (a integer primary key, b text, c real)")
base.executemany("insert into t (b, c) values (?, ?)", ((f"row{i % 17}", i * 0.5) for i in range(2000)))
part("sqlite", base.execute("select b, count(*), sum(c), avg(c) from t group by b order by 3 desc limit 2").fetchall())
