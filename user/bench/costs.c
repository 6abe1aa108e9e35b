/* SPDX-License-Identifier: MIT
 *
 * What an operation between clusters costs.
 */
#include "bench/costs.h"
#include <r4/format.h>

void costs_begin(struct costs *costs, const char *text, uint32_t number) {
    (void)format(costs->name, sizeof(costs->name), text, number);
    costs->ticks = costs->messages = costs->doorbells = (struct figure){costs->name, 0, {0}};
}

void costs_add(struct costs *costs, int64_t ticks, struct traffic traffic) {
    figure_add(&costs->ticks, ticks);
    figure_add(&costs->messages, (int64_t)traffic.messages);
    figure_add(&costs->doorbells, (int64_t)traffic.doorbells);
}

void costs_print(struct costs *costs) {
    figure_print(&costs->ticks, "", FIGURE_BETWEEN);
    figure_print(&costs->messages, ".messages", FIGURE_COUNT);
    figure_print(&costs->doorbells, ".doorbells", FIGURE_COUNT);
}
