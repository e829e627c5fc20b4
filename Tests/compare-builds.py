"""Runs two builds of the program with the same words, and says where they differ.

    compare-builds.py NEW OLD [--run EMULATOR]... [--moved]

Standard output, standard error and the exit code must agree in every byte, and the exit code must be
the one that the row names. The rows are the plans of every captured machine in Tests/Fixtures/machines
that has a memory map, with every option that changes a plan, every image of .lab/debian/boot and
.lab/tools with every call and type, and words that are refused. Ends with the counts; fewer rows than
LEAST is a failure.

--run EMULATOR   puts this program before NEW: qemu-aarch64-static.
--moved          NEW was made by another compiler: the purgatory's size may differ, and what it moves.
                 Addresses and sizes are left out of the comparison, and the rows of memory in plans.
"""

import argparse
import collections
import concurrent.futures
import glob
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
LEAST_PLANS = 300
LEAST_ROWS = 1000

E820_TYPES = {
    "usable": "System RAM",
    "reserved": "Reserved",
    "ACPI data": "ACPI Tables",
    "ACPI NVS": "ACPI Non-volatile Storage",
    "unusable": "Unusable memory",
    "type 20": "Unknown E820 type",
}

# Maps of other processors, and excerpts that do not tell whose they are: every plan ends with 255.
NO_PC = {
    "allwinner-a80-crash", "arm64-lpi-reserved-comments", "broadcom-stingray-arm64",
    "raspberry-pi4-8g-jailhouse", "rk3588-board-16g", "turris-omnia-armada385",
    "cxl-freed-names", "cxl-soft-reserved-nested", "server-memmap-kaslr-conflict",
}

# Maps that show no RAM, or too little: kexec_file_load finds its places itself, kexec_load cannot.
NO_ROOM = {"cxl-pmem-device-backed-vmemmap", "server-zero-iomem-unprivileged"}
BY_FILE = {"file call", "either call", "memtest"}

# What one machine has no place for, or no firmware.
EXCEPTIONS = {
    "asus-zenbook-ux391-esrt": {"ipxe"},
    "kvm-64g-numa-firmware-memmap": {"real mode", "ipxe"},
    "qemu-uefi-crash": {"real mode", "ipxe", "xen"},
    "qemu-virtio-mem": {"no checks", "real mode", "32-bit entry", "jump back", "xen", "mach", "ipxe"},
}


def expected(machine, row, has_crash_region):
    """The exit code of a plan."""
    if machine in NO_PC:
        return 255
    if row.startswith("panic"):
        return 0 if has_crash_region else 254
    if machine in NO_ROOM:
        return 0 if row in BY_FILE else 255
    return 255 if row in EXCEPTIONS.get(machine, ()) else 0


def e820_entries(text):
    """(first, last, type) of what the firmware said, as a kernel log has it."""
    entries = []
    for line in text.splitlines():
        new = re.search(r"BIOS-e820: \[mem 0x([0-9a-f]+)-0x([0-9a-f]+)\] +(.*\S)", line)
        old = re.search(r"BIOS-e820: +([0-9a-f]{8,}) - ([0-9a-f]{8,}) \((.*?)\)", line)
        if new:
            first, last, kind = int(new[1], 16), int(new[2], 16), new[3]
        elif old:
            first, last, kind = int(old[1], 16), int(old[2], 16) - 1, old[3]
        else:
            continue
        entries.append((first, last, E820_TYPES.get(kind, "Unknown E820 type")))
    return entries


def write_map(directory, entries, log):
    """/sys/firmware/memmap and /proc/iomem as a kernel with this map shows them."""
    for number, entry in enumerate(entries):
        place = directory / "sys/firmware/memmap" / str(number)
        place.mkdir(parents=True)
        for name, value in zip(("start", "end", "type"), (hex(entry[0]), hex(entry[1]), entry[2])):
            (place / name).write_text(value + "\n")
    reserved = re.search(r"Reserving (\d+)MB of memory at (\d+)MB for crashkernel", log)
    lines = []
    for first, last, kind in sorted(entries):
        if kind == "System RAM" and first == 0:
            lines.append("00000000-00000fff : Reserved")
            first = 4096
        lines.append(f"{first:08x}-{last:08x} : {kind}")
        if reserved and kind == "System RAM":
            start = int(reserved[2]) << 20
            end = start + (int(reserved[1]) << 20)
            if first <= start and end - 1 <= last:
                lines.append(f"  {start:08x}-{end - 1:08x} : Crash kernel")
    (directory / "proc").mkdir(exist_ok=True)
    (directory / "proc/iomem").write_text("\n".join(lines) + "\n")


