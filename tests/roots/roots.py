#!/usr/bin/env python3
"""tools/roots against a mirror of our own on loopback: packages made here, no network, TAP.

What must hold: a root is what dpkg would have made (dpkg's own --verify and --audit agree), a wrong or missing file is
told apart by exit status and never enters the cache, and parallel or repeated calls end in one root.
"""

import functools
import hashlib
import http.server
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading

SOURCE = pathlib.Path(__file__).resolve().parents[2]
POSTINST = """\
#!/bin/sh
adduser --quiet --system --home /var/lib/tool \\
    --no-create-home _tool
update-alternatives --quiet --install /usr/bin/pick pick /usr/bin/tool 20 \\
    --slave /usr/share/man/man1/pick.1 pick.1 /usr/share/man/man1/tool.1
update-alternatives --install /usr/bin/$name $name /usr/bin/tool 20
"""
PACKAGES = {
    "base-files": {
        "bin": "usr/bin",  # a string without an end of line is a link
        "usr/share/base-files/motd": "hello\n",
        "var/run/": "",
        "var/lock/": "",
        "var/log/": "",
        "var/spool/": "",
        "etc/dpkg/origins/debian": "Vendor: Debian\n",
        "usr/bin/": "",
        "run/": "",
        "root/": "",
    },
    "base-passwd": {
        "usr/share/base-passwd/passwd.master": "root:*:0:0:root:/root:/bin/bash\n",
        "usr/share/base-passwd/group.master": "root:*:0:\nshadow:*:42:\nnogroup:*:65534:\n",
    },
    "tool": {
        "usr/bin/tool": "#!/bin/sh\n",
        "usr/share/man/man1/tool.1": ".TH\n",
        "etc/tool.conf": "x = 1\n",
        "usr/lib/sysusers.d/tool.conf": 'u _other 77:nogroup "other user" /run/other\n',
        "DEBIAN/postinst": POSTINST,
        "DEBIAN/conffiles": "/etc/tool.conf\n",
        "DEBIAN/triggers": "interest-noawait /usr/share/man\nactivate-noawait ldconfig\n",
    },
}

failures = 0
count = 0


def ok(condition, name, why=""):
    global failures, count
    count += 1
    failures += not condition
    print(f"{'ok' if condition else 'not ok'} {count} - {name}")
    if not condition and why:
        print("\n".join(f"# {line}" for line in str(why).splitlines()))


def make_package(top, name, files):
    """A .deb for riscv64 in the mirror's pool; returns its line of the lock."""
    tree = top / "build" / name
    same = "Multi-Arch: same\n" if name == "tool" else ""
    control = f"Package: {name}\nVersion: 1.0\nArchitecture: riscv64\n{same}Maintainer: x <x@y>\nDescription: test\n"
    shipped = {path: text for path, text in files.items() if text.endswith("\n") and not path.startswith("DEBIAN")}
    sums = "".join(f"{hashlib.md5(text.encode()).hexdigest()}  {path}\n" for path, text in shipped.items())
    for path, text in {"DEBIAN/control": control, "DEBIAN/md5sums": sums, **files}.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        if path.endswith("/"):
            (tree / path).mkdir(exist_ok=True)
        elif text.endswith("\n"):
            (tree / path).write_text(text)
            (tree / path).chmod(0o755 if path.endswith(("bin/tool", "postinst")) else 0o644)
        else:
            (tree / path).symlink_to(text)
    pool = f"pool/main/{name}_1.0_riscv64.deb"
    deb = top / "mirror" / pool
    deb.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", tree, deb], check=True, stdout=subprocess.DEVNULL)
    data = deb.read_bytes()
    return f"{name} 1.0 {len(data)} {hashlib.sha256(data).hexdigest()} {pool}\n"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def environment(top):
    uri = (top / "uri").read_text()
    return dict(os.environ, LODGE_CACHE=str(top / "cache"), LODGE_DEBIAN_MIRROR=uri, no_proxy="127.0.0.1")


def call(top, tool, *arguments):
    command = [top / "tools/roots" / tool, *arguments]
    return subprocess.run(command, env=environment(top), capture_output=True, text=True)


