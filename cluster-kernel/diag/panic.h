/* SPDX-License-Identifier: MIT
 *
 * The death of a cluster, and of this one only: its other cores stop, its header says PANICKED with a record of what
 * happened, the peers are rung.
 */
#ifndef R4_KERNEL_PANIC_H
#define R4_KERNEL_PANIC_H

#include <r4/contract.h>
#include <r4/mailbox.h>

/* What a panic leaves, at a symbol that a debugger finds in every image; copied into the own header page for the peers.
 * Its text is empty as long as there was no panic. */
extern struct r4_panic_record last_words;

#define PANIC_ASSERT 256U /* the cause when it is no exception */

#define PANIC_TRACE_EVENTS 16U /* of the panicking core, printed if there is a trace */

/* Our own mistake. */
_Noreturn void panic(const char *text, ...) __attribute__((format(printf, 1, 2)));

#endif
