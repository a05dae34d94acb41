/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sallyport-builder devices: the sticks that a bundle may be written to. */
#include "build/devices.h"

#include <string.h>

#include "base/text.h"
#include "cli/builder-common.h"
#include "cli/result.h"
#include "cli/table.h"

void
sp_help_devices(FILE *out)
{
    (void)fputs("Nothing is opened or read. A bundle is written with '-o "
                "block:/dev/NAME'.\n",
                out);
}

static void
cell(const void *data, size_t row, size_t column, char *dst)
{
    const struct sp_devices *devices = data;
    const struct sp_devices_entry *entry = &devices->entries[row];
    const struct sp_device *device = &entry->device;
    const char *text;

    dst[0] = '\0';
    switch (column) {
    case 0:
        (void)snprintf(dst, SP_TABLE_CELL_MAX, "/dev/%s", device->name);
        return;
    case 1:
        if (device->size > 0)
            sp_text_size(dst, SP_TABLE_CELL_MAX, device->size);
        else
            (void)snprintf(dst, SP_TABLE_CELL_MAX, "-");
        return;
    case 2: text = *device->model ? device->model : "-"; break;
    case 3: text = *device->serial ? device->serial : "-"; break;
    default:
        text = entry->why.code == SP_OK ? "may be written" : entry->why.msg;
    }
    (void)snprintf(dst, SP_TABLE_CELL_MAX, "%s", text);
}

static enum sp_tone
tone(const void *data, size_t row)
{
    const struct sp_devices *devices = data;

    return devices->entries[row].why.code == SP_OK ? SP_TONE_GOOD
                                                   : SP_TONE_NONE;
}

static size_t
count_safe(const struct sp_devices *devices)
{
    size_t n = 0;

    for (size_t i = 0; i < devices->n; i++)
        n += devices->entries[i].why.code == SP_OK;
    return n;
}

static void
print_devices(const struct sp_devices *devices, const struct sp_voice *voice)
{
    static const struct sp_column columns[] = {
        {"DEVICE", false}, {"SIZE", true}, {"MODEL", false},
        {"SERIAL", false}, {"", false},
    };
    const struct sp_table table = {
        .columns = columns,
        .n_columns = sizeof(columns) / sizeof(columns[0]),
        .n_rows = devices->n,
        .data = devices,
        .cell = cell,
        .tone = tone,
    };

    sp_table_print(&table, voice->color, stdout);
    if (count_safe(devices) == 0 && !voice->quiet)
        (void)fprintf(stderr, "No stick is here that may be written.\n");
}

static const char *
bus_word(enum sp_device_bus bus)
{
    switch (bus) {
    case SP_BUS_OTHER: break;
    case SP_BUS_USB: return "usb";
    case SP_BUS_MMC: return "mmc";
    case SP_BUS_LOOP: return "loop";
    }
    return "other";
}

static void
render_device(struct sp_json *json, const struct sp_devices_entry *entry)
{
    const struct sp_device *device = &entry->device;
    bool safe = entry->why.code == SP_OK;
    char path[SP_DEVICE_NAME_MAX + 8], phrase[SP_DEVICE_PHRASE_MAX];

    (void)snprintf(path, sizeof(path), "/dev/%s", device->name);
    sp_device_phrase(device, phrase);
    sp_json_open_object(json, NULL);
    sp_json_string(json, "device", path);
    sp_json_u64(json, "bytes", device->size);
    sp_result_json_text(json, "model", device->model);
    sp_result_json_text(json, "serial", device->serial);
    sp_json_string(json, "bus", bus_word(device->bus));
    sp_json_bool(json, "removable", device->removable);
    sp_json_bool(json, "writable", safe);
    sp_json_string(json, "yes_really", phrase);
    sp_result_json_text(json, "detail", entry->why.detail);
    sp_result_json_text(json, "message", entry->why.msg);
    sp_json_close_object(json);
}

static void
render_devices(const struct sp_args *args, const struct sp_devices *devices,
               const struct sp_error *err)
{
    struct sp_json json;

    sp_result_json_open(&json, args);
    sp_json_open_array(&json, "devices");
    for (size_t i = 0; i < devices->n; i++)
        render_device(&json, &devices->entries[i]);
    sp_json_close_array(&json);
    sp_result_json_close(&json, err, SP_NOTHING_CHANGED);
}

int
sp_cmd_devices(const struct sp_args *args)
{
    struct sp_devices devices = {0};
    struct sp_error err = {0};
    struct sp_voice voice;

    sp_options_voice(args, &voice);
    (void)sp_devices_list(&sp_device_tables, &devices, &err);
    if (voice.json)
        render_devices(args, &devices, &err);
    else if (err.code == SP_OK)
        print_devices(&devices, &voice);
    else
        sp_result_fault(args, &err, SP_NOTHING_CHANGED);
    sp_devices_release(&devices);
    return (int)err.code;
}
