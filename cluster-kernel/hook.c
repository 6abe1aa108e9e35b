/* SPDX-License-Identifier: MIT
 *
 * Test hooks.
 */
#include "hook.h"
#include "where.h"
#include <r4/string.h>

/* Reads hexadecimal digits (0x before them is skipped); stops at the first other character. */
static uint64_t number_read(const char *text) {
    uint64_t value = 0;
    text += string_starts(text, "0x") ? 2 : 0;
    for (;; text++) {
        if (*text >= '0' && *text <= '9') {
            value = value * 16 + (uint64_t)(*text - '0');
        } else if (*text >= 'a' && *text <= 'f') {
            value = value * 16 + (uint64_t)(*text - 'a') + 10;
        } else {
            return value;
        }
    }
}

void hook_run(void) {
    char hook[64];
    const char name[] = "wild-write:";
    if (!string_option(boot_info()->command, "hook", hook, sizeof(hook)) || !string_starts(hook, name)) {
        return;
    }
    const char *cluster_text = hook + sizeof(name) - 1;
    const char *address_text = cluster_text;
    while (*address_text != ':' && *address_text != '\0') {
        address_text++;
    }
    if (*address_text == ':' && number_read(cluster_text) == this_cluster()) {
        *(volatile uint64_t *)(machine_direct() + number_read(address_text + 1)) = 0;
    }
}
