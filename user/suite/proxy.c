/* SPDX-License-Identifier: MIT
 *
 * Proxies in this program's window: the format, and each rule of the walk.
 */
#include "lib/cap.h"
#include "lib/cap_page.h"
#include "lib/frame.h"
#include "lib/window.h"
#include "suite/second_domain.h"
#include "suite/themes.h"

static enum r4_error inspect(r4_cap_t cap) { return r4_cap_inspect(cap).error; }

static uint64_t rights_of(r4_cap_t cap) { return r4_inspect_rights_get(r4_cap_inspect(cap).value); }

static struct r4_proxy *proxy_at(uint32_t number) { return r4_proxy(proxy_index(number)); }

static void kinds(void) {
    r4_cap_t cap = put_for(0, make(R4_CAP_NOTIFICATION));
    uint64_t word = r4_proxy_word(proxy_at(0), 0);
    for (uint32_t kind = 0; kind <= r4_proxy_kind_max(); kind++) {
        r4_proxy_write_raw(proxy_at(0), 0, r4_proxy_kind_set(word, kind));
        if (kind == R4_CAP_PROXY) {
            ALLOWED(inspect(cap));
        } else {
            REFUSED(R4_ERR_EMPTY, inspect(cap));
        }
    }
}

static void first_of_a_page(void) {
    struct r4_proxy *first = r4_proxy(PROXIES_PAGE * R4_SLOTS_PER_PAGE);
    struct r4_proxy_content content = content_for(make(R4_CAP_NOTIFICATION));
    r4_proxy_write(first, &content);
    ALLOWED(inspect(r4_own(PROXIES_PAGE * R4_SLOTS_PER_PAGE)));
    r4_proxy_clear(first);
    content.target = r4_own(0); /* a cap page's header is no target */
    REFUSED(R4_ERR_ADDRESS, inspect(put(0, content)));
}

static void rights_are_less(void) {
    uint32_t slot = copy_with(make(R4_CAP_NOTIFICATION), R4_SEND | R4_WAIT | R4_DEFER);
    struct r4_proxy_content content = content_for(slot);
    CHECK(rights_of(put(0, content)) == (R4_SEND | R4_WAIT | R4_DEFER));
    content.rights = R4_SEND | R4_READ | R4_CONTROL; /* a proxy gives no right that the capability lacks */
    CHECK(rights_of(put(0, content)) == R4_SEND);
    content.rights = 0;
    CHECK(rights_of(put(0, content)) == 0);
}

static void target_has_defer(void) {
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    REFUSED(R4_ERR_RIGHTS, inspect(put_for(0, copy_with(slot, R4_ALL_RIGHTS & ~R4_DEFER))));
    struct r4_proxy_content content = content_for(slot);
    content.rights = R4_ALL_RIGHTS & ~R4_DEFER;
    ALLOWED(inspect(put(0, content)));
    REFUSED(R4_ERR_RIGHTS, inspect(put(1, content_for_proxy(0)))); /* a proxy as target needs it, too */
    content.rights = R4_DEFER;
    (void)put(0, content);
    ALLOWED(inspect(put(1, content_for_proxy(0))));
}

static void ttl_rises(void) {
    uint32_t slot = copy_of(make(R4_CAP_NOTIFICATION));
    struct r4_proxy_content content = content_for(slot);
    for (uint32_t ttl = r4_ttl(slot); ttl <= R4_TTL_MAX; ttl++) {
        content.ttl = ttl;
        REFUSED(R4_ERR_TTL, inspect(put(0, content)));
    }
    content.ttl = 0;
    ALLOWED(inspect(put(0, content)));
    struct r4_proxy_content second = content_for_proxy(0);
    second.ttl = 0;
    REFUSED(R4_ERR_TTL, inspect(put(1, second)));
    content.ttl = 4;
    (void)put(0, content);
    second = content_for_proxy(0);
    CHECK(second.ttl == 3);
    ALLOWED(inspect(put(1, second)));
}

static void stale_version(void) {
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    uint32_t copy = copy_of(slot);
    r4_cap_t cap = put_for(0, copy);
    struct r4_proxy_content content = content_for(copy);
    ALLOWED(inspect(cap));
    content.version++;
    REFUSED(R4_ERR_VERSION, inspect(put(0, content)));
    content.version -= 2;
    REFUSED(R4_ERR_VERSION, inspect(put(0, content)));
    content.version = 0;
    REFUSED(R4_ERR_VERSION, inspect(put(0, content)));
}

