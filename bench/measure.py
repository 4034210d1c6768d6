"""What bench/run and bench/start share: building the programs, running one command under the meter, and the runners
(native, lodge, each qemu-user) that are compared."""

import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys
from typing import NamedTuple

BENCH = pathlib.Path(__file__).resolve().parent
TREE = BENCH.parent
GUEST = "riscv64"
# Products and sums stay apart: a fused multiply-add, which only one of the two CPUs has by default, rounds differently.
FLAGS = ["-O2", "-static", "-ffp-contract=off"]
COMPILERS = {"amd64": os.environ.get("CC", "gcc"), GUEST: os.environ.get("CC_RISCV64", "riscv64-linux-gnu-gcc")}


class Sample(NamedTuple):
    wall: float  # seconds
    cpu: float  # seconds, user and system, of all processes
    rss: int  # KiB, the largest process
    status: int  # as wait() gives it; None: ran out of time
    output: bytes


class Runner(NamedTuple):
    name: str
    arch: str
    prefix: list  # what stands before the program
    sysroot: list  # what stands before a program of a root; {} is the root


def fail(what):
    sys.exit(f"{pathlib.Path(sys.argv[0]).name}: {what}")


def build(name, arch, folder):
    """Compile bench/NAME.c for a CPU; returns the program. Left alone when nothing is newer."""
    folder.mkdir(parents=True, exist_ok=True)
    program, source = folder / f"{name}.{arch}", BENCH / f"{name}.c"
    inputs = [source, BENCH / "bench.h", pathlib.Path(__file__)]
    if program.exists() and all(path.stat().st_mtime < program.stat().st_mtime for path in inputs):
        return program
    command = [COMPILERS[arch], *FLAGS, "-o", program, source, "-lm"]
    if not shutil.which(command[0]):
        fail(f"{command[0]}: not installed")
    if subprocess.run(command).returncode:
        fail(f"{source}: does not compile for {arch}")
    return program


class Meter:
    def __init__(self, folder):
        self.program = build("meter", "amd64", folder)

    def run(self, command, timeout):
        """One run of a command, as a Sample. Its processes are a session of their own, and gone when this returns."""
        read, write = os.pipe()
        meter = subprocess.Popen(
            [self.program, str(write), *map(str, command)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[write],
            start_new_session=True,
        )
        os.close(write)
        with open(read) as report:
            try:
                output, _ = meter.communicate(timeout=timeout)
            except subprocess.TimeoutExpired:
                os.killpg(meter.pid, signal.SIGKILL)
                output, _ = meter.communicate()
                return Sample(timeout, timeout, 0, None, output)
            wall, user, system, rss, status = map(int, report.read().split())
        return Sample(wall / 1e6, (user + system) / 1e6, rss, status, output)


def qemu_version(path):
    done = subprocess.run([path, "--version"], capture_output=True, text=True)
    match = re.search(r"version (\d+\.\d+)", done.stdout)
    return match[1] if match else None


def runners(arguments):
    """Native first, then what is there of lodge and qemu-user; what is missing is said, not guessed."""
    chosen = [Runner("native", "amd64", [], [])]
    if arguments.native_only:
        return chosen
    lodge = arguments.lodge or arguments.build / "bin" / "lodge"
    if pathlib.Path(lodge).exists():
        chosen.append(Runner("lodge", GUEST, [lodge, "run"], [lodge, "run", "--sysroot", "{}"]))
    elif arguments.lodge:
        fail(f"{lodge}: not there")
    else:
        print(f"no lodge: {lodge} is not there (ninja -C build)", file=sys.stderr)
    installed = shutil.which(f"qemu-{GUEST}")
    for path in arguments.qemu or ([installed] if installed else []):
        version = qemu_version(path)
        if not version:
            fail(f"{path}: does not say which version of qemu it is")
        chosen.append(Runner(f"qemu-{version}", GUEST, [path], [path, "-L", "{}"]))
    if not arguments.qemu and not installed:
        print(f"no qemu: qemu-{GUEST} is not installed (qemu-user)", file=sys.stderr)
    return chosen


def add_options(parser, rounds):
    parser.add_argument("--rounds", type=int, default=rounds, help=f"interleaved rounds ({rounds})")
    parser.add_argument("--native-only", action="store_true")
    parser.add_argument("--lodge", help="lodge program (build/bin/lodge)")
    parser.add_argument("--qemu", action="append", metavar="PATH", help="a qemu-riscv64; may be repeated")
    parser.add_argument("--build", type=pathlib.Path, default=TREE / "build", help="build folder")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write every sample")
    parser.add_argument("--timeout", type=float, default=600, help="seconds a run may take (600)")


def median_ratio(over, under):
    """The median over rounds of one runner's figure over another's in the same round: drift cancels."""
    return statistics.median(a / b for a, b in zip(over, under))
