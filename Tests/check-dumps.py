#!/usr/bin/env python3
"""Compares what the program finds in raw dumps with what dump_oracle.py finds, which shares no code with it.

    Tests/check-dumps.py KEXEC [--makedumpfile PROGRAM] DIRECTORY...

Each directory is one that the lab's scenarios of "kexec dump" have left: vmcore, the log and the classes (level 31)
that the program has found in the crash kernel. With makedumpfile (of script/newest-tool) the program also reads files of
all formats and compressions that makedumpfile makes of them. Ends with "N passed, N failed".
"""

import json
import pathlib
import sys
import tempfile

import dump_oracle
from checks import check, end, fault_of, run

LEVELS = (0, 1, 2, 4, 8, 16, 31)
# Of makedumpfile's files. Its version 1.7.8 is right up to Linux 6.12.
FILES = (
    ("-d", "31"), ("-d", "31", "-c"), ("-d", "31", "-l"), ("-d", "31", "-z"), ("-d", "1"), ("-E", "-d", "31"),
    ("-F", "-z", "-d", "31"), ("-F", "-E", "-d", "31"))


def classes_of(kernel, level):
    """The pages per class, by the oracle's names. What a level does not ask for is None, as in the program's JSON."""
    kinds = kernel.classify(level)
    counts = {
        name: kinds.count(number) for number, name in enumerate(dump_oracle.CLASS_NAMES)
        if number != dump_oracle.NOT_RAM
    }
    zero = per_cpu_free = None
    if level & 1:
        zero = sum(
            kind == dump_oracle.KEPT and kernel.core.page(page) == dump_oracle.ZERO_PAGE
            for page, kind in enumerate(kinds))
    if level & 16:
        per_cpu_free = len(kernel.per_cpu_free())
    return {**counts, "zero": zero, "per_cpu_free": per_cpu_free}


def ours(document):
    """The same out of the program's JSON, which names the classes in its own way."""
    assert document["findings"] == [], document["findings"]
    names = {"privateCache": "private_cache"}
    counts = {names.get(name, name): count for name, count in document["classes"].items()}
    return {**counts, "per_cpu_free": document["perCPUFree"]}


def main():
    kexec, *directories = sys.argv[1:]
    makedumpfile = None
    if directories[:1] == ["--makedumpfile"]:
        makedumpfile = pathlib.Path(directories[1])
        directories = directories[2:]
    assert directories, "no dumps were named"
    for directory in map(pathlib.Path, directories):
        vmcore = directory / "vmcore"
        kernel = dump_oracle.Kernel(str(vmcore))

        def log():
            expected = kernel.log_text()
            assert len(expected) > 10_000, f"the oracle finds {len(expected)} bytes"
            assert run(kexec, "dump", "log", vmcore) == expected, "another log in the raw dump"
            assert (directory / "log").read_bytes() == expected, "another log in the crash kernel"

        def classes(level):
            expected = classes_of(kernel, level)
            found = ours(json.loads(run(kexec, "dump", "classes", f"--level={level}", "--json", vmcore)))
            assert found == expected, f"{found} instead of {expected}"
            if level == 31:
                assert expected["free"] > 1000 and expected["user"] > 1000 and expected["cache"] > 1000, expected
                there = ours(json.loads((directory / "classes.json").read_text()))
                # The crash kernel has changed some pages below 1 MiB.
                assert {**there, "zero": 0, "kept": 0} == {**expected, "zero": 0, "kept": 0}, there

        def filtered(options):
            """A file of makedumpfile has the same log, and the same classes but for zeros."""
            library = makedumpfile.parent / "lib"
            program = (library / "ld-linux-x86-64.so.2", "--library-path", library, makedumpfile)
            with tempfile.TemporaryDirectory(dir=directory) as scratch:
                path = pathlib.Path(scratch) / "dump"
                if "-F" in options:
                    path.write_bytes(run(*program, *options, vmcore))
                else:
                    run(*program, *options, vmcore, path)
                assert path.stat().st_size > 1_000_000, f"makedumpfile has written {path.stat().st_size} bytes"
                for words in (["log"], ["classes", "--level=30", "--json"]):
                    found, raw = (run(kexec, "dump", *words, file) for file in (path, vmcore))
                    assert found == raw, f"{words}: {found[:2000]} instead of {raw[:2000]}"

        check(f"{directory.name}: the log", fault_of(log))
        if makedumpfile and not directory.name.startswith("newest"):
            for options in FILES:
                check(f"{directory.name}: makedumpfile {' '.join(options)}", fault_of(lambda: filtered(options)))
        for level in LEVELS:
            check(f"{directory.name}: the classes of level {level}", fault_of(lambda: classes(level)))
    end()


main()
