/* SPDX-License-Identifier: MIT
 *
 * Why something was refused: one sentence, with all names and numbers in it. A function that can refuse returns false
 * and has written the sentence into the caller's struct refusal, the last argument but for those of the sentence; true
 * leaves it alone. There is no other way to refuse in the coordinator.
 */
#ifndef R4_REFUSAL_H
#define R4_REFUSAL_H

#include <r4/types.h>

#define REFUSAL_SIZE 224U /* bytes, with the terminating zero; a longer sentence is cut */

struct refusal {
    char text[REFUSAL_SIZE];
};

/* Writes the sentence; directives as in r4/format.h. Returns false, so that a check can say `return refuse(...)`. */
bool refuse(struct refusal *why, const char *text, ...) __attribute__((format(printf, 2, 3)));

/* Puts words in front of the sentence: what it is about. Returns false. */
bool refuse_about(struct refusal *why, const char *text, ...) __attribute__((format(printf, 2, 3)));

#endif
