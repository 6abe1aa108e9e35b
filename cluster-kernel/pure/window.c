/* SPDX-License-Identifier: MIT
 *
 * The list of a window's level-1 tables. It holds no others, and each at its place (window_number()).
 */
#include "window.h"
#include <r4/contract.h>

void window_table_add(struct window *window, uint64_t address, const uint64_t *table) {
    KERNEL_CHECK(is_aligned(address, R4_LARGE_SIZE));
    if (window_meets(address, R4_LARGE_SIZE)) {
        window->tables[window_number(address)] = table;
    }
}

struct window_tables window_tables_in(uint64_t address, uint64_t size) {
    KERNEL_CHECK(is_aligned(address, R4_LARGE_SIZE) && is_aligned(size, R4_LARGE_SIZE));
    if (!window_meets(address, size)) {
        return (struct window_tables){0, 0};
    }
    uint64_t window_end = R4_WINDOW_BASE + R4_WINDOW_SIZE;
    uint64_t begin = address > R4_WINDOW_BASE ? address : R4_WINDOW_BASE;
    uint64_t end = address + size < window_end ? address + size : window_end;
    return (struct window_tables){window_number(begin), (uint32_t)((end - begin) >> R4_LARGE_BITS)};
}
