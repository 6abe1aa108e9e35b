/* SPDX-License-Identifier: MIT
 *
 * The plan, and one line per case.
 */
#include "suite/suite.h"
#include "lib/info.h"
#include "lib/memory.h"
#include "lib/print.h"
#include "lib/space.h"
#include "lib/usage.h"
#include "suite/second_domain.h"
#include "suite/themes.h"
#include "suite/workers.h"
#include <r4/string.h>

#define MORE_CAP_PAGES 4U

static const struct theme *const themes[] = {
    &theme_address,        &theme_copy,         &theme_cap,          &theme_untyped,     &theme_frame,
    &theme_order,          &theme_fault,        &theme_proxy_page,   &theme_page_table,  &theme_cap_page,
    &theme_thread,         &theme_asid,         &theme_debug,        &theme_proxy,       &theme_through,
    &theme_chain,          &theme_grantee,      &theme_once,         &theme_link,        &theme_depth,
    &theme_self_reference, &theme_race_proxies, &theme_race_revokes, &theme_race_memory, &theme_library,
    &theme_post,           &theme_lender,       &theme_borrower,     &theme_first,       &theme_second,
    &theme_third,
};

static uint32_t failed;
static char wanted[32]; /* `theme=NAME` on the command line leaves out all others; empty: all */

static bool is_wanted(const struct theme *theme) { return wanted[0] == '\0' || string_equal(wanted, theme->name); }

static void themes_print(void) {
    struct print_unknown list;
    print_unknown_begin(&list, "theme", wanted);
    for (uint32_t i = 0; i < R4_COUNT(themes); i++) {
        print_unknown_add(&list, themes[i]->name);
    }
    print_unknown_end(&list);
}

/* False: no theme has that name. */
static bool wanted_read(void) {
    bool found = !string_option(r4_info()->command, "theme", wanted, sizeof(wanted));
    for (uint32_t i = 0; i < R4_COUNT(themes); i++) {
        found |= is_wanted(themes[i]);
    }
    return found;
}

static bool is_possible(const struct theme *theme, const struct test *test) {
    const struct r4_root_info *info = r4_info();
    return is_wanted(theme) && peer_is_here(theme) && test->cores <= info->core_count &&
           theme->clusters <= info->cluster_count;
}

static uint32_t theme_plan(const struct theme *theme) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < theme->count; i++) {
        count += is_possible(theme, &theme->tests[i]);
    }
    return count;
}

/* Runs a case; returns null, or what was wrong, in one line. */
static const char *test_run(const struct test *test) {
    test_begin();
    test->run();
    proxies_clear();
    second_domain_clean();
    return test_end();
}

/* Runs a theme's cases from `number` on; returns the next number. */
static uint32_t theme_run(const struct theme *theme, uint32_t number) {
    for (uint32_t i = 0; i < theme->count; i++) {
        const struct test *test = &theme->tests[i];
        if (!is_possible(theme, test)) {
            continue;
        }
        const char *wrong = test_run(test);
        print("%sok %u - %s: %s", wrong == NULL ? "" : "not ", number++, theme->name, test->name);
        if (wrong != NULL) {
            print("# %s", wrong);
            failed++;
        }
    }
    return number;
}

static void stage_begin(void) {
    (void)space_grow_window(MORE_CAP_PAGES);
    /* Makes the tables. */
    space_map(memory_create(R4_CAP_FRAME, R4_PAGE_BITS, 1), PLACE + R4_LARGE_SIZE - R4_PAGE_SIZE, R4_READ);
    proxies_begin();
    second_domain_begin();
    workers_begin();
    memory_give(memory_take(ARENA_LOG2)); /* from now on these two exist */
    memory_give(memory_take(UNTYPED_LOG2));
    test_window_is(slots_pages(), PROXIES_PAGE);
}

uint32_t suite_run(void) {
    struct usage before = usage_take();
    if (!wanted_read()) {
        themes_print();
        return R4_ERR_ARGUMENT;
    }
    stage_begin();
    uint32_t plan = 0;
    for (uint32_t i = 0; i < R4_COUNT(themes); i++) {
        plan += theme_plan(themes[i]);
    }
    print("1..%u", plan);
    uint32_t number = 1;
    for (uint32_t i = 0; i < R4_COUNT(themes); i++) {
        number = theme_run(themes[i], number);
    }
    second_domain_end();
    must(memory_reset(), "clean-up");
    bool clean = usage_check(before);
    if (plan == 0) {
        print("no case of theme '%s' fits: it needs more cores or clusters, or is another cluster's part", wanted);
    }
    return plan != 0 && failed == 0 && clean ? 0 : 1;
}
