/* SPDX-License-Identifier: MIT
 *
 * One store.
 */
#include "root/fault.h"
#include "lib/info.h"

uint32_t fault_run(void) {
    volatile uint32_t *nothing = (volatile uint32_t *)0x50000000;
    if (r4_info()->cluster == r4_info()->cluster_count - 1) {
        *nothing = 0;
    }
    return 0;
}
