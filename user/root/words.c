/* SPDX-License-Identifier: MIT
 *
 * Nearest is what takes the fewest letters put in, left out or changed.
 */
#include "root/words.h"
#include "lib/print.h"
#include <r4/string.h>

#define KEY_MAX 31U /* letters of a key that are looked at */

/* As in docs/boot.md, "The command line". */
static const char *const words[] = {"count",  "fault",    "layout", "program", "root",   "seed",
                                    "serial", "slice_us", "theme",  "unit",    "verbose"};
#define WITHOUT_VALUE "verbose"

static uint32_t least(uint32_t left, uint32_t right) { return left < right ? left : right; }

/* How many letters have to be put in, left out or changed to make one text of the other; both up to KEY_MAX long. */
static uint32_t distance(const char *from, const char *to) {
    uint32_t length = (uint32_t)string_length(to);
    uint32_t row[KEY_MAX + 1]; /* from the part of `from` so far to the first `i` letters of `to` */
    for (uint32_t i = 0; i <= length; i++) {
        row[i] = i;
    }
    for (; *from != '\0'; from++) {
        uint32_t diagonal = row[0]++;
        for (uint32_t i = 1; i <= length; i++) {
            uint32_t changed = diagonal + (to[i - 1] != *from);
            diagonal = row[i];
            row[i] = least(changed, least(row[i], row[i - 1]) + 1);
        }
    }
    return row[length];
}

static void word_check(const char *key, bool has_value) {
    const char *nearest = words[0];
    for (uint32_t i = 0; i < R4_COUNT(words); i++) {
        nearest = distance(key, words[i]) < distance(key, nearest) ? words[i] : nearest;
    }
    bool wants_value = !string_equal(nearest, WITHOUT_VALUE);
    if (has_value != wants_value || !string_equal(key, nearest)) {
        print("warning: nobody reads '%s' on the command line; the nearest word is '%s%s'", key, nearest,
              wants_value ? "=" : "");
    }
}

void words_check(const char *command) {
    while (*command != '\0') {
        char key[KEY_MAX + 1];
        uint32_t length = 0;
        for (; *command != '\0' && *command != ' ' && *command != '='; command++) {
            if (length < KEY_MAX) {
                key[length++] = *command;
            }
        }
        key[length] = '\0';
        if (length != 0 || *command == '=') {
            word_check(key, *command == '=');
        }
        while (*command != '\0' && *command != ' ') { /* the value */
            command++;
        }
        command += *command == ' ';
    }
}
