/* SPDX-License-Identifier: MIT
 *
 * Move, delete, revoke, inspect.
 */
#include "lib/cap.h"
#include "lib/asid_pool.h"
#include "lib/cap_page.h"
#include "lib/frame.h"
#include "lib/page_table.h"
#include "lib/print.h"
#include "lib/space.h"
#include "lib/untyped.h"
#include "lib/window.h"
#include "suite/proxies.h"
#include "suite/themes.h"

/* A notification with two copies, the first of which has two copies, the second one. */
struct tree {
    uint32_t root, left, right, left_1, left_2, right_1;
};

static struct tree tree_make(void) {
    struct tree tree = {.root = make(R4_CAP_NOTIFICATION)};
    tree.left = copy_of(tree.root);
    tree.right = copy_of(tree.root);
    tree.left_1 = copy_of(tree.left);
    tree.left_2 = copy_of(tree.left);
    tree.right_1 = copy_of(tree.right);
    return tree;
}

static bool has_children(uint32_t slot) { return r4_inspect_has_children_get(r4_cap_inspect(r4_own(slot)).value) != 0; }

static void move_refusals(void) {
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    REFUSED(R4_ERR_OCCUPIED, r4_cap_move(r4_own(slot), slot));
    REFUSED(R4_ERR_OCCUPIED, r4_cap_move(r4_own(slot), make(R4_CAP_FRAME)));
    REFUSED(R4_ERR_ADDRESS, r4_cap_move(r4_own(slot), 0));
    REFUSED(R4_ERR_ADDRESS, r4_cap_move(r4_own(slot), proxy_index(0)));
    REFUSED(R4_ERR_EMPTY, r4_cap_move(r4_own(empty_slot()), empty_slot()));
}

static void move_keeps_the_place(void) {
    struct tree tree = tree_make();
    uint32_t to = empty_slot();
    uint32_t version = r4_version(to);
    uint32_t ttl = r4_ttl(tree.left);
    uint32_t depth = r4_depth(tree.left);
    ALLOWED(r4_cap_move(r4_own(tree.left), to));
    CHECK(is_empty(tree.left) && r4_ttl(to) == ttl && r4_depth(to) == depth && r4_version(to) == version + 1);
    CHECK(has_children(to));
    ALLOWED(r4_cap_revoke(r4_own(to)).error);
    CHECK(is_empty(tree.left_1) && is_empty(tree.left_2) && !is_empty(tree.right_1));
    ALLOWED(r4_cap_revoke(r4_own(tree.root)).error);
    CHECK(is_empty(to) && is_empty(tree.right) && is_empty(tree.right_1) && !is_empty(tree.root));
}

static void move_untyped(void) {
    uint32_t untyped = make(R4_CAP_UNTYPED);
    uint32_t to = empty_slot();
    uint32_t object = empty_slot();
    struct r4_objects objects = {R4_CAP_NOTIFICATION, 0, 1, 0, object};
    ALLOWED(r4_untyped_retype(r4_own(untyped), objects));
    ALLOWED(r4_cap_move(r4_own(untyped), to));
    CHECK(r4_watermark(to) == 1U << R4_NOTIFICATION_LOG2 && has_children(to));
    REFUSED(R4_ERR_EMPTY, r4_untyped_retype(r4_own(untyped), objects));
    ALLOWED(r4_cap_revoke(r4_own(to)).error);
    CHECK(is_empty(object) && r4_watermark(to) == 0);
}

static void move_takes_the_mapping_along(void) {
    uint32_t frame = make(R4_CAP_FRAME);
    uint32_t to = empty_slot();
    space_map(frame, PLACE, R4_READ | R4_WRITE);
    *(volatile uint64_t *)PLACE = 7;
    ALLOWED(r4_cap_move(r4_own(frame), to));
    CHECK(*(volatile uint64_t *)PLACE == 7 && r4_mapped_at(to) == PLACE);
    ALLOWED(r4_frame_unmap(r4_own(to)));
    space_map(to, PLACE + R4_PAGE_SIZE, R4_READ);
    CHECK(*(volatile uint64_t *)(PLACE + R4_PAGE_SIZE) == 7);
}

