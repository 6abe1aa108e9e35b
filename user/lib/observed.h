/* SPDX-License-Identifier: MIT
 *
 * A case of a program, marked for an observer outside the guest: tests/boot/line_counter.c knows these two by their
 * addresses. Without an observer they do nothing. One case at a time on the whole machine.
 */
#ifndef R4_USER_OBSERVED_H
#define R4_USER_OBSERVED_H

/* The case begins; its first instruction reads the name's first byte. */
void observed_begin(const char *name);

void observed_end(void);

#endif