def captured_machines(work):
    """(name, directory, whether it has a region for a crash kernel) of each that has a map."""
    for source in sorted((ROOT / "Tests/Fixtures/machines").iterdir()):
        if not source.is_dir():
            continue
        directory = work / source.name
        shutil.copytree(source, directory)
        log = source / "e820.txt"
        if log.exists() and not (directory / "proc/iomem").exists():
            text = log.read_text(errors="replace")
            shutil.rmtree(directory / "sys/firmware/memmap", ignore_errors=True)
            write_map(directory, e820_entries(text), text)
        iomem = directory / "proc/iomem"
        if iomem.exists():
            for file, content in {
                "cmdline": "root=/dev/sda1 ro quiet console=ttyS0\n",
                "modules": "virtio_net 65536 0 - Live 0xffffffffc0000000\n",
            }.items():
                if not (directory / "proc" / file).exists():
                    (directory / "proc" / file).write_text(content)
            yield source.name, directory, "Crash kernel" in iomem.read_text(errors="replace")


def images():
    """The first file that each pattern finds; a missing one is a fault of the set-up."""
    found = {}
    for name, pattern in {
        "6.1": "boot/vmlinuz-6.1.*", "6.12": "boot/vmlinuz-6.12*", "xen": "boot/xen-*.gz",
        "xen-efi": "boot/xen-*.efi", "mach": "boot/gnumach-*.gz", "memtest": "boot/memtest86+x64.bin",
        "ipxe": "boot/ipxe.lkrn",
    }.items():
        files = sorted(glob.glob(str(ROOT / ".lab/debian" / pattern)))
        if not files:
            sys.exit(f"compare-builds: no {pattern} in .lab/debian: run script/bootstrap")
        found[name] = files[0]
    return found


