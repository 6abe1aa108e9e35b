/* SPDX-License-Identifier: MIT
 *
 * The second domain: another address space that runs functions of the same image, with the same variables, for the
 * cases that need another program. Its window: a cap page, then a proxy page. Of this program's window it can use only
 * what it has a proxy for. So of libr4 only that works there which needs no slots of this program: stubs, proxies, its
 * own window read by plain loads. What it shares with the case is volatile, as in runner.h.
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

/* Its r4_name. */
uint32_t second_domain_name(void);

/* The slot of its PD. */
uint32_t second_domain_pd(void);

/* Writes proxy `number` of this program's window for the second domain; returns the address by which that names it. */
r4_cap_t put_for_second(uint32_t number, struct r4_proxy_content content);

/* After each case: its slots and proxies are emptied. */
void second_domain_clean(void);

#endif
