/* SPDX-License-Identifier: MIT
 *
 * Proxies for another address space: a thread there uses them, or tries to.
 */
#include "lib/asid_pool.h"
#include "lib/cap.h"
#include "lib/domain.h"
#include "lib/frame.h"
#include "lib/window.h"
#include "suite/second_domain.h"
#include "suite/themes.h"

static enum r4_error error_of(uint64_t value) { return (enum r4_error)value; }

/* --- what the second domain does: see second_domain.h --- */

static _Noreturn void inspect_there(uint64_t cap) { second_domain_return(r4_cap_inspect(cap).error); }

static _Noreturn void refused_there(uint64_t cap) {
    REFUSED(R4_ERR_ASID, r4_cap_inspect(cap).error);
    second_domain_return(R4_OK);
}

static _Noreturn void rights_there(uint64_t cap) {
    second_domain_return(r4_inspect_rights_get(r4_cap_inspect(cap).value));
}

static struct {
    r4_cap_t frame;
    r4_cap_t pd;
    uint32_t rights;
} mapping;

static _Noreturn void map_there(uint64_t address) {
    second_domain_return(r4_frame_map(mapping.frame, mapping.pd, address, mapping.rights));
}

static _Noreturn void unmap_there(uint64_t cap) { second_domain_return(r4_frame_unmap(cap)); }

static _Noreturn void write_there(uint64_t address) {
    *(volatile uint64_t *)address = address;
    second_domain_return(*(volatile uint64_t *)address);
}

#define GIFT (PROXIES_COUNT - 1U) /* number of this program's proxy through which it gets its own capabilities */

static struct r4_proxy_content given; /* to be put into the second domain's proxy 0 */

static _Noreturn void put_there(uint64_t unused) {
    (void)unused;
    second_domain_return(r4_proxy_write(r4_proxy(SECOND_DOMAIN_PROXY(0)), &given));
}

static _Noreturn void clear_there(uint64_t unused) {
    (void)unused;
    r4_proxy_clear(r4_proxy(SECOND_DOMAIN_PROXY(0)));
    second_domain_return(0);
}

static _Noreturn void link_there(uint64_t cap) { second_domain_return(r4_cap_link(cap, SECOND_DOMAIN_SLOT(0))); }
static _Noreturn void version_there(uint64_t slot) { second_domain_return(r4_version((uint32_t)slot)); }

/* The address of the second domain's proxy 0, as this program names it. */
static r4_cap_t second_domain_proxy(void) { return r4_in(second_domain_name(), SECOND_DOMAIN_PROXY(0)); }

/* Gives the second domain a notification with these rights as its own, in its slot 0. */
static void give_notification(uint32_t slot, uint32_t rights) {
    struct r4_proxy_content content = content_for(slot);
    content.rights = rights | R4_LINK;
    EXPECT(R4_OK, error_of(second_domain_call(link_there, put_for_second(GIFT, content))));
}

/* --- cases --- */

static void grantee_uses_it(void) {
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    struct r4_proxy_content content = content_for(slot);
    content.rights = R4_SEND | R4_WAIT;
    r4_cap_t cap = put_for_second(0, content);
    EXPECT(R4_OK, error_of(second_domain_call(inspect_there, cap)));
    CHECK(second_domain_call(rights_there, cap) == (R4_SEND | R4_WAIT));
    r4_proxy_clear(r4_proxy(proxy_index(0)));
    (void)second_domain_call(refused_there, cap);
}

static void another_grantee(void) {
    struct r4_proxy_content content = content_for(make(R4_CAP_NOTIFICATION));
    struct domain third = domain_create(test_arena(), r4_asid_pool(1));
    const uint32_t others[] = {
        0, third.name, r4_info()->name,
        r4_name_generation_set(second_domain_name(), r4_name_generation_get(second_domain_name()) + 1),
        r4_name_generation_set(second_domain_name(), r4_name_generation_get(second_domain_name()) - 1)};
    r4_cap_t cap = put_for_second(0, content);
    EXPECT(R4_OK, error_of(second_domain_call(inspect_there, cap)));
    for (uint32_t i = 0; i < R4_COUNT(others); i++) {
        content.grantee = others[i];
        (void)put(0, content);
        (void)second_domain_call(refused_there, cap);
        ALLOWED(r4_cap_inspect(r4_own(proxy_index(0))).error);
    }
}

