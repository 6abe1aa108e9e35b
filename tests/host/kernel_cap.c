/* SPDX-License-Identifier: MIT
 *
 * When a revoke or a delete is done within the call itself, and when it needs an operation.
 */
#include "call/handlers.h"
#include "cluster/cluster.h"
#include "kernel.h"
#include "object/frame.h"
#include "peer/lend.h"
#include "peer/mailbox.h"
#include "pure/derivation.h"
#include "revoke/finalise.h"
#include "revoke/revoke.h"
#include "sched/operation.h"
#include "sched/shootdown.h"

static _Alignas(R4_PAGE_SIZE) struct r4_slot slots[R4_SLOTS_PER_PAGE];
#define TARGET 2U /* a cap address: slot of page 0 of the caller's window, which is `slots` */

static uint64_t table[PAGING_ENTRIES];
static struct pd pd;
static struct thread caller = {.pd = &pd};
static struct operation other; /* of another thread, under way */
static uint32_t started, begun, flushed, records_moved;
static bool at_once; /* what derives from the slot is few */

/* --- fakes --- */

bool revoke_at_once(struct r4_slot *root) {
    ck_assert(derivation_has_children(machine_direct(), root));
    return at_once;
}
void revoke_begin(struct operation *operation) { begun += operation == &caller.operation; }
struct r4_slot *finalise(struct r4_slot *slot) {
    ck_abort_msg("slot of type %d has nothing to finalise", slot_type(slot));
}
void operation_follow(const struct r4_slot *slot) { ck_abort_msg("nobody is at %p", (const void *)slot); }
void operation_follow_to(const struct r4_slot *from, struct r4_slot *to) {
    ck_abort_msg("nobody is at %p, moved to %p", (const void *)from, (void *)to);
}
struct operation *stand_find_root(const struct r4_slot *root) {
    ck_assert_uint_ne(slot_flags(root) & R4_FLAG_ROOT, 0);
    return &other;
}
void operation_wait_in(struct operation *operation, struct operation **list) {
    ck_assert_ptr_eq(list, &other.joined);
    *list = operation;
}
void lend_record_moved(struct r4_slot *from, struct r4_slot *to) {
    ck_assert(from == &slots[1] && to == &slots[TARGET]);
    records_moved++;
}
static uint32_t raised; /* to which priority: what has been sent for the other operation */
void lend_raise(const struct operation *operation, uint32_t priority) {
    ck_assert_ptr_eq(operation, &other);
    raised = priority;
}
bool frame_is_proxy_page(const struct r4_slot *slot) { ck_abort_msg("%p is asked for", (const void *)slot); }
void frame_unmap(const struct r4_slot *slot) { ck_abort_msg("%p is not mapped", (const void *)slot); }
void shootdown_noted(struct core *asker) {
    ck_assert_ptr_eq(asker, &own_core);
    cluster.noted_cores = 0;
    flushed++;
}

struct operation *operation_start(struct core *asker, struct thread *thread, enum operation_kind kind,
                                  struct r4_slot *root) {
    ck_assert_ptr_eq(asker, &own_core);
    thread->operation = (struct operation){.kind = kind, .thread = thread, .run = {OPERATION_MARKING, root, root}};
    started++;
    return &thread->operation;
}

/* --- the cases --- */

static struct r4_slot *start(enum r4_cap_type type, uint64_t badge) {
    memset(slots, 0, sizeof(slots));
    slot_fill(&slots[1],
              &(struct slot_content){.type = type, .rights = R4_ALL_RIGHTS, .size_log2 = 21, .badge = badge});
    cluster.noted_cores = 1;
    started = begun = flushed = 0;
    return &slots[1];
}

static struct outcome invoke(struct outcome (*handler)(struct invocation *), struct r4_slot *slot) {
    struct invocation invocation = {&own_core, &caller, slot, NULL, {0}, 0};
    return handler(&invocation);
}

static void expect_done(struct outcome outcome, uint32_t flushes) {
    ck_assert_int_eq(outcome.error, R4_OK);
    ck_assert_uint_eq(outcome.later + started + begun, 0);
    ck_assert_uint_eq(flushed, flushes);
}

static void expect_operation(struct outcome outcome, enum operation_kind kind, const struct r4_slot *root) {
    ck_assert_uint_eq(outcome.later, 1);
    ck_assert_uint_eq(started, 1);
    ck_assert_int_eq(caller.operation.kind, kind);
    ck_assert_ptr_eq(caller.operation.run.root, root);
    ck_assert_uint_eq(begun, kind != OPERATION_JOIN);
}

