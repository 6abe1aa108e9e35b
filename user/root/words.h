/* SPDX-License-Identifier: MIT
 *
 * The words of the command line, whoever reads them. A misspelt one would be ignored in silence.
 */
#ifndef R4_ROOT_WORDS_H
#define R4_ROOT_WORDS_H

/* Prints a warning for each word of `command` that nobody reads, with the nearest one that somebody does, and for each
 * value that would be ignored. */
void words_check(const char *command);

#endif
