/* SPDX-License-Identifier: MIT
 *
 * What is to be said of the firmware's tables besides refusals: one line for each kind of oddity, in the order in which
 * they were met. The pure part writes them here, the coordinator and the host's tools print them.
 */
#ifndef R4_BOOT_NOTES_H
#define R4_BOOT_NOTES_H

#include <r4/refusal.h>

#define NOTES_MAX 48U /* more than there can be */

enum note_kind {
    NOTE_ALONE, /* a line of its own; of the others only the first gets one, and the rest are counted */
    NOTE_ROOT_ENTRY,
    NOTE_CORE_TWICE,
    NOTE_CORE_255,
    NOTE_CORE_X2APIC,
    NOTE_IO_APIC_ODD,
    NOTE_IO_APIC_TWICE,
    NOTE_RANGE_TWICE,
    NOTE_RANGE_MET,
    NOTE_RANGE_ADDED,
    NOTE_RANGE_NO_RAM,
    NOTE_CORE_UNLISTED,
    NOTE_CORE_DISABLED,
    NOTE_CORE_UNUSED
};

struct note {
    enum note_kind kind;
    uint32_t more;       /* further ones of this kind */
    struct refusal line; /* as it is printed: "warning: …", "ignored: …", "refused: …"; notes_end() ends it */
};

struct notes {
    uint32_t count;
    struct note list[NOTES_MAX];
};

/* Adds a line; directives as in r4/format.h. Nothing if `notes` is null: the caller does not want to know. */
void notes_add(struct notes *notes, enum note_kind kind, const char *text, ...) __attribute__((format(printf, 3, 4)));

/* Appends " (and N more)" to the lines that stand for several. Once, after the last notes_add(). */
void notes_end(struct notes *notes);

#endif
