#!/usr/bin/env python3
"""Runs the commands in the documents, and checks their links.

    Tests/run-documents.py KEXEC            runs every document with the program KEXEC
    Tests/run-documents.py KEXEC --record   the same, and writes the outputs in the documents anew
    Tests/run-documents.py KEXEC FILE...    only these documents

A block of ```sh is run, in a temporary directory that has `vmlinuz` and `initrd`, and must end with 0. What stands in
the line above it changes that:

    <!-- not run: REASON -->               it is not run
    <!-- run in a guest -->                the lab runs it, in README.md (Lab/Sources/Scenarios/Documents.swift)

A block of ```text right below, with `<!-- output of the block above -->` above it, is what the block prints.

Nothing here may touch this computer. So `kexec` is a wrapper, which lets pass only what touches nothing, and plans
for the machine in Tests/Fixtures/machines/qemu-uefi-crash; programs that shut down are refused; and a block that
writes outside of its directory is not run.

Outputs are compared byte by byte with the kernel that they were recorded with (Tests/Fixtures/documents.txt), and
with another one without their numbers.
"""
import glob
import gzip
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

import checks
from checks import check

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MACHINE = "Tests/Fixtures/machines/qemu-uefi-crash"
RECORDED = "Tests/Fixtures/documents.txt"
# A document that is not there is a failure.
DOCUMENTS = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"] + [
    f"docs/{name}.md" for name in (
        "compared crash-dumps crash-kernels fast-jump handover images jump-back json lab makedumpfile measurements messages options "
        "packaging purgatory reboot saving-dumps status system-calls troubleshooting "
        "man/common man/kexec man/kexec-dump man/kexec-report man/kexec-status man/makedumpfile").split()]
LIMIT = 300
REFUSED = "systemctl service reboot shutdown poweroff halt init telinit kdump-config sysctl modprobe apt-get apt install"
# What the machine has beside its captured files.
FILES = {
    "/proc/modules": "loop 40960 0 - Live 0xffffffffc0000000\n",
    "/sys/kernel/kexec_loaded": "1\n",
    "/run/kexec-loaded": """kexec-load 1
time 1795778438
call kexec_load
command-line root=/dev/vda1 ro
release 6.12.41+deb13-amd64
initrd /boot/initrd.img
kernel /boot/vmlinuz
""",
    "/dev/kmsg": "[    0.000000] tsc: Detected 2000.000 MHz processor\n[    4.431000] Run /init as init process\n",
}
# The counter at the entry, behind the checks, and at the load, and the wall clock then.
STAMPS = "kexec_stamps=" + ",".join(f"{value:016x}" for value in (8_000_000_000, 8_020_000_000, 2_000_000_000, 1))
WRAPPER = """#!/bin/sh
# Lets pass what touches nothing. An abbreviation of --dry-run is not known here, and refused.
is_safe=no is_plain=no
for word; do
  case $word in
    --dry-run | --report) is_safe=yes ;;
    --help | --version) is_safe=yes is_plain=yes ;;
  esac
done
case ${1-} in
  status | report | dump) is_safe=yes ;;
esac
if [ $is_safe = no ]; then
  echo "kexec $*: this would touch the computer: the block must be marked" >&2
  exit 99
fi
[ $is_plain = yes ] || set -- "$@" --machine='MACHINE'
exec 'PROGRAM' "$@"
"""


class Block:
    """A fenced block: its language, its lines, the comment above it, and where it stands."""

    def __init__(self, number, language, comment):
        self.number, self.language, self.comment, self.lines = number, language, comment, []
        self.output = None


def blocks(lines):
    """The fenced blocks of a document, and what is wrong with them."""
    found, faults, block, comment = [], [], None, None
    for number, line in enumerate(lines, 1):
        if block is not None:
            if line.rstrip() == "```":
                if block.comment == "output of the block above":
                    if block.language != "text" or not found or found[-1].language != "sh":
                        faults.append(f"line {block.number}: no output of a block of sh")
                    else:
                        found[-1].output = block
                else:
                    found.append(block)
                block = None
            else:
                block.lines.append(line)
        elif line.startswith("```"):
            block = Block(number, line[3:].strip(), comment)
            if not block.language:
                faults.append(f"line {number}: a block without a language (sh, text, ...)")
            comment = None
        elif match := re.fullmatch(r"<!-- (.*) -->", line.strip()):
            comment = match[1]
            known = comment in ("run in a guest", "output of the block above") or re.fullmatch(
                r"not run: .{10,}", comment)
            if not known:
                faults.append(f"line {number}: a comment that says nothing known: {comment}")
        elif line.strip():
            if comment is not None:
                faults.append(f"line {number}: the comment above belongs to no block")
            comment = None
    if block is not None:
        faults.append(f"line {block.number}: the block does not end")
    return found, faults


