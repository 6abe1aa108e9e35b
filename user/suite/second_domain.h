/* SPDX-License-Identifier: MIT
 *
 * The other address space: runs functions of the same image, with the same variables, for the cases that need somebody
 * else. Its window: a cap page, then a proxy page. It can use nothing of the own window but what it has a proxy for, so
 * of libr4 only what needs no slots of the own program: stubs, proxies, the own window read by plain loads.
 */
#ifndef R4_SUITE_SECOND_DOMAIN_H
#define R4_SUITE_SECOND_DOMAIN_H

#include "suite/proxies.h"

/* Indices in its window. */
#define SECOND_DOMAIN_SLOT(number)  (1U + (number))
#define SECOND_DOMAIN_PROXY(number) (R4_SLOTS_PER_PAGE + 1U + (number))

/* Makes it; once, after proxies_begin(). */
void second_domain_begin(void);

/* Takes it away. */
void second_domain_end(void);

/* Lets its thread begin at entry(argument), and returns the value that this ends with. If it does not end it is stopped
 * after a while, and the case has failed. */
uint64_t second_domain_call(void (*entry)(uint64_t argument), uint64_t argument);

/* There: the end of an entry. */
_Noreturn void second_domain_return(uint64_t value);

/* r4_name of it. */
uint32_t second_domain_name(void);

/* The slot of its PD. */
uint32_t second_domain_pd(void);

/* The address, as the other one says it, of proxy `number` of the own window, written for it. */
r4_cap_t put_for_other(uint32_t number, struct r4_proxy_content content);

/* After each case: its slots and proxies are emptied. */
void second_domain_clean(void);

#endif
