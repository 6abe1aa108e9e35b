/* SPDX-License-Identifier: MIT
 *
 * The injected faults. Each has to break something at once, so this file contains wrong code on purpose.
 */
#include "diag/fault_injection.h"
#include "cluster/addresses.h"
#include "diag/log.h"
#include "diag/panic.h"
#include <r4/string.h>

/* The text after `name` and this cluster's number; null if the fault has another name or is for another cluster. */
static const char *fault_for_us(const char *fault, const char *name) {
    uint64_t number;
    if (!string_starts(fault, name)) {
        return NULL;
    }
    while (*fault++ != ':') { /* `name` ends with a colon */
    }
    const char *rest = string_number(fault, &number);
    return rest != NULL && number == this_cluster() ? rest : NULL;
}

static void wild_write(const char *rest) {
    uint64_t address;
    if (*rest == ':' && string_number(rest + 1, &address) != NULL) {
        *(volatile uint64_t *)(machine_direct() + address) = 0;
    }
}

/* Each turn uses its own stack frame, also on the way back, so that no compiler turns the recursion into a loop. */
static uint64_t fault_injection_recurse(uint64_t turns) {
    volatile uint64_t frame[8] = {turns};
    return turns == 0 ? 0 : fault_injection_recurse(turns - 1) + frame[0];
}

void fault_injection_run(void) {
    char fault[64];
    if (!string_option(boot_info()->command, "fault", fault, sizeof(fault))) {
        return;
    }
    if (!string_starts(fault, "wild-write:") && !string_starts(fault, "assert:") &&
        !string_starts(fault, "stack-overflow:")) {
        log_line("there is no fault %s", fault);
    }
    const char *rest = fault_for_us(fault, "wild-write:");
    if (rest != NULL) {
        wild_write(rest);
    }
    KERNEL_ASSERT(fault_for_us(fault, "assert:") == NULL);
    if (fault_for_us(fault, "stack-overflow:") != NULL) {
        fault_injection_recurse(UINT64_MAX);
    }
}
