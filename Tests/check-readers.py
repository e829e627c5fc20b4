"""Opens dumps that the program saves with readers of other projects: libkdumpfile and crash. No code is shared.

    /usr/bin/python3 Tests/check-readers.py KEXEC SYMBOLS DIRECTORY...

Needs Debian's python3-libkdumpfile and crash. SYMBOLS is the directory of script/debug-symbols. Each further directory has
the raw vmcore of one of those kernels. Ends with "N passed, N failed".
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import kdumpfile

from checks import check, end, fault_of, run

# What is saved, by its name here.
DUMPS = {
    "level 31, zstd": [], "level 31, zlib": ["--compress", "zlib"], "level 31, plain": ["--compress", "none"],
    "level 1, zstd": ["-d", "1"],
}


def equal(found, expected):
    assert found == expected, f"{found!r} instead of {expected!r}"


def kept_pages(manifest, dump, raw):
    """libkdumpfile finds as many pages as were kept, and each of them is that of the raw dump."""
    ours, theirs = kdumpfile.kdumpfile(str(dump)), kdumpfile.kdumpfile(str(raw))
    lines = ours.attr["linux.vmcoreinfo.lines"]
    equal(lines["BUILD-ID"], manifest["buildID"])
    equal(int(lines["CRASHTIME"]), manifest["crashTime"])
    found = 0
    for frame in range(ours.attr["max_pfn"]):
        try:
            page = ours.read(kdumpfile.KDUMP_MACHPHYSADDR, frame << 12, 4096)
        except kdumpfile.exceptions.NoDataException:
            continue
        found += 1
        assert page == theirs.read(kdumpfile.KDUMP_MACHPHYSADDR, frame << 12, 4096), f"page {frame} is another"
    equal(found, manifest["classes"]["kept"] - manifest["leftOutPerCPU"])


def crash_opens(manifest, dump, vmlinux):
    """crash takes the symbols only for the dump of their build, and finds the task that crashed."""
    commands = "sys\nbt\nlog\nquit\n"
    done = subprocess.run(
        ["crash", "-s", vmlinux, dump], input=commands, capture_output=True, text=True, errors="replace", timeout=300)
    text = done.stdout
    assert done.returncode == 0, text[-2000:] + done.stderr[-2000:]
    fields = dict(re.findall(r"^ *([A-Z]+): (.*?)(?:  \[.*)?$", text, re.MULTILINE))
    for name, expected in (
            ("DUMPFILE", str(dump)), ("RELEASE", manifest["release"]),
            ("DATE", time.strftime("%a %b %e %H:%M:%S UTC %Y", time.gmtime(manifest["crashTime"])))):
        equal(" ".join(fields.get(name, "").split()), " ".join(expected.split()))
    assert manifest["panic"] in fields.get("PANIC", ""), fields
    assert " sysrq_handle_crash at " in text, "the stack of the task that crashed is not there"
    log = (dump.parent / (dump.name + "-log.txt")).read_text(errors="replace")
    last = log.splitlines()[-1]
    assert last in text, f"the log does not end with {last!r}"


def main():
    kexec, symbols, *directories = sys.argv[1:]
    assert directories, "no dumps were named"
    for directory in map(pathlib.Path, directories):
        raw = directory / "vmcore"
        with tempfile.TemporaryDirectory(dir=directory) as scratch:
            for number, (name, options) in enumerate(DUMPS.items()):
                dump = pathlib.Path(scratch) / f"dump{number}"
                run(kexec, "dump", "--quiet", *options, raw, dump)
                manifest = json.loads(pathlib.Path(f"{dump}-manifest.json").read_text())
                check(f"{directory.name}, {name}: libkdumpfile reads the pages that were kept",
                      fault_of(lambda: kept_pages(manifest, dump, raw)))
                # That of Debian 12 is too old for later kernels.
                if manifest["release"].startswith("6.1."):
                    vmlinux = pathlib.Path(symbols) / f"vmlinux-{manifest['release']}"
                    check(f"{directory.name}, {name}: crash opens it",
                          fault_of(lambda: crash_opens(manifest, dump, vmlinux)))
    end()


main()
