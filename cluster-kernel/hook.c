/* SPDX-License-Identifier: MIT
 *
 * Test hooks.
 */
#include "hook.h"
#include "where.h"
#include <r4/string.h>

void hook_run(void) {
    char hook[64];
    const char name[] = "wild-write:";
    if (!string_option(boot_info()->command, "hook", hook, sizeof(hook)) || !string_starts(hook, name)) {
        return;
    }
    uint64_t number;
    uint64_t address;
    const char *rest = string_number(hook + sizeof(name) - 1, &number);
    if (rest != NULL && *rest == ':' && string_number(rest + 1, &address) != NULL && number == this_cluster()) {
        *(volatile uint64_t *)(machine_direct() + address) = 0;
    }
}
