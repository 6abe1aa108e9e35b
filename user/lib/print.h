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

/* "no KIND is called 'NAME':" and then the names that there are, one print_unknown_add() for each; on more than one
 * line if they are many. */
struct print_unknown {
    char line[PRINT_LINE + 1];
    size_t length;
    bool any; /* a name has been added */
};
void print_unknown_begin(struct print_unknown *list, const char *kind, const char *name);
void print_unknown_add(struct print_unknown *list, const char *name);
void print_unknown_end(struct print_unknown *list);

/* The end of this cluster's program; 0 is success. */
_Noreturn void finish(uint32_t code);

/* The end of this cluster's program with an error: says what failed, sets the last milestone, so that no peer waits for
 * another, and exits. */
_Noreturn void fail(enum r4_error error, const char *what);

#define MILESTONE_FAILED UINT64_MAX

/* For calls that fail only if something is broken. */
static inline void must(enum r4_error error, const char *what) {
    if (error != R4_OK) {
        fail(error, what);
    }
}

/* For what a header asks of its callers: if it does not hold, the caller has a bug. */
static inline void require(bool condition, const char *what) {
    if (!condition) {
        fail(R4_ERR_ARGUMENT, what);
    }
}

#endif
