#!/usr/bin/env python3
"""Saves a dump where something goes wrong: full, read-only and failing targets, links, two writers, signals, a process that
is killed at ten points, writes that are short or fail. Whatever happens, no part of a dump has the name of a complete one,
and what is left can be read.

    Tests/check-saving.py KEXEC VMCORE

As root: it mounts small file systems below a temporary directory, and uses loop devices. Errors of single writes are made by
ptrace, which stops the program at each of its system calls: so they happen at the same places each time.
Ends with "N passed, N failed".
"""

import ctypes
import hashlib
import json
import os
import pathlib
import resource
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import traceback

from checks import check, end

KEXEC = os.path.abspath(sys.argv[1])
VMCORE = os.path.abspath(sys.argv[2])
COMPANIONS = ["-log.txt", "-manifest.json", "-report.txt"]
# A bound against hanging.
LIMIT = 300
PWRITE, FSYNC = 18, 74


def run(*words, code=0, before=None, **options):
    """Runs kexec dump; it must end with `code`. What it prints."""
    done = subprocess.run(
        [KEXEC, "dump", *map(str, words)], capture_output=True, timeout=LIMIT, preexec_fn=before, **options)
    assert done.returncode == code, f"{words}: {done.returncode} instead of {code}: {done.stderr.decode()}{done.stdout.decode()}"
    assert b"fault of this program" not in done.stderr, done.stderr.decode()
    return done


def shell(*command):
    subprocess.run([str(word) for word in command], check=True, capture_output=True, timeout=LIMIT)


def names(directory):
    return sorted(name for name in os.listdir(directory) if name != "lost+found")


class Facts:
    """What the raw dump says of itself: every saved one must say the same."""

    def __init__(self):
        self.info = self.of(VMCORE)

    @staticmethod
    def of(path):
        return json.loads(run("info", "--json", path).stdout)

    def check(self, path, incomplete):
        info = self.of(path)
        for key in ("release", "buildID", "crashTime", "memoryPages"):
            assert info[key] == self.info[key], f"{path}: {key} is {info[key]} instead of {self.info[key]}"
        assert info["incomplete"] == incomplete, f"{path}: incomplete is {info['incomplete']}"


FACTS = Facts()


def check_complete(path):
    """A complete dump: right, for its owner alone, and as its manifest says."""
    path = pathlib.Path(path)
    FACTS.check(path, incomplete=False)
    run("verify", path)
    for name in [path, *(f"{path}{suffix}" for suffix in COMPANIONS)]:
        mode = stat.S_IMODE(os.lstat(name).st_mode)
        assert mode == 0o600, f"{name} has the mode {mode:o}"
    manifest = json.loads(pathlib.Path(f"{path}-manifest.json").read_text())
    assert manifest["state"] == "complete", manifest["state"]
    content = path.read_bytes()
    assert manifest["byteCount"] == len(content), manifest["byteCount"]
    position = 0
    for chunk in manifest["chunks"]:
        assert chunk["offset"] == position and chunk["byteCount"] <= 64 << 20, chunk
        part = content[position:position + chunk["byteCount"]]
        assert hashlib.sha256(part).hexdigest() == chunk["sha256"], f"another hash at {position}"
        position += chunk["byteCount"]
    assert position == len(content), f"the chunks end at {position}"
    assert pathlib.Path(f"{path}-log.txt").read_bytes() == run("log", VMCORE).stdout, "another log"
    return manifest


def check_part(path):
    """A part of a dump: it can be read, says that it is not complete, and does not have the name of a complete one."""
    path = pathlib.Path(path)
    assert not path.exists(), f"there is {path}"
    FACTS.check(f"{path}-incomplete", incomplete=True)
    run("verify", f"{path}-incomplete", code=4)


def fault_of(body, *arguments):
    try:
        body(*arguments)
    except Exception as error:
        return str(error) or traceback.format_exc()
    return None


