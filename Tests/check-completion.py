#!/usr/bin/env python3
"""Asks bash and zsh what they complete, with the files that script/documents has written.

    Tests/check-completion.py DIRECTORY

Each shell runs in a pseudo terminal. It gets a line with a tab behind it, and prints the line that it has then, and
what it offers. /boot in the files is replaced by a directory with kernels and initrds of these names. Nothing is run.
"""
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time

from checks import check, end

# Far above what the slowest computer takes: a bound against hanging.
LIMIT = 120
BOOT = ["vmlinuz-6.1.0-9-amd64", "vmlinuz-6.12.5-amd64", "debian.efi", "initrd.img-6.1.0-9-amd64",
        "initrd.img-6.12.5-amd64", "initramfs-6.13.img", "vmlinuz-6.13", "System.map-6.1.0-9-amd64", "config-6.13"]
HERE = ["mykernel", "stray", "machine/proc/iomem"]
# What is typed, and the line after a tab, None for the same. B is the directory of kernels.
LINES = [
    ("kexec --dry", "kexec --dry-run "),
    ("kexec --initr", "kexec --initrd="),
    ("kexec --type=u", "kexec --type=uki "),
    ("kexec -t bea", None),
    ("kexec -t beo", "kexec -t beoboot-x86 "),
    ("kexec --digest=s", "kexec --digest=sha256 "),
    ("kexec --digest k", "kexec --digest komihash "),
    ("kexec --arch=", "kexec --arch=x86_64 "),
    ("kexec --preserve=", "kexec --preserve=modules "),
    ("kexec --serial=", "kexec --serial=ttyS"),
    ("kexec --seed=my", None),
    ("kexec sta", "kexec status "),
    ("kexec rep", "kexec report "),
    ("kexec du", "kexec dump "),
    ("kexec dump rep", "kexec dump report "),
    ("kexec dump log my", "kexec dump log mykernel "),
    ("kexec -l sta", None),
    ("kexec status --js", "kexec status --json "),
    ("kexec status --initr", None),
    ("kexec status --mach", "kexec status --machine="),
    ("kexec status --machine=", "kexec status --machine=machine/"),
    ("kexec --dry-run --machine=mac", "kexec --dry-run --machine=machine/"),
    ("kexec -l my", "kexec -l mykernel "),
    ("kexec -l mykernel st", "kexec -l mykernel stray "),
    ("kexec -l B/deb", "kexec -l B/debian.efi "),
    ("kexec -l B/vmlinuz-6.1.", "kexec -l B/vmlinuz-6.1.0-9-amd64 "),
    ("kexec -l B/vmlinuz-6.12.5-amd64 --initrd=", "kexec -l B/vmlinuz-6.12.5-amd64 --initrd=B/initrd.img-6.12.5-amd64 "),
    ("kexec -l B/vmlinuz-6.12.5-amd64 --initrd=B/", "kexec -l B/vmlinuz-6.12.5-amd64 --initrd=B/initrd.img-6.12.5-amd64 "),
    ("kexec -l B/vmlinuz-6.12.5-amd64 --initrd=B/initrd.img-6.1.",
     "kexec -l B/vmlinuz-6.12.5-amd64 --initrd=B/initrd.img-6.1.0-9-amd64 "),
    ("kexec -l B/vmlinuz-6.13 --ramdisk ", "kexec -l B/vmlinuz-6.13 --ramdisk B/initramfs-6.13.img "),
    ("kexec --command-line quiet -l B/vmlinuz-6.13 --initrd=", "kexec --command-line quiet -l B/vmlinuz-6.13 --initrd=B/initramfs-6.13.img "),
    ("kexec --initrd=stray -p B/vmlinuz-6.12.5-amd64 --initrd=",
     "kexec --initrd=stray -p B/vmlinuz-6.12.5-amd64 --initrd=B/initrd.img-6.12.5-amd64 "),
    ("kexec --initrd=my", "kexec --initrd=mykernel "),
    ("kexec --dtb=str", "kexec --dtb=stray "),
]
# What is typed, and what is then offered.
OFFERS = [
    ("kexec -l ", ["B/debian.efi", "B/vmlinuz-6.1.0-9-amd64", "B/vmlinuz-6.12.5-amd64", "B/vmlinuz-6.13"]),
    ("kexec --initrd=", ["B/initramfs-6.13.img", "B/initrd.img-6.1.0-9-amd64", "B/initrd.img-6.12.5-amd64"]),
    ("kexec --digest=", ["komihash", "sha256"]),
    ("kexec --serial=tty", ["ttyS0", "ttyS1", "ttyS2", "ttyS3"]),
    ("kexec --reuse-", ["--reuse-cmdline", "--reuse-console", "--reuse-video-type"]),
    ("kexec dump ", ["classes", "convert", "info", "log", "report", "verify"]),
    ("kexec dump --format=", ["dmesg", "elf", "kdump", "kmsg", "raw"]),
    ("kexec report --", ["--json", "--machine=", "--quiet", "--debug", "--help"]),
]


