/* SPDX-License-Identifier: MIT
 *
 * Cap pages, threads and retypes that die while an operation needs them, and while one does not: who waits for whom.
 */
#include "revoke_world.h"

/* A page that is dying, with a thousand copies of what it holds, is nobody's business but its own operation's. */
START_TEST(test_dying_elsewhere) {
    uint32_t turns[2];
    for (uint32_t dies = 0; dies < 2; dies++) {
        memset(slots, 0, sizeof(slots));
        derive(NULL, &slots[0], R4_CAP_UNTYPED);
        derive_full_page(&slots[0], &slots[1], 0);
        derive(&slots[0], &slots[2], R4_CAP_UNTYPED);
        derive(&slots[2], &slots[3], R4_CAP_UNTYPED);
        if (dies == 1) {
            struct operation *delete = start(1, OPERATION_DELETE, &slots[1]);
            revoke_begin(delete);
            while (slot_type(&pages[0][0]) != R4_CAP_DYING) {
                take_turn(delete);
            }
        }
        turns[dies] = turns_of(revoke(0, &slots[2]));
        ck_assert(is_empty(&slots[3]));
    }
    ck_assert_uint_eq(turns[0], turns[1]);
    ck_assert_int_eq(run(&threads[1].operation), OPERATION_FINISHED);
    ck_assert(is_empty(&pages[0][1]));
}
END_TEST

/* Two operations empty one dying page, each as far as it needs it. */
START_TEST(test_dying_for_two) {
    derive(NULL, &slots[0], R4_CAP_UNTYPED);
    derive_full_page(&slots[0], &slots[1], 0);
    struct operation *delete = start(1, OPERATION_DELETE, &slots[1]);
    revoke_begin(delete);
    while (!is_empty(&pages[0][20])) {
        take_turn(delete);
    }
    ck_assert(!is_empty(&pages[0][R4_SLOTS_PER_PAGE - 1]));
    ck_assert_int_eq(run(revoke(0, &slots[0])), OPERATION_FINISHED);
    ck_assert(is_empty(&pages[0][0]));
    ck_assert(!derivation_has_children(machine_direct(), &slots[0]));
    ck_assert_int_eq(take_turn(delete), OPERATION_FINISHED);
    ck_assert_uint_eq(results[1], R4_OK);
}
END_TEST

/* Each of two cap pages holds the untyped that the other one is made of. Deleting one of them ends both; so does a
 * revoke of the memory of both. */
START_TEST(test_dying_circle) {
    for (uint32_t deletes = 0; deletes < 2; deletes++) {
        memset(slots, 0, sizeof(slots));
        derive(NULL, &slots[0], R4_CAP_UNTYPED);
        struct r4_slot *first = derive_page(&slots[0], &slots[1], 0);
        struct r4_slot *second = derive_page(&slots[0], &slots[2], 1);
        derive(&slots[0], &first[7], R4_CAP_UNTYPED);
        derive(&slots[0], &second[7], R4_CAP_UNTYPED);
        derivation_remove(machine_direct(), &slots[1]); /* and again, from where they are to be */
        derivation_remove(machine_direct(), &slots[2]);
        derive(&second[7], &slots[1], R4_CAP_CAP_PAGE);
        derive(&first[7], &slots[2], R4_CAP_CAP_PAGE);
        slots[2].word[1] = 1;
        struct operation *operation = start(0, deletes == 1 ? OPERATION_DELETE : OPERATION_REVOKE, &slots[deletes]);
        revoke_begin(operation);
        ck_assert_int_eq(run(operation), OPERATION_FINISHED);
        ck_assert_uint_eq(results[0], R4_OK);
        ck_assert(is_empty(&first[0]) && is_empty(&first[7]) && is_empty(&second[0]) && is_empty(&second[7]));
        ck_assert(is_empty(&slots[1]) && is_empty(&slots[2]));
        ck_assert(!derivation_has_children(machine_direct(), &slots[0]));
    }
}
END_TEST

/* A cap page holds the untyped that is revoked: the root goes with the page, and the revoke ends. */
START_TEST(test_dying_with_the_root) {
    derive(NULL, &slots[0], R4_CAP_UNTYPED);
    struct r4_slot *page = derive_page(&slots[0], &slots[1], 0);
    derive(&slots[0], &page[5], R4_CAP_UNTYPED);
    derivation_remove(machine_direct(), &slots[1]);
    derive(&page[5], &slots[2], R4_CAP_UNTYPED);
    derive(&slots[2], &slots[1], R4_CAP_CAP_PAGE);
    struct operation *operation = revoke(0, &slots[2]);
    ck_assert_int_eq(run(operation), OPERATION_FINISHED);
    ck_assert(is_empty(&page[5]) && is_empty(&page[0]) && is_empty(&slots[2]));
    ck_assert(!derivation_has_children(machine_direct(), &slots[0]));
}
END_TEST

/* What derives from a capability in a dying page can make nothing any more, even if another revoke takes its mark: a
 * page in its memory may already be lifted out of it. */