class Place:
    """A directory, perhaps with a file system of its own."""

    def __init__(self, work, name):
        self.path = work / name
        self.path.mkdir()
        self.undo = []

    def tmpfs(self, size):
        shell("mount", "-t", "tmpfs", "-o", f"size={size}", "none", self.path)
        self.undo.append(("umount", "-l", self.path))
        return self

    def disk(self, size, kind="ext4", backing=None):
        """A file system in a file; it may be said where that is."""
        image = (backing or self.path.parent) / f"{self.path.name}.image"
        with open(image, "wb") as file:
            file.truncate(size)
        if kind == "ext4":
            shell("mkfs.ext4", "-q", "-F", "-m", "0", "-E", "lazy_itable_init=1,nodiscard", image)
        shell("mount", "-o", "loop,nodiscard" if kind == "ext4" else "loop", image, self.path)
        self.undo.append(("umount", "-l", self.path))
        return self

    def close(self):
        for command in self.undo:
            subprocess.run([str(word) for word in command], check=False, capture_output=True)


class Registers(ctypes.Structure):
    """struct user_regs_struct of x86_64."""
    _fields_ = [(name, ctypes.c_ulonglong) for name in (
        "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss fs_base gs_base ds es fs "
        "gs").split()]


LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
TRACEME, GETREGS, SETREGS, SYSCALL, SETOPTIONS = 0, 12, 13, 24, 0x4200


def ptrace(request, process, address=0, data=0):
    if LIBC.ptrace(request, process, address, data) < 0:
        raise OSError(ctypes.get_errno(), f"ptrace {request}")


def traced(words, entry, leave=None):
    """Runs kexec dump, and calls `entry` with the number of each system call, how many of that number there were, and its
    registers. True: they are changed; "kill": the process is killed. `leave` gets what `entry` has returned, and the
    registers behind the call. The exit code, or the negative signal, and how many calls there were."""
    errors = tempfile.TemporaryFile()
    child = os.fork()
    if child == 0:
        try:
            LIBC.ptrace(TRACEME, 0, 0, 0)
            os.dup2(os.open("/dev/null", os.O_RDWR), 1)
            os.dup2(errors.fileno(), 2)
            os.execv(KEXEC, [KEXEC, "dump", "--threads=1", *map(str, words)])
        finally:
            os._exit(99)
    counts = {}
    os.waitpid(child, 0)
    # Stops at calls are told from signals, and the process does not outlive this one.
    ptrace(SETOPTIONS, child, 0, 1 | 0x100000)
    inside, result, pending = False, None, 0
    while True:
        ptrace(SYSCALL, child, 0, pending)
        pending = 0
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status) or os.WIFSIGNALED(status):
            code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
            errors.seek(0)
            return code, counts, errors.read().decode()
        if os.WSTOPSIG(status) != signal.SIGTRAP | 0x80:
            pending = os.WSTOPSIG(status)
            continue
        registers = Registers()
        ptrace(GETREGS, child, 0, ctypes.addressof(registers))
        if not inside:
            number = registers.orig_rax
            counts[number] = counts.get(number, 0) + 1
            result = entry(number, counts[number], registers)
            if result == "kill":
                os.kill(child, signal.SIGKILL)
                _, status = os.waitpid(child, 0)
                return -os.WTERMSIG(status), counts, ""
            elif result:
                ptrace(SETREGS, child, 0, ctypes.addressof(registers))
        elif leave and result and leave(result, registers):
            ptrace(SETREGS, child, 0, ctypes.addressof(registers))
        inside = not inside


def failing(number, nth, errno):
    """An `entry` and a `leave` that make the call fail that is the nth of its number."""
    def entry(found, count, registers):
        if found != number or count != nth:
            return None
        # No such call is made.
        registers.orig_rax = 0xFFFFFFFFFFFFFFFF
        return "fail"

    def leave(result, registers):
        registers.rax = (1 << 64) - errno
        return True
    return entry, leave


def main():
    work = pathlib.Path(tempfile.mkdtemp(prefix="saving-"))
    places = []

    def place(name):
        places.append(Place(work, name))
        return places[-1]

    try:
        body(work, place)
    finally:
        for one in reversed(places):
            one.close()
        shutil.rmtree(work, ignore_errors=True)
    end()


