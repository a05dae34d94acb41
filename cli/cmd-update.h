/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The name under which `sallyport update` replaces the stock command. */
#ifndef SP_CLI_CMD_UPDATE_H
#define SP_CLI_CMD_UPDATE_H

#define SP_OLD_NAME "qubes-dom0-update"

#endif