def rows(work):
    """(the exit code that it must have, its words)"""
    image = images()
    newer = pathlib.Path(image["6.12"]).read_bytes()
    made = work / "files"
    made.mkdir()
    files = {"initrd": archive("payload", newer[:70000]), "cut": newer[:1000000], "short": newer[:300], "empty": b"",
             "text": b"just a text\n"}
    for name, content in files.items():
        (made / name).write_bytes(content)
    small, cut, short = (str(made / name) for name in ("initrd", "cut", "short"))
    fixed = "--command-line=root=/dev/vda1 nokaslr"

    def plan(machine, *words):
        return ("--dry-run", f"--machine={machine}") + words

    plans = {
        "fast": ("-c", "-l", image["6.12"], "--json", fixed),
        "ordinary": ("-c", "--no-fast", "-l", image["6.1"], "--command-line=a=b \u00fc nokaslr", "--debug"),
        "by a seed": ("-c", "--no-fast", "-l", image["6.1"], "--seed=1", "--json", "--debug"),
        "either call": ("-a", "--no-fast", "-l", image["6.12"], f"--initrd={small}", f"--initrd={small}",
                        "--reuse-console", "--preserve=modules", "--json", "--debug", fixed),
        "words": ("-c", "-l", image["6.1"], "--digest=sha256", "--no-fast", "--reuse-cmdline",
                  '--append=x=1 "q r" nokaslr', "--json"),
        "real mode": ("-c", "-l", image["6.1"], "--real-mode", "--console-serial", "--serial=ttyS1",
                      "--serial-baud=9600", "--console-vga", "--reset-vga", fixed),
        "32-bit entry": ("-c", "--no-fast", "-l", image["6.12"], "--entry-32bit", "--mem-min=0x2000000",
                         "--mem-max=0x30000000", "--noefi", fixed),
        "file call": ("-s", "-l", image["6.1"], "--json", fixed),
        "early output": ("-c", "--no-fast", "-i", "-l", image["6.12"], "--early-output", "--console-serial",
                         fixed + " console=ttyS0,115200"),
        "panic": ("--no-fast", "-p", image["6.1"], "--json", "--debug", fixed),
        "panic, more": ("--no-fast", "-p", image["6.12"], f"--initrd={small}", "--pass-memmap-cmdline",
                        "--hotplug", fixed),
        "panic, file call": ("-p", "-s", image["6.12"], "--json", fixed),
        "no checks": ("-c", "-i", "-l", image["6.12"], f"--initrd={small}", "--mem-max=0x3fffffff", "--json", fixed),
        "no EFI": ("-c", "--no-fast", "-l", image["6.1"], f"--initrd={small}", "--noefi", "--digest=komihash",
                   "--debug", fixed),
        "jump back": ("--no-fast", "--load-preserve-context", image["6.1"], "--json", fixed),
        "xen": ("-l", image["xen"], f"--module={image['6.1']} console=ttyS0", f"--module={small}"),
        "mach": ("-l", image["mach"], f"--module={small} a b", "--json"),
        "memtest": ("-l", image["memtest"], "--json"),
        "ipxe": ("-l", image["ipxe"], "--debug"),
    }
    refused = [("-l", image["xen-efi"]), ("-c", "-l", cut), ("-c", "-l", short)]
    for name, machine, has_crash_region in captured_machines(work):
        for row, words in plans.items():
            yield expected(name, row, has_crash_region), plan(machine, *words)
        for words in refused:
            yield 255, plan(machine, *words)

    # Every file by every call and as every type, on one machine.
    machine = work / "thinkpad-x240"
    known = [image[name] for name in ("6.1", "6.12", "xen", "mach", "memtest", "ipxe")]
    known += [str(ROOT / ".lab/tools" / name) for name in ("multiboot1", "multiboot2", "elfkernel32",
                                                           "elfkernel64", "elfkernel-anywhere")]
    for file in known:
        for call in ("-c", "-s", "-a"):
            only_linux = call == "-s" and not is_linux(file)
            yield 255 if only_linux else 0, plan(machine, call, "-l", file, "--json", "--seed=7")
    # Whatever their versions are.
    unknown = sorted(path for pattern in ("System.map-*", "config-*", "xen-*.config", "xen-*.efi")
                     for path in (ROOT / ".lab/debian/boot").glob(pattern))
    for file in [made / name for name in files] + unknown:
        for call in ("-c", "-s", "-a", "-p"):
            yield 255, plan(machine, call, *(() if call == "-p" else ("-l",)), file, "--json")
    for file in known + [cut, small]:
        for kind, fits in TYPES.items():
            yield (0 if fits(pathlib.Path(file).name) else 255), plan(
                machine, "--seed=7", f"--type={kind}", "-l", file)

    # Words that are refused, or only read.
    for code, words in WORDS:
        yield code, words
    yield 255, ("--dry-run", "-c", "-l", b"/tmp/\xff\xfe-\xc3\xbc")
    strange = "x\xe9 e\u0301 \u00e9 \U0001F468\u200d\U0001F469 \u0130"
    yield 0, plan(machine, "-c", "-l", image["6.1"], fixed, "--append=" + strange, "--json")
    yield 255, plan(machine, "-c", "-l", image["6.1"], fixed, "--append=" + 5000 * "x", "--json")


def is_linux(file):
    """Whether it is a bzImage with a protected-mode entry, which kexec_file_load takes."""
    return pathlib.Path(file).name.startswith(("vmlinuz", "memtest"))


def named(*beginnings):
    return lambda name: name.startswith(beginnings)


# The names of the files that are of a type.
TYPES = {
    "multiboot2-x86": named("multiboot2", "xen"),
    "multiboot-x86": named("multiboot1", "xen", "gnumach"),
    "elf-x86_64": named("elfkernel64", "elfkernel-anywhere", "gnumach"),
    "elf-x86": named("elfkernel32", "multiboot", "xen"),
    "bzImage64": named("vmlinuz", "memtest"),
    "bzImage": named("vmlinuz", "memtest", "ipxe"),
    "uki": named(),
    "nbi-x86": named(),
    "beoboot-x86": named(),
    "foo": named(),
}

