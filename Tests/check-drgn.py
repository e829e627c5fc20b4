"""Compares what the program says of raw dumps with what drgn finds by the kernels' debug symbols. No code is shared.

    PYTHON Tests/check-drgn.py KEXEC SYMBOLS DIRECTORY...

PYTHON is that of script/python-tool drgn, SYMBOLS the directory of script/debug-symbols. Each further directory has a
vmcore of one of those kernels. Ends with "N passed, N failed".
"""

import functools
import json
import os
import pathlib
import sys

# Or drgn would look for symbols on the network.
os.environ.pop("DEBUGINFOD_URLS", None)

import drgn
from drgn.helpers.linux.printk import get_dmesg, get_printk_records
from drgn.helpers.linux.sched import cpu_curr, task_cpu
from drgn.helpers.linux.vmstat import nr_free_pages

from checks import check, end, fault_of, run


class Ours:
    """What the program prints of a dump."""

    def __init__(self, kexec, vmcore):
        self.kexec, self.vmcore = kexec, vmcore

    def text(self, *words):
        return run(self.kexec, "dump", *words, self.vmcore)

    @functools.cache
    def document(self, word):
        return json.loads(self.text(word, "--json"))


def equal(found, expected):
    assert found == expected, f"{found!r} instead of {expected!r}"


def load(symbols, vmcore):
    """drgn's view of a dump. It does not take symbols of another build."""
    program = drgn.Program()
    program.set_core_dump(vmcore)
    release = program["UTS_RELEASE"].string_().decode()
    program.load_debug_info([symbols / f"vmlinux-{release}"])
    return program


def identity(ours, program):
    """The dump is that one: some readers open another when they cannot read the file."""
    lines = program["VMCOREINFO"].string_().decode().splitlines()
    expected = dict(line.split("=", 1) for line in lines)
    document = ours.document("info")
    equal(document["release"], expected["OSRELEASE"])
    equal(document["buildID"], expected["BUILD-ID"])
    equal(document["buildID"], program.main_module().build_id.hex())
    equal(document["crashTime"], int(expected["CRASHTIME"]))
    equal(document["pagingLevels"], 5 if program["__pgtable_l5_enabled"] else 4)
    for word in ("report", "classes"):
        for key in ("buildID", "crashTime"):
            equal(ours.document(word)[key], document[key])


def log(ours, program):
    """drgn writes the time before the first line of a record, dmesg before each."""
    lines = iter(get_dmesg(program).decode("latin-1").split("\n"))
    expected = ""
    for record in get_printk_records(program):
        first = next(lines)
        prefix = first[:first.index("] ") + 2]
        expected += first + "\n"
        for _ in range(record.text.count(b"\n")):
            expected += prefix + next(lines) + "\n"
    equal(list(lines), [""])
    found = ours.text("log").decode("latin-1")
    assert len(expected) > 10_000, f"drgn finds {len(expected)} bytes"
    for number, (one, other) in enumerate(zip(found.splitlines(), expected.splitlines())):
        assert one == other, f"line {number + 1} is {one!r} instead of {other!r}"
    equal(len(found), len(expected))


def crashed_thread(ours, program):
    task = program.crashed_thread().object
    document = ours.document("report")
    equal(document["comm"], task.comm.string_().decode())
    equal(document["pid"], task.pid.value_())
    equal(document["cpu"], task_cpu(task))
    functions = [frame.name for frame in program.stack_trace(task)]
    assert document["caller"].split("+")[0] in functions, f"{document['caller']} is not in {functions}"


def processors(ours, program):
    """The registers and the stack that each processor has left."""
    found = ours.document("report")["processors"]
    equal(len(found), program["nr_cpu_ids"].value_())
    for number, processor in enumerate(found):
        registers = program.stack_trace(cpu_curr(program, number))[0].registers()
        ours_of = {name: int(value, 16) for name, value in processor["registers"].items()}
        known = {name: value for name, value in registers.items() if name in ours_of}
        assert len(known) >= 17, f"drgn has only {sorted(known)}"
        equal({name: ours_of[name] for name in known}, known)
        equal([int(word, 16) for word in processor["stack"]], stack(program, known["rsp"]))


def stack(program, address):
    """64 words from there on, or fewer when the stack ends."""
    words = []
    while len(words) < 64:
        try:
            words.append(program.read_u64(address + 8 * len(words)))
        except drgn.FaultError:
            assert (address + 8 * len(words)) % 4096 == 0, "a stack ends inside a page"
            break
    return words


def pages(ours, program):
    """The kernel's own counter, read by its name. It may be off by what processors have not yet added to it."""
    document = ours.document("classes")
    equal(document["freeCounter"], nr_free_pages(program))
    assert abs(document["freeFound"] - document["freeCounter"]) <= 16, document


def main():
    kexec, symbols, *directories = sys.argv[1:]
    assert directories, "no dumps were named"
    for directory in map(pathlib.Path, directories):
        vmcore = directory / "vmcore"
        program = load(pathlib.Path(symbols), vmcore)
        ours = Ours(kexec, vmcore)
        for body, name in (
                (identity, "release, build ID, time of the crash, paging"), (log, "the log"),
                (crashed_thread, "the task that crashed"), (processors, "registers and stacks"),
                (pages, "the counter of free pages")):
            check(f"{directory.name}: {name}", fault_of(lambda: body(ours, program)))
    end()


main()
