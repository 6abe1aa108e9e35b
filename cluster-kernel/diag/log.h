/* SPDX-License-Identifier: MIT
 *
 * Lines on the console, put together whole; console.h gets them there.
 */
#ifndef R4_KERNEL_LOG_H
#define R4_KERNEL_LOG_H

#include <r4/types.h>

#define LOG_LINE 192U /* bytes with prefix and newline; what is longer is cut */

/* "[c1] kernel: …" */
void log_line(const char *text, ...) __attribute__((format(printf, 1, 2)));

/* The same about what a program may do as often as it likes: lost if there is no room for it at once. */
void log_line_or_lose(const char *text, ...) __attribute__((format(printf, 1, 2)));

/* "[r4] …": the last line of a run. */
void log_end(const char *text, ...) __attribute__((format(printf, 1, 2)));

/* "[c1] …": a user program's line, `length` printable bytes. */
void log_user_line(const char *text, uint32_t length);

#endif
