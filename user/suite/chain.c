/* SPDX-License-Identifier: MIT
 *
 * Chains of proxies through several address spaces. Each station is a domain with a proxy for the domain before it, the
 * first one with a proxy for this program. The proxy of the last station has a notification in its own window as
 * target.
 */
#include "lib/asid_pool.h"
#include "lib/cap.h"
#include "lib/cap_page.h"
#include "lib/domain.h"
#include "lib/frame.h"
#include "lib/print.h"
#include "lib/space.h"
#include "lib/window.h"
#include "suite/proxies.h"
#include "suite/themes.h"

#define STATIONS  R4_TTL_MAX
#define CAP_INDEX 1U                       /* of the notification in the last station's window */
#define AT        (R4_SLOTS_PER_PAGE + 1U) /* of the proxy in each window */
#define SERIAL    1U                       /* of each proxy, each time that it is written */

struct station {
    struct domain domain;
    uint32_t frame; /* the proxy page */
    struct r4_proxy_content content;
};

static struct station stations[STATIONS];
static uint32_t count;
static uint32_t notification; /* its slot, while it is in this program's window */

/* Writes the proxy of a station: meanwhile its page is mapped here, as a plain page. */
static void station_write(const struct station *station) {
    struct r4_proxy *proxy = (struct r4_proxy *)PLACE + AT % R4_SLOTS_PER_PAGE;
    must(r4_frame_unmap(r4_own(station->frame)), "unmapping a station's proxies");
    space_map(station->frame, PLACE, R4_READ | R4_WRITE);
    r4_proxy_write_raw(proxy, 0, r4_proxy_serial_put(SERIAL - 1));
    r4_proxy_write(proxy, &station->content);
    must(r4_frame_unmap(r4_own(station->frame)), "unmapping a station's proxies");
    must(r4_frame_map_proxies(r4_own(station->frame), r4_own(station->domain.pd), AT / R4_SLOTS_PER_PAGE), "and back");
}

/* The last station's cap page with the notification, put together in this program's window. Returns the slot's version.
 */
static uint32_t notification_put(const struct station *last) {
    uint32_t page = make(R4_CAP_CAP_PAGE);
    uint32_t window_page = PROXIES_PAGE + 1;
    notification = window_page * R4_SLOTS_PER_PAGE + CAP_INDEX;
    must(r4_cap_page_map(r4_own(page), r4_own(r4_info()->slot_pd), window_page), "mapping a cap page");
    must(r4_cap_move(r4_own(make(R4_CAP_NOTIFICATION)), notification), "moving the notification");
    uint32_t version = r4_version(notification);
    must(r4_cap_page_unmap(r4_own(page)), "unmapping the cap page");
    must(r4_cap_page_map(r4_own(page), r4_own(last->domain.pd), 0), "mapping it there");
    return version;
}

/* `length` stations; the first proxy has TTL `ttl`, each further one has one more. */
static void stations_make(uint32_t length, uint32_t ttl) {
    count = length;
    for (uint32_t i = 0; i < count; i++) {
        stations[i].domain = domain_create(test_arena(), r4_asid_pool(1));
        stations[i].frame = domain_add_proxies(&stations[i].domain, AT / R4_SLOTS_PER_PAGE);
    }
    for (uint32_t i = 0; i < count; i++) {
        bool last = i == count - 1;
        stations[i].content = (struct r4_proxy_content){
            .target = last ? r4_own(CAP_INDEX) : r4_in(stations[i + 1].domain.name, AT),
            .version = last ? notification_put(&stations[i]) : SERIAL,
            .grantee = i == 0 ? r4_info()->name : stations[i - 1].domain.name,
            .rights = R4_ALL_RIGHTS,
            .ttl = ttl + i,
        };
        station_write(&stations[i]);
    }
}

static r4_cap_t entry(void) { return r4_in(stations[0].domain.name, AT); }

static enum r4_error inspect(void) { return r4_cap_inspect(entry()).error; }

/* The walk ends with this error after that many proxies. */
static bool ends_with(enum r4_error error, uint64_t hops) {
    struct r4_result result = r4_cap_inspect(entry());
    return result.error == error && result.value == hops;
}

static void longest(void) {
    stations_make(R4_TTL_MAX, 0);
    ALLOWED(inspect());
    uint64_t value = r4_cap_inspect(entry()).value;
    CHECK(r4_inspect_type_get(value) == R4_CAP_NOTIFICATION && r4_inspect_rights_get(value) == R4_ALL_RIGHTS);
    REFUSED(R4_ERR_TTL, r4_cap_link(entry(), empty_slot()));
}

static void one_longer(void) {
    stations_make(R4_TTL_MAX, 0);
    struct r4_proxy_content content = {.target = entry(), .version = SERIAL, .rights = R4_ALL_RIGHTS, .ttl = 0};
    struct r4_result result = r4_cap_inspect(put(0, content));
    CHECK(result.error == R4_ERR_TTL && result.value == 1);
    ALLOWED(inspect());
}

static void one_longer_at_the_far_end(void) {
    stations_make(R4_TTL_MAX, 1);
    CHECK(ends_with(R4_ERR_TTL, R4_TTL_MAX)); /* the last one has the capability's TTL */
}

static void rights_of_all(void) {
    stations_make(4, 3);
    for (uint32_t i = 0; i < count; i++) {
        stations[i].content.rights = R4_ALL_RIGHTS & ~(1U << i);
        station_write(&stations[i]);
    }
    uint32_t target = empty_slot();
    CHECK(r4_inspect_rights_get(r4_cap_inspect(entry()).value) == (R4_ALL_RIGHTS & ~0xfU));
    ALLOWED(r4_cap_link(entry(), target));
    CHECK(r4_rights(target) == (R4_ALL_RIGHTS & ~0xfU) && r4_ttl(target) == 3);
    ALLOWED(r4_cap_delete(r4_own(stations[1].domain.pd))); /* the linked capability needs none of them */
    CHECK(ends_with(R4_ERR_ASID, 1));
    ALLOWED(r4_cap_inspect(r4_own(target)).error);
}