class Shell:
    """A shell in a pseudo terminal; C-x d prints its line and empties it."""

    def __init__(self, words, directory, setup):
        self.child, self.terminal = pty.fork()
        if self.child == 0:
            os.chdir(directory)
            environment = {"PATH": "/usr/bin:/bin", "TERM": "dumb", "HOME": directory, "LC_ALL": "C",
                           "COLUMNS": "200", "LINES": "500", "PS1": "=> "}
            os.execvpe(words[0], words, environment)
        os.set_blocking(self.terminal, False)
        self.send(setup + "\n" + "printf '<<%s>>\\n' ready\n")
        self.read(r"<<ready>>\r*\n")

    def send(self, text):
        data = text.encode()
        end = time.monotonic() + LIMIT
        while data:
            select.select([], [self.terminal], [], 1)
            try:
                data = data[os.write(self.terminal, data):]
            except BlockingIOError:
                if time.monotonic() > end:
                    raise TimeoutError from None

    def read(self, pattern):
        """All up to `pattern`."""
        text = ""
        end = time.monotonic() + LIMIT
        while not (match := re.search(pattern, text)):
            if time.monotonic() > end:
                raise TimeoutError(f"no {pattern} in {text!r}")
            if select.select([self.terminal], [], [], 1)[0]:
                text += os.read(self.terminal, 65536).decode(errors="replace")
        return text, match

    def complete(self, line):
        """The line after a tab, and what is offered."""
        self.send(line + "\t\x18d")
        # Then the shell shows its prompt again, and reads.
        text, match = self.read(r"(?s)<<line:(.*?)>>.*=> ")
        offered = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r|\x07", "", text[:match.start()])
        return match[1], offered.split()

    def end(self):
        os.close(self.terminal)
        os.waitpid(self.child, 0)


def bash(directory, scripts):
    return Shell(["bash", "--norc", "--noprofile", "-i"], directory, f"""
bind 'set show-all-if-ambiguous on' 2>/dev/null; bind 'set completion-query-items 0'; bind 'set page-completions off'
bind 'set bell-style none'; bind 'set enable-bracketed-paste off'; bind 'set completion-display-width 0'
show() {{ printf '\\n<<%s:%s>>\\n' line "$READLINE_LINE"; READLINE_LINE= READLINE_POINT=0; }}; bind -x '"\\C-xd": show'
source {scripts}/bash/kexec""")


def zsh(directory, scripts):
    return Shell(["zsh", "-f", "-i"], directory, f"""
unsetopt prompt_cr zle_bracketed_paste; PS1='=> '; fpath=({scripts}/zsh $fpath); autoload -Uz compinit; compinit -D -u
show() {{ print -r -- $'\\n'"<<line:$BUFFER>>"; BUFFER=; zle reset-prompt; }}; zle -N show; bindkey -e; bindkey '^Xd' show
setopt no_beep; unsetopt list_ambiguous; LISTMAX=1000; zstyle ':completion:*' list-prompt ''; unset zle_bracketed_paste""")


def show(name, start, directory, scripts, boot):
    shell = start(directory, scripts)
    try:
        for line, wanted in LINES:
            line, wanted = line.replace("B/", boot + "/"), (wanted or line).replace("B/", boot + "/")
            found, _ = shell.complete(line)
            check(f"{name}: {line}", found != wanted and f"it becomes {found!r}, expected {wanted!r}")
        for line, wanted in OFFERS:
            wanted = {word.replace("B/", boot + "/") for word in wanted}
            names = {os.path.basename(word) for word in wanted} | wanted
            if name == "zsh":
                names |= {word.rstrip("=") for word in names}
            _, offered = shell.complete(line.replace("B/", boot + "/"))
            # The line itself, descriptions and the prompt are there, too.
            known = [word for word in offered if word in names]
            missing = {os.path.basename(word).rstrip("=") for word in wanted} - {
                os.path.basename(word).rstrip("=") for word in known}
            check(f"{name} offers for {line}", missing and f"{sorted(missing)} are missing: {offered}")
            others = [word for word in offered if "System.map" in word or "config-" in word]
            check(f"{name} offers no other files for {line}", others and f"{others}")
    finally:
        shell.end()


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    place = tempfile.mkdtemp(prefix="completion-")
    try:
        scripts, boot, here = f"{place}/scripts", f"{place}/boot", f"{place}/here"
        for directory, files in ((boot, BOOT), (here, HERE)):
            for name in files:
                path = f"{directory}/{name}"
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w", encoding="utf-8"):
                    pass
        for name in ("bash/kexec", "zsh/_kexec"):
            with open(f"{sys.argv[1]}/{name}", encoding="utf-8") as file:
                text = file.read()
            os.makedirs(os.path.dirname(f"{scripts}/{name}"), exist_ok=True)
            with open(f"{scripts}/{name}", "w", encoding="utf-8") as file:
                file.write(text.replace("/boot/", boot + "/"))
            result = subprocess.run([name.split("/")[0], "-n", f"{scripts}/{name}"], capture_output=True, check=False)
            check(f"{name} is valid", result.returncode and result.stderr.decode())
        show("bash", bash, here, scripts, boot)
        show("zsh", zsh, here, scripts, boot)
    finally:
        shutil.rmtree(place)
    end(least=88)


main()
