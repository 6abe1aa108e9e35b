/* SPDX-License-Identifier: MIT
 *
 * Writing proxies: good ones and anything else, into the proxy pages of the own window, by several threads at once.
 */
#ifndef R4_FUZZ_FORGE_H
#define R4_FUZZ_FORGE_H

#include "fuzz/arena.h"

/* Where a thread stands: its domain, and its stream of numbers. */
struct place {
    uint32_t domain;
    struct random *random;
};

void forge_proxy(const struct place *place);

/* The cap address of a proxy that somebody has written lately, in the end for something of `type` (R4_CAP_TYPE_COUNT:
 * anything): mostly one that is the caller's own or made out to it. 0 if none was found soon. */
uint64_t forge_recall(const struct place *place, enum r4_cap_type type);

/* Forgets what was written. */
void forge_reset(void);

/* A slot of the own window's first two pages that has `type` (EMPTY: an empty one), searched from a random one on;
 * UINT32_MAX if there is none. R4_CAP_TYPE_COUNT: any that is not empty. */
uint32_t forge_find(const struct place *place, enum r4_cap_type type);

#endif
