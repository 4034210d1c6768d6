"""What the maintainer scripts would have done, where a root is not usable without it.

The scripts are for the guest's CPU and for a chroot, so they cannot run here. What many of them do is read out of them
and done in general: alternatives, system users and groups, sysusers.d, directories of tmpfiles.d. What one package does by
hand (base-files, base-passwd, passwd, PAM, the files of DEFAULTS) is done here by hand. Each step does nothing when its
package is not in the root, so that a set of one static program stays just that.

Left out: ld.so.cache (multiarch folders are searched without it), Python's __pycache__, man's index, CA certificates,
ssh host keys, xz's aliases (lzcat, unlzma, ...), c-like locales beyond C.UTF-8.
"""

import os
import pathlib
import re
import shlex
import shutil
import subprocess

import rootlib

LOCAL_DIRS = "share share/man bin games lib libexec include sbin src etc"
SYSTEM_IDS = range(100, 1000)


def own(path, user, group):
    if os.geteuid() == 0:
        os.chown(path, user, group, follow_symlinks=False)


def copy_new(source, to):
    if source.exists() and not to.exists():
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, to)


def link_new(to, what):
    if not to.is_symlink() and not to.exists():
        to.parent.mkdir(parents=True, exist_ok=True)
        to.symlink_to(what)


def base_files(root):
    """base-files.postinst: files from their defaults, empty folders, /var/run and /var/lock."""
    share = root / "usr/share/base-files"
    if not share.exists():
        return
    for name, to in {
        "dot.profile": "root/.profile",
        "dot.bashrc": "root/.bashrc",
        "profile": "etc/profile",
        "motd": "etc/motd",
    }.items():
        copy_new(share / name, root / to)
    for path in ["mnt", "srv", "opt", "etc/opt", "var/opt", "media", "var/mail", "run/lock", "usr/local"]:
        (root / path).mkdir(exist_ok=True)
    for path in LOCAL_DIRS.split():
        (root / "usr/local" / path).mkdir(exist_ok=True)
    (root / "run/lock").chmod(0o1777)
    own(root / "var/mail", 0, 8)  # mail
    (root / "var/mail").chmod(0o2775)
    for path, what in {"var/run": "/run", "var/lock": "/run/lock"}.items():
        if not (root / path).is_symlink():
            (root / path).rmdir()
            (root / path).symlink_to(what)
    link_new(root / "var/spool/mail", "../mail")
    link_new(root / "usr/local/man", "share/man")
    link_new(root / "etc/dpkg/origins/default", "debian")
    for path, mode in {"wtmp": 0o664, "btmp": 0o660, "lastlog": 0o664}.items():
        (root / "var/log" / path).touch()
        own(root / "var/log" / path, 0, 43)  # utmp
        (root / "var/log" / path).chmod(mode)
    for name in ("lib32", "lib64", "libo32", "libx32"):
        if (root / "usr" / name).is_dir():
            link_new(root / name, f"usr/{name}")


