"""Reads dumps of kernels that never were: what kdumpling writes, large computers, and files that become shorter.

    PYTHON Tests/check-generated-dumps.py KEXEC MEASURE [--all]

PYTHON is that of script/python-tool kdumpling, MEASURE the lab's program of that name. Ends with "N passed, N failed".
"""

import fcntl
import json
import os
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import termios
import time

from kdumpling import KdumpBuilder
from kdumpling.builder import CompressionType, OutputFormat

import generated_dumps
from checks import check, end, fault_of, run
from generated_dumps import IMAGE, PAGE, PLACE

# The limit that issue 23 gives for any computer, in KiB.
MOST_MEMORY = 64 * 1024
# A bound against hanging, in seconds.
PATIENCE = 300


def small_log():
    """A log of which some pages compress well, and others not at all. The numbers are drawn from a seed."""
    draw = random.Random(1)
    log = generated_dumps.Log(PLACE + 16 * PAGE)
    log.texts = [b"Linux version 6.12.0-generated (a@b)", b"two\nlines", b"\xff\xfe"]
    # Bytes of no line's end.
    log.texts += [bytes(draw.choices([*range(11, 256)], k=900)) for _ in range(60)]
    log.texts += [b"the same line, again and again " * 20 + b"%d" % number for number in range(100)]
    return log


def write(builder, path, form):
    """What kdumpling writes in the form, an OutputFormat or a CompressionType; or that file flattened."""
    if form == "flattened":
        builder.write(str(path), format=OutputFormat.KDUMP_COMPRESSED)
        path.write_bytes(generated_dumps.flattened(path.read_bytes()))
    elif isinstance(form, CompressionType):
        builder.write(str(path), format=OutputFormat.KDUMP_COMPRESSED, compression=form)
    else:
        builder.write(str(path), format=form)


def kdumpling(kexec, scratch):
    """The same memory in each form: its headers, and its log, which shows all pages that the log is in."""
    log = small_log()
    tables = log.tables(lambda physical: physical - PLACE + IMAGE)
    text = generated_dumps.information(
        {"init_top_pgt": IMAGE + PAGE, "prb": IMAGE + 16 * PAGE, "init_uts_ns": IMAGE, "_stext": IMAGE},
        **{**generated_dumps.Log.RING, "OFFSET(latched_seq.val)": 8})
    builder = KdumpBuilder(arch="x86_64").set_vmcoreinfo(text)
    builder.add_memory_segment(phys_addr=PLACE, data=bytes(16 * PAGE) + tables)
    for number in range(3):
        builder.add_cpu_context(cpu_id=number, registers={"RIP": IMAGE + number, "RSP": IMAGE}, pid=number)

    def forms(form):
        path = scratch / "dump"
        write(builder, path, form)
        found = json.loads(run(kexec, "dump", "info", "--json", path))
        expected = {
            "format": "elf" if isinstance(form, OutputFormat) else "kdumpCompressed",
            "flattened": form == "flattened", "release": "6.12.0-generated", "buildID": "cd" * 20,
            "crashTime": 1795814282, "processors": 3, "information": "note", "missingBytes": 0,
            "memoryBytes": 16 * PAGE + len(tables), "machine": "x86_64",
        }
        assert {key: found[key] for key in expected} == expected, found
        assert run(kexec, "dump", "log", path) == log.printed(), "another log"
        report = json.loads(run(kexec, "dump", "report", "--json", path))
        rips = [int(processor["registers"]["rip"], 16) for processor in report["processors"]]
        assert rips == [IMAGE, IMAGE + 1, IMAGE + 2], rips

    # Without the modules for the others, kdumpling compresses by zlib only; it writes the headers of all.
    for form in (OutputFormat.ELF, *CompressionType, "flattened"):
        check(f"kdumpling: {getattr(form, 'name', form)}", fault_of(lambda: forms(form)))