static void reused_slot(void) {
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    uint32_t copy = copy_of(slot);
    r4_cap_t cap = put_for(0, copy);
    ALLOWED(r4_cap_delete(r4_own(copy)));
    REFUSED(R4_ERR_EMPTY, inspect(cap));
    ALLOWED(r4_cap_copy(r4_own(slot), copy, R4_ALL_RIGHTS,
                        R4_TTL_MAX - 1)); /* the same content once more has another version */
    REFUSED(R4_ERR_VERSION, inspect(cap));
    uint32_t to = empty_slot();
    cap = put_for(0, copy);
    ALLOWED(r4_cap_move(r4_own(copy), to));
    REFUSED(R4_ERR_EMPTY, inspect(cap));
    ALLOWED(r4_cap_move(r4_own(to), copy));
    REFUSED(R4_ERR_VERSION, inspect(cap));
}

static void recreated_cap_page(void) {
    uint32_t window_page = PROXIES_PAGE + 1;
    uint32_t index = window_page * R4_SLOTS_PER_PAGE + 1;
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    uint32_t page = make(R4_CAP_CAP_PAGE);
    r4_cap_t pd = r4_own(r4_info()->slot_pd);
    ALLOWED(r4_cap_page_map(r4_own(page), pd, window_page));
    ALLOWED(r4_cap_copy(r4_own(slot), index, R4_ALL_RIGHTS, R4_TTL_MAX - 1));
    r4_cap_t cap = put_for(0, index);
    ALLOWED(inspect(cap));
    ALLOWED(r4_cap_page_unmap(r4_own(page)));
    REFUSED(R4_ERR_ADDRESS, inspect(cap));
    ALLOWED(r4_cap_page_map(r4_own(page), pd, window_page)); /* the same page: it counts as filled anew */
    REFUSED(R4_ERR_VERSION, inspect(cap));
    ALLOWED(r4_cap_delete(r4_own(page)));
    page = make(R4_CAP_CAP_PAGE);
    ALLOWED(r4_cap_page_map(r4_own(page), pd, window_page));
    REFUSED(R4_ERR_EMPTY, inspect(cap));
    ALLOWED(r4_cap_copy(r4_own(slot), index, R4_ALL_RIGHTS, R4_TTL_MAX - 1));
    REFUSED(R4_ERR_VERSION, inspect(cap));
}

static void stale_serial(void) {
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    r4_cap_t first = put_for(0, slot);
    r4_cap_t second = put(1, content_for_proxy(0));
    ALLOWED(inspect(second));
    (void)put_for(0, slot); /* the same content, written anew */
    ALLOWED(inspect(first));
    REFUSED(R4_ERR_VERSION, inspect(second));
    second = put(1, content_for_proxy(0));
    r4_proxy_clear(proxy_at(0));
    REFUSED(R4_ERR_EMPTY, inspect(second));
}

static void target_address(void) {
    struct r4_proxy_content content = content_for(make(R4_CAP_NOTIFICATION));
    r4_cap_t target = content.target;
    content.target = r4_cap_cluster_set(target, r4_info()->cluster ^ 1);
    REFUSED(R4_ERR_FOREIGN_CLUSTER, inspect(put(0, content)));
    content.target = r4_cap_index_set(target, r4_cap_index_max());
    REFUSED(R4_ERR_ADDRESS, inspect(put(0, content)));
    content.target = r4_cap_name_set(target, r4_name_generation_set(r4_info()->name, 77));
    REFUSED(R4_ERR_ASID, inspect(put(0, content)));
    content.target = r4_cap_name_set(target, r4_info()->name); /* this program's window by its name */
    ALLOWED(inspect(put(0, content)));
}

static void grantee_is_for_others(void) {
    struct r4_proxy_content content = content_for(make(R4_CAP_NOTIFICATION));
    const uint32_t grantees[] = {0, 1, UINT32_MAX, second_domain_name(), r4_info()->name};
    for (uint32_t i = 0; i < R4_COUNT(grantees); i++) {
        content.grantee = grantees[i];
        ALLOWED(inspect(put(0, content)));
    }
}

static void serials_wrap(void) {
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    r4_proxy_write_raw(proxy_at(0), 0, r4_proxy_serial_put(UINT32_MAX - 1));
    for (uint32_t i = 0; i < 4; i++) { /* beyond the largest serial */
        (void)put_for(0, slot);
        CHECK(r4_proxy_serial(proxy_at(0)) == UINT32_MAX + i);
        ALLOWED(inspect(put(1, content_for_proxy(0))));
        r4_proxy_clear(proxy_at(0));
        CHECK(r4_proxy_serial(proxy_at(0)) == UINT32_MAX + i &&
              r4_proxy_word(proxy_at(0), 0) == r4_proxy_serial_put(UINT32_MAX + i));
    }
}