START_TEST(test_revoke_of_nothing) {
    struct r4_slot *slot = start(R4_CAP_UNTYPED, 4096);
    expect_done(invoke(sys_cap_revoke, slot), 1);
    ck_assert_uint_eq(slot_watermark(slot), 0);
    slot = start(R4_CAP_NOTIFICATION, 77);
    expect_done(invoke(sys_cap_revoke, slot), 1);
    ck_assert_uint_eq(slot_badge(slot), 77);
}
END_TEST

START_TEST(test_revoke_of_children) {
    struct r4_slot *slot = start(R4_CAP_UNTYPED, 4096);
    derivation_create(machine_direct(), slot, &slots[2],
                      &(struct slot_content){.type = R4_CAP_NOTIFICATION, .depth = 1});
    expect_operation(invoke(sys_cap_revoke, slot), OPERATION_REVOKE, slot);
    ck_assert_uint_eq(slot_watermark(slot), 4096);
    at_once = true;
    slot = start(R4_CAP_UNTYPED, 4096);
    derivation_create(machine_direct(), slot, &slots[2],
                      &(struct slot_content){.type = R4_CAP_NOTIFICATION, .depth = 1});
    expect_done(invoke(sys_cap_revoke, slot), 1);
    ck_assert_uint_eq(slot_watermark(slot), 0);
    slot = start(R4_CAP_REMOTE_REF, 0);
    expect_operation(invoke(sys_cap_revoke, slot), OPERATION_REVOKE, slot);
}
END_TEST

START_TEST(test_revoke_is_joined) {
    struct r4_slot *slot = start(R4_CAP_UNTYPED, 4096);
    slot_flags_set(slot, R4_FLAG_ROOT);
    other = (struct operation){.kind = OPERATION_REVOKE};
    caller.queue.priority = 77;
    expect_operation(invoke(sys_cap_revoke, slot), OPERATION_JOIN, NULL);
    ck_assert_ptr_eq(other.joined, &caller.operation);
    ck_assert_uint_eq(raised, 77);
    slot = start(R4_CAP_UNTYPED, 0);
    slot_flags_set(slot, R4_FLAG_CREATING);
    ck_assert_int_eq(invoke(sys_cap_revoke, slot).error, R4_ERR_BUSY);
}
END_TEST

START_TEST(test_delete) {
    struct r4_slot *slot = start(R4_CAP_NOTIFICATION, 0);
    expect_done(invoke(sys_cap_delete, slot), 1);
    ck_assert_int_eq(slot_type(slot), R4_CAP_EMPTY);
    slot = start(R4_CAP_CAP_PAGE, 0);
    expect_operation(invoke(sys_cap_delete, slot), OPERATION_DELETE, slot);
    slot = start(R4_CAP_UNTYPED, 0);
    derivation_create(machine_direct(), slot, &slots[2],
                      &(struct slot_content){.type = R4_CAP_NOTIFICATION, .depth = 1});
    expect_operation(invoke(sys_cap_delete, slot), OPERATION_DELETE, slot);
    slot = start(R4_CAP_UNTYPED, 0);
    slot_flags_set(slot, R4_FLAG_RECEIVED);
    ck_assert_int_eq(invoke(sys_cap_delete, slot).error, R4_ERR_LOANED);
    ck_assert_uint_eq(started, 0);
}
END_TEST

static enum r4_error move(enum r4_cap_type type, uint64_t target_version) {
    struct invocation invocation = {&own_core, &caller, start(type, 0), NULL, {TARGET}, 0};
    slots[TARGET].word[0] = r4_slot_version_put(target_version);
    return (enum r4_error)sys_cap_move(&invocation).error;
}

/* A receive slot is filled once more, with what is received: a slot that can be filled only once does not do. */
START_TEST(test_move_to_a_slot_almost_retired) {
    table[0] = paging_leaf((uintptr_t)slots, R4_READ, false, PAGING_KIND_CAPS);
    pd.window.tables[0] = table;
    ck_assert_int_eq(move(R4_CAP_NOTIFICATION, R4_VERSION_MAX - 1), R4_OK);
    ck_assert_int_eq(move(R4_CAP_RECEIVE_SLOT, R4_VERSION_MAX - 2), R4_OK);
    ck_assert_uint_eq(records_moved, 1);
    ck_assert_int_eq(move(R4_CAP_RECEIVE_SLOT, R4_VERSION_MAX - 1), R4_ERR_RETIRED);
    ck_assert_uint_eq(records_moved, 1);
    ck_assert_int_eq(slot_type(&slots[1]), R4_CAP_RECEIVE_SLOT);
    ck_assert_int_eq(slot_type(&slots[TARGET]), R4_CAP_EMPTY);
    ck_assert_int_eq(move(R4_CAP_NOTIFICATION, R4_VERSION_MAX), R4_ERR_RETIRED);
}
END_TEST

SUITE_MAIN("capabilities", test_move_to_a_slot_almost_retired, test_revoke_of_nothing, test_revoke_of_children,
           test_revoke_is_joined, test_delete)