def check_root(root):
    for option in ("--verify", "--audit"):
        done = subprocess.run(["dpkg", f"--root={root}", option], capture_output=True, text=True)
        ok(done.returncode == 0 and not done.stdout, f"dpkg {option} finds nothing", done.stdout + done.stderr)
    query = ["dpkg-query", f"--admindir={root}/var/lib/dpkg", "-W", "-f", "${Package} ${Version} ${Status}\\n"]
    listed = subprocess.run(query, capture_output=True, text=True).stdout
    ok(listed == "".join(f"{name} 1.0 install ok installed\n" for name in PACKAGES), "dpkg lists them", listed)
    (root / "usr/bin/tool").write_text("changed\n")
    done = subprocess.run(["dpkg", f"--root={root}", "--verify", "tool:riscv64"], capture_output=True, text=True)
    ok("/usr/bin/tool" in done.stdout, "dpkg --verify finds a changed file", done.stdout + done.stderr)
    status = (root / "var/lib/dpkg/status").read_text()
    digest = hashlib.md5(b"x = 1\n").hexdigest()
    ok(f"Conffiles:\n /etc/tool.conf {digest}\n" in status, "conffiles have their MD5", status)
    names = (root / "var/lib/dpkg/info/tool:riscv64.list").read_text().splitlines()
    ok(names[0] == "/." and "/usr/bin/tool" in names and "/usr/bin" in names, "the file list is dpkg's", names)
    ok((root / "var/lib/dpkg/triggers/File").read_text() == "/usr/share/man tool:riscv64/noawait\n", "triggers")
    ok(os.readlink(root / "bin") == "usr/bin" and (root / "bin/tool").exists(), "bin is usr/bin, and full")
    ok(os.readlink(root / "usr/bin/pick") == "/etc/alternatives/pick", "the alternative's link")
    ok(os.readlink(root / "etc/alternatives/pick") == "/usr/bin/tool", "the alternative's choice")
    ok(os.path.lexists(root / "usr/share/man/man1/pick.1"), "its slave")
    passwd = (root / "etc/passwd").read_text()
    ok("_tool:x:100:65534::/var/lib/tool:/usr/sbin/nologin\n" in passwd, "a user of adduser", passwd)
    ok("_other:x:77:65534:other user:/run/other:/usr/sbin/nologin\n" in passwd, "a user of sysusers.d", passwd)
    ok((root / "etc/shadow").stat().st_mode & 0o777 == 0o640, "shadow is not for everybody")
    ok(os.readlink(root / "var/run") == "/run", "var/run is a link")


def main():
    with tempfile.TemporaryDirectory() as temporary:
        top = pathlib.Path(temporary)
        shutil.copytree(SOURCE / "tools/roots", top / "tools/roots", ignore=shutil.ignore_patterns("__pycache__"))
        lock = "".join(make_package(top, name, files) for name, files in PACKAGES.items())
        path = top / "tests/lock/trixie-riscv64-small.lock"
        path.parent.mkdir(parents=True)
        path.write_text("# a comment\n" + lock)
        handler = functools.partial(Quiet, directory=top / "mirror")
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            (top / "uri").write_text(f"http://127.0.0.1:{server.server_address[1]}")
            all_tests(top, path, lock)
            server.shutdown()
    print(f"1..{count}")
    raise SystemExit(1 if failures else 0)


def all_tests(top, lock_path, lock):
    tool = top / "mirror/pool/main/tool_1.0_riscv64.deb"
    good = tool.read_bytes()

    tool.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    done = call(top, "unpack", "small", "riscv64")
    ok(done.returncode == 1, "a changed package is refused with status 1", f"{done.returncode} {done.stderr}")
    ok(not (top / "cache/debs" / tool.name).exists(), "and is not cached")
    ok(not (top / "cache/roots/riscv64-small").exists(), "and nothing is unpacked")
    tool.unlink()
    done = call(top, "unpack", "small", "riscv64")
    ok(done.returncode == 75 and done.stderr.count("\n") == 1, "a missing package: status 75, one line", done.stderr)
    tool.write_bytes(good)

    command = [top / "tools/roots/unpack", "small", "riscv64", top / "root"]
    several = [subprocess.Popen(command, env=environment(top), stdout=subprocess.PIPE, text=True) for _ in range(4)]
    printed = [each.communicate()[0] for each in several]
    ok(all(each.returncode == 0 for each in several), "four at once succeed")
    ok(set(printed) == {f"{top / 'root'}\n"}, "each prints the root", printed)
    check_root(top / "root")

    (top / "root/mark").touch()
    tool.unlink()
    done = call(top, "unpack", "small", "riscv64", str(top / "root"))
    ok(done.returncode == 0 and (top / "root/mark").exists(), "again: left alone, no mirror needed", done.stderr)
    lock_path.write_text(lock)
    done = call(top, "unpack", "small", "riscv64", str(top / "root"))
    ok(done.returncode == 0 and not (top / "root/mark").exists(), "another lock: made anew", done.stderr)
    (top / "precious").mkdir()
    (top / "precious/file").touch()
    done = call(top, "unpack", "small", "riscv64", str(top / "precious"))
    ok(done.returncode == 2 and (top / "precious/file").exists(), "a folder of somebody's is not replaced", done.stderr)
    done = call(top, "fetch", "nothing", "riscv64")
    ok(done.returncode == 2 and "riscv64-small" in done.stderr, "an unknown set: status 2", done.stderr)


main()
