/* SPDX-License-Identifier: MIT
 *
 * AsidPools and the names of address spaces.
 */
#include "lib/asid_pool.h"
#include "lib/cap.h"
#include "lib/untyped.h"
#include "lib/window.h"
#include "suite/proxies.h"
#include "suite/themes.h"

#define POOL      5U /* nobody else uses it */
#define POOL_SIZE 64U

static struct r4_result assign(uint32_t pd) { return r4_asid_assign(r4_asid_pool(POOL), r4_own(pd)); }

static void assign_refusals(void) {
    uint32_t pool = r4_info()->slot_asid_pools + POOL;
    uint32_t weak = copy_with(pool, R4_ALL_RIGHTS & ~R4_CONTROL);
    uint32_t pd = make(R4_CAP_PD);
    uint32_t weak_pd = copy_with(pd, R4_ALL_RIGHTS & ~R4_CONTROL);
    REFUSED(R4_ERR_RIGHTS, r4_asid_assign(r4_own(weak), r4_own(pd)).error);
    REFUSED(R4_ERR_EMPTY, assign(empty_slot()).error);
    REFUSED(R4_ERR_TYPE, assign(pool).error);
    REFUSED(R4_ERR_RIGHTS, assign(weak_pd).error);
    REFUSED(R4_ERR_ASSIGNED, assign(r4_info()->slot_pd).error);
    REFUSED(R4_ERR_RIGHTS, r4_asid_assign(r4_asid_pool(POOL), put_for(0, weak_pd)).error);
    ALLOWED(assign(pd).error);
    REFUSED(R4_ERR_ASSIGNED, assign(pd).error);
    ALLOWED(r4_cap_delete(r4_own(weak)));
}

static void assign_through_a_proxy(void) {
    uint32_t pd = make(R4_CAP_PD);
    struct r4_proxy_content content = content_for(pd);
    content.rights = R4_ALL_RIGHTS & ~R4_MODIFY;
    REFUSED(R4_ERR_RIGHTS, r4_asid_assign(r4_asid_pool(POOL), put(0, content)).error);
    ALLOWED(r4_asid_assign(r4_asid_pool(POOL), put_for(0, pd)).error);
    CHECK(r4_badge(pd) != 0);
}

static void name_is_told(void) {
    uint32_t pd = make(R4_CAP_PD);
    CHECK(r4_badge(pd) == 0);
    struct r4_result named = assign(pd);
    ALLOWED(named.error);
    uint32_t name = (uint32_t)named.value;
    CHECK(named.value <= UINT32_MAX && r4_badge(pd) == name && r4_name_generation_get(name) != 0);
    CHECK(r4_name_asid_get(name) / POOL_SIZE == POOL);
}

static void names_differ(void) {
    uint32_t pds = make_row(R4_CAP_PD, 0, 16);
    for (uint32_t i = 0; i < 16; i++) {
        uint32_t pool = i % 2 == 0 ? POOL : POOL + 1;
        ALLOWED(r4_asid_assign(r4_asid_pool(pool), r4_own(pds + i)).error);
        for (uint32_t j = 0; j < i; j++) {
            CHECK(r4_name_asid_get((uint32_t)r4_badge(pds + i)) != r4_name_asid_get((uint32_t)r4_badge(pds + j)));
        }
    }
}

static void exhaustion(void) {
    uint32_t pds = make_row(R4_CAP_PD, 0, POOL_SIZE);
    uint32_t more = make(R4_CAP_PD);
    for (uint32_t i = 0; i < POOL_SIZE; i++) {
        ALLOWED(assign(pds + i).error);
    }
    REFUSED(R4_ERR_NO_ASID, assign(more).error);
    uint32_t first = (uint32_t)r4_badge(pds + 40);
    uint32_t second = (uint32_t)r4_badge(pds + 3);
    ALLOWED(r4_cap_delete(r4_own(pds + 40)));
    ALLOWED(r4_cap_delete(r4_own(pds + 3)));
    ALLOWED(assign(more).error); /* the asid that became free first, with another generation */
    CHECK(r4_badge(more) == r4_name_generation_set(first, r4_name_generation_get(first) + 1));
    more = make(R4_CAP_PD);
    ALLOWED(assign(more).error);
    CHECK(r4_badge(more) == r4_name_generation_set(second, r4_name_generation_get(second) + 1));
    REFUSED(R4_ERR_NO_ASID, assign(make(R4_CAP_PD)).error);
}

static void name_comes_back_late(void) {
    uint32_t untyped = make(R4_CAP_UNTYPED);
    uint32_t pd = empty_slot();
    uint32_t first = 0;
    for (uint32_t i = 0; i < POOL_SIZE; i++) {
        ALLOWED(r4_untyped_retype(r4_own(untyped), (struct r4_objects){R4_CAP_PD, 0, 1, 0, pd}));
        struct r4_result named = assign(pd);
        ALLOWED(named.error);
        CHECK(i == 0 || r4_name_asid_get((uint32_t)named.value) != r4_name_asid_get(first));
        first = i == 0 ? (uint32_t)named.value : first;
        ALLOWED(r4_cap_revoke(r4_own(untyped)).error);
    }
    ALLOWED(r4_untyped_retype(r4_own(untyped), (struct r4_objects){R4_CAP_PD, 0, 1, 0, pd}));
    CHECK(assign(pd).value == r4_name_generation_set(first, r4_name_generation_get(first) + 1));
}

static void pools_are_passed_on(void) {
    uint32_t pool = copy_with(r4_info()->slot_asid_pools + POOL, R4_CONTROL | R4_DEFER);
    uint32_t pd = make(R4_CAP_PD);
    ALLOWED(r4_asid_assign(put_for(0, pool), r4_own(pd)).error);
    CHECK(r4_name_asid_get((uint32_t)r4_badge(pd)) / POOL_SIZE == POOL);
    ALLOWED(r4_cap_delete(r4_own(pool)));
}

static const struct test tests[] = {
    {"assign: refusals", assign_refusals, 1},
    {"assign: a domain through a proxy needs MODIFY", assign_through_a_proxy, 1},
    {"assign: the name can be read in the capability", name_is_told, 1},
    {"no two address spaces have the same name", names_differ, 1},
    {"a pool that is used up; asids come back in order, with a new generation", exhaustion, 1},
    {"an asid comes back only after all others of its pool", name_comes_back_late, 1},
    {"copies of a pool, and proxies for one", pools_are_passed_on, 1},
};

const struct theme theme_asid = {"asid", tests, R4_COUNT(tests), 1};
