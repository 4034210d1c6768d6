"""The dpkg database of an unpacked root: status, info/, triggers/, as dpkg itself would have left them.

dpkg keeps a package's maintainer files as info/NAME.WHAT, or info/NAME:ARCH.WHAT when the package is Multi-Arch: same.
The maintainer scripts are there too, though nobody ran them: a later install, upgrade or removal inside the root does.
"""

import hashlib
import re
import shutil


def control_fields(control_dir):
    text = (control_dir / "control").read_text()
    return text, dict(re.findall(r"^([A-Za-z-]+): (.*)$", text, re.M))


def _conffiles(root, control_dir):
    """The Conffiles field: each path with its MD5, by which dpkg knows later whether the user has edited it."""
    listing = control_dir / "conffiles"
    lines = []
    for path in listing.read_text().split("\n") if listing.exists() else []:
        if not path.startswith("/"):  # empty, or `remove-on-upgrade PATH`: that file is not in the package
            continue
        lines.append(f" {path} {hashlib.md5((root / path[1:]).read_bytes()).hexdigest()}\n")
    return "Conffiles:\n" + "".join(lines) if lines else ""


def _add_triggers(triggers, name, control_dir):
    """Collect the triggers that a package waits for: {path or trigger name: [package, ...]}."""
    listing = control_dir / "triggers"
    for line in listing.read_text().splitlines() if listing.exists() else []:
        match = re.match(r"interest(-noawait|-await)?\s+(\S+)", line)
        if match:
            triggers.setdefault(match[2], []).append(name + ("/noawait" if match[1] == "-noawait" else ""))


def _write_triggers(root, triggers):
    folder = root / "var/lib/dpkg/triggers"
    folder.mkdir(parents=True, exist_ok=True)
    by_path = [f"{what} {name}\n" for what, names in triggers.items() if what.startswith("/") for name in names]
    (folder / "File").write_text("".join(by_path))
    (folder / "Unincorp").write_text("")
    for what, names in triggers.items():
        if not what.startswith("/"):
            (folder / what).write_text("".join(name + "\n" for name in names))


def write(root, arch, unpacked):
    """unpacked: for each package, (folder of its control files, the paths it holds as tar names them)."""
    info = root / "var/lib/dpkg/info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "format").write_text("1\n")
    stanzas, triggers = [], {}
    for control_dir, paths in unpacked:
        text, field = control_fields(control_dir)
        name = field["Package"]
        if field.get("Multi-Arch") == "same":
            name += ":" + field["Architecture"]
        for path in control_dir.iterdir():
            if path.name != "control":
                shutil.copy(path, info / f"{name}.{path.name}")
        listed = ["/." if path == "./" else path[1:].rstrip("/") for path in paths]
        (info / f"{name}.list").write_text("".join(path + "\n" for path in listed))
        _add_triggers(triggers, name, control_dir)
        text = text.rstrip("\n").replace("\n", "\nStatus: install ok installed\n", 1) + "\n"
        stanzas.append((field["Package"], text + _conffiles(root, control_dir)))
    folder = root / "var/lib/dpkg"
    for empty in ("updates", "parts"):
        (folder / empty).mkdir(exist_ok=True)
    (folder / "arch").write_text(f"{arch}\n")
    for empty in ("available", "diversions", "statoverride"):
        (folder / empty).touch()
    (folder / "status").write_text("\n".join(text for _, text in sorted(stanzas)))
    _write_triggers(root, triggers)
