/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where packages go: one of two framings on a carrier, and the answer of the
 * other side behind it. The bundle (sallyport-bundle(5)) is ours; the qfile
 * stream (bundle/qfile.h) is what a stock dom0 of Qubes OS takes: no MANIFEST,
 * no evidence, the packages under their own names.
 */
#ifndef SP_BUILD_OUTLET_H
#define SP_BUILD_OUTLET_H

#include "bundle/record.h"
#include "transports/transport.h"

enum sp_framing { SP_FRAMING_BUNDLE = 0, SP_FRAMING_QFILE = 1 };

struct sp_outlet {
    struct sp_transport *dest;
    enum sp_framing framing;
    uint32_t crc32; /* qfile: of what was written */
};

/* In this order; each fails with the reasons of the carrier. */
int sp_outlet_manifest(struct sp_outlet *out, const void *text, size_t size,
                       struct sp_error *err);
/* Bundles alone; number: 1 based, in the order of MANIFEST. */
int sp_outlet_evidence(struct sp_outlet *out, uint64_t number, uint64_t size,
                       struct sp_error *err);
/* number: 1 based. qfile: "member-name" for what the stock rules refuse. */
int sp_outlet_package(struct sp_outlet *out, uint64_t number,
                      const struct sp_nevra *nevra, uint64_t size,
                      struct sp_error *err);
int sp_outlet_data(struct sp_outlet *out, const void *data, size_t len,
                   struct sp_error *err);
/*
 * At most len bytes of a file, from where it stands, without looking at them.
 * The bytes moved, 0 when they have to come through sp_outlet_data, or -1.
 */
ssize_t sp_outlet_file(struct sp_outlet *out, int file, size_t len,
                       struct sp_error *err);
/* Behind the data of a package of this size. */
int sp_outlet_pad(struct sp_outlet *out, uint64_t size, struct sp_error *err);
int sp_outlet_end(struct sp_outlet *out, struct sp_error *err);

/* The size of a member, header and padding included; about right for qfile. */
uint64_t sp_outlet_member_bytes(uint64_t size);

/*
 * Ends the transfer, and waits for the word of the other side where there is
 * one: success is its success. Refusals have its class and word.
 */
int sp_outlet_finish(struct sp_outlet *out, struct sp_error *err);

/*
 * A write failed, *err says how: when the other side is gone and said why,
 * that is told instead. Returns -1.
 */
int sp_outlet_fault(struct sp_outlet *out, struct sp_error *err);

#endif
