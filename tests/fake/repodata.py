#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes a repository that holds one empty primary, true or lying.

    repodata.py DIR [--revision N] [--location HREF] [--open-size N]
        [--bomb MIB] [--more XML] [--checksum ALGORITHM]

The primary of a bomb is that many MiB of blanks. --location, --open-size and
--more go into repomd.xml as they are.
"""
import argparse
import gzip
import hashlib
import os

PRIMARY = (b'<?xml version="1.0" encoding="UTF-8"?>\n'
           b'<metadata xmlns="http://linux.duke.edu/metadata/common" '
           b'xmlns:rpm="http://linux.duke.edu/metadata/rpm" packages="0">\n'
           b'<!-- %d -->\n</metadata>\n')
REPOMD = '''<?xml version="1.0" encoding="UTF-8"?>
<repomd xmlns="http://linux.duke.edu/metadata/repo">
  <revision>%(revision)d</revision>
  <data type="primary">
    <checksum type="%(algorithm)s">%(digest)s</checksum>
    <open-checksum type="%(algorithm)s">%(open_digest)s</open-checksum>
    <location href="%(location)s"/>
    <timestamp>%(revision)d</timestamp>
    <size>%(size)d</size>
    <open-size>%(open_size)d</open-size>
  </data>%(more)s
</repomd>
'''


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("dir")
    parser.add_argument("--revision", type=int, default=1700000000)
    parser.add_argument("--location")
    parser.add_argument("--open-size", type=int)
    parser.add_argument("--bomb", type=int)
    parser.add_argument("--more", default="")
    parser.add_argument("--checksum", default="sha256")
    args = parser.parse_args()
    primary = PRIMARY % args.revision
    if args.bomb:
        primary = b" " * (args.bomb << 20)
    packed = gzip.compress(primary, mtime=0)
    digest = hashlib.new(args.checksum, packed).hexdigest()
    name = "repodata/%s-primary.xml.gz" % digest
    os.makedirs(os.path.join(args.dir, "repodata"))
    with open(os.path.join(args.dir, name), "wb") as f:
        f.write(packed)
    with open(os.path.join(args.dir, "repodata/repomd.xml"), "w",
              encoding="ascii") as f:
        f.write(REPOMD % {
            "algorithm": args.checksum, "revision": args.revision, "digest": digest, "more": args.more,
            "open_digest": hashlib.new(args.checksum, primary).hexdigest(),
            "location": name if args.location is None else args.location,
            "size": len(packed),
            "open_size": (len(primary) if args.open_size is None
                          else args.open_size)})


main()