def body(work, place):
    plain = place("plain").path

    def ordinary():
        done = run(VMCORE, plain / "dump")
        assert b"complete, verified" in done.stdout, done.stdout
        assert check_complete(plain / "dump")["verification"] == "verified"
        assert done.stderr == b"", done.stderr
        mine = names(plain)
        assert mine == ["dump"] + [f"dump{suffix}" for suffix in COMPANIONS], mine
    check("a dump is saved and verified, with its log, report and manifest", fault_of(ordinary))
    size = (plain / "dump").stat().st_size

    def forms():
        for options in (["--compress=zlib"], ["--compress=none"], ["--format=elf"], ["-d", "1"], ["-d", "0", "--compress=zlib"]):
            run(*options, VMCORE, plain / "other", before=lambda: os.umask(0))
            check_complete(plain / "other")
            for name in ["other", *(f"other{suffix}" for suffix in COMPANIONS)]:
                os.remove(plain / name)
    check("so are those of other forms, levels and compressions, whatever the umask", fault_of(forms))

    def existing():
        before = (plain / "dump").read_bytes()
        done = run(VMCORE, plain / "dump", code=255)
        assert b"there is such a file already" in done.stderr, done.stderr
        assert (plain / "dump").read_bytes() == before
        run("--force", "--compress=zlib", VMCORE, plain / "dump")
        assert check_complete(plain / "dump")["compression"] == "zlib"
        assert names(plain) == ["dump"] + [f"dump{suffix}" for suffix in COMPANIONS], names(plain)
    check("an existing dump is replaced with --force only", fault_of(existing))

    def others():
        directory = place("others").path
        (directory / "dir").mkdir()
        (directory / "victim").write_text("victim")
        (directory / "link").symlink_to("victim")
        (directory / "a-incomplete").symlink_to("victim")
        (directory / "b-log.txt").symlink_to("victim")
        (directory / "way").symlink_to("dir")
        os.mkfifo(directory / "fifo")
        before = names(directory)
        for options in ([], ["--force"]):
            for target, words in (
                    ("dir", b"it is a directory"), ("link", b"which is not followed"), ("none/x", b"No such file"),
                    ("b", b"which is not followed"), ("dir/", b"it is a directory")):
                done = run(*options, VMCORE, f"{directory}/{target}", code=255)
                assert words in done.stderr, f"{target}: {done.stderr}"
            assert names(directory) == before, names(directory)
        run(VMCORE, directory / "a", code=255)
        run("--force", VMCORE, directory / "a")
        check_complete(directory / "a")
        # The user has named the directory, links and all.
        run(VMCORE, directory / "way/x")
        check_complete(directory / "dir/x")
        assert (directory / "victim").read_text() == "victim"
    check("directories and links are refused, and no link is followed", fault_of(others))

    def full(mounted, name):
        target = mounted / "dump"
        done = run("-d", "0", VMCORE, target, code=4)
        assert b"No space left" in done.stderr, done.stderr
        check_part(target)
        done = run(VMCORE, target, code=255)
        assert b"dump-incomplete\": there is such a file" in done.stderr, done.stderr
        os.remove(f"{target}-incomplete")
        for suffix in COMPANIONS:
            if os.path.exists(f"{target}{suffix}"):
                os.remove(f"{target}{suffix}")
        run("-d", "0", "--if-full=log-only", VMCORE, target, code=4)
        assert names(mounted) == [f"dump{suffix}" for suffix in COMPANIONS], names(mounted)
        assert (mounted / "dump-log.txt").read_bytes() == run("log", VMCORE).stdout
        manifest = json.loads((mounted / "dump-manifest.json").read_text())
        assert manifest["state"] == "logOnly", manifest
        done = run("--force", "-d", "0,31", VMCORE, target, code=3)
        manifest = check_complete(target)
        assert [one["code"] for one in manifest["downgrades"]] == ["levelRaised"], manifest["downgrades"]
        assert manifest["level"] == 31 and manifest["levels"] == [0, 31], manifest
        kind = "memory" if name == "tmpfs" else "verified"
        assert manifest["verification"] == kind, manifest["verification"]
        # The complete one stays when a new one does not fit beside it.
        before = target.read_bytes()
        run("--force", "-d", "0", VMCORE, target, code=4)
        assert target.read_bytes() == before
        FACTS.check(f"{target}-incomplete", incomplete=True)
    space = size + (16 << 20)
    check("a tmpfs that is full", fault_of(lambda: full(place("tmpfs").tmpfs(space).path, "tmpfs")))
    check("an ext4 that is full", fault_of(lambda: full(place("ext4").disk(space + (8 << 20)).path, "ext4")))

    def tiny():
        mounted = place("tiny").tmpfs(8192).path
        run(VMCORE, mounted / "dump", code=255)
        left = [name for name in names(mounted) if "incomplete" in name or name == "dump"]
        assert left == [], left
    check("nothing is left where not even the headers fit", fault_of(tiny))

    def read_only():
        one = place("readonly").disk(8 << 20)
        shell("mount", "-o", "remount,ro", one.path)
        done = run(VMCORE, one.path / "dump", code=255)
        assert b"Read-only file system" in done.stderr, done.stderr
    check("a file system that is read-only", fault_of(read_only))

    def failing_disk():
        # The disk's own bytes have no space: writing them back is an input/output error.
        below = place("below").tmpfs(4 << 20)
        one = place("failing").disk(64 << 20, backing=below.path)
        done = subprocess.run(
            [KEXEC, "dump", VMCORE, str(one.path / "dump")], capture_output=True, timeout=LIMIT)
        assert done.returncode in (4, 255), f"{done.returncode}: {done.stderr.decode()}"
        assert b"Input/output error" in done.stderr or b"Read-only" in done.stderr, done.stderr
        assert not (one.path / "dump").exists()
    check("a disk that fails when it is written back", fault_of(failing_disk))

    def limited():
        target = place("limit").path / "dump"

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (5 << 20, 5 << 20))
        done = run(VMCORE, target, code=4, before=limit)
        assert b"File too large" in done.stderr, done.stderr
        check_part(target)
    check("files of that size are not allowed (ulimit -f)", fault_of(limited))

    def two():
        directory = place("two").path
        target = directory / "dump"
        first = subprocess.Popen(
            [KEXEC, "dump", "-d", "0", "--compress=zlib", "--threads=1", VMCORE, str(target)],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        deadline = time.monotonic() + LIMIT
        while not os.path.exists(f"{target}-incomplete") or os.path.getsize(f"{target}-incomplete") < 2 << 20:
            assert first.poll() is None and time.monotonic() < deadline, "the first one has not begun"
            time.sleep(0.005)
        first.send_signal(signal.SIGSTOP)
        for options in ([], ["--force"]):
            done = run(*options, VMCORE, target, code=255)
            assert b"another process is writing it" in done.stderr, done.stderr
        first.send_signal(signal.SIGCONT)
        first.send_signal(signal.SIGTERM)
        _, said = first.communicate(timeout=LIMIT)
        assert first.returncode == 4, f"{first.returncode}: {said}"
        assert b"interrupted by signal 15" in said, said
        check_part(target)
    check("two that write one file: the second is refused; the first is ended by SIGTERM", fault_of(two))

    # What follows counts the writes of the same command.
    command = lambda target: ["-d", "31", VMCORE, target]
    code, counts, said = traced(command(plain / "counted"), lambda *_: None)
    check("the program runs under ptrace", code != 0 and f"{code}: {said}")
    writes = counts.get(PWRITE, 0)
    check("it writes more than 20 times", writes <= 20 and f"{writes} times")

    def killed(nth):
        target = place(f"killed-{nth}").path / "dump"
        code, _, said = traced(
            command(target), lambda number, count, _: "kill" if (number, count) == (PWRITE, nth) else None)
        assert code == -signal.SIGKILL, f"{code}: {said}"
        assert not target.exists()
        check_part(target)
        run("--force", VMCORE, target)
        check_complete(target)
        assert not os.path.exists(f"{target}-incomplete") and not os.path.exists(f"{target}-incomplete.old")
    # The first writes are the log's, the report's and the headers', the last but one drops the mark.
    start, last = 8, writes - 1
    for index in range(10):
        nth = start + (last - start) * index // 9
        check(f"killed at write {index + 1} of 10 points", fault_of(killed, nth))

    def short():
        target = place("short").path / "dump"

        def halve(number, count, registers):
            if number != PWRITE or registers.rdx < 2:
                return None
            registers.rdx //= 2
            return count % 3 == 0
        code, _, said = traced(command(target), halve)
        assert code == 0, f"{code}: {said}"
        check_complete(target)
    check("writes that take a part of the bytes", fault_of(short))

    def errors(number, nth, errno, codes):
        target = place(f"error-{number}-{nth}-{errno}").path / "dump"
        code, _, said = traced(command(target), *failing(number, nth, errno))
        assert code in codes, f"{code}: {said}"
        assert code in (0, 3) or not target.exists()
        if code == 4:
            check_part(target)
        elif code == 0:
            check_complete(target)
    for errno, name in ((5, "EIO"), (28, "ENOSPC"), (122, "EDQUOT"), (30, "EROFS")):
        check(f"a write in the middle gives {name}", fault_of(errors, PWRITE, writes // 2, errno, (4,)))
    check("a write is interrupted (EINTR)", fault_of(errors, PWRITE, writes // 2, 4, (0,)))
    check("the last write gives EIO", fault_of(errors, PWRITE, writes, 5, (0, 3, 4)))
    syncs = counts.get(FSYNC, 0)
    for nth in range(1, syncs + 1):
        check(f"fsync {nth} of {syncs} gives EIO", fault_of(errors, FSYNC, nth, 5, (0, 3, 4)))

    def device():
        image = work / "device.image"
        with open(image, "wb") as file:
            file.truncate(size + (32 << 20))
        loop = subprocess.run(["losetup", "--find", "--show", image], check=True, capture_output=True,
                              text=True).stdout.strip()
        try:
            done = run(VMCORE, loop)
            assert b"complete, not verified: a device" in done.stdout, done.stdout
            FACTS.check(loop, incomplete=False)
            run("verify", loop)
            done = run(VMCORE, loop, code=255)
            assert b"the device has contents" in done.stderr, done.stderr
            run("--force", "--compress=zlib", VMCORE, loop)
            FACTS.check(loop, incomplete=False)
            run("verify", loop)
            done = run("--force", "-d", "0", "--compress=none", VMCORE, loop, code=4)
            FACTS.check(loop, incomplete=True)
            shell("mkfs.ext4", "-q", "-F", loop)
            mounted = place("mounted")
            shell("mount", loop, mounted.path)
            mounted.undo.append(("umount", "-l", mounted.path))
            done = run("--force", VMCORE, loop, code=255)
            assert b"busy" in done.stderr, done.stderr
            shell("umount", mounted.path)
        finally:
            subprocess.run(["losetup", "--detach", loop], check=False)
    check("a block device: empty, with contents, too small, mounted", fault_of(device))

    def piped(count=None):
        target = place(f"piped-{count}").path / "dump"
        first = subprocess.Popen([KEXEC, "dump", VMCORE, "-"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        second = subprocess.Popen(
            [KEXEC, "dump", "convert", "-", str(target)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        left = count
        while left is None or left > 0:
            part = first.stdout.read(65536 if left is None else min(left, 65536))
            if not part:
                break
            second.stdin.write(part)
            left = left and left - len(part)
        first.stdout.close()
        said = first.stderr.read()
        first.wait(LIMIT)
        out, err = second.communicate(timeout=LIMIT)
        if count is None:
            assert (first.returncode, second.returncode) == (0, 0), f"{said} {err}"
            FACTS.check(target, incomplete=False)
            run("verify", target)
            assert target.stat().st_mode & 0o777 == 0o600
        else:
            assert first.returncode == 255, f"{first.returncode}: {said}"
            assert b"has ended" in said and said.count(b"\n") == 2, said
            assert second.returncode == 4, f"{second.returncode}: {err}"
            check_part(target)
    check("through a pipe, and taken apart at its other end", fault_of(piped))
    check("through a pipe that breaks", fault_of(piped, size // 2))


main()