def masked(text):
    """What a later kernel of the same series prints too: the lines without numbers and amounts, each once,
    since how many free ranges there are depends on its size."""
    text = re.sub(r"0x[0-9a-f]+|\d+(\.\d+)*", "#", text)
    text = re.sub(r"#([-+~:.]?#|[-+~:.])*", "#", re.sub(r"\b(bytes?|[KMGT]iB)\b", "#", text))
    return sorted(set(re.sub(r"[ \t#]+", " ", line).strip() for line in text.split("\n")))


def slug(heading):
    """The anchor that GitHub makes of a heading."""
    text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def without_blocks(lines):
    inside, kept = False, []
    for line in lines:
        if line.startswith("```"):
            inside = not inside
            continue
        if not inside and not line.startswith("    "):
            kept.append(line)
    return kept


def anchors(lines):
    found, seen = set(), {}
    for line in without_blocks(lines):
        if match := re.match(r"#+ (.*)", line):
            name = slug(match[1])
            count = seen.get(name, 0)
            seen[name] = count + 1
            found.add(name if count == 0 else f"{name}-{count}")
        found.update(re.findall(r'<a id="([^"]+)"></a>', line))
    return found


def link_faults(name, documents):
    """What the relative links of a document do not find."""
    faults = []
    text = re.sub(r"`[^`\n]*`", "", "\n".join(without_blocks(documents[name])))
    # A link's text may be broken over lines.
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        path = os.path.normpath(os.path.join(os.path.dirname(name), path)) if path else name
        if not os.path.exists(os.path.join(ROOT, path)):
            faults.append(f"{target}: there is no {path}")
        elif anchor and anchor not in anchors(documents.get(path) or read(path)):
            faults.append(f"{target}: {path} has no such anchor")
    return faults


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read().split("\n")


class Place:
    """The temporary directory where blocks run."""

    def __init__(self, program, kernel):
        self.path = tempfile.mkdtemp(prefix="documents-")
        self.kernel = kernel
        self.bin = self.path + "/.bin"
        os.mkdir(self.bin)
        # That machine, with a module, a loaded kernel, and stamps of the jump into its system.
        machine = shutil.copytree(os.path.join(ROOT, MACHINE), self.path + "/.machine")
        for name, text in FILES.items():
            os.makedirs(os.path.dirname(machine + name), exist_ok=True)
            self.write(".machine" + name, text)
        self.append(".machine/proc/cmdline", STAMPS)
        text = WRAPPER.replace("MACHINE", machine).replace("PROGRAM", program)
        self.write(".bin/kexec", text)
        for name in REFUSED.split():
            self.write(f".bin/{name}", f"#!/bin/sh\necho '{name}: not in a test' >&2\nexit 99\n")
        # An archive with one file, the same everywhere.
        content = random.Random(1).randbytes(4 << 20).hex().encode()
        def entry(path, mode, data):
            path = path + b"\0"
            fields = [1 if data else 0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(path), 0]
            head = b"070701" + b"".join(b"%08X" % field for field in fields) + path
            return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)
        archive = entry(b"init", 0o100755, content) + entry(b"TRAILER!!!", 0, b"")
        self.initrd = gzip.compress(archive, 6, mtime=0)

    def write(self, name, text):
        with open(f"{self.path}/{name}", "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(f"{self.path}/{name}", 0o755)

    def append(self, name, word):
        with open(f"{self.path}/{name}", encoding="utf-8") as file:
            line = file.read().rstrip("\n")
        self.write(name, f"{line} {word}\n")

    def clear(self):
        """Each document finds the same files."""
        for name in os.listdir(self.path):
            if not name.startswith("."):
                os.remove(f"{self.path}/{name}")
        shutil.copyfile(self.kernel, self.path + "/vmlinuz")
        with open(self.path + "/initrd", "wb") as file:
            file.write(self.initrd)

    def run(self, text):
        environment = {"PATH": f"{self.bin}:/usr/bin:/bin", "HOME": self.path, "LC_ALL": "C", "TMPDIR": self.path}
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text], cwd=self.path, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=LIMIT, check=False)


