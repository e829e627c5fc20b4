#!/usr/bin/env python3
"""Runs the program as makedumpfile beside makedumpfile itself, with the same arguments on the same raw dump.

    Tests/check-makedumpfile.py [--all] KEXEC MAKEDUMPFILE DIRECTORY...

Each directory has a raw dump, vmcore; MAKEDUMPFILE is the one of script/newest-tool. Exit codes are compared, and where
files remain and which; each dump that the program writes is examined by dump_oracle.py, and read by makedumpfile. --all takes
every level, format and compression. Ends with "N passed, N failed".
"""

import filecmp
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from checks import check, end

TESTS = pathlib.Path(__file__).resolve().parent
# A bound against hanging, in seconds: makedumpfile -R waits for ever for the end of an empty input.
BOUND = 300

# Each line with what remains: OUT is the file that is written. In EXISTING it is there before.
SAVING = [
    "-d 31 -c VMCORE OUT", "-z -d31 --num-threads=2 VMCORE OUT", "-l --message-level 1 -d 31 VMCORE OUT",
    "-E -d 31 VMCORE OUT", "-d 31,17 --work-dir /tmp --non-mmap --cyclic-buffer 1024 -b 5 VMCORE OUT --message-level 21",
    "-lFd 1 VMCORE", "-F -E -d 31 VMCORE",
]
ALL_SAVING = [
    f"{form} -d {level} VMCORE{'' if 'F' in form else ' OUT'}"
    for form in ("-c", "-z", "-p", "-E", "--", "-F", "-Fz") for level in (0, 1, 2, 4, 8, 16, 31) if form != "--"
] + [f"-d {level} VMCORE OUT" for level in range(32)]
OTHERS = [
    "--dump-dmesg VMCORE OUT", "--dump-dmesg -F VMCORE", "-F --message-level 8 --dump-dmesg VMCORE",
    "--dump-dmesg -c -d 31 VMCORE OUT", "--dump-dmesg --partial-dmesg VMCORE OUT",
    "-c -d 31 --dry-run --show-stats VMCORE OUT",
    "-v", "-h", "--help",
    "--check-params -l --message-level 7 -d 31 VMCORE OUT", "--check-params -F -l -d 31 VMCORE",
    "--check-params -d 31,17 -x vmlinux VMCORE OUT",
]
# Both refuse it, and nothing is written.
REFUSED = [
    "", "VMCORE", "-F VMCORE OUT", "-R", "-R OUT OUT2", "--dump-dmesg VMCORE", "-d 32 VMCORE OUT", "-d", "-Q VMCORE OUT",
    "--bogus VMCORE OUT", "--m VMCORE OUT", "--num VMCORE OUT", "-E -c VMCORE OUT", "--message-level 32 VMCORE OUT",
    "-e -d 31 VMCORE OUT", "--dry-run --dump-dmesg VMCORE OUT", "--partial-dmesg VMCORE OUT", "-d 31 /nonexistent OUT",
    "-d 31 /etc/passwd OUT", "-c -d 31 VMCORE /nonexistent/out", "--check-params -l -d 31",
    "--check-params -l -Q VMCORE OUT", "--check-params -d 32 VMCORE OUT", "--check-params -R -F OUT",
    "--check-params --diskset=x VMCORE OUT", "-L x VMCORE OUT",
]
# Refused here only: docs/makedumpfile.md says so.
REFUSED_HERE = [
    "-d x VMCORE OUT", "--num-threads x --check-params VMCORE OUT", "--check-params -X VMCORE OUT",
    "--check-params --vtop ffffffff81000000 VMCORE OUT", "--split -d 31 VMCORE OUT OUT2",
]


class Program:
    def __init__(self, name, words, environment=None):
        self.name, self.words, self.environment = name, words, environment

    def run(self, arguments, directory, data=None):
        """The exit code, and what was printed."""
        done = subprocess.run(
            [*self.words, *arguments], cwd=directory, input=data, stdin=None if data is not None else subprocess.DEVNULL,
            capture_output=True, timeout=BOUND, check=False, executable=None)
        return done.returncode, done.stdout, done.stderr


def words_of(line, vmcore):
    return [str(vmcore) if word == "VMCORE" else word for word in line.split()]


def left_in(directory):
    """The files that are there, with their modes."""
    return {path.name: oct(path.stat().st_mode & 0o777) for path in directory.iterdir()}


def oracle(vmcore, dump, level):
    options = ["--level", str(level)] if level is not None else []
    done = subprocess.run(
        [sys.executable, TESTS / "dump_oracle.py", "check", *options, vmcore, dump], capture_output=True, text=True, check=False)
    return None if done.returncode == 0 and "RIGHT" in done.stdout else (done.stdout + done.stderr)[-2000:]


def level_of(line):
    match = re.search(r"-\w*d ?(\d+)", line)
    return int(match[1]) if match else 0