WORDS = [
    (255, ()),
    (0, ("--help",)), (0, ("-h",)), (0, ("-v",)), (0, ("--version",)),
    (0, ("load", "--help")), (0, ("status", "--help")), (0, ("report", "--help")),
    (1, ("--nonsense",)), (1, ("--apend=x",)), (1, ("-zz",)), (255, ("-l",)), (1, ("-l", "a", "b")),
    (255, ("-l", "/nonexistent")), (255, ("-l", "/")), (255, ("-l", "/dev/null")), (1, ("-l", "")),
    (255, ("-c", "-l", "/etc/passwd")), (1, ("-l", "-u")), (1, ("--initrd",)),
    (1, ("--initrd=", "-l", "x")), (1, ("--mem-min=zz", "-l", "x")), (1, ("--seed=x", "-l", "x")),
    (255, ("--dry-run", "--machine=/nowhere", "-l", "x")), (1, ("--machine=/nowhere", "-l", "x")),
    (255, ("--real-mode", "-s", "-l", "x")), (255, ("--type=", "-l", "x")),
    (1, ("--digest=md5", "-l", "x")), (255, ("--serial=ttyX", "-l", "x")),
    (255, ("--serial-baud=0", "-l", "x")), (1, ("--dry-run", "-e", "x", "y")),
]


def archive(name, content):
    """An initrd with one file in it."""
    def member(name, mode, content):
        fields = [0, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0]
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
        return head + b"\0" * (-len(head) % 4) + content + b"\0" * (-len(content) % 4)

    return member(name, 0o100644, content) + member("TRAILER!!!", 0, b"")


def without_places(result):
    """The result of a run but for what depends on the purgatory's size."""
    code, output, errors = result

    def clean(text):
        text = re.sub(rb"0x[0-9a-f]+", b"ADDRESS", text)
        text = re.sub(rb"\b[0-9.]+ (bytes|KiB|MiB|GiB)\b", b"SIZE", text)
        text = re.sub(rb'("(bytes|size|start|end|entry|kernelEntry|[a-zA-Z]*Address)": )[0-9]+', rb"\1NUMBER", text)
        # How many rows of free memory there are depends on where the segments are.
        return re.sub(rb"(?m)^ +ADDRESS .*\n", b"", text)

    return code, clean(output), clean(errors)


def run(command, executable=None):
    done = subprocess.run(
        command, executable=executable, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env={"LANG": "C.UTF-8"}, timeout=120)
    return done.returncode, done.stdout, done.stderr


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("new")
    parser.add_argument("old")
    parser.add_argument("--run", action="append", default=[])
    parser.add_argument("--moved", action="store_true")
    options = parser.parse_args()
    os.chdir(ROOT)

    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)

        def both(row):
            code, words = row
            words = [word if isinstance(word, bytes) else str(word) for word in words]
            if options.run:
                new = run(options.run + ["-0", "kexec", options.new] + words)
            else:
                new = run(["kexec"] + words, options.new)
            old = run(["kexec"] + words, options.old)
            if options.moved:
                new, old = without_places(new), without_places(old)
            return code, words, new, old

        codes = collections.Counter()
        plans = bad = 0
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for code, words, new, old in pool.map(both, rows(work)):
                shown = " ".join(os.fsdecode(word) for word in words)
                codes[code] += 1
                plans += code == 0 and words[:1] == ["--dry-run"]
                faults = []
                if new != old:
                    faults.append("they differ")
                if new[0] != code:
                    faults.append(f"exit {new[0]}, not {code}")
                if faults:
                    bad += 1
                    print(f"FAILED  {'; '.join(faults)}: kexec {shown}")
                    for name, result in (("new", new), ("old", old)):
                        text = (result[1] + result[2]).decode(errors="replace")
                        said = re.findall(r'^kexec: (?!debug).*|"text": .*', text, re.M)[-1:] or [text[-200:]]
                        print(f"        {name}: exit {result[0]}: {said[0]}")
    print(f"{sum(codes.values())} rows, {plans} of them plans with exit 0: {bad} failed; exit codes "
          + ", ".join(f"{codes[code]} x {code}" for code in sorted(codes)))
    if plans < LEAST_PLANS or sum(codes.values()) < LEAST_ROWS:
        print(f"FAILED  at least {LEAST_ROWS} rows and {LEAST_PLANS} plans")
        bad += 1
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