/* If what is at an address in a foreign window is no proxy for the caller, the answer is the same whatever it is. */
static void nothing_is_told(void) {
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    uint32_t own = r4_info()->name;
    (void)second_domain_call(refused_there, r4_in(own, slot));                         /* a capability */
    (void)second_domain_call(refused_there, r4_in(own, empty_slot()));                 /* an empty slot */
    (void)second_domain_call(refused_there, r4_in(own, 0));                            /* a header */
    (void)second_domain_call(refused_there, r4_in(own, 250 * R4_SLOTS_PER_PAGE));      /* no page */
    (void)second_domain_call(refused_there, r4_in(own, (uint32_t)r4_cap_index_max())); /* no page table */
    (void)second_domain_call(refused_there, r4_in(own, proxy_index(0)));               /* an empty proxy */
    struct r4_proxy_content content = content_for(slot);
    content.grantee = r4_info()->name;
    content.version++;
    (void)put(0, content);
    (void)second_domain_call(refused_there, r4_in(own, proxy_index(0))); /* somebody else's proxy, and a wrong one */
    (void)second_domain_call(refused_there, r4_in(r4_name_asid_set(own, 999), slot)); /* nobody's window */
}

static void bad_proxy_is_told_to_its_grantee(void) {
    struct r4_proxy_content content = content_for(make(R4_CAP_NOTIFICATION));
    content.version++;
    EXPECT(R4_ERR_VERSION, error_of(second_domain_call(inspect_there, put_for_second(0, content))));
    content.version--;
    content.ttl = R4_TTL_MAX;
    EXPECT(R4_ERR_TTL, error_of(second_domain_call(inspect_there, put_for_second(0, content))));
}

static void plain_page(void) {
    uint32_t page = PROXIES_PAGE + 1;
    uint32_t frame = make(R4_CAP_FRAME);
    r4_cap_t pd = r4_own(r4_info()->slot_pd);
    struct r4_proxy_content content = content_for(make(R4_CAP_NOTIFICATION));
    content.grantee = second_domain_name();
    r4_cap_t cap = r4_in(r4_info()->name, page * R4_SLOTS_PER_PAGE + 1);
    ALLOWED(r4_frame_map(r4_own(frame), pd, R4_WINDOW_BASE + (uint64_t)page * R4_PAGE_SIZE, R4_READ | R4_WRITE));
    r4_proxy_write(r4_proxy(page * R4_SLOTS_PER_PAGE + 1), &content);
    (void)second_domain_call(refused_there, cap);
    ALLOWED(r4_frame_unmap(r4_own(frame)));
    ALLOWED(r4_frame_map_proxies(r4_own(frame), pd, page));
    EXPECT(R4_OK, error_of(second_domain_call(inspect_there, cap)));
}

/* Both windows hold something at the same index: asid 0 in a proxy is the window of the proxy. */
static void asid_0_is_the_holder(void) {
    uint32_t index = SECOND_DOMAIN_SLOT(0); /* in this program's window the PD, in the second domain's a notification */
    CHECK(r4_type(index) != R4_CAP_NOTIFICATION);
    give_notification(make(R4_CAP_NOTIFICATION), R4_SEND | R4_DEFER);
    given = (struct r4_proxy_content){.target = r4_own(index), .grantee = r4_info()->name, .rights = R4_ALL_RIGHTS};
    given.version = (uint32_t)second_domain_call(version_there, index);
    (void)second_domain_call(put_there, 0);
    struct r4_result result = r4_cap_inspect(second_domain_proxy());
    ALLOWED(result.error);
    CHECK(r4_inspect_type_get(result.value) == R4_CAP_NOTIFICATION);
    CHECK(r4_inspect_rights_get(result.value) == (R4_SEND | R4_LINK | R4_DEFER));
}

/* A proxy of this program's window that names a kernel capability in the second domain's window, which that did not
 * grant. */
