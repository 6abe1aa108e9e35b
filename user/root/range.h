/* SPDX-License-Identifier: MIT
 *
 * The proof that nobody else uses memory that came back: a pattern in it stays as it is.
 */
#ifndef R4_ROOT_RANGE_H
#define R4_ROOT_RANGE_H

#include <r4/types.h>

/* Maps the 2 MiB of the unused untyped in that slot, fills them, and looks again after 10 ms. Leaves the untyped
 * unused. True if not a word has changed. */
bool range_is_quiet(uint32_t untyped);

#endif