static void move_table_and_cap_page(void) {
    uint32_t table = make(R4_CAP_PAGE_TABLE);
    uint32_t page = make(R4_CAP_CAP_PAGE);
    uint32_t to = empty_slots(2);
    uint64_t far = 1ULL << 40; /* no table there yet */
    ALLOWED(r4_table_map(r4_own(table), r4_own(r4_info()->slot_pd), far, 3));
    ALLOWED(r4_cap_page_map(r4_own(page), r4_own(r4_info()->slot_pd), PROXIES_PAGE + 1));
    ALLOWED(r4_cap_move(r4_own(table), to));
    ALLOWED(r4_cap_move(r4_own(page), to + 1));
    ALLOWED(r4_table_unmap(r4_own(to)));
    ALLOWED(r4_cap_page_unmap(r4_own(to + 1)));
}

static void delete_refusals(void) {
    REFUSED(R4_ERR_EMPTY, r4_cap_delete(r4_own(empty_slot())));
    REFUSED(R4_ERR_ADDRESS, r4_cap_delete(r4_own(0)));
    REFUSED(R4_ERR_PROXY, r4_cap_delete(put_for(0, make(R4_CAP_NOTIFICATION))));
}

static void delete_takes_descendants(void) {
    struct tree tree = tree_make();
    ALLOWED(r4_cap_delete(r4_own(tree.left)));
    CHECK(is_empty(tree.left) && is_empty(tree.left_1) && is_empty(tree.left_2));
    CHECK(!is_empty(tree.root) && !is_empty(tree.right) && !is_empty(tree.right_1));
    CHECK(has_children(tree.root) && has_children(tree.right));
    ALLOWED(r4_cap_inspect(r4_own(tree.right_1)).error);
}

static void delete_original(void) {
    struct tree tree = tree_make();
    ALLOWED(r4_cap_delete(r4_own(tree.root)));
    CHECK(is_empty(tree.root) && is_empty(tree.left) && is_empty(tree.right) && is_empty(tree.left_1) &&
          is_empty(tree.left_2) && is_empty(tree.right_1));
}

static void delete_leaf(void) {
    struct tree tree = tree_make();
    ALLOWED(r4_cap_delete(r4_own(tree.left_1)));
    CHECK(is_empty(tree.left_1) && !is_empty(tree.left_2) && has_children(tree.left));
    ALLOWED(r4_cap_delete(r4_own(tree.left_2)));
    CHECK(!has_children(tree.left) && has_children(tree.root));
}

static void delete_unmaps(void) {
    uint32_t frame = make(R4_CAP_FRAME);
    uint32_t copy = copy_of(frame);
    space_map(frame, PLACE, R4_READ | R4_WRITE);
    space_map(copy, PLACE + R4_PAGE_SIZE, R4_READ | R4_WRITE);
    ALLOWED(r4_cap_delete(r4_own(frame)));
    CHECK(is_empty(copy));
    space_map(make(R4_CAP_FRAME), PLACE, R4_READ); /* both places are free again */
    space_map(make(R4_CAP_FRAME), PLACE + R4_PAGE_SIZE, R4_READ);
}

static void delete_untyped(void) {
    uint32_t untyped = make(R4_CAP_UNTYPED);
    uint32_t objects = empty_slots(3);
    ALLOWED(r4_untyped_retype(r4_own(untyped), (struct r4_objects){R4_CAP_UNTYPED, 13, 2, 0, objects}));
    ALLOWED(r4_untyped_retype(r4_own(objects), (struct r4_objects){R4_CAP_FRAME, 12, 1, 0, objects + 2}));
    space_map(objects + 2, PLACE, R4_READ);
    ALLOWED(r4_cap_delete(r4_own(untyped)));
    CHECK(is_empty(untyped) && is_empty(objects) && is_empty(objects + 1) && is_empty(objects + 2));
}

static void delete_gives_no_memory_back(void) {
    uint32_t untyped = make(R4_CAP_UNTYPED);
    uint32_t object = empty_slot();
    struct r4_objects objects = {R4_CAP_FRAME, R4_PAGE_BITS, 1, 0, object};
    ALLOWED(r4_untyped_retype(r4_own(untyped), objects));
    ALLOWED(r4_cap_delete(r4_own(object)));
    REFUSED(R4_ERR_WATERMARK, r4_untyped_retype(r4_own(untyped), objects));
    ALLOWED(r4_cap_revoke(r4_own(untyped)).error);
    ALLOWED(r4_untyped_retype(r4_own(untyped), objects));
}

