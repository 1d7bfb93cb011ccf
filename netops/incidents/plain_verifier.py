#!/usr/bin/env python3
"""
Verify an exported evidence bundle; needs Python 3.6 or newer and nothing else. 校验导出的证据包，只需 Python 3.6 以上。

    python3 verify.py [BUNDLE.zip | FOLDER] [--head HASH]

--head: the head of the chain as a document or another export names it; with it a bundle that was forged as a whole is found too.
Exit code 0: everything verifies. 1: something was changed, is missing, or does not belong. 2: it cannot be read.
"""

import argparse
import hashlib
import json
import os
import sys
import zipfile
import zlib
from typing import Iterator, List, Set


class Bundle:
    """The files of a bundle by their names: a ZIP or a folder."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.zip = None if os.path.isdir(path) else zipfile.ZipFile(path)

    def names(self) -> List[str]:
        """Every file, as it is named inside."""
        if self.zip:
            return [name for name in self.zip.namelist() if not name.endswith("/")]
        found = (os.path.join(folder, name) for folder, _folders, files in os.walk(self.path) for name in files)
        return [os.path.relpath(name, self.path).replace(os.sep, "/") for name in found]

    def read(self, name: str) -> bytes:
        """The bytes of one file."""
        if self.zip:
            return self.zip.read(name)
        with open(os.path.join(self.path, *name.split("/")), "rb") as file:
            return file.read()


def sha256(content: bytes) -> str:
    """SHA-256, hex."""
    return hashlib.sha256(content).hexdigest()


def sm3(content: bytes) -> str:
    """SM3, hex, where this Python has it; else nothing."""
    try:
        return hashlib.new("sm3", content).hexdigest()
    except ValueError:
        return ""


def faults(bundle: Bundle, wanted: str) -> Iterator[str]:
    """Everything that is wrong, a line each; then what was verified."""
    names = set(bundle.names()) - {"SHA256SUMS"}
    sums = {}
    for text in bundle.read("SHA256SUMS").decode("ascii").splitlines():
        digest, name = text.split("  ", 1)
        sums[name] = digest
    for name in sorted(sums.keys() - names):
        yield "missing: " + name
    for name in sorted(names - sums.keys()):
        yield "does not belong: " + name
    for name in sorted(sums.keys() & names):
        if sha256(bundle.read(name)) != sums[name]:
            yield "changed: " + name
    manifest = json.loads(bundle.read("manifest.json").decode("utf-8"))
    digests = bundle.read("chain.txt").decode("ascii").split()
    lines = bundle.read("entries.jsonl").split(b"\n")[:-1]
    if len(lines) != manifest["entries"]:
        yield "entries.jsonl has %d entries and not %d" % (len(lines), manifest["entries"])
    listed = set()
    for line in lines:
        for fault in of_entry(bundle, names, line, digests, manifest["first"]):
            yield fault
        entry = json.loads(line.decode("utf-8"))
        listed.add(entry["id"])
    for name in sorted(names):
        if name.startswith("items/") and name[6:-5] not in listed:
            yield "no entry names it: " + name
    previous = manifest["previous"]
    for digest in digests:
        previous = sha256((previous + digest).encode("ascii"))
    if previous != manifest["head"]:
        yield "the chain does not lead to its head"
    if manifest["first"] + len(digests) - 1 != manifest["newest"]:
        yield "the chain is not as long as the manifest says"
    if wanted and wanted.lower() != manifest["head"]:
        yield "the head is not " + wanted


def of_entry(bundle: Bundle, names: Set[str], line: bytes, digests: List[str], first: int) -> Iterator[str]:
    """What is wrong with one entry and its evidence."""
    entry = json.loads(line.decode("utf-8"))
    name, item = entry["id"], "items/" + entry["id"] + ".json"
    place = entry["seq"] - first
    if not 0 <= place < len(digests) or sha256(line) != digests[place]:
        yield name + ": its entry is not the one of the chain"
    if item not in names:
        yield name + ": its evidence is missing"
        return
    content = bundle.read(item)
    if len(content) != entry["size"] or sha256(content) != entry["sha256"] or "EV-" + entry["sha256"][:12] != name:
        yield name + ": its evidence was changed"
    if entry["sm3"] and sm3(content) not in ("", entry["sm3"]):
        yield name + ": its SM3 is another"
    if entry["kind"] != "attachment":
        return
    told = json.loads(content.decode("utf-8"))["body"]
    file = "files/" + told["sha256"]
    if file not in names:
        yield name + ": its file is missing"
        return
    content = bundle.read(file)
    good = len(content) == told["size"] and sha256(content) == told["sha256"]
    if not good or (told["sm3"] and sm3(content) not in ("", told["sm3"])):
        yield name + ": its file was changed"


def main() -> int:
    """Read, verify, tell."""
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description="Verify an exported evidence bundle. 校验导出的证据包。")
    parser.add_argument("bundle", nargs="?", default=here, help="the ZIP, or the folder that it was unpacked into")
    parser.add_argument("--head", default="", help="the head of the chain that a document names 公文上的证据链末值")
    asked = parser.parse_args()
    found = 0
    try:
        bundle = Bundle(asked.bundle)
        for fault in faults(bundle, asked.head):
            sys.stdout.write("FAULT 不符: %s\n" % fault)
            found += 1
        manifest = json.loads(bundle.read("manifest.json").decode("utf-8"))
    except (OSError, KeyError, ValueError, TypeError, AttributeError, zipfile.BadZipFile, zlib.error) as error:
        sys.stdout.write("cannot be read 无法读取: %r\n" % error)
        return 1 if found else 2
    if found:
        return 1
    told = (manifest["incident"], manifest["entries"], manifest["head"])
    sys.stdout.write("OK 通过: %s, %d entries 条证据, head 末值 %s\n" % told)
    if not sm3(b""):
        sys.stdout.write("SM3 was not checked: this Python does not have it. 本机没有 SM3，未校验。\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
