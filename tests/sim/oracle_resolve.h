/* SPDX-License-Identifier: MIT
 *
 * What a cap address means: the rules of windows and proxies once more, as docs/abi.md and <r4/proxy.h> state them, and
 * none of the kernel's code for it. What a call was granted is held against this.
 */
#ifndef R4_SIM_ORACLE_RESOLVE_H
#define R4_SIM_ORACLE_RESOLVE_H

#include "instance.h"
#include <r4/proxy.h>

struct resolution {
    uint64_t refusals;          /* bit per enum r4_error that the last step gives reason for; 0: it means `slot` */
    const struct r4_slot *slot; /* also if it is only busy; else null */
    uint64_t rights;            /* of the whole chain */
    uint64_t ttl;               /* of its near end */
    uint64_t badge;             /* of the proxy nearest to the capability that has one */
    uint64_t hops;
    uint64_t crossings; /* of the hops: into another address space's window */
    phys_t once;        /* the single-use proxy among those walked through; 0: none */
    uint64_t once_word;
    uint64_t version; /* of the very slot that the address names: what a proxy to it has to say */
};

/* What `cap` means to a thread of `caller` now. The cluster's lock is free, or held by who asks. */
struct resolution oracle_of(const struct instance *instance, const struct pd *caller, uint64_t cap);

/* The same of a call: what the operation needs of a capability of that resolution. Bits as above; 0: it is carried out.
 */
uint64_t oracle_refusals(const struct resolution *resolution, uint64_t operation);

/* For the capability that the first argument of an operation names; false if it names none. */
bool oracle_is_argument(uint64_t operation);
uint64_t oracle_argument_refusals(const struct resolution *invoked, const struct resolution *resolution,
                                  uint64_t operation);

/* Where a page of a window is and what it may hold; kind 0 if there is nothing. */
struct oracle_page {
    uint64_t kind; /* the mark in its leaf */
    phys_t base;
    bool writable;
};
struct oracle_page oracle_page_of(const struct pd *pd, uint64_t page);

static inline uint64_t oracle_bit(enum r4_error error) { return 1ULL << error; }

#endif
