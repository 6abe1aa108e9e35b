/* SPDX-License-Identifier: MIT
 *
 * Bounded text formatting for kernel, coordinator and user programs: %s %c %d %u %x, with `l` %ld %lu %lx, and %%. A
 * width pads on the left with blanks, or with zeros after a leading 0; after a leading - it pads on the right. No
 * floating point, no precision, no locale.
 */
#ifndef R4_FORMAT_H
#define R4_FORMAT_H

#include <r4/types.h>
#include <stdarg.h>

/* Writes at most size bytes into `out`, the terminating zero included (none at all if size is 0). Returns the number
 * of bytes written without the zero; what did not fit is cut off. A directive that is not in the list above is copied
 * unchanged; a null %s prints "(null)". */
size_t format(char *out, size_t size, const char *text, ...) __attribute__((format(printf, 3, 4)));
size_t format_list(char *out, size_t size, const char *text, va_list arguments) __attribute__((format(printf, 3, 0)));

#endif