static void hops_are_told(void) {
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    uint32_t copy = copy_of(slot);
    (void)put_for(0, copy);
    (void)put(1, content_for_proxy(0));
    r4_cap_t cap = put(2, content_for_proxy(1));
    ALLOWED(inspect(cap));
    ALLOWED(r4_cap_delete(r4_own(copy)));
    struct r4_result result = r4_cap_inspect(cap); /* the walk came to the capability */
    CHECK(result.error == R4_ERR_EMPTY && result.value == 3);
    r4_proxy_clear(proxy_at(0));
    result = r4_cap_inspect(cap);
    CHECK(result.error == R4_ERR_EMPTY && result.value == 2);
    (void)put_for(1, slot);
    result = r4_cap_inspect(cap);
    CHECK(result.error == R4_ERR_VERSION && result.value == 1);
}

static void cycle(void) {
    struct r4_proxy_content content = {.target = r4_own(proxy_index(0)), .rights = R4_ALL_RIGHTS, .ttl = 3};
    content.version = r4_proxy_serial(proxy_at(0)) + 1; /* the serial that it will have: its target is itself */
    REFUSED(R4_ERR_TTL, inspect(put(0, content)));
    struct r4_proxy_content there = {.target = r4_own(proxy_index(1)), .rights = R4_ALL_RIGHTS, .ttl = 1};
    struct r4_proxy_content back = {.target = r4_own(proxy_index(0)), .rights = R4_ALL_RIGHTS, .ttl = 2};
    there.version = r4_proxy_serial(proxy_at(1)) + 1;
    back.version = r4_proxy_serial(proxy_at(0)) + 1;
    r4_cap_t first = put(0, there);
    r4_cap_t second = put(1, back);
    REFUSED(R4_ERR_TTL, inspect(first));
    REFUSED(R4_ERR_TTL, inspect(second));
}

/* Random bytes, and good proxies with one bit changed. */
static void garbage(void) {
    r4_cap_t cap = put_for(0, make(R4_CAP_NOTIFICATION));
    struct r4_proxy *proxy = proxy_at(0);
    uint64_t random = r4_info()->name;
    for (uint32_t i = 0; i < 2000; i++) {
        for (uint32_t word = R4_SLOT_WORDS; word-- > 0;) {
            random = random * 6364136223846793005ULL + 1442695040888963407ULL;
            uint64_t value = random ^ random >> 29;
            bool is_kind = word == 0 && i % 2 == 0;
            r4_proxy_write_raw(proxy, word, is_kind ? r4_proxy_kind_set(value, R4_CAP_PROXY) : value);
        }
        CHECK(inspect(cap) != R4_OK);
    }
    uint32_t allowed = 0;
    for (uint32_t bit = 0; bit < R4_SLOT_WORDS * 64; bit++) {
        (void)put_for(0, test_arena());
        r4_proxy_write_raw(proxy, bit / 64, r4_proxy_word(proxy, bit / 64) ^ 1ULL << bit % 64);
        allowed += inspect(cap) == R4_OK;
    }
    CHECK(allowed > 64 && allowed < 256); /* badge, grantee, rights, serial and a lower TTL may change */
}

static const struct test tests[] = {
    {"only one kind is a proxy", kinds, 1},
    {"the first of a proxy page is one, the first of a cap page no target", first_of_a_page, 1},
    {"rights are those of both", rights_are_less, 1},
    {"the target has DEFER", target_has_defer, 1},
    {"the TTL rises towards the capability", ttl_rises, 1},
    {"a stale version", stale_version, 1},
    {"a reused slot", reused_slot, 1},
    {"a recreated cap page", recreated_cap_page, 1},
    {"a stale serial", stale_serial, 1},
    {"the target's address", target_address, 1},
    {"in the caller's window the grantee does not matter", grantee_is_for_others, 1},
    {"serials go on after clearing and after the largest", serials_wrap, 1},
    {"a refusal tells after how many proxies", hops_are_told, 1},
    {"a cycle of one and of two", cycle, 1},
    {"garbage", garbage, 1},
};

const struct theme theme_proxy = {"proxy", tests, R4_COUNT(tests), 1};
