/* SPDX-License-Identifier: MIT
 *
 * The death of this cluster, and of no other: its other cores stop, its header says PANICKED with a record of what
 * happened, the peers are rung. Then it prints its last words, and its header says SILENT. Any function of the kernel
 * may call it, with or without the lock.
 */
#ifndef R4_KERNEL_PANIC_H
#define R4_KERNEL_PANIC_H

#include <r4/contract.h>
#include <r4/mailbox.h>

/* What a panic leaves, at a symbol that a debugger finds in every image; copied into this cluster's header page for the
 * peers. Its text is empty as long as there was no panic. */
extern struct r4_panic_record last_words;

#define PANIC_ASSERT 256U /* the cause if it is not an exception */

#define PANIC_TRACE_EVENTS 16U /* of the panicking core, printed if there is a trace */

/* A mistake of the kernel itself: prints the text and never returns. */
_Noreturn void panic(const char *text, ...) __attribute__((format(printf, 1, 2)));

#endif
