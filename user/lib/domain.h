/* SPDX-License-Identifier: MIT
 *
 * Other protection domains: an address space with a name and a window, filled from outside, with threads that run code
 * of the program's own image. A domain is made of one untyped (memory_take()) and ends with it; only copies of
 * capabilities that the program holds elsewhere remain. If something fails the program ends.
 *
 * In a domain the stubs of operations and proxy.h work; print(), must(), fail(), slots.h, memory.h, and slots and name
 * in r4_info() are the root task's and do not.
 */
#ifndef R4_USER_DOMAIN_H
#define R4_USER_DOMAIN_H

#include "lib/address.h"

struct domain {
    uint32_t untyped; /* slots of the caller's window */
    uint32_t pd;
    uint32_t image; /* slots of the copies of the image's frames, image_count in a row */
    uint32_t image_count;
    uint32_t name; /* r4_name: what a proxy for this domain has as its grantee */
};

/* An empty address space, named by `asid_pool`. Everything is cut from `untyped`: 16 KiB for the PD, 4 KiB for each
 * page of the window, each thread, its stack page and each page table (three for the image, three for the first 2 MiB
 * of the window, up to three for a stack elsewhere). So 2^17 bytes are enough for one thread and a few pages. */
struct domain domain_create(uint32_t untyped, r4_cap_t asid_pool);

/* Maps the frame in `slot` there. */
void domain_map(const struct domain *domain, uint32_t slot, uint64_t address, uint32_t rights);

/* Makes an empty cap page, or an empty proxy page, which becomes page `window_page` of its window. Returns the slot of
 * the CapPage, or of the Frame. */
uint32_t domain_add_caps(const struct domain *domain, uint32_t window_page);
uint32_t domain_add_proxies(const struct domain *domain, uint32_t window_page);

/* Maps the program's text, constants and data (the same memory: variables are shared) and the root task's information
 * at the same addresses as here. Once per domain. */
void domain_add_image(struct domain *domain);

/* Makes a thread that begins at entry(argument) once it is scheduled and started; before r4_thread_schedule() it has
 * core 0 and priority 0, so it never runs while the root task spins there. Its stack is a page at `stack`. Returns its
 * slot. domain_add_image() has been called before. */
uint32_t domain_add_thread(const struct domain *domain, void (*entry)(uint64_t argument), uint64_t stack,
                           uint64_t argument);

/* Deletes the copies that domain_add_image() made; after that the untyped can be given back. Stop the domain's threads
 * first (r4_thread_stop()): one that still runs faults when its code goes. If a program forgets domain_end(),
 * usage_check() at the end finds the copies. */
void domain_end(struct domain *domain);

#endif
