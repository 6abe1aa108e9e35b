/* SPDX-License-Identifier: MIT
 *
 * Stands for shared/refusal.c and core/notes.c in the proofs: a refusal writes some sentence, a note nothing, since no
 * driver wants to know. Formatting has tests of its own.
 */
#include "prove.h"

static void sentence_write(struct refusal *why) {
    Frama_C_make_unknown(why->text, sizeof(why->text));
    why->text[sizeof(why->text) - 1] = '\0';
}

bool refuse(struct refusal *why, const char *text, ...) {
    (void)text;
    sentence_write(why);
    return false;
}

bool refuse_about(struct refusal *why, const char *text, ...) {
    (void)text;
    sentence_write(why);
    return false;
}

void notes_add(struct notes *notes, enum note_kind kind, const char *text, ...) {
    (void)notes;
    (void)kind;
    (void)text;
}
