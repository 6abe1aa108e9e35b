/* SPDX-License-Identifier: MIT
 *
 * Other protection domains: an address space with a name and a window, filled from outside, with threads that run code
 * of the program's own image. What a domain is made of comes from one untyped (memory_take()) and ends with it, copies
 * of capabilities that the program holds elsewhere excepted. What cannot be done ends the program.
 *
 * In a domain the stubs of operations and proxy.h work; print(), must(), fail(), slots.h, memory.h, and slots and name
 * in r4_info() are the root task's and do not.
 */
#ifndef R4_USER_DOMAIN_H
#define R4_USER_DOMAIN_H

#include "lib/address.h"

struct domain {
    uint32_t untyped; /* slots of the own window */
    uint32_t pd;
    uint32_t image; /* slots of the copies of the image's frames, image_count in a row */
    uint32_t image_count;
    uint32_t name; /* r4_name: what a proxy for this domain has as its grantee */
};

/* An empty address space, named by `asid_pool`. */
struct domain domain_create(uint32_t untyped, r4_cap_t asid_pool);

/* Maps the frame in `slot` there. */
void domain_map(const struct domain *domain, uint32_t slot, uint64_t address, uint32_t rights);

/* Makes an empty cap page, or an empty proxy page, of page `window_page` of its window. Returns the slot of the
 * CapPage, or of the Frame. */
uint32_t domain_add_caps(const struct domain *domain, uint32_t window_page);
uint32_t domain_add_proxies(const struct domain *domain, uint32_t window_page);

/* Maps the program's text, constants and data (the same memory: variables are shared) and the root task's information
 * where they are here. */
void domain_add_image(struct domain *domain);

/* A thread that will begin at entry(argument), once it is scheduled and started: before r4_thread_schedule() it has
 * core 0 and priority 0, and never runs while the root task spins there. Its stack is a page at `stack`. Returns its
 * slot. The image is there. */
uint32_t domain_add_thread(const struct domain *domain, void (*entry)(uint64_t argument), uint64_t stack,
                           uint64_t argument);

/* Deletes the copies that domain_add_image() made; then the untyped can be given back. Forgotten, it shows in
 * usage_check() at the end. */
void domain_end(struct domain *domain);

#endif