static void revoke_takes_descendants(void) {
    struct tree tree = tree_make();
    REFUSED(R4_ERR_EMPTY, r4_cap_revoke(r4_own(empty_slot())).error);
    ALLOWED(r4_cap_revoke(r4_own(tree.left)).error);
    CHECK(!is_empty(tree.left) && is_empty(tree.left_1) && is_empty(tree.left_2));
    CHECK(!is_empty(tree.root) && !is_empty(tree.right) && !is_empty(tree.right_1));
    CHECK(r4_flags(tree.left) == 0); /* not busy any more */
    CHECK(!is_empty(copy_of(tree.left)));
}

static void revoke_nothing(void) {
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    struct r4_result result = r4_cap_revoke(r4_own(slot));
    ALLOWED(result.error);
    CHECK(result.value == 0 && !is_empty(slot));
}

static void revoke_many(void) {
    const uint32_t count = 120;
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    uint32_t copies = empty_slots(count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t source = i % 8 == 0 ? slot : copies + i - 1; /* runs of eight, each a copy of the one before */
        ALLOWED(r4_cap_copy(r4_own(source), copies + i, R4_ALL_RIGHTS, r4_ttl(source) - 1));
    }
    ALLOWED(r4_cap_revoke(r4_own(slot)).error);
    for (uint32_t i = 0; i < count; i++) {
        CHECK(is_empty(copies + i));
    }
    CHECK(!has_children(slot));
}

static void revoke_sets_the_watermark_back(void) {
    uint32_t untyped = make(R4_CAP_UNTYPED);
    ALLOWED(r4_untyped_retype(r4_own(untyped), (struct r4_objects){R4_CAP_UNTYPED, 15, 2, 0, empty_slots(2)}));
    CHECK(r4_watermark(untyped) == 1U << UNTYPED_LOG2);
    ALLOWED(r4_cap_revoke(r4_own(untyped)).error);
    CHECK(r4_watermark(untyped) == 0);
    ALLOWED(r4_untyped_retype(r4_own(untyped), (struct r4_objects){R4_CAP_UNTYPED, 16, 1, 0, empty_slot()}));
}

static void inspect_tells(void) {
    uint32_t frame = create_sized(R4_CAP_FRAME, R4_LARGE_BITS);
    uint32_t copy = copy_with(frame, R4_READ | R4_DEFER);
    uint64_t value = r4_cap_inspect(r4_own(frame)).value;
    CHECK(r4_inspect_size_log2_get(value) == R4_LARGE_BITS && r4_inspect_type_get(value) == R4_CAP_FRAME);
    CHECK(r4_inspect_rights_get(value) == R4_ALL_RIGHTS && r4_inspect_has_children_get(value) == 1);
    value = r4_cap_inspect(r4_own(copy)).value;
    CHECK(r4_inspect_rights_get(value) == (R4_READ | R4_DEFER) && r4_inspect_has_children_get(value) == 0);
    value = r4_cap_inspect(r4_asid_pool(0)).value;
    CHECK(r4_inspect_type_get(value) == R4_CAP_ASID_POOL);
}

static const struct test tests[] = {
    {"move: refused destinations", move_refusals, 1},
    {"move: the place in the derivation stays", move_keeps_the_place, 1},
    {"move: untyped memory with its watermark and objects", move_untyped, 1},
    {"move: a frame's mapping comes along", move_takes_the_mapping_along, 1},
    {"move: a page table and a cap page in use", move_table_and_cap_page, 1},
    {"delete: refusals", delete_refusals, 1},
    {"delete: an intermediate one takes its descendants and nothing else", delete_takes_descendants, 1},
    {"delete: the original takes all", delete_original, 1},
    {"delete: a leaf takes nothing", delete_leaf, 1},
    {"delete: a frame is unmapped, its copies too", delete_unmaps, 1},
    {"delete: untyped memory goes with all that was made of it", delete_untyped, 1},
    {"delete: the memory comes back with the revoke of its untyped", delete_gives_no_memory_back, 1},
    {"revoke: descendants go, the capability and its siblings stay", revoke_takes_descendants, 1},
    {"revoke: nothing to revoke", revoke_nothing, 1},
    {"revoke: many, deep", revoke_many, 1},
    {"revoke: untyped memory is as good as new", revoke_sets_the_watermark_back, 1},
    {"inspect: size, rights, type, children", inspect_tells, 1},
};

const struct theme theme_cap = {"cap", tests, R4_COUNT(tests), 1};
