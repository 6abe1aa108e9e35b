/* SPDX-License-Identifier: MIT
 *
 * Cap addresses: what they can name, and what is refused whatever the operation.
 */
#include "lib/asid_pool.h"
#include "lib/cap.h"
#include "lib/window.h"
#include "suite/themes.h"

#define NO_PAGE 250U /* of the window: nothing is mapped there */
#define LAST    r4_cap_index_max()

static enum r4_error call(r4_cap_t cap, uint64_t operation) {
    return r4_syscall(cap, (enum r4_operation)operation, 0, 0, 0, 0).error;
}

static void empty_is_refused(void) {
    uint32_t slot = empty_slot();
    for (uint32_t operation = 0; operation < R4_OP_COUNT; operation++) {
        REFUSED(R4_ERR_EMPTY, call(r4_own(slot), operation));
    }
}

static void unknown_operation_is_refused(void) {
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    REFUSED(R4_ERR_OPERATION, call(r4_own(slot), R4_OP_COUNT));
    REFUSED(R4_ERR_OPERATION, call(r4_own(slot), 1ULL << 31));
    REFUSED(R4_ERR_OPERATION, r4_syscall(r4_own(slot), (enum r4_operation) - 1, 0, 0, 0, 0).error);
    ALLOWED(call(r4_own(slot), R4_OP_CAP_INSPECT));
}

/* Each operation that needs one type, on a capability of another type. */
static void other_type_is_refused(void) {
    uint32_t slot = make(R4_CAP_NOTIFICATION); /* has no operations of its own yet */
    for (uint32_t operation = R4_OP_UNTYPED_RETYPE; operation < R4_OP_COUNT; operation++) {
        REFUSED(R4_ERR_TYPE, call(r4_own(slot), operation));
    }
    REFUSED(R4_ERR_TYPE, call(r4_own(make(R4_CAP_FRAME)), R4_OP_UNTYPED_RETYPE));
}

static void absent_page_is_refused(void) {
    REFUSED(R4_ERR_ADDRESS, call(r4_own(NO_PAGE * R4_SLOTS_PER_PAGE + 1), R4_OP_CAP_INSPECT));
    REFUSED(R4_ERR_ADDRESS, call(r4_own((uint32_t)LAST), R4_OP_CAP_INSPECT)); /* no page table there */
    REFUSED(R4_ERR_ADDRESS, call(r4_own((uint32_t)LAST / 2 + 2), R4_OP_CAP_INSPECT));
}

static void header_is_no_capability(void) {
    REFUSED(R4_ERR_ADDRESS, call(r4_own(0), R4_OP_CAP_INSPECT));
    REFUSED(R4_ERR_ADDRESS, call(r4_own(R4_SLOTS_PER_PAGE), R4_OP_CAP_DELETE));
    REFUSED(r4_info()->cluster == 0 ? R4_ERR_ADDRESS : R4_ERR_FOREIGN_CLUSTER, call(0, R4_OP_CAP_INSPECT));
}

static void other_cluster_is_refused(void) {
    r4_cap_t own = r4_own(make(R4_CAP_NOTIFICATION));
    for (uint32_t cluster = 0; cluster <= r4_cap_cluster_max(); cluster++) {
        r4_cap_t cap = r4_cap_cluster_set(own, cluster);
        if (cluster != r4_info()->cluster) {
            REFUSED(R4_ERR_FOREIGN_CLUSTER, call(cap, R4_OP_CAP_INSPECT));
        }
    }
    ALLOWED(call(own, R4_OP_CAP_INSPECT));
}

static void unknown_name_is_refused(void) {
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    uint32_t own = r4_info()->name;
    uint32_t generation = r4_name_generation_get(own);
    REFUSED(R4_ERR_ASID, call(r4_in(r4_name_asid_set(own, r4_name_asid_max()), slot), R4_OP_CAP_INSPECT));
    REFUSED(R4_ERR_ASID,
            call(r4_in(r4_name_asid_set(own, 1000), slot), R4_OP_CAP_INSPECT)); /* the name of no address space */
    REFUSED(R4_ERR_ASID, call(r4_in(r4_name_generation_set(own, generation + 1), slot), R4_OP_CAP_INSPECT));
    REFUSED(R4_ERR_ASID, call(r4_in(r4_name_generation_set(own, 0), slot), R4_OP_CAP_INSPECT));
    REFUSED(R4_ERR_ASID, call(r4_in(r4_name_asid_set(own, 0), slot), R4_OP_CAP_INSPECT));
}

static void own_name_is_own_window(void) {
    uint32_t slot = make(R4_CAP_NOTIFICATION);
    uint32_t copy = empty_slot();
    REFUSED(R4_ERR_EMPTY, call(r4_in(r4_info()->name, copy), R4_OP_CAP_INSPECT));
    ALLOWED(r4_cap_copy(r4_in(r4_info()->name, slot), copy, R4_ALL_RIGHTS, 0));
    CHECK(r4_type(copy) == R4_CAP_NOTIFICATION);
    ALLOWED(r4_cap_delete(r4_in(r4_info()->name, copy)));
    CHECK(is_empty(copy));
}

static void program_reads_its_slots(void) {
    uint32_t slot = make(R4_CAP_FRAME);
    CHECK(r4_type(slot) == R4_CAP_FRAME && r4_size_log2(slot) == R4_PAGE_BITS);
    CHECK(r4_rights(slot) == R4_ALL_RIGHTS && r4_ttl(slot) == R4_TTL_MAX);
    CHECK(r4_depth(slot) == r4_depth(test_arena()) + 1 && r4_mapped_in(slot) == 0);
    CHECK(r4_type(0) == R4_CAP_HEADER);
    CHECK(r4_badge(r4_info()->slot_pd) == r4_info()->name);
}

static const struct test tests[] = {
    {"an empty slot is refused, whatever the operation", empty_is_refused, 1},
    {"an unknown operation is refused", unknown_operation_is_refused, 1},
    {"an operation of another type is refused", other_type_is_refused, 1},
    {"a window page that is not there is refused", absent_page_is_refused, 1},
    {"a page's header is no capability, nor is the null word", header_is_no_capability, 1},
    {"another cluster's number is refused", other_cluster_is_refused, 1},
    {"an address space that is not there is refused", unknown_name_is_refused, 1},
    {"a program's own name means its own window", own_name_is_own_window, 1},
    {"a program reads its slots by plain loads", program_reads_its_slots, 1},
};

const struct theme theme_address = {"address", tests, R4_COUNT(tests), 1};
