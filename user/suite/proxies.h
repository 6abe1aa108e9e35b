/* SPDX-License-Identifier: MIT
 *
 * The proxies of this program's window: one page of them, for all cases, cleared after each.
 */
#ifndef R4_SUITE_PROXIES_H
#define R4_SUITE_PROXIES_H

#include "lib/proxy.h"

#define PROXIES_PAGE  300U                     /* of the window; after all cap pages, under the same page table */
#define PROXIES_COUNT (R4_SLOTS_PER_PAGE - 2U) /* for cases; the last one of the page is second_domain.c's */

/* The window index of proxy `number`. */
static inline uint32_t proxy_index(uint32_t number) { return PROXIES_PAGE * R4_SLOTS_PER_PAGE + 1 + number; }

/* Makes the page; once. */
void proxies_begin(void);

/* Empties all that are for cases; their serials stay. */
void proxies_clear(void);

/* What a proxy for the capability in `slot` says if it holds nothing back: all rights, the highest TTL, no badge; no
 * grantee. */
struct r4_proxy_content content_for(uint32_t slot);

/* The same for the proxy with that number as the target, as it is now. */
struct r4_proxy_content content_for_proxy(uint32_t number);

/* Writes proxy `number`; returns its address as this program names it. */
r4_cap_t put(uint32_t number, struct r4_proxy_content content);

/* Writes proxy `number` for the capability in `slot`, holding nothing back. */
r4_cap_t put_for(uint32_t number, uint32_t slot);

#endif
