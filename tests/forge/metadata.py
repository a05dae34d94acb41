#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes the metadata of a repository lie, and fits repomd.xml to the lie.

    metadata.py REPO replace PATTERN TEXT    in primary.xml
    metadata.py REPO drop TYPE               leaves a file out of repomd.xml
"""
import gzip
import hashlib
import pathlib
import re
import sys


def entry(repomd, kind):
    found = re.search(rf'  <data type="{kind}">.*?</data>\n', repomd, re.S)
    if not found:
        sys.exit(f"no {kind} in repomd.xml")
    return found.group(0)


def replace(repo, repomd, pattern, text):
    old = entry(repomd, "primary")
    name = re.search(r'href="([^"]*)"', old).group(1)
    plain = gzip.decompress((repo / name).read_bytes()).decode()
    # \n in the shell's arguments means a line end.
    changed, n = re.subn(pattern, text.replace("\\n", "\n"), plain)
    if n == 0:
        sys.exit("the pattern is nowhere in primary.xml")
    packed = gzip.compress(changed.encode(), mtime=0)
    (repo / "repodata" / "lie.xml.gz").write_bytes(packed)
    new = f'''  <data type="primary">
    <checksum type="sha256">{hashlib.sha256(packed).hexdigest()}</checksum>
    <open-checksum type="sha256">{hashlib.sha256(changed.encode()).hexdigest()}</open-checksum>
    <location href="repodata/lie.xml.gz"/>
    <timestamp>1700000000</timestamp>
    <size>{len(packed)}</size>
    <open-size>{len(changed.encode())}</open-size>
  </data>
'''
    return repomd.replace(old, new)


def main():
    repo = pathlib.Path(sys.argv[1])
    path = repo / "repodata" / "repomd.xml"
    repomd = path.read_text()
    if sys.argv[2] == "replace":
        repomd = replace(repo, repomd, sys.argv[3], sys.argv[4])
    else:
        repomd = repomd.replace(entry(repomd, sys.argv[3]), "")
    path.write_text(repomd)


main()
