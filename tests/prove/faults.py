# SPDX-License-Identifier: GPL-2.0-or-later
"""Faults that Eva must see: (unit, file, what stands there once, what a
careless hand makes of it)."""

FAULTS = [
    # a check that is taken away
    ("gate", "src/base/text.c", "plain && room >= 1", "plain"),
    ("sigpacket", "src/bundle/cursor.h",
     "if (c->left < n || c->left - n < c->stop)",
     "if (c->left - n < c->stop)"),
    ("sigpacket", "src/bundle/cursor.h",
     "if (rest > c->left || rest < c->stop)", "if (rest < c->stop)"),
    ("sigpacket", "src/bundle/sigpacket.c",
     "if (sub.type >= 64 ||", "if ("),
    ("qfile", "src/bundle/qfile.c", "len >= SP_QFILE_NAME_BYTES ||", ""),
    ("record", "src/bundle/record.c",
     "why <= SP_WHY_MIRROR ? why : SP_WHY_NONE", "why"),
    ("rpm", "src/bundle/rpm.c", "size > room || ", ""),
    ("rpm", "src/bundle/rpm-header.c",
     "    if (!first_bytes || !trailer_bytes)\n"
     "        return sp_fail(err, \"region\", \"the %s has no region\",\n"
     "                       header->grammar->name);\n", ""),
    ("manifest", "src/bundle/manifest.c",
     "if (f->size >= room || !ok(f->text, f->size))",
     "if (!ok(f->text, f->size))"),
    # one too far
    ("gate", "src/bundle/gate.c", "i < SP_TAR_BLOCK; i++)",
     "i <= SP_TAR_BLOCK; i++)"),
    ("gate", "src/bundle/tar.c", "for (size_t i = 0; i < SP_TAR_NAME_MAX; i++)",
     "for (size_t i = 0; i <= SP_TAR_NAME_MAX + 1; i++)"),
    ("sigpacket", "src/bundle/cursor.h", "dst[size - room] = *p;",
     "dst[size - room + 7] = *p;"),
    ("qfile", "src/bundle/qfile.c", "p[i] = (uint8_t)(value >> (8 * i));",
     "p[i + 1] = (uint8_t)(value >> (8 * i));"),
    ("record", "src/bundle/record.c", "for (size_t i = 0; i < 40; i++)",
     "for (size_t i = 0; i < sizeof(struct sp_report); i++)"),
    ("rpm", "src/bundle/rpm-header.c", "static const uint32_t least[] = {0, 0, ",
     "static const uint32_t least[] = {0, "),
    ("manifest", "src/bundle/manifest.c",
     "(uint8_t *)ret->text, FIELD_MAX);",
     "(uint8_t *)ret->text, FIELD_MAX + 2);"),
    ("manifest", "src/bundle/manifest.c",
     "{(const uint8_t *)f.text + FIELD_MAX, FIELD_MAX, 0}",
     "{(const uint8_t *)f.text + FIELD_MAX + 2, FIELD_MAX, 0}"),
    # a string that need not end, a length that is not looked at
    ("record", "src/bundle/record.c", "ret[SP_DETAIL_MAX] = '\\0';", ""),
    ("rpm", "src/bundle/rpm-prefix.c",
     " || packet_size > SP_SIG_MAX_BYTES + 32", ""),
    # what the archive library may do
    ("unpack", "src/ingest/unpack.c", " ||\n        run != b->chunk + skip", ""),
    ("unpack", "src/ingest/unpack.c", "skip > b->chunk_size || ", ""),
    ("unpack", "src/ingest/unpack.c", "b->gate.last != SP_GATE_END || ", ""),
    ("unpack", "src/ingest/unpack.c",
     "b->gate.left > 0 && ready - passed >= SP_TAR_BLOCK",
     "b->gate.left > 0"),
    ("unpack", "src/ingest/unpack.c", "if (ready < SP_TAR_BLOCK)",
     "if (ready == 0)"),
    ("unpack", "src/ingest/unpack.c", "!name || ", ""),
    ("unpack", "src/ingest/unpack.c", "text ? text : \"\");", "text);"),
]
