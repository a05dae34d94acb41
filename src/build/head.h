/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first pass of pack.c: reads and judges the head of one package file.
 * For pack.c alone.
 */
#ifndef SP_BUILD_HEAD_H
#define SP_BUILD_HEAD_H

#include "build/pack.h"
#include "bundle/manifest.h"

/* One buffer for all heads; grows as they ask. */
struct sp_head_buffer {
    uint8_t *data;
    size_t size;
};

/* A package that may be packed. */
struct sp_pack_item {
    const struct sp_pack_source *source;
    struct sp_member member;
    uint8_t payload_sha256[32]; /* as its header says */
};

/* Opens the file, which must be a regular one. Returns it or -1. */
int sp_source_open(const struct sp_pack_source *source, uint64_t *ret_size,
                   struct sp_error *err);

int sp_head_read(struct sp_head_buffer *buffer,
                 const struct sp_pack_source *source, struct sp_pack_item *ret,
                 struct sp_error *err);

#endif
