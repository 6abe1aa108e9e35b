/* SPDX-License-Identifier: MIT
 *
 * Link: what a proxy reaches becomes a capability.
 */
#include "lib/asid_pool.h"
#include "lib/cap.h"
#include "lib/frame.h"
#include "lib/window.h"
#include "suite/second_domain.h"
#include "suite/themes.h"

static struct r4_proxy *proxy_at(uint32_t number) { return r4_proxy(proxy_index(number)); }

static void needs_a_proxy(void) {
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    uint32_t target = empty_slot();
    REFUSED(R4_ERR_NO_PROXY, r4_cap_link(r4_own(slot), target));
    REFUSED(R4_ERR_NO_PROXY, r4_cap_link(r4_in(r4_info()->name, slot), target));
    REFUSED(R4_ERR_EMPTY, r4_cap_link(r4_own(proxy_index(0)), target));
}

static void destination(void) {
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    r4_cap_t cap = put_for(0, slot);
    REFUSED(R4_ERR_OCCUPIED, r4_cap_link(cap, slot));
    REFUSED(R4_ERR_ADDRESS, r4_cap_link(cap, 0));
    REFUSED(R4_ERR_ADDRESS, r4_cap_link(cap, proxy_index(1)));
    ALLOWED(r4_cap_link(cap, empty_slot()));
}

static void every_hop_has_link(void) {
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    uint32_t target = empty_slot();
    struct r4_proxy_content content = content_for(slot);
    content.rights = R4_ALL_RIGHTS & ~R4_LINK;
    REFUSED(R4_ERR_RIGHTS, r4_cap_link(put(0, content), target));
    REFUSED(R4_ERR_RIGHTS, r4_cap_link(put(1, content_for_proxy(0)), target)); /* the far one lacks it */
    (void)put_for(0, slot);
    content = content_for_proxy(0);
    content.rights = R4_ALL_RIGHTS & ~R4_LINK;
    REFUSED(R4_ERR_RIGHTS, r4_cap_link(put(1, content), target)); /* the near one */
    REFUSED(R4_ERR_RIGHTS, r4_cap_link(put_for(0, copy_with(slot, R4_ALL_RIGHTS & ~R4_LINK)), target));
    (void)put_for(0, slot);
    ALLOWED(r4_cap_link(put(1, content_for_proxy(0)), target));
}

static void ttl_zero(void) {
    uint32_t target = empty_slot();
    struct r4_proxy_content content = content_for(make(R4_CAP_NOTIFICATION));
    content.ttl = 0;
    REFUSED(R4_ERR_TTL, r4_cap_link(put(0, content), target));
    ALLOWED(r4_cap_inspect(r4_own(proxy_index(0))).error);
    content.ttl = 1;
    ALLOWED(r4_cap_link(put(0, content), target));
    CHECK(r4_ttl(target) == 1);
}

static void unique_types(void) {
    const enum r4_cap_type types[] = {R4_CAP_UNTYPED, R4_CAP_PAGE_TABLE, R4_CAP_CAP_PAGE};
    uint32_t target = empty_slot();
    for (uint32_t i = 0; i < R4_COUNT(types); i++) {
        REFUSED(R4_ERR_TYPE, r4_cap_link(put_for(0, make(types[i])), target));
    }
}

static void takes_what_is_left(void) {
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    uint32_t target = empty_slot();
    struct r4_proxy_content content = content_for(slot);
    content.ttl = 9;
    content.rights = R4_SEND | R4_LINK | R4_DEFER;
    (void)put(0, content);
    content = content_for_proxy(0);
    content.ttl = 4;
    content.rights = R4_SEND | R4_WAIT | R4_LINK;
    ALLOWED(r4_cap_link(put(1, content), target));
    CHECK(r4_type(target) == R4_CAP_NOTIFICATION && r4_rights(target) == (R4_SEND | R4_LINK) && r4_ttl(target) == 4);
    CHECK(r4_depth(target) == r4_depth(slot) + 1); /* a child of the real one, however many proxies lie between */
    CHECK(r4_inspect_has_children_get(r4_cap_inspect(r4_own(slot)).value) == 1);
}

