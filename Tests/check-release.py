#!/usr/bin/env python3
"""Checks what script/release has made: Tests/check-release.py DIRECTORY

All files are there and have their checksums; the list of what is linked in (SPDX) is of the program in the
package, and names the libraries that the package's field Static-Built-Using names, in the same versions.
"""

import hashlib
import json
import pathlib
import re
import subprocess
import sys


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def checksums(directory):
    """Files and lines of SHA256SUMS agree."""
    lines = (directory / "SHA256SUMS").read_text().splitlines()
    wanted = {name: digest for digest, name in (line.split("  ") for line in lines)}
    files = {path.name: sha256(path.read_bytes()) for path in directory.iterdir() if path.name != "SHA256SUMS"}
    assert wanted == files, f"SHA256SUMS says {wanted}, and the files are {files}"
    return set(files)


def main():
    directory = pathlib.Path(sys.argv[1])
    version = directory.name
    names = checksums(directory)
    deb = f"kexec-swift_{version}-1_amd64.deb"
    second = f"kexec-swift-makedumpfile_{version}-1_amd64.deb"
    list_name = f"kexec-swift-{version}.spdx.json"
    expected = {
        deb, second, list_name, f"kexec-swift-{version}-x86_64.tar.gz", f"kexec-swift_{version}-1.dsc",
        f"kexec-swift_{version}-1.debian.tar.xz", f"kexec-swift_{version}.orig.tar.xz",
    }
    assert names == expected, f"{sorted(names)} instead of {sorted(expected)}"

    document = json.loads((directory / list_name).read_text())
    ours, *linked = document["packages"]
    depends = subprocess.run(["dpkg-deb", "-f", directory / second, "Depends"], check=True, capture_output=True, text=True)
    assert depends.stdout.strip() == f"kexec-swift (= {version}-1)", depends.stdout
    tar = subprocess.run(["dpkg-deb", "--fsys-tarfile", directory / deb], check=True, capture_output=True).stdout
    extract = ["tar", "-xO", "./usr/lib/kexec-swift/kexec"]
    program = subprocess.run(extract, input=tar, check=True, capture_output=True).stdout
    assert len(program) > 500_000
    assert ours["checksums"] == [{"algorithm": "SHA256", "checksumValue": sha256(program)}], "another program"
    assert ours["versionInfo"] == version

    field = subprocess.run(["dpkg-deb", "-f", directory / deb, "Static-Built-Using"], check=True, capture_output=True, text=True)
    built_using = set(re.findall(r"(\S+) \(= (\S+)\)", field.stdout))
    # The compiler is a package of Debian only where Debian's is used.
    in_list = {(package["name"], package["versionInfo"]) for package in linked if package["name"] != "swift"}
    assert in_list == built_using, f"SPDX has {sorted(in_list)}, Static-Built-Using {sorted(built_using)}"
    assert {"glibc", "zlib", "xz-utils", "libzstd", "lz4", "bzip2"} <= {name for name, _ in in_list}
    related = {
        relation["relatedSpdxElement"] for relation in document["relationships"]
        if relation["relationshipType"] == "STATIC_LINK" and relation["spdxElementId"] == ours["SPDXID"]
    }
    assert related == {package["SPDXID"] for package in linked}, "not each package is related to the program"
    for package in linked:
        assert package["licenseConcluded"] and package["externalRefs"][0]["referenceLocator"].startswith("pkg:")
    print(f"{len(names)} files, {len(linked)} packages linked in")


main()
