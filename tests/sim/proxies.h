/* SPDX-License-Identifier: MIT
 *
 * The proxies that programs write: by plain stores into proxy pages of their own windows, good ones and any others.
 */
#ifndef R4_SIM_PROXIES_H
#define R4_SIM_PROXIES_H

#include "cpu.h"

#define PROXIES_PAGES 16U /* window pages that programs use */

/* The thread writes one proxy of its window; false if it has no proxy page. */
bool proxies_step(struct cpu *cpu);

/* The address of some proxy that was written lately: in the window of `caller`, or with it as grantee, or, for a few,
 * of any other; false if none was found soon. oracle_resolve.h says what it leads to. */
bool proxies_recall(const struct instance *instance, const struct pd *caller, uint64_t *cap);

/* The name of some address space of the cluster; 0 if there is none. */
uint32_t proxies_some_name(const struct instance *instance);

#endif
