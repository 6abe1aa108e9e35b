/* SPDX-License-Identifier: MIT
 *
 * Lines about the tables. See notes.h.
 */
#include "notes.h"
#include <r4/contract.h>
#include <r4/format.h>
#include <r4/string.h>

void notes_add(struct notes *notes, enum note_kind kind, const char *text, ...) {
    if (notes == NULL) {
        return;
    }
    for (uint32_t i = 0; kind != NOTE_ALONE && i < notes->count; i++) {
        if (notes->list[i].kind == kind) {
            notes->list[i].more++;
            return;
        }
    }
    KERNEL_ASSERT(notes->count < NOTES_MAX);
    struct note *note = &notes->list[notes->count++];
    *note = (struct note){.kind = kind};
    va_list arguments;
    va_start(arguments, text);
    format_list(note->line.text, sizeof(note->line.text), text, arguments);
    va_end(arguments);
}

void notes_end(struct notes *notes) {
    for (uint32_t i = 0; i < notes->count; i++) {
        struct note *note = &notes->list[i];
        size_t length = string_length(note->line.text);
        if (note->more != 0) {
            format(note->line.text + length, sizeof(note->line.text) - length, " (and %u more)", note->more);
            note->more = 0;
        }
    }
}
