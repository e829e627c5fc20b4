#!/usr/bin/env python3
"""Checks the manual pages that script/documents writes.

    Tests/check-manual.py DIRECTORY      writes them into DIRECTORY, and checks them

mandoc and groff must read them without a warning, a second run must give the same bytes, and the only thing that the
time changes is the date in the pages.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

from checks import check, end

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FILES = ["bash/kexec", "man8/kexec-dump.8", "man8/kexec-report.8", "man8/kexec-status.8", "man8/kexec.8", "man8/makedumpfile.8", "zsh/_kexec"]
# Not about the page: mandoc takes an unknown system for NetBSD, and other pages may not be installed here.
ELSEWHERE = re.compile(r"STYLE: (operating system explicitly specified|referenced manual not found): |"
                       r"^mandoc: outdated mandoc\.db ")
SECTIONS = ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "EXAMPLES", "FILES", "SEE ALSO"]


def write(directory, epoch=None):
    """All that script/documents writes, by name."""
    environment = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
    if epoch is not None:
        environment["SOURCE_DATE_EPOCH"] = str(epoch)
    subprocess.run([f"{ROOT}/script/documents", directory], env=environment, check=True)
    files = {}
    for path, _, names in os.walk(directory):
        for name in names:
            path_of_file = os.path.join(path, name)
            with open(path_of_file, encoding="utf-8") as file:
                files[os.path.relpath(path_of_file, directory)] = file.read()
    return files


def warnings(page):
    """What mandoc and groff say of a page."""
    lint = subprocess.run(["mandoc", "-T", "lint", page], capture_output=True, text=True, check=False)
    lines = [line for line in (lint.stdout + lint.stderr).split("\n") if line and not ELSEWHERE.search(line)]
    for device in ("utf8", "ascii"):
        groff = subprocess.run(["groff", "-ww", "-mdoc", "-z", f"-T{device}", page], capture_output=True, text=True,
                               check=False)
        lines += [line for line in groff.stderr.split("\n") if line]
        lines += [f"groff: exit code {groff.returncode}"] if groff.returncode else []
    return lines


def rendered(page):
    text = subprocess.run(["mandoc", "-T", "ascii", "-O", "width=80", page], capture_output=True, text=True,
                          check=True).stdout
    return re.sub(r".\x08", "", text)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    directory = os.path.abspath(sys.argv[1])
    shutil.rmtree(directory, ignore_errors=True)
    first = write(directory)
    check("every file is written", sorted(first) != FILES and f"{sorted(first)}")
    with tempfile.TemporaryDirectory() as other:
        check("a second run writes the same bytes", write(other + "/again") != first and "they differ")
        dated = write(other + "/dated", 86400 * 365)
        check("SOURCE_DATE_EPOCH is the date of the pages", [
            name for name, text in dated.items() if name.startswith("man8/") and ".Dd January 1, 1971\n" not in text])
        changed = [name for name, text in dated.items()
                   if re.sub(r"\.Dd .*", "", text) != re.sub(r"\.Dd .*", "", first[name])]
        check("nothing else changes with the time", changed)
        broken = other + "/broken.8"
        for fault in (".Bogus x", ".Sh NAME", "\\fQtext \\*[bogus]"):
            with open(broken, "w", encoding="utf-8") as file:
                file.write(first["man8/kexec-report.8"] + fault + "\n")
            check(f"a page with {fault} has a warning", not warnings(broken) and "none")
    for name in first:
        if not name.startswith("man8/"):
            continue
        page = f"{directory}/{name}"
        check(f"{name}: mandoc and groff have no warning", warnings(page))
        text = rendered(page)
        missing = [section for section in SECTIONS if f"\n{section}\n" not in text]
        check(f"{name}: its sections", missing and f"without {missing}")
        wide = [line for line in text.split("\n") if len(line) > 80]
        check(f"{name}: it fits into 80 columns", wide)
    end()


main()