static void no_capability_of_another_window(void) {
    give_notification(make(R4_CAP_NOTIFICATION), R4_ALL_RIGHTS);
    struct r4_proxy_content content = {.target = r4_in(second_domain_name(), SECOND_DOMAIN_SLOT(0)),
                                       .rights = R4_ALL_RIGHTS};
    content.version = (uint32_t)second_domain_call(version_there, SECOND_DOMAIN_SLOT(0));
    REFUSED(R4_ERR_ASID, r4_cap_inspect(put(0, content)).error);
    REFUSED(R4_ERR_ASID, r4_cap_inspect(r4_in(second_domain_name(), SECOND_DOMAIN_SLOT(0))).error);
    content.grantee = second_domain_name(); /* nor can the second domain reach its own slot by this way */
    r4_cap_t cap = r4_in(r4_info()->name, proxy_index(0));
    (void)put(0, content);
    EXPECT(R4_ERR_ASID, error_of(second_domain_call(inspect_there, cap)));
}

/* The second domain's proxy for a proxy of this program's window: there and back. */
static void there_and_back(void) {
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    struct r4_proxy_content content = content_for(slot);
    content.ttl = 9;
    given = (struct r4_proxy_content){.target = put_for_second(0, content), .rights = R4_SEND, .ttl = 4};
    given.version = r4_proxy_serial(r4_proxy(proxy_index(0)));
    given.grantee = r4_info()->name;
    (void)second_domain_call(put_there, 0);
    ALLOWED(r4_cap_inspect(second_domain_proxy()).error);
    CHECK(r4_inspect_rights_get(r4_cap_inspect(second_domain_proxy()).value) == R4_SEND);
    (void)second_domain_call(clear_there, 0);
    REFUSED(R4_ERR_ASID, r4_cap_inspect(second_domain_proxy()).error);
}

static void map_through_modify(void) {
    uint32_t frame = make(R4_CAP_FRAME);
    struct r4_proxy_content content = content_for(frame);
    content.rights = R4_READ | R4_WRITE;
    mapping.frame = put_for_second(0, content);
    mapping.pd = put_for_second(1, content_for(second_domain_pd()));
    mapping.rights = R4_READ | R4_WRITE;
    EXPECT(R4_ERR_RIGHTS, error_of(second_domain_call(map_there, PLACE + 0x10000000)));
    content.rights |= R4_MODIFY;
    (void)put_for_second(0, content);
    EXPECT(R4_OK, error_of(second_domain_call(map_there, 0x5ff000))); /* under the image's page table */
    CHECK(second_domain_call(write_there, 0x5ff000) == 0x5ff000);
    CHECK(r4_mapped_in(frame) == second_domain_name());
    EXPECT(R4_ERR_MAPPED, error_of(second_domain_call(map_there, 0x5fe000)));
    ALLOWED(r4_frame_unmap(r4_own(frame))); /* by its owner */
    EXPECT(R4_ERR_NOT_MAPPED, error_of(second_domain_call(unmap_there, mapping.frame)));
    ALLOWED(r4_frame_map(r4_own(frame), r4_own(r4_info()->slot_pd), PLACE, R4_READ));
    CHECK(*(volatile uint64_t *)PLACE == 0x5ff000);
}

static void single_use(void) {
    struct r4_proxy_content content = content_for(make(R4_CAP_NOTIFICATION));
    content.flags = R4_PROXY_ONCE;
    r4_cap_t cap = put_for_second(0, content);
    EXPECT(R4_ERR_ONCE, error_of(second_domain_call(link_there, cap)));
    EXPECT(R4_OK, error_of(second_domain_call(inspect_there, cap)));
    (void)second_domain_call(refused_there, cap);
    CHECK(r4_proxy_is_empty(r4_proxy(proxy_index(0))));
}

