/* SPDX-License-Identifier: MIT
 *
 * The demonstration's one table.
 */
#include "root/table.h"
#include "lib/print.h"

void table_print_head(void) {
    print("                  ------------ hand-off ------------   ------------- revoke -------------");
    print("cluster  objects       ticks   messages   doorbells        ticks   messages   doorbells");
}

void table_print_row(uint32_t cluster, uint32_t objects, const struct cost *handoff, const struct cost *revoke) {
    print("%7u  %7u  %10lu  %9lu  %10lu   %10lu  %9lu  %10lu", cluster, objects, handoff->ticks, handoff->messages,
          handoff->doorbells, revoke->ticks, revoke->messages, revoke->doorbells);
}

void table_print_missing(uint32_t cluster, enum r4_error error) {
    print("%7u  %7s", cluster, error == R4_ERR_CLUSTER_DOWN ? "down" : r4_error_text(error));
}