def classes(kexec, measure, path):
    """What classification finds, and its memory in KiB and CPU time in seconds."""
    # The program's output goes to the error stream of `measure`.
    done = subprocess.run(
        [measure, kexec, "dump", "classes", "--level=30", "--json", path], capture_output=True, check=True)
    words = done.stdout.split()
    return json.loads(done.stderr), int(words[5]), int(words[3]) / 1e6


def large_computers(kexec, measure, scratch, sizes):
    """Memory does not grow with the computer, and each free page is found. Sizes are in GiB."""
    path = scratch / "large"
    peaks = []

    def large(size):
        free = generated_dumps.large(path, size << 30)
        found, peak, seconds = classes(kexec, measure, path)
        codes = [finding["code"] for finding in found["findings"]]
        assert codes == ["noKernelSymbols"], codes
        assert found["memoryPages"] == size << 18, found
        # What the tables and the log do not tell, the pages do: a page is free or it is kept.
        assert found["classes"]["free"] == found["freeCounter"] == free, f"{found} instead of {free}"
        assert found["classes"]["kept"] == (size << 18) - free, found
        peaks.append(peak)
        print(f"        {size} GiB: {peak} KiB, {seconds:.1f} CPU-s")
        assert peak <= MOST_MEMORY, f"it takes {peak} KiB"
        # The struct pages of a GiB are 16 MiB: 1 KiB for what is known of a section is nothing.
        assert peak - peaks[0] <= 1024 + size, f"{peak} KiB, but {peaks[0]} with {sizes[0]} GiB"

    for size in sizes:
        check(f"a computer with {size} GiB", fault_of(lambda: large(size)))
    path.unlink()


def cut_while_read(kexec, scratch):
    """Another process cuts the file while the program waits for its reader, in front of the memory map."""
    path = scratch / "cut"
    words = [kexec, "dump", "classes", "--debug", path]

    def cut(size, level, expected):
        generated_dumps.large(path, 1 << 31)
        whole = subprocess.run([*words, f"--level={level}"], capture_output=True, check=True)
        before, found, _ = whole.stderr.partition(b"kexec: debug: reading the memory map")
        assert found, whole.stderr
        reader, writer = os.pipe()
        # A pipe of one page, with room for what is said before that.
        assert fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, PAGE) == PAGE
        os.write(writer, b"x" * (PAGE - len(before)))
        program = subprocess.Popen(
            [*words, f"--level={level}"], stdout=subprocess.PIPE, stderr=writer)
        os.close(writer)
        deadline = time.monotonic() + PATIENCE
        while not is_full(reader) or state(program.pid) != "S":
            assert program.poll() is None and time.monotonic() < deadline, "it does not wait"
            time.sleep(0.02)
        os.truncate(path, size)
        with os.fdopen(reader, "rb") as stream:
            said = stream.read()[PAGE:]
        output = program.communicate()[0]
        line = said.decode().splitlines()[1:]
        assert output == b"" and program.returncode == 255, f"{program.returncode}: {line} {output}"
        assert line[0] == f'kexec: "{path}": the file became shorter {expected}', line

    check("cut in front of what is read", fault_of(lambda: cut(PAGE * 1000, 30, "while it was read")))
    check("cut to nothing", fault_of(lambda: cut(0, 30, "while it was read")))
    # The last page is not needed for the classes.
    check("cut behind what is read", fault_of(lambda: cut((1 << 31) + PAGE, 30, "while it was read")))


def is_full(pipe):
    return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))[0] == PAGE


def state(process):
    return pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]


def main():
    kexec, measure, *options = sys.argv[1:]
    with tempfile.TemporaryDirectory(dir=".lab") as name:
        scratch = pathlib.Path(name)
        kdumpling(kexec, scratch)
        cut_while_read(kexec, scratch)
        large_computers(
            kexec, measure, scratch, [64, 512] + ([24 * 1024] if options == ["--all"] else []))
    end()


main()
