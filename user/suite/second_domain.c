/* SPDX-License-Identifier: MIT
 *
 * The second domain. Its thread has a higher priority than this program's and the same core, so it runs as soon as it
 * is started. It stops itself at the end of each entry through a proxy in this program's window, since it has no
 * capabilities.
 */
#include "suite/second_domain.h"
#include "lib/asid_pool.h"
#include "lib/cap.h"
#include "lib/domain.h"
#include "lib/memory.h"
#include "lib/print.h"
#include "lib/thread.h"
#include "lib/window.h"
#include "lib/x86/clock.h"
#include "suite/test.h"

#define MEMORY_LOG2            19U
#define STACK                  0x60000000ULL
#define SECOND_DOMAIN_PRIORITY 101U /* above the root task's */
#define END_US                 2000000U
#define STOP                   PROXIES_COUNT /* number of the proxy for its thread */

static struct domain second;
static uint32_t thread;

static r4_cap_t stop; /* names its thread there */

static struct {
    uint64_t value;
    volatile bool done;
    bool any; /* since the last second_domain_clean() */
} call;

_Noreturn void second_domain_return(uint64_t value) {
    call.value = value;
    call.done = true;
    for (;;) {
        (void)r4_thread_stop(stop);
    }
}

/* There. */
static _Noreturn void empty_window(uint64_t unused) {
    (void)unused;
    for (uint32_t i = 0; i < R4_SLOTS_PER_PAGE - 1; i++) {
        r4_proxy_clear(r4_proxy(SECOND_DOMAIN_PROXY(i)));
        if (r4_type(SECOND_DOMAIN_SLOT(i)) != R4_CAP_EMPTY) {
            ALLOWED(r4_cap_delete(r4_own(SECOND_DOMAIN_SLOT(i))));
        }
    }
    second_domain_return(0);
}

void second_domain_begin(void) {
    second = domain_create(memory_take(MEMORY_LOG2), r4_asid_pool(0));
    domain_add_image(&second);
    (void)domain_add_caps(&second, SECOND_DOMAIN_SLOT(0) / R4_SLOTS_PER_PAGE);
    (void)domain_add_proxies(&second, SECOND_DOMAIN_PROXY(0) / R4_SLOTS_PER_PAGE);
    thread = domain_add_thread(&second, empty_window, STACK, 0); /* a call gives it another entry */
    must(r4_thread_schedule(r4_own(thread), 0, SECOND_DOMAIN_PRIORITY), "scheduling the second domain's thread");
    struct r4_proxy_content content = content_for(thread);
    content.rights = R4_CONTROL;
    content.grantee = second.name;
    stop = r4_cap_name_set(put(STOP, content), r4_info()->name);
}

void second_domain_end(void) { domain_end(&second); }

static bool call_ends(void) {
    uint64_t begin = r4_ticks();
    while (!call.done && r4_ticks() - begin < r4_ticks_of_us(END_US)) {
        r4_pause();
    }
    return call.done;
}

uint64_t second_domain_call(void (*entry)(uint64_t argument), uint64_t argument) {
    call.done = false;
    call.any = true;
    test_window_is(1, SECOND_DOMAIN_PROXY(0) / R4_SLOTS_PER_PAGE);
    must(r4_thread_configure(r4_own(thread), r4_own(second.pd), entry, STACK + R4_PAGE_SIZE, argument),
         "configuring the second domain's thread");
    must(r4_thread_start(r4_own(thread)), "starting the second domain's thread");
    bool ended = call_ends();
    test_window_is(slots_pages(), PROXIES_PAGE);
    CHECK(ended);
    if (!ended) { /* a fault has stopped it, or it waits for something */
        must(r4_thread_stop(r4_own(thread)), "stopping the second domain's thread");
    }
    return call.value;
}

uint32_t second_domain_name(void) { return second.name; }

uint32_t second_domain_pd(void) { return second.pd; }

r4_cap_t put_for_second(uint32_t number, struct r4_proxy_content content) {
    content.grantee = second.name;
    return r4_cap_name_set(put(number, content), r4_info()->name);
}

void second_domain_clean(void) {
    if (call.any) {
        (void)second_domain_call(empty_window, 0);
        call.any = false;
    }
}
