/* SPDX-License-Identifier: MIT
 *
 * Formatted text on the console; directives as in r4/format.h.
 */
#ifndef R4_USER_PRINT_H
#define R4_USER_PRINT_H

#include <r4/abi.h>

#define PRINT_LINE 120U /* bytes; what is longer is cut off */

/* One line: the newline is added. The kernel puts [cN] before it and never mixes two lines. */
void print(const char *text, ...) __attribute__((format(printf, 1, 2)));

/* "no KIND is called 'NAME': " and what is there, name_of(0) and following; on more than one line if there is much. */
void print_unknown(const char *kind, const char *name, const char *(*name_of)(uint32_t index), uint32_t count);

/* The end of this cluster's program; 0 is success. */
_Noreturn void finish(uint32_t code);

/* The end of this cluster's program with an error: says what failed, sets the last of all marks, so that no peer waits
 * for more, and exits. */
_Noreturn void fail(enum r4_error error, const char *what);

#define MILESTONE_FAILED UINT64_MAX

/* For calls that cannot fail unless something is broken. */
static inline void must(enum r4_error error, const char *what) {
    if (error != R4_OK) {
        fail(error, what);
    }
}

#endif
