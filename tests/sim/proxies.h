/* SPDX-License-Identifier: MIT
 *
 * The proxies that programs write: by plain stores into proxy pages of their own windows, good ones and anything else.
 */
#ifndef R4_SIM_PROXIES_H
#define R4_SIM_PROXIES_H

#include "cpu.h"

#define PROXIES_PAGES 16U /* window pages that programs use */

/* The thread writes to one proxy of its window; false if it has no page for it. */
bool proxies_step(struct cpu *cpu);

/* The address of some proxy that was written lately: of `caller` itself, or made out to it, or, for a few, to another
 * one; false if none was found soon. What it leads to has to be asked of oracle_resolve.h. */
bool proxies_recall(const struct instance *instance, const struct pd *caller, uint64_t *cap);

/* The name of some address space of the cluster; 0 if there is none. */
uint32_t proxies_some_name(const struct instance *instance);

#endif
