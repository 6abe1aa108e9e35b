/* SPDX-License-Identifier: MIT
 *
 * Nearest is what takes the fewest letters put in, left out or changed.
 */
#include "root/words.h"
#include "lib/print.h"
#include <r4/string.h>

#define KEY_MAX   31U /* letters of a key that are looked at */
#define VALUE_MAX 31U /* and of a value */

/* As in docs/boot.md, "The command line". */
struct word {
    const char *key;
    const char *value; /* the one that is known; or one of these */
};
#define NONE    ""
#define NUMBER  "a number"
#define CHECKED NULL /* whoever reads it says so */
static const struct word words[] = {
    {"cases", CHECKED}, {"count", CHECKED}, {"fault", CHECKED}, {"layout", "derive"}, {"program", CHECKED},
    {"repeat", NUMBER}, {"root", "rsdt"},   {"seed", CHECKED},  {"serial", CHECKED},  {"slice_us", NUMBER},
    {"theme", CHECKED}, {"unit", "insn"},   {"verbose", NONE},
};

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

static bool value_is_known(const struct word *word, const char *value) {
    if (word->value == CHECKED || string_equal(word->value, NONE)) {
        return true;
    }
    if (string_equal(word->value, NUMBER)) {
        uint64_t number;
        const char *end = string_number(value, &number);
        return end != NULL && *end == '\0';
    }
    return string_equal(value, word->value);
}

/* `value` is null if the word has none. */
static void word_check(const char *key, const char *value) {
    const struct word *nearest = &words[0];
    for (uint32_t i = 0; i < R4_COUNT(words); i++) {
        nearest = distance(key, words[i].key) < distance(key, nearest->key) ? &words[i] : nearest;
    }
    bool wants_value = nearest->value == CHECKED || !string_equal(nearest->value, NONE);
    if ((value != NULL) != wants_value || !string_equal(key, nearest->key)) {
        print("warning: nobody reads '%s' on the command line; the nearest word is '%s%s'", key, nearest->key,
              wants_value ? "=" : "");
    } else if (value != NULL && !value_is_known(nearest, value)) {
        print("warning: '%s=%s' on the command line is ignored; known is %s", key, value, nearest->value);
    }
}

/* Copies what comes before a blank, the end, or `stop`, or as much as fits; returns where it ends. */
static const char *part_take(const char *command, char stop, char *out, uint32_t max) {
    uint32_t length = 0;
    for (; *command != '\0' && *command != ' ' && *command != stop; command++) {
        if (length < max) {
            out[length++] = *command;
        }
    }
    out[length] = '\0';
    return command;
}

void words_check(const char *command) {
    while (*command != '\0') {
        char key[KEY_MAX + 1];
        char value[VALUE_MAX + 1];
        command = part_take(command, '=', key, KEY_MAX);
        bool has_value = *command == '=';
        if (has_value) {
            command = part_take(command + 1, ' ', value, VALUE_MAX);
        }
        if (key[0] != '\0' || has_value) {
            word_check(key, has_value ? value : NULL);
        }
        command += *command == ' ';
    }
}