def run(name, block, place, is_recorded_kernel, records):
    """What is wrong with a block; its new output stands in it when `records`."""
    text = "\n".join(block.lines)
    if re.search(r">>?\s*[/~]|\.\./", text):
        return ["it writes outside of its directory: mark it"]
    try:
        result = place.run(text)
    except subprocess.TimeoutExpired:
        return [f"it does not end within {LIMIT} s"]
    errors = result.stderr.decode(errors="replace").strip()
    if result.returncode != 0:
        return [f"exit code {result.returncode}", errors]
    if "this would touch the computer" in errors or "not in a test" in errors:
        return [errors]
    if block.output is None:
        return []
    output = result.stdout.decode().rstrip("\n").split("\n")
    if not any(output):
        return ["it prints nothing"]
    if records:
        block.output.new = output
        return []
    wanted, found = "\n".join(block.output.lines), "\n".join(output)
    if wanted == found or (not is_recorded_kernel and masked(wanted) == masked(found)):
        return []
    return ["it prints something else (--record writes it anew):", found]


def main():
    arguments = [word for word in sys.argv[1:] if word != "--record"]
    records = "--record" in sys.argv
    if not arguments:
        sys.exit(__doc__)
    program, names = os.path.abspath(arguments[0]), arguments[1:] or DOCUMENTS
    if not os.access(program, os.X_OK):
        sys.exit(f"{program}: no such program")
    kernels = sorted(glob.glob(f"{ROOT}/.lab/debian/**/vmlinuz-6.12.*", recursive=True))
    if not kernels:
        sys.exit("no kernel 6.12 in .lab: script/bootstrap fetches it")
    release = os.path.basename(kernels[-1]).removeprefix("vmlinuz-")
    recorded = "\n".join(read(RECORDED)).strip() if os.path.exists(os.path.join(ROOT, RECORDED)) else ""

    extra = set(os.path.relpath(path, ROOT) for path in glob.glob(f"{ROOT}/docs/**/*.md", recursive=True) + glob.glob(f"{ROOT}/*.md"))
    check("every document is known here", sorted(f"{name}: not in the list" for name in extra - set(DOCUMENTS)))
    documents = {}
    for name in names:
        if os.path.exists(os.path.join(ROOT, name)):
            documents[name] = read(name)
        else:
            check(name, ["it is missing"])
    for name, lines in documents.items():
        check(f"{name}: its links", link_faults(name, documents))
    if "README.md" in documents:
        lines = documents["README.md"]
        faults = [f"line {n} has {len(line)} characters" for n, line in enumerate(lines, 1) if len(line) > 120]
        check("README.md is short", faults + ([f"{len(lines)} lines"] if len(lines) > 151 else []))

    place = Place(program, kernels[-1])
    try:
        for name, lines in documents.items():
            place.clear()
            found, faults = blocks(lines)
            if name != "README.md":
                faults += [f"line {block.number}: the lab runs blocks of README.md only"
                           for block in found if block.comment == "run in a guest"]
            check(f"{name}: its blocks are marked", faults)
            for block in found:
                if block.language != "sh":
                    continue
                if block.comment is not None:
                    if block.output is not None:
                        check(f"{name}, line {block.number}", ["its output is marked, and it is not run here"])
                    continue
                check(f"{name}, line {block.number}: runs",
                      run(name, block, place, release == recorded, records))
            if records:
                for block in reversed(found):
                    if block.output is not None and hasattr(block.output, "new"):
                        start = block.output.number
                        lines[start:start + len(block.output.lines)] = block.output.new
                with open(os.path.join(ROOT, name), "w", encoding="utf-8") as file:
                    file.write("\n".join(lines))
    finally:
        shutil.rmtree(place.path)
    if records and not checks.failed:
        with open(os.path.join(ROOT, RECORDED), "w", encoding="utf-8") as file:
            file.write(release + "\n")
    checks.end()


main()