/* A window whose domain is gone, and a new one that has its asid. */
static void reused_asid(void) {
    struct domain third = domain_create(test_arena(), r4_asid_pool(1));
    r4_cap_t cap = r4_in(third.name, R4_SLOTS_PER_PAGE);
    REFUSED(R4_ERR_ASID, r4_cap_inspect(cap).error);
    ALLOWED(r4_cap_delete(r4_own(third.pd)));
    REFUSED(R4_ERR_ASID, r4_cap_inspect(cap).error);
    struct domain heir;
    do { /* until the asid is used again */
        heir = domain_create(test_arena(), r4_asid_pool(1));
    } while (r4_name_asid_get(heir.name) != r4_name_asid_get(third.name));
    CHECK(r4_name_generation_get(heir.name) == r4_name_generation_get(third.name) + 1);
    uint32_t frame = domain_add_proxies(&heir, 1);
    ALLOWED(r4_frame_unmap(r4_own(frame)));
    ALLOWED(r4_frame_map(r4_own(frame), r4_own(r4_info()->slot_pd), PLACE, R4_READ | R4_WRITE));
    struct r4_proxy_content content = {.target = r4_in(r4_info()->name, proxy_index(0)), .grantee = r4_info()->name};
    content.version = 1; /* it does not matter of what: the error is another one than that of a missing address space */
    r4_proxy_write((struct r4_proxy *)PLACE, &content);
    ALLOWED(r4_frame_unmap(r4_own(frame)));
    ALLOWED(r4_frame_map_proxies(r4_own(frame), r4_own(heir.pd), 1));
    REFUSED(R4_ERR_ASID, r4_cap_inspect(cap).error); /* the old name does not name the heir */
    struct r4_result result = r4_cap_inspect(r4_in(heir.name, R4_SLOTS_PER_PAGE));
    CHECK(result.error == R4_ERR_ASID && result.value == 1); /* the new one does: up to this program's empty proxy */
}

static void word_from_another(void) {
    uint32_t own = r4_info()->name;
    uint32_t name = second_domain_name();
    r4_cap_t there = r4_in(name, SECOND_DOMAIN_PROXY(0));
    CHECK(cap_from(name, r4_own(SECOND_DOMAIN_PROXY(0))).error == R4_ERR_ASID); /* would be this program's window */
    CHECK(cap_from(name, r4_in(own, SECOND_DOMAIN_PROXY(0))).error == R4_ERR_ASID);
    CHECK(cap_from(name, r4_in(name + 1, SECOND_DOMAIN_PROXY(0))).error == R4_ERR_ASID);
    CHECK(cap_from(0, r4_own(SECOND_DOMAIN_PROXY(0))).error == R4_ERR_ASID);
    CHECK(cap_from(name, r4_cap_cluster_set(there, r4_info()->cluster ^ 1)).error == R4_ERR_FOREIGN_CLUSTER);
    struct r4_result result = cap_from(name, there);
    CHECK(result.error == R4_OK && result.value == there);
    give_notification(make(R4_CAP_NOTIFICATION), R4_ALL_RIGHTS);
    given = (struct r4_proxy_content){.target = r4_own(SECOND_DOMAIN_SLOT(0)), .grantee = own, .rights = R4_SEND};
    given.version = (uint32_t)second_domain_call(version_there, SECOND_DOMAIN_SLOT(0));
    (void)second_domain_call(put_there, 0);
    ALLOWED(r4_cap_inspect(result.value).error);
}

static const struct test tests[] = {
    {"the grantee uses it, until it is cleared", grantee_uses_it, 1},
    {"no other grantee, nor another generation", another_grantee, 1},
    {"nothing else is told of a foreign window", nothing_is_told, 1},
    {"the grantee is told what is wrong with its proxy", bad_proxy_is_told_to_its_grantee, 1},
    {"the right bytes in a plain page of a foreign window", plain_page, 1},
    {"asid 0 in a proxy is the window of the proxy", asid_0_is_the_holder, 1},
    {"a proxy for a capability in another window", no_capability_of_another_window, 1},
    {"there and back", there_and_back, 1},
    {"map through MODIFY, unmap by the owner", map_through_modify, 1},
    {"a single-use proxy", single_use, 1},
    {"a reused asid", reused_asid, 1},
    {"cap_from: a word from another address space", word_from_another, 1},
};

const struct theme theme_grantee = {"grantee", tests, R4_COUNT(tests), 1};
