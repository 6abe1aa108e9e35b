/* SPDX-License-Identifier: MIT
 *
 * The run queue, compared with a model: for each priority an array of members, in their order.
 */
#include "expect.h"
#include "pure/runqueue.h"
#include "random.h"
#include "suite.h"

enum { MEMBERS = 24, ROUNDS = 100000 };

static struct runqueue queue;
static struct runqueue_member members[MEMBERS];
static struct runqueue_member *model[RUNQUEUE_PRIORITIES][MEMBERS];
static uint32_t counts[RUNQUEUE_PRIORITIES];

static void start(void) {
    memset(&queue, 0, sizeof(queue));
    memset(members, 0, sizeof(members));
    memset(counts, 0, sizeof(counts));
}

static void model_remove(const struct runqueue_member *member) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < counts[member->priority]; i++) {
        if (model[member->priority][i] != member) {
            model[member->priority][kept++] = model[member->priority][i];
        }
    }
    counts[member->priority] = kept;
}

static void model_append(struct runqueue_member *member) {
    model[member->priority][counts[member->priority]++] = member;
}

static struct runqueue_member *model_first(void) {
    for (uint32_t priority = RUNQUEUE_PRIORITIES; priority > 0; priority--) {
        if (counts[priority - 1] != 0) {
            return model[priority - 1][0];
        }
    }
    return NULL;
}

static void expect_ring(uint32_t priority) {
    const struct runqueue_member *first = queue.first[priority];
    uint32_t count = counts[priority];
    EXPECT((first == NULL) == (count == 0));
    EXPECT((queue.words[priority / 64] >> priority % 64 & 1) == (count != 0));
    for (uint32_t i = 0; i < count; i++) {
        const struct runqueue_member *member = model[priority][i];
        EXPECT(member == (i == 0 ? first : model[priority][i - 1]->next));
        EXPECT(member->next == model[priority][(i + 1) % count]);
        EXPECT(member->prev == model[priority][(i + count - 1) % count]);
        EXPECT(runqueue_has_peer(member) == (count > 1));
    }
}

static void expect_model(void) {
    for (uint32_t priority = 0; priority < RUNQUEUE_PRIORITIES; priority++) {
        expect_ring(priority);
    }
    for (uint32_t word = 0; word < 64; word++) {
        EXPECT((queue.summary >> word & 1) == (word < R4_COUNT(queue.words) && queue.words[word] != 0));
    }
    EXPECT(runqueue_first(&queue) == model_first());
}

/* A member that is in the queue rotates or leaves. One that is not enters, mostly at one of a few crowded priorities.
 */
static void change(uint64_t *state) {
    static const uint32_t crowded[] = {0, 1, 63, 64, 127, 128, 191, 192, 254, 255};
    struct runqueue_member *member = &members[random_below(state, MEMBERS)];
    if (!runqueue_contains(member)) {
        bool crowd = random_below(state, 4) != 0;
        member->priority = crowd ? crowded[random_below(state, 10)] : (uint32_t)random_below(state, 256);
        runqueue_append(&queue, member);
        model_append(member);
    } else if (random_below(state, 2) == 0) {
        runqueue_rotate(&queue, member);
        model_remove(member);
        model_append(member);
    } else {
        runqueue_remove(&queue, member);
        model_remove(member);
        EXPECT(member->next == NULL && member->prev == NULL);
    }
}

START_TEST(test_random) {
    uint64_t state = 23;
    start();
    for (int round = 0; round < ROUNDS; round++) {
        change(&state);
        EXPECT(runqueue_first(&queue) == model_first());
        if (round % 16 == 0) {
            expect_model();
        }
    }
}
END_TEST

/* A single member at each priority in turn: it is the first, and after it has left the queue is empty. */
START_TEST(test_each_priority_alone) {
    struct runqueue_member *member = &members[0];
    start();
    ck_assert_ptr_null(runqueue_first(&queue));
    for (uint32_t priority = 0; priority < RUNQUEUE_PRIORITIES; priority++) {
        member->priority = priority;
        runqueue_append(&queue, member);
        ck_assert_ptr_eq(runqueue_first(&queue), member);
        ck_assert(runqueue_contains(member) && !runqueue_has_peer(member));
        runqueue_rotate(&queue, member);
        ck_assert_ptr_eq(runqueue_first(&queue), member);
        runqueue_remove(&queue, member);
        ck_assert(!runqueue_contains(member));
        ck_assert_ptr_null(runqueue_first(&queue));
        ck_assert_uint_eq(queue.summary | queue.words[priority / 64], 0);
    }
}
END_TEST

/* 255 runs first, then the others in falling order. */
START_TEST(test_order_of_priorities) {
    static struct runqueue_member all[RUNQUEUE_PRIORITIES];
    start();
    for (uint32_t i = 0; i < RUNQUEUE_PRIORITIES; i++) {
        uint32_t priority = i * 37 % RUNQUEUE_PRIORITIES;
        all[priority].priority = priority;
        runqueue_append(&queue, &all[priority]);
    }
    for (uint32_t priority = RUNQUEUE_PRIORITIES; priority > 0; priority--) {
        ck_assert_ptr_eq(runqueue_first(&queue), &all[priority - 1]);
        runqueue_remove(&queue, &all[priority - 1]);
    }
    ck_assert_ptr_null(runqueue_first(&queue));
}
END_TEST

START_TEST(test_round_robin) {
    start();
    for (uint32_t i = 0; i < MEMBERS; i++) {
        members[i].priority = 7;
        runqueue_append(&queue, &members[i]);
    }
    for (uint32_t turn = 0; turn < 3 * MEMBERS; turn++) {
        ck_assert_ptr_eq(runqueue_first(&queue), &members[turn % MEMBERS]);
        runqueue_rotate(&queue, &members[turn % MEMBERS]);
    }
}
END_TEST

SUITE_MAIN("runqueue", test_random, test_each_priority_alone, test_order_of_priorities, test_round_robin)