static void grantee_is_the_holder(void) {
    stations_make(4, 0);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t grantee = stations[i].content.grantee;
        stations[i].content.grantee = stations[i].domain.name; /* itself, not the domain before */
        station_write(&stations[i]);
        CHECK(ends_with(R4_ERR_ASID, i));
        stations[i].content.grantee = grantee;
        station_write(&stations[i]);
        ALLOWED(inspect());
    }
    stations[2].content.grantee = r4_info()->name; /* nor the caller: only the domain before counts */
    station_write(&stations[2]);
    CHECK(ends_with(R4_ERR_ASID, 2));
}

static void every_hop_is_checked(void) {
    stations_make(5, 0);
    for (uint32_t i = 1; i < count; i++) {
        uint32_t rights = stations[i].content.rights;
        stations[i].content.rights = R4_ALL_RIGHTS & ~R4_DEFER;
        station_write(&stations[i]);
        CHECK(ends_with(R4_ERR_RIGHTS, i));
        stations[i].content.rights = rights;
        stations[i].content.ttl--;
        station_write(&stations[i]);
        CHECK(ends_with(R4_ERR_TTL, i));
        stations[i].content.ttl++;
        station_write(&stations[i]);
        stations[i - 1].content.version += 5;
        station_write(&stations[i - 1]);
        CHECK(ends_with(R4_ERR_VERSION, i));
        stations[i - 1].content.version -= 5;
        station_write(&stations[i - 1]);
        ALLOWED(inspect());
    }
}

static void domain_in_the_middle_dies(void) {
    stations_make(5, 0);
    ALLOWED(r4_cap_delete(r4_own(stations[2].domain.pd)));
    CHECK(ends_with(R4_ERR_ASID, 2));
    struct domain heir = domain_create(test_arena(), r4_asid_pool(1)); /* it does not take the place of the old one */
    CHECK(heir.name != stations[2].domain.name);
    CHECK(ends_with(R4_ERR_ASID, 2));
}

static void cycle_of_two(void) {
    stations_make(2, 0);
    stations[1].content.target = entry();
    stations[1].content.version = SERIAL;
    station_write(&stations[1]);
    stations[0].content.grantee = stations[1].domain.name;
    station_write(&stations[0]);
    struct r4_proxy_content content = {.target = r4_in(stations[1].domain.name, AT), .version = SERIAL};
    stations[1].content.grantee = r4_info()->name;
    station_write(&stations[1]);
    content.rights = R4_ALL_RIGHTS;
    struct r4_result result = r4_cap_inspect(put(0, content)); /* own (0), second (1), first (0): the TTL falls */
    CHECK(result.error == R4_ERR_TTL && result.value == 2);
}

static void single_use_in_the_middle(void) {
    stations_make(4, 0);
    stations[2].content.flags = R4_PROXY_ONCE;
    station_write(&stations[2]);
    REFUSED(R4_ERR_ONCE, r4_cap_link(entry(), empty_slot()));
    ALLOWED(inspect());
    CHECK(ends_with(R4_ERR_ASID, 2)); /* the proxy is empty, which is not told of a foreign window */
}

static void badge_of_the_farthest(void) {
    stations_make(4, 2);
    uint32_t targets = empty_slots(2);
    stations[0].content.badge = 10;
    stations[2].content.badge = 12;
    station_write(&stations[0]);
    station_write(&stations[2]);
    ALLOWED(r4_cap_link(entry(), targets));
    CHECK(r4_badge(targets) == 12);
    stations[2].content.badge = 0;
    station_write(&stations[2]);
    ALLOWED(r4_cap_link(entry(), targets + 1));
    CHECK(r4_badge(targets + 1) == 10);
}

static void kernel_capability_in_another_window(void) {
    stations_make(1, 0);
    uint32_t there = stations[0].domain.name;
    REFUSED(R4_ERR_ASID, r4_cap_inspect(r4_in(there, CAP_INDEX)).error);
    struct r4_proxy_content content = stations[0].content;
    content.target = r4_in(there, CAP_INDEX); /* by name, as its own domain could name it, too */
    CHECK(r4_cap_inspect(put(0, content)).error == R4_ERR_ASID);
    stations[0].content.target = content.target;
    station_write(&stations[0]);
    ALLOWED(inspect()); /* the holder may use its own name for its own window */
}

static const struct test tests[] = {
    {"the longest chain: R4_TTL_MAX spaces", longest, 1},
    {"one more at the near end is refused", one_longer, 1},
    {"a TTL one higher is refused at the far end", one_longer_at_the_far_end, 1},
    {"the rights of all, the near end's TTL", rights_of_all, 1},
    {"each station's grantee is the one before", grantee_is_the_holder, 1},
    {"DEFER, TTL and version at each station", every_hop_is_checked, 1},
    {"a domain in the middle dies", domain_in_the_middle_dies, 1},
    {"a cycle of two", cycle_of_two, 1},
    {"a single-use proxy in the middle", single_use_in_the_middle, 1},
    {"the badge nearest to the capability", badge_of_the_farthest, 1},
    {"a capability in another window is reached by no name", kernel_capability_in_another_window, 1},
};

const struct theme theme_chain = {"chain", tests, R4_COUNT(tests), 1};
