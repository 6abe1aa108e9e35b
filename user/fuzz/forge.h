/* SPDX-License-Identifier: MIT
 *
 * Writing proxies: good ones and anything else, into the proxy pages of the caller's window, by several threads at
 * once.
 */
#ifndef R4_FUZZ_FORGE_H
#define R4_FUZZ_FORGE_H

#include "fuzz/arena.h"

/* Who makes a call: its domain, and its stream of numbers. */
struct place {
    uint32_t domain;
    struct random *random;
};

void forge_proxy(const struct place *place);

/* The cap address of a proxy that somebody has written lately and that leads to something of `type` (R4_CAP_TYPE_COUNT:
 * anything): mostly one that is the caller's own, or that names the caller as its grantee. 0 if none was found after a
 * few tries. */
uint64_t forge_recall(const struct place *place, enum r4_cap_type type);

/* Forgets what was written. */
void forge_reset(void);

/* A slot in the first two pages of the caller's window that has `type` (R4_CAP_EMPTY: an empty one; R4_CAP_TYPE_COUNT:
 * any that is not empty). The search begins at a random one. UINT32_MAX if there is none. */
uint32_t forge_find(const struct place *place, enum r4_cap_type type);

#endif
