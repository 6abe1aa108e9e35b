/* SPDX-License-Identifier: MIT
 *
 * Test hooks.
 */
#include "hook.h"
#include "log.h"
#include "panic.h"
#include "where.h"
#include <r4/string.h>

/* What stands behind `name` and this cluster's number; null if the hook has another name or is for another cluster. */
static const char *hook_for_us(const char *hook, const char *name) {
    uint64_t number;
    if (!string_starts(hook, name)) {
        return NULL;
    }
    while (*hook++ != ':') { /* the name ends so */
    }
    const char *rest = string_number(hook, &number);
    return rest != NULL && number == this_cluster() ? rest : NULL;
}

static void wild_write(const char *rest) {
    uint64_t address;
    if (*rest == ':' && string_number(rest + 1, &address) != NULL) {
        *(volatile uint64_t *)(machine_direct() + address) = 0;
    }
}

/* Each turn touches its own frame, also on the way back, so that no compiler makes a loop of it. */
static uint64_t hook_recurse(uint64_t turns) {
    volatile uint64_t frame[8] = {turns};
    return turns == 0 ? 0 : hook_recurse(turns - 1) + frame[0];
}

void hook_run(void) {
    char hook[64];
    if (!string_option(boot_info()->command, "hook", hook, sizeof(hook))) {
        return;
    }
    if (!string_starts(hook, "wild-write:") && !string_starts(hook, "assert:") &&
        !string_starts(hook, "stack-overflow:")) {
        log_line("there is no hook %s", hook);
    }
    const char *rest = hook_for_us(hook, "wild-write:");
    if (rest != NULL) {
        wild_write(rest);
    }
    KERNEL_ASSERT(hook_for_us(hook, "assert:") == NULL);
    if (hook_for_us(hook, "stack-overflow:") != NULL) {
        hook_recurse(UINT64_MAX);
    }
}
