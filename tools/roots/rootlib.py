"""What lock, fetch and unpack share: where things are, the host's Debian mirror, and the lock files.

A lock file names every package of one set on one CPU, by pool path, size and SHA-256, so that a fetch needs no index
and two machines unpack the same bytes. Nothing here names a mirror: it is the one that the host's own apt uses.
"""

import configparser
import os
import pathlib
import re
import subprocess
import sys
from typing import NamedTuple

TREE = pathlib.Path(__file__).resolve().parents[2]
LOCKS = TREE / "tests" / "lock"
CODENAME = "trixie"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"

EXIT_USAGE = 2
EXIT_MIRROR = 75  # EX_TEMPFAIL: no mirror, or it does not answer or no longer has the file; a test skips on this


class Package(NamedTuple):
    name: str
    version: str
    size: int
    sha256: str
    path: str  # below the mirror: pool/main/...

    @property
    def file(self):
        return self.path.rsplit("/", 1)[1]


class Mirror(NamedTuple):
    uri: str
    keyring: str


def fail(code, what):
    print(f"{pathlib.Path(sys.argv[0]).name}: {what}", file=sys.stderr)
    sys.exit(code)


def cache():
    """The folder for what is downloaded or unpacked; git ignores it."""
    return pathlib.Path(os.environ.get("LODGE_CACHE") or TREE / ".cache").resolve()


def sets():
    ini = configparser.ConfigParser()
    ini.read(pathlib.Path(__file__).with_name("sets.ini"))
    return ini


def set_packages(ini, name):
    """The names that a set asks for, those of the sets it includes first."""
    names = []
    for other in ini[name].get("include", "").split():
        names += set_packages(ini, other)
    return names + ini[name]["packages"].split()


def lock_path(set_name, arch):
    return LOCKS / f"{CODENAME}-{arch}-{set_name}.lock"


def lock_read(set_name, arch):
    path = lock_path(set_name, arch)
    if not path.exists():
        known = " ".join(sorted(p.stem.removeprefix(f"{CODENAME}-") for p in LOCKS.glob("*.lock")))
        fail(EXIT_USAGE, f"no lock for set {set_name} on {arch}; there are: {known}")
    packages = []
    for line in path.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        name, version, size, sha256, pool = line.split()
        packages.append(Package(name, version, int(size), sha256, pool))
    return packages


def _deb822_stanzas(text):
    for stanza in re.split(r"\n\s*\n", text):
        lines = [line for line in stanza.splitlines() if line.strip() and not line.startswith("#")]
        fields = dict(line.split(":", 1) for line in lines if ":" in line and not line[0].isspace())
        yield {key.lower(): value.split() for key, value in fields.items()}


def _apt_sources():
    """(uris, suites, components, signed-by or None) of each binary entry in the host's apt sources."""
    etc = pathlib.Path("/etc/apt")
    for path in sorted((etc / "sources.list.d").glob("*.sources")):
        for stanza in _deb822_stanzas(path.read_text()):
            if "deb" in stanza.get("types", []) and stanza.get("enabled", ["yes"]) != ["no"]:
                signed = stanza.get("signed-by", [None])[0]
                yield stanza.get("uris", []), stanza.get("suites", []), stanza.get("components", []), signed
    for path in [etc / "sources.list", *sorted((etc / "sources.list.d").glob("*.list"))]:
        if not path.exists():
            continue
        for line in path.read_text().splitlines():
            match = re.match(r"deb\s+(?:\[([^]]*)\]\s+)?(\S+)\s+(\S+)\s+(.*)", line.strip())
            if match:
                signed = re.search(r"signed-by=(\S+)", match[1] or "")
                yield [match[2]], [match[3]], match[4].split("#")[0].split(), signed and signed[1]


def find_mirror():
    """The Debian archive that the host's apt uses, or LODGE_DEBIAN_MIRROR, or None."""
    given = os.environ.get("LODGE_DEBIAN_MIRROR")
    if given:
        return Mirror(given.rstrip("/"), KEYRING)
    for uris, suites, components, signed in _apt_sources():
        for uri in uris:
            main = any("/" not in s and "-" not in s for s in suites)  # not bookworm-updates, not bookworm-security
            if main and "main" in components and uri.rstrip("/").endswith("/debian"):
                keyring = signed if signed and signed.startswith("/") else KEYRING
                return Mirror(uri.rstrip("/"), keyring)
    return None


def mirror():
    return find_mirror() or fail(EXIT_MIRROR, "no Debian mirror in the host's apt sources; set LODGE_DEBIAN_MIRROR")


def apt_proxies():
    """The host's proxy settings, as apt configuration lines: our private apt must leave by the same door."""
    dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=False).stdout
    return [line for line in dump.splitlines() if re.match(r"Acquire::.*Proxy", line)]