static void survives_the_chain(void) {
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    uint32_t middle = copy_of(slot);
    uint32_t target = empty_slot();
    (void)put_for(0, middle);
    ALLOWED(r4_cap_link(put(1, content_for_proxy(0)), target));
    r4_proxy_clear(proxy_at(0));
    r4_proxy_clear(proxy_at(1));
    ALLOWED(r4_cap_inspect(r4_own(target)).error);
    CHECK(r4_type(target) == R4_CAP_NOTIFICATION);
    ALLOWED(r4_cap_delete(r4_own(middle))); /* the real capability of the chain */
    CHECK(is_empty(target) && !is_empty(slot));
}

static void badge(void) {
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    uint32_t targets = empty_slots(4);
    struct r4_proxy_content content = content_for(slot);
    content.badge = 42;
    ALLOWED(r4_cap_link(put(0, content), targets));
    CHECK(r4_badge(targets) == 42);
    content = content_for_proxy(0);
    content.badge = 43;
    ALLOWED(r4_cap_link(put(1, content), targets + 1));
    CHECK(r4_badge(targets + 1) == 42); /* the proxy nearer to the capability decides */
    content = content_for(targets);
    content.badge = 44;
    ALLOWED(r4_cap_link(put(0, content), targets + 2));
    CHECK(r4_badge(targets + 2) == 42); /* and the capability's own badge before both */
    content = content_for(make(R4_CAP_FRAME));
    content.badge = 45;
    ALLOWED(r4_cap_link(put(0, content), targets + 3));
    CHECK(r4_badge(targets + 3) == 0); /* a frame has none */
}

static void mapping_is_not_linked(void) {
    uint32_t frame = make(R4_CAP_FRAME);
    uint32_t target = empty_slot();
    r4_cap_t pd = r4_own(r4_info()->slot_pd);
    ALLOWED(r4_frame_map(r4_own(frame), pd, PLACE, R4_READ));
    ALLOWED(r4_cap_link(put_for(0, frame), target));
    CHECK(r4_mapped_in(target) == 0);
    ALLOWED(r4_frame_map(r4_own(target), pd, PLACE + R4_PAGE_SIZE, R4_READ));
    ALLOWED(r4_frame_unmap(r4_own(frame)));
    CHECK(*(volatile uint64_t *)(PLACE + R4_PAGE_SIZE) == 0);
}

static _Noreturn void link_there(uint64_t cap) { second_domain_return(r4_cap_link(cap, SECOND_DOMAIN_SLOT(0))); }

static _Noreturn void type_there(uint64_t slot) { second_domain_return(r4_type((uint32_t)slot)); }

static _Noreturn void copy_there(uint64_t unused) {
    (void)unused;
    second_domain_return(r4_cap_copy(r4_own(SECOND_DOMAIN_SLOT(0)), SECOND_DOMAIN_SLOT(1), R4_SEND, 0));
}

static void into_another_window(void) {
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    r4_cap_t cap = put_for_second(0, content_for(slot));
    EXPECT(R4_OK, (enum r4_error)second_domain_call(link_there, cap));
    r4_proxy_clear(proxy_at(0));
    EXPECT(R4_OK, (enum r4_error)second_domain_call(copy_there, 0));
    CHECK(second_domain_call(type_there, SECOND_DOMAIN_SLOT(0)) == R4_CAP_NOTIFICATION);
    ALLOWED(r4_cap_revoke(r4_own(slot)).error);
    CHECK(second_domain_call(type_there, SECOND_DOMAIN_SLOT(0)) == R4_CAP_EMPTY);
    CHECK(second_domain_call(type_there, SECOND_DOMAIN_SLOT(1)) == R4_CAP_EMPTY);
}

static const struct test tests[] = {
    {"needs a proxy", needs_a_proxy, 1},
    {"the destination", destination, 1},
    {"every hop and the capability have LINK", every_hop_has_link, 1},
    {"not with a TTL of 0", ttl_zero, 1},
    {"not of types with one capability", unique_types, 1},
    {"rights and TTL of the near end, a child of the capability", takes_what_is_left, 1},
    {"stays when the chain is cleared, goes with the capability", survives_the_chain, 1},
    {"the badge", badge, 1},
    {"a mapping stays where it is", mapping_is_not_linked, 1},
    {"into another window, and revoked there", into_another_window, 1},
};

const struct theme theme_link = {"link", tests, R4_COUNT(tests), 1};
