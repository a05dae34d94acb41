/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the other tools of Qubes OS show about dom0: the features
 * updates-available, last-updates-check and last-update.
 */
#ifndef SP_INGEST_UPDATE_FEATURES_H
#define SP_INGEST_UPDATE_FEATURES_H

#include <stdbool.h>

#include "base/error.h"

/* There was an answer: are there updates? */
int sp_features_checked(bool available, struct sp_error *err);

/* dnf ended well. */
int sp_features_updated(struct sp_error *err);

#endif