START_TEST(test_doomed) {
    derive(NULL, &slots[0], R4_CAP_UNTYPED);
    struct r4_slot *page = derive_page(&slots[0], &slots[1], 0);
    derive(&slots[0], &page[3], R4_CAP_UNTYPED);
    derive(&page[3], &slots[2], R4_CAP_UNTYPED);
    derive_full_page(&slots[2], &slots[3], 1);
    struct operation *delete = start(1, OPERATION_DELETE, &slots[1]);
    revoke_begin(delete);
    while ((slot_flags(&slots[2]) & R4_FLAG_MARKED) == 0) {
        ck_assert(!is_empty(&slots[2]));
        take_turn(delete);
    }
    slot_flags_clear(&slots[2], R4_FLAG_MARKED);
    ck_assert(slot_lacks(&slots[2], r4_slot_rights_put(R4_CONTROL)));
    ck_assert_int_eq(run(delete), OPERATION_FINISHED);
    ck_assert(is_empty(&slots[2]) && is_empty(&slots[3]) && is_empty(&pages[1][0]));
}
END_TEST

/* A thread dies in the middle of a revoke. Who needs its memory helps that to its end; nobody else waits for it. */
START_TEST(test_dying_thread) {
    derive(NULL, &slots[0], R4_CAP_UNTYPED);
    derive_thread(&slots[0], &slots[1], 1);
    derive(NULL, &slots[2], R4_CAP_UNTYPED);
    derive(&slots[2], &slots[3], R4_CAP_UNTYPED);
    derive(NULL, &slots[4], R4_CAP_UNTYPED);
    for (uint32_t i = 5; i < 100; i++) {
        derive(&slots[4], &slots[i], R4_CAP_UNTYPED);
    }
    struct operation *begun = revoke(1, &slots[4]);
    ck_assert_int_eq(take_turn(begun), OPERATION_PAUSED);
    struct operation *needs = revoke(0, &slots[0]);
    while (!is_empty(&slots[1])) {
        ck_assert_int_eq(take_turn(needs), OPERATION_PAUSED);
    }
    ck_assert(begun->abandoned);
    ck_assert_uint_le(turns_of(revoke(2, &slots[2])), 4);
    ck_assert(derivation_has_children(machine_direct(), &slots[4]));
    ck_assert_int_eq(run(needs), OPERATION_FINISHED);
    ck_assert_int_eq(begun->kind, OPERATION_NONE);
    ck_assert(is_empty(&threads[1].pd_slot));
    ck_assert(!derivation_has_children(machine_direct(), &slots[4]));
    ck_assert(!derivation_has_children(machine_direct(), &slots[0]));
}
END_TEST

/* A thread revokes the memory that it is made of. */
START_TEST(test_dying_by_itself) {
    derive(NULL, &slots[0], R4_CAP_UNTYPED);
    derive(&slots[0], &slots[1], R4_CAP_UNTYPED);
    derive_thread(&slots[0], &slots[2], 0);
    struct operation *operation = revoke(0, &slots[0]);
    ck_assert_int_eq(run(operation), OPERATION_FINISHED);
    ck_assert_uint_eq(results[0], UINT64_MAX);
    ck_assert(is_empty(&slots[1]) && is_empty(&slots[2]) && is_empty(&threads[0].pd_slot));
    ck_assert(!derivation_has_children(machine_direct(), &slots[0]));
    ck_assert_uint_eq(slot_flags(&slots[0]), 0);
    ck_assert_ptr_null(cluster.operations);
}
END_TEST

/* A thread dies in the middle of a retype: what is not made goes at once, whoever stands there. */
START_TEST(test_retype_taken_back) {
    derive(NULL, &slots[0], R4_CAP_UNTYPED);
    derive(&slots[0], &slots[1], R4_CAP_FRAME);
    derivation_create_more(machine_direct(), &slots[1], 59);
    for (uint32_t i = 10; i <= 60; i++) {
        slot_flags_set(&slots[i], R4_FLAG_CREATING);
    }
    struct operation *create = start(1, OPERATION_CREATE, NULL);
    create->run.position = &slots[10];
    create->last = &slots[60];
    operation_put(create);
    struct operation *other = revoke(0, &slots[0]);
    while (other->run.position < &slots[30]) {
        take_turn(other);
    }
    ck_assert(!operation_abandon(&own_core, create));
    ck_assert_int_eq(create->kind, OPERATION_NONE);
    ck_assert(is_empty(&slots[10]) && is_empty(&slots[60]));
    ck_assert_ptr_eq(other->run.position, &slots[0]);
    ck_assert(!derivation_has_children(machine_direct(), &slots[0]));
    ck_assert_int_eq(run(other), OPERATION_FINISHED);
    ck_assert(!derivation_has_children(machine_direct(), &slots[0]));
}
END_TEST

SUITE_MAIN("kernel dying", test_dying_elsewhere, test_dying_for_two, test_dying_circle, test_dying_with_the_root,
           test_doomed, test_dying_thread, test_dying_by_itself, test_retype_taken_back)