class Accounts:
    """/etc/passwd and /etc/group, with system users and groups added as adduser and systemd-sysusers add them."""

    def __init__(self, root):
        self.root = root
        self.users = self._read("usr/share/base-passwd/passwd.master")
        self.groups = self._read("usr/share/base-passwd/group.master")

    def _read(self, path):
        text = (self.root / path).read_text()
        return {line.split(":")[0]: line.split(":") for line in text.splitlines()}

    def _free_id(self):
        used = {int(entry[2]) for table in (self.users, self.groups) for entry in table.values()}
        return str(next(number for number in SYSTEM_IDS if number not in used))

    def add_group(self, name, number=None):
        self.groups.setdefault(name, [name, "x", number or self._free_id(), ""])

    def add_user(self, name, number=None, group=None, home="/nonexistent", about=""):
        if name in self.users:
            return
        number = number or self._free_id()
        if not group:
            self.add_group(name, number)
        gid = self.groups[group or name][2]
        self.users[name] = [name, "x", number, gid, about, home, "/usr/sbin/nologin"]

    def from_script(self, script):
        """adduser --system ... and addgroup --system ... in a maintainer script; the name comes last."""
        for command in re.findall(r"\b(add(?:user|group)\b.*)", script.replace("\\\n", " ")):
            words = shlex.split(command.split("|")[0].split(";")[0], comments=True)
            home = words[words.index("--home") + 1] if "--home" in words else "/nonexistent"
            if "--system" not in words:
                continue
            if words[0] == "addgroup":
                self.add_group(words[-1])
            else:
                self.add_user(words[-1], group="nogroup", home=home)

    def from_sysusers(self, path):
        for line in path.read_text().splitlines():
            words = shlex.split(line, comments=True)
            if not words:
                continue
            words += ["-"] * (6 - len(words))
            kind, name, number, about, home = words[0].rstrip("!-"), *words[1:5]
            user, _, group = number.partition(":")
            user = None if user == "-" else user
            if kind == "g":
                self.add_group(name, user)
            elif kind == "u":
                group = group if group in self.groups else None
                self.add_user(name, user, group, "/" if home == "-" else home, "" if about == "-" else about)

    def write(self):
        """passwd, group, and the shadow files as pwconv and grpconv make them (nobody has a password)."""
        etc, shadow_gid = self.root / "etc", int(self.groups["shadow"][2])
        for table, name, tail in ((self.users, "shadow", "20000:0:99999:7:::"), (self.groups, "gshadow", ":")):
            lines = [":".join(entry[:1] + ["x"] + entry[2:]) + "\n" for entry in table.values()]
            (etc / ("passwd" if name == "shadow" else "group")).write_text("".join(lines))
            (etc / name).write_text("".join(f"{entry}:*:{tail}\n" for entry in table))
            own(etc / name, 0, shadow_gid)
            (etc / name).chmod(0o640)
        for name in ("subuid", "subgid"):
            (etc / name).touch()


def accounts(root):
    if not (root / "usr/share/base-passwd/passwd.master").exists():
        return
    table = Accounts(root)
    for path in sorted(root.glob("usr/lib/sysusers.d/*.conf")):
        table.from_sysusers(path)
    for path in sorted(root.glob("var/lib/dpkg/info/*.postinst")):
        table.from_script(path.read_text(errors="replace"))
    table.write()


def _alternatives_in(script):
    """Each `update-alternatives --install ...` of a script whose words are plain (no variables) as a list of words."""
    text = re.sub(r"\\\n\s*#.*", "", script).replace("\\\n", " ")
    for command in re.findall(r"update-alternatives\b([^\n]*--install[^\n]*)", text):
        command = re.split(r"\|\||&&|;|\$\(", command)[0]
        if "$" not in command:
            yield [word for word in command.split() if word != "--quiet"]


def _alternatives_of_java(jinfo):
    """openjdk's scripts loop over variables, but each JDK lists its tools: `jre java /usr/lib/jvm/.../bin/java`."""
    text = jinfo.read_text()
    priority = re.search(r"^priority=(\d+)", text, re.M)[1]
    for _, name, path in re.findall(r"^(hl|jre|jdk|jdkhl) (\S+) (/\S+)$", text, re.M):
        yield ["--install", f"/usr/bin/{name}", name, path, priority]


def alternatives(root):
    commands = []
    for path in sorted(root.glob("var/lib/dpkg/info/*.postinst")):
        commands += _alternatives_in(path.read_text(errors="replace"))
    for path in sorted(root.glob("usr/lib/jvm/.*.jinfo")):
        commands += _alternatives_of_java(path)
    for words in commands:
        at = words.index("--install")
        if not os.path.lexists(root / words[at + 3].lstrip("/")):
            continue
        for folder in (root / words[at + 1].lstrip("/"), root / "var/log/alternatives.log"):
            folder.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["update-alternatives", "--quiet", "--root", root, *words], check=True)


def folders(root):
    """The plain directories of tmpfiles.d that services expect (/run/sshd, /var/cache/man)."""
    ids = {}
    for name in ("passwd", "group"):
        path = root / "etc" / name
        lines = path.read_text().splitlines() if path.exists() else []
        ids[name] = {line.split(":")[0]: int(line.split(":")[2]) for line in lines}
    for path in sorted(root.glob("usr/lib/tmpfiles.d/*.conf")):
        for line in path.read_text().splitlines():
            words = line.split() + ["-"] * 5
            kind, where, mode, user, group = words[:5]
            if kind != "d" or "%" in where or user not in ids["passwd"] | {"-": 0}:
                continue
            folder = root / where.lstrip("/")
            folder.mkdir(parents=True, exist_ok=True)
            own(folder, ids["passwd"].get(user, 0), ids["group"].get(group, 0))
            folder.chmod(int(mode, 8) if mode != "-" else 0o755)


