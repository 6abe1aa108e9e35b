/* SPDX-License-Identifier: MIT
 *
 * The proxy page of this program.
 */
#include "suite/proxies.h"
#include "lib/frame.h"
#include "lib/memory.h"
#include "lib/print.h"
#include "lib/window.h"
#include "suite/test.h"

void proxies_begin(void) {
    uint32_t frame = memory_create(R4_CAP_FRAME, R4_PAGE_BITS, 1);
    must(r4_frame_map_proxies(r4_own(frame), r4_own(r4_info()->slot_pd), PROXIES_PAGE), "mapping the proxy page");
}

void proxies_clear(void) {
    for (uint32_t i = 0; i < PROXIES_COUNT; i++) {
        r4_proxy_clear(r4_proxy(proxy_index(i)));
    }
}

struct r4_proxy_content content_for(uint32_t slot) {
    return (struct r4_proxy_content){
        .target = r4_own(slot), .version = r4_version(slot), .rights = R4_ALL_RIGHTS, .ttl = r4_ttl(slot) - 1};
}

struct r4_proxy_content content_for_proxy(uint32_t number) {
    const struct r4_proxy *proxy = r4_proxy(proxy_index(number));
    return (struct r4_proxy_content){.target = r4_own(proxy_index(number)),
                                     .version = r4_proxy_serial(proxy),
                                     .rights = R4_ALL_RIGHTS,
                                     .ttl = r4_proxy_ttl(proxy) - 1};
}

r4_cap_t put(uint32_t number, struct r4_proxy_content content) {
    r4_proxy_write(r4_proxy(proxy_index(number)), &content);
    test_changed();
    return r4_own(proxy_index(number));
}

r4_cap_t put_for(uint32_t number, uint32_t slot) { return put(number, content_for(slot)); }
