/* SPDX-License-Identifier: MIT
 *
 * A store through a null pointer.
 */
#include "root/fault.h"
#include "lib/info.h"

uint32_t fault_run(void) {
    volatile uint32_t *volatile nothing = NULL; /* no compiler sees what will happen */
    if (r4_info()->cluster == r4_info()->cluster_count - 1) {
        *nothing = 0;
    }
    return 0;
}