def wants_other_compression(line):
    """Whether it asks for lzo or snappy."""
    return any(re.match(r"-\w*[lp]", word) for word in line.split())


def main():
    arguments = sys.argv[1:]
    takes_all = arguments[:1] == ["--all"]
    kexec, theirs, *directories = arguments[1:] if takes_all else arguments
    assert directories, "no dumps were named"
    # The name is what tells the program what it is.
    with tempfile.TemporaryDirectory() as names:
        link = pathlib.Path(names) / "makedumpfile"
        link.symlink_to(pathlib.Path(kexec).resolve())
        library = pathlib.Path(theirs).resolve().parent / "lib"
        other = Program("makedumpfile", [
            library / "ld-linux-x86-64.so.2", "--library-path", library, "--argv0", "makedumpfile", pathlib.Path(theirs).resolve()])
        ours = Program("ours", [link])
        for directory in map(pathlib.Path, directories):
            compare(ours, other, directory.resolve(), takes_all)
    end()


def compare(ours, other, directory, takes_all):
    vmcore = directory / "vmcore"
    name = directory.name
    log = None

    def both(line, data=None, before=()):
        results = []
        for program in (ours, other):
            scratch = pathlib.Path(tempfile.mkdtemp(dir=directory if os.access(directory, os.W_OK) else None))
            for file in before:
                (scratch / file).write_bytes(b"old")
            results.append((*program.run(words_of(line, vmcore), scratch, data), left_in(scratch), scratch))
        return results

    def forget(results):
        for result in results:
            shutil.rmtree(result[4])

    def saved(line):
        results = both(line)
        try:
            (code, out, errors, left, scratch), (their_code, their_out, _, their_left, _) = results
            said = errors
            if (code, left) != (their_code, their_left):
                return f"{code} and {left}, not {their_code} and {their_left}: {errors.decode()[-500:]}"
            dump = scratch / "OUT"
            if "F" in line.split("VMCORE")[0]:
                dump = scratch / "flat"
                dump.write_bytes(out)
                # makedumpfile -R waits for ever for the end of nothing.
                if len(out) < 4096:
                    return f"{len(out)} bytes were written: {errors.decode()}"
                # Each -R makes the same file of it, and of that of makedumpfile.
                for data, files in ((their_out, ("theirs1", "theirs2")), (out, ("OUT", "OUT2"))):
                    for program, file in zip((ours, other), files):
                        code, _, errors = program.run(["-R", file], scratch, data)
                        if code:
                            return f"{program.name} -R: {errors.decode()}"
                    first, second = (scratch / file for file in files)
                    if not filecmp.cmp(first, second, shallow=False):
                        return f"-R makes another file of {files[0]} than makedumpfile -R"
                dump = scratch / "OUT"
            code, _, errors = other.run(["--dump-dmesg", dump.name, "log"], scratch)
            if code or (scratch / "log").read_bytes() != log:
                return f"makedumpfile --dump-dmesg of it: exit code {code}, another log; {errors.decode()}"
            if wants_other_compression(line) and b"compressed by zlib" not in said:
                return "no line says that pages are compressed by zlib"
            return oracle(vmcore, dump, level_of(line))
        finally:
            forget(results)

    def agrees(line, data=None, before=(), wanted=None):
        results = both(line, data, before)
        try:
            (code, _, errors, left, _), (their_code, _, _, their_left, _) = results
            if wanted is not None and (code, their_code) != wanted:
                return f"{code} and {their_code} instead of {wanted}: {errors.decode()[-500:]}"
            if wanted is None and code != their_code:
                return f"{code}, not {their_code}: {errors.decode()[-500:]}"
            if wanted is None and left != their_left:
                return f"it leaves {left}, not {their_left}"
            if code and not errors:
                return "it does not say why"
            return None
        finally:
            forget(results)

    # makedumpfile's own log of the raw dump: its form differs from ours, and is the same for each file.
    with tempfile.TemporaryDirectory() as scratch:
        other.run(["--dump-dmesg", vmcore, "log"], scratch)
        log = (pathlib.Path(scratch) / "log").read_bytes()
    assert len(log) > 10_000

    for line in SAVING + (ALL_SAVING if takes_all else []):
        check(f"{name}: makedumpfile {line}", saved(line))
    for line in OTHERS:
        check(f"{name}: makedumpfile {line}", agrees(line))
    for line in REFUSED:
        check(f"{name}: makedumpfile {line}: refused", agrees(line, wanted=(1, 1)))
    for line in REFUSED_HERE:
        check(f"{name}: makedumpfile {line}: refused here", agrees(line, wanted=(1, 0)))
    for line in ("-d 31 -c VMCORE OUT", "--dump-dmesg VMCORE OUT"):
        check(f"{name}: makedumpfile {line}: over a file", agrees(line, before=["OUT"], wanted=(1, 1)))
        check(f"{name}: makedumpfile -f {line}: over a file", agrees(f"-f {line}", before=["OUT"], wanted=(0, 0)))


main()
