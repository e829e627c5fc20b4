"""What the scripts of Tests/ have in common: a line for each check, and at the end how many passed."""

import subprocess
import sys
import traceback

passed = failed = 0


def check(name, fault):
    """A check called `name`. It passes if `fault`, a text or a list of texts, is empty."""
    global passed, failed
    if not fault:
        passed += 1
        print(f"passed  {name}")
        return
    failed += 1
    print(f"FAILED  {name}")
    for text in fault if isinstance(fault, list) else [fault]:
        print("        " + str(text).replace("\n", "\n        "))


def fault_of(body):
    """Why `body` fails; nothing if it does not."""
    try:
        body()
    except Exception as error:
        return str(error) or traceback.format_exc()
    return None


def run(*command):
    """What the command prints. It must end well."""
    done = subprocess.run(command, capture_output=True)
    assert done.returncode == 0, f"{command} ended with {done.returncode}: {done.stderr.decode()}"
    return done.stdout


def end(least=0):
    """Ends the script: with 1 if a check failed, or if fewer than `least` passed."""
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or passed < least else 0)
