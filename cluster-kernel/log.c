/* SPDX-License-Identifier: MIT
 *
 * The console lock and the lines.
 */
#include "log.h"
#include "core.h"
#include <r4/format.h>

static void console_take(struct core *core) {
    struct r4_console *console = shared_console();
    uint32_t own = this_cluster() + 1;
    for (;;) {
        uint32_t owner = 0;
        if (atomic_compare_exchange_strong_explicit(&console->owner, &owner, own, memory_order_acquire,
                                                    memory_order_relaxed) ||
            owner == own) { /* own: this core panics in the middle of a line */
            return;
        }
        if (owner <= cluster_count() &&
            atomic_load_explicit(&peer_header(owner - 1)->state, memory_order_acquire) == R4_CLUSTER_PANICKED &&
            atomic_compare_exchange_strong_explicit(&console->owner, &owner, own, memory_order_acquire,
                                                    memory_order_relaxed)) {
            return;
        }
        core_wait_turn(core);
    }
}

static void line_write(const char *line, size_t length) {
    console_take(machine_core());
    machine_console_write(line, length);
    machine_console_write("\n", 1);
    atomic_store_explicit(&shared_console()->owner, 0, memory_order_release);
}

void log_line(const char *text, ...) {
    char line[LOG_LINE];
    va_list arguments;
    size_t length = format(line, sizeof(line), "[c%u] kernel: ", this_cluster());
    va_start(arguments, text);
    length += format_list(line + length, sizeof(line) - length, text, arguments);
    va_end(arguments);
    line_write(line, length);
}

void log_end(const char *text, ...) {
    char line[LOG_LINE];
    va_list arguments;
    size_t length = format(line, sizeof(line), "[r4] ");
    va_start(arguments, text);
    length += format_list(line + length, sizeof(line) - length, text, arguments);
    va_end(arguments);
    line_write(line, length);
}

void log_user_line(const char *text, uint32_t length) {
    char line[LOG_LINE];
    size_t prefix = format(line, sizeof(line), "[c%u] ", this_cluster());
    for (uint32_t i = 0; i < length; i++) {
        line[prefix + i] = text[i];
    }
    line_write(line, prefix + length);
}
