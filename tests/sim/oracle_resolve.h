/* SPDX-License-Identifier: MIT
 *
 * What a cap address leads to: the rules of windows and proxies once more, as docs/abi.md and <r4/proxy.h> state them,
 * without the kernel's code for them. The kernel's decision on each call is compared with this (oracle_result.c).
 */
#ifndef R4_SIM_ORACLE_RESOLVE_H
#define R4_SIM_ORACLE_RESOLVE_H

#include "instance.h"
#include <r4/proxy.h>

struct resolution {
    uint64_t
        refusals; /* bit per enum r4_error for which the last step gives a reason; 0: the address leads to `slot` */
    const struct r4_slot *slot; /* null: none; a slot that is only busy is given, too */
    uint64_t type;              /* of the capability in it */
    uint64_t rights;            /* of the whole chain */
    uint64_t ttl;               /* of the proxy or capability that the address itself names */
    uint64_t badge;             /* of the proxy nearest to the capability that has one */
    uint64_t hops;
    uint64_t crossings; /* of the hops: into another address space's window */
    phys_t once;        /* the single-use proxy among those walked through; 0: none */
    uint64_t once_word;
    uint64_t version; /* of the slot that the address itself names: a proxy to it must give this one */
};

/* What `cap` leads to now, for a thread of `caller`. The cluster's lock is free, or held by the caller of this
 * function. */
struct resolution oracle_resolve(const struct instance *instance, const struct pd *caller, uint64_t cap);

/* The reasons to refuse an operation on such a resolution: bits as above; 0: it is carried out. */
uint64_t oracle_refusals(const struct resolution *resolution, uint64_t operation);

/* True if the first argument of the operation names a capability; and the reasons to refuse the operation for it. */
bool oracle_is_argument(uint64_t operation);
uint64_t oracle_argument_refusals(const struct resolution *invoked, const struct resolution *resolution,
                                  uint64_t operation);

/* Where a page of a window is, and what it may hold; base 0 if nothing is mapped there. */
struct oracle_page {
    uint64_t kind; /* PAGING_KIND_* */
    phys_t base;
    bool writable;
};
struct oracle_page oracle_page_of(const struct pd *pd, uint64_t page);

static inline uint64_t oracle_bit(enum r4_error error) { return 1ULL << error; }

#endif