def _pam_profiles(root):
    """The default profiles of /usr/share/pam-configs, highest priority first, as {field: lines}."""
    profiles = []
    for path in root.glob("usr/share/pam-configs/*"):
        fields = dict(re.findall(r"^([A-Za-z-]+):[ \t]*(.*(?:\n[ \t].*)*)", path.read_text(), re.M))
        if fields.get("Default") == "yes":
            profiles.append(fields)
    return sorted(profiles, key=lambda fields: -int(fields["Priority"]))


def _pam_block(profiles, kind, block):
    """The lines of one block; `end` in a Primary block jumps over what is left of it and the pam_deny after it."""
    lines = []
    for fields in profiles:
        if fields.get(f"{kind}-Type") == block:
            first = not lines and f"{kind}-Initial" in fields
            lines += [line.strip() for line in fields[f"{kind}-Initial" if first else kind].strip().splitlines()]
    if block == "Primary" and not lines:
        lines = ["[default=1]\tpam_permit.so"]  # nobody to ask: jump over the pam_deny
    left = len(lines)
    for number, line in enumerate(lines):
        lines[number] = f"{kind.lower()}\t" + line.replace("success=end", f"success={left - number}")
    return "\n".join(lines)


def pam(root):
    """pam-auth-update: the common-* files from their templates and the packages' profiles."""
    profiles = _pam_profiles(root)
    for template in root.glob("usr/share/pam/common-*"):
        if template.suffix == ".md5sums":
            continue
        text = template.read_text()
        kind = "Session" if "session" in template.name else template.name.removeprefix("common-").capitalize()
        usable = profiles
        if template.name == "common-session-noninteractive":
            usable = [p for p in profiles if p.get("Session-Interactive-Only") != "yes"]
        for block in ("Primary", "Additional"):
            name = template.name.removeprefix("common-").replace("-noninteractive", "")
            for variable in (f"${name}_{block.lower()}", f"${name}_nonint_{block.lower()}"):
                text = text.replace(variable, _pam_block(usable, kind, block))
        (root / "etc/pam.d" / template.name).write_text(text)
    if profiles:
        (root / "etc/environment").touch()
        (root / "etc/security/opasswd").touch(0o600)


def network(root):
    """Names, resolver and package source: the host's, since the root will use the host's network."""
    etc = root / "etc"
    if not (root / "usr/share/base-files").exists():
        return
    (etc / "hostname").write_text("lodge\n")
    (etc / "hosts").write_text("127.0.0.1\tlocalhost lodge\n::1\t\tlocalhost ip6-localhost ip6-loopback\n")
    host = pathlib.Path("/etc/resolv.conf")
    (etc / "resolv.conf").write_text(host.read_text() if host.exists() else "nameserver 127.0.0.1\n")
    mirror = rootlib.find_mirror()
    if mirror and (etc / "apt/sources.list.d").is_dir():
        (etc / "apt/sources.list.d/debian.sources").write_text(
            f"Types: deb\nURIs: {mirror.uri}\nSuites: {rootlib.CODENAME}\nComponents: main\n"
            f"Signed-By: {rootlib.KEYRING}\n"
        )


DEFAULTS = {
    "usr/share/libc-bin/nsswitch.conf": "etc/nsswitch.conf",
    "usr/share/debianutils/shells": "etc/shells",
    "usr/share/openssh/sshd_config": "etc/ssh/sshd_config",
    "usr/share/readline/inputrc": "etc/inputrc",
}


def single_files(root):
    for source, to in DEFAULTS.items():
        copy_new(root / source, root / to)
    if (root / "etc/shells").exists():
        extra = "".join(path.read_text() for path in sorted(root.glob("usr/share/debianutils/shells.d/*")))
        with open(root / "etc/shells", "a") as shells:
            shells.write(extra)
    if (root / "usr/share/zoneinfo/Etc/UTC").exists():
        link_new(root / "etc/localtime", "/usr/share/zoneinfo/Etc/UTC")


def all_steps(root):
    for step in (base_files, single_files, accounts, alternatives, folders, pam, network):
        step(root)
