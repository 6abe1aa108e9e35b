/* SPDX-License-Identifier: MIT
 *
 * The demonstration's one table.
 */
#ifndef R4_ROOT_TABLE_H
#define R4_ROOT_TABLE_H

#include <r4/err.h>
#include <r4/types.h>

struct cost {
    uint64_t ticks;
    uint64_t messages; /* sent by both clusters together */
    uint64_t doorbells;
};

void table_print_head(void);
void table_print_row(uint32_t cluster, uint32_t objects, const struct cost *handoff, const struct cost *revoke);

/* For a cluster that did not take part to the end: "down", or the error. */
void table_print_missing(uint32_t cluster, enum r4_error error);

#endif
