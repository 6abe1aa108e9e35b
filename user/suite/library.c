/* SPDX-License-Identifier: MIT
 *
 * libr4: what it does without the kernel.
 */
#include "lib/cap.h"
#include "lib/memory.h"
#include "lib/window.h"
#include "suite/proxies.h"
#include "suite/themes.h"
#include <r4/string.h>

static void errors_have_texts(void) {
    for (uint32_t error = 0; error < R4_ERROR_COUNT; error++) {
        CHECK(string_length(r4_error_text((enum r4_error)error)) != 0);
        CHECK(string_starts(r4_error_name((enum r4_error)error), error == R4_OK ? "R4_OK" : "R4_ERR_"));
    }
    CHECK(string_equal(r4_error_text(R4_ERROR_COUNT), "unknown error"));
}

static void proxy_words(void) {
    struct r4_proxy proxy = {{0}};
    struct r4_proxy_content content = {.target = 1, .version = 2, .grantee = 3, .rights = 4, .ttl = 5, .flags = 1};
    content.badge = 7;
    CHECK(r4_proxy_write(&proxy, &content) == 1 && r4_proxy_serial(&proxy) == 1);
    uint64_t head = r4_proxy_word(&proxy, 0);
    uint64_t tail = r4_proxy_word(&proxy, 3);
    CHECK(r4_proxy_kind_get(head) == R4_CAP_PROXY && !r4_proxy_is_empty(&proxy) && r4_proxy_rights_get(head) == 4);
    CHECK(r4_proxy_ttl_get(head) == 5 && r4_proxy_ttl(&proxy) == 5 && r4_proxy_flags_get(head) == 1);
    CHECK(r4_proxy_word(&proxy, 1) == 1 && r4_proxy_word(&proxy, 2) == 7);
    CHECK(r4_proxy_grantee_get(tail) == 3 && r4_proxy_version_get(tail) == 2);
    r4_proxy_clear(&proxy);
    CHECK(r4_proxy_word(&proxy, 0) == r4_proxy_serial_put(1) && r4_proxy_is_empty(&proxy));
    CHECK(r4_proxy_write(&proxy, &content) == 2);
}

static void slots_come_back(void) {
    uint32_t first = slots_take(3);
    uint32_t other = slots_take(1);
    CHECK(other < first || other >= first + 3);
    slots_give(first, 3);
    CHECK(slots_take(3) == first); /* the lowest that fit */
    slots_give(first, 3);
    slots_give(other, 1);
    uint32_t page = slots_take(R4_SLOTS_PER_PAGE - 1); /* a whole page of slots */
    CHECK(page % R4_SLOTS_PER_PAGE == 1);
    slots_give(page, R4_SLOTS_PER_PAGE - 1);
}

static void untyped_comes_back(void) {
    uint32_t untyped = memory_take(UNTYPED_LOG2);
    uint32_t inner = memory_create_from(untyped, R4_CAP_UNTYPED, 14, 1);
    uint32_t frames = memory_create_from(inner, R4_CAP_FRAME, R4_PAGE_BITS, 2);
    memory_delete(frames, 1);
    CHECK(is_empty(frames) && !is_empty(frames + 1));
    memory_give(untyped);
    CHECK(is_empty(inner) && is_empty(frames + 1) && r4_watermark(untyped) == 0);
    CHECK(slots_take(1) == inner);
    slots_give(inner, 1);
    CHECK(memory_take(UNTYPED_LOG2) == untyped); /* the same one again */
    memory_give(untyped);
}

static const struct test tests[] = {
    {"errors have names and texts", errors_have_texts, 1},
    {"the words of a proxy", proxy_words, 1},
    {"slots: taken and given back", slots_come_back, 1},
    {"an untyped comes back with its slots", untyped_comes_back, 1},
};

const struct theme theme_library = {"library", tests, R4_COUNT(tests), 1};
