/* SPDX-License-Identifier: MIT
 *
 * Lines on the console, each put together whole; console.h prints them. Under the cluster lock, or in a panic.
 */
#ifndef R4_KERNEL_LOG_H
#define R4_KERNEL_LOG_H

#include <r4/types.h>

#define LOG_PREFIX 8U   /* bytes of a cluster's prefix and a newline */
#define LOG_LINE   192U /* bytes with prefix and newline; longer lines are cut */

/* "[c1] kernel: …" The line is lost if the log has no room for it. */
void log_line(const char *text, ...) __attribute__((format(printf, 1, 2)));

/* The same in a panic: waits for room. */
void log_last_words(const char *text, ...) __attribute__((format(printf, 1, 2)));

/* "[r4] …": the last line of a run. */
void log_end(const char *text, ...) __attribute__((format(printf, 1, 2)));

/* "[c1] …": a user program's line, `length` printable bytes, which becomes at most LOG_PREFIX bytes longer. */
void log_user_line(const char *text, uint32_t length);

#endif
