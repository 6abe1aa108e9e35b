/* SPDX-License-Identifier: MIT
 *
 * Lines on the console, each put together whole; console.h prints them. Under the cluster lock, or in a panic.
 */
#ifndef R4_KERNEL_LOG_H
#define R4_KERNEL_LOG_H

#include <r4/types.h>

#define LOG_LINE 192U /* bytes with prefix and newline; longer lines are cut */

/* "[c1] kernel: …" */
void log_line(const char *text, ...) __attribute__((format(printf, 1, 2)));

/* The same, for what a program can cause as often as it likes: the line is lost if there is no room for it at once. */
void log_line_or_lose(const char *text, ...) __attribute__((format(printf, 1, 2)));

/* "[r4] …": the last line of a run. */
void log_end(const char *text, ...) __attribute__((format(printf, 1, 2)));

/* "[c1] …": a user program's line, `length` printable bytes. */
void log_user_line(const char *text, uint32_t length);

#endif
