/* SPDX-License-Identifier: MIT
 *
 * A receive slot is posted: in which slots. No program can fill a slot as often as that takes.
 */
#include "call/handlers.h"
#include "kernel.h"
#include "object/thread.h"
#include "peer/lend.h"
#include "peer/receive_slot.h"

#define PEER   2U
#define TARGET 2U /* a cap address: slot of page 0 of the caller's window, which is `slots` */

static _Alignas(R4_PAGE_SIZE) struct r4_slot slots[R4_SLOTS_PER_PAGE];
static uint64_t table[PAGING_ENTRIES];
static struct pd pd;
static struct thread caller = {.pd = &pd};
static struct peer peer;
static uint32_t posted;

/* --- fakes --- */

uint32_t receive_slot_free(const struct peer *which) { return which == &peer ? 0 : PEER_RECEIVE_SLOTS; }
void receive_slot_post(struct peer *which, uint32_t place, struct r4_slot *cap, struct r4_slot *slot) {
    ck_assert(which == &peer && place == 0 && cap == &slots[1] && slot == &slots[TARGET]);
    posted++;
}
void lend_handoff(struct core *core, struct thread *by, struct peer *to, struct loan_out *loan, struct r4_slot *slot) {
    (void)loan;
    ck_abort_msg("core %u: %p hands %p to %p", core->index, (void *)by, (void *)slot, (void *)to);
}
struct resolved invocation_cap_through(const struct invocation *invocation, uint64_t cap, enum r4_cap_type type,
                                       uint64_t rights, uint64_t via_proxy) {
    (void)invocation;
    ck_abort_msg("%lx of type %d is asked for, rights %lx and %lx", cap, type, rights, via_proxy);
}
enum r4_error invocation_refusal(const struct r4_slot *cap, enum r4_cap_type type) {
    ck_abort_msg("%p is no capability of type %d", (const void *)cap, type);
}

/* --- the case --- */

static enum r4_error post(uint64_t target_version) {
    struct invocation invocation = {&own_core, &caller, &slots[1], NULL, {TARGET}, 0};
    slots[TARGET].word[0] = r4_slot_version_put(target_version);
    return (enum r4_error)sys_peer_post(&invocation).error;
}

/* The slot is filled twice: as a receive slot, then with what is received. */
START_TEST(test_post_in_a_slot_almost_retired) {
    table[0] = paging_leaf((uintptr_t)slots, R4_READ, false, PAGING_KIND_CAPS);
    pd.window.tables[0] = table;
    slot_fill(&slots[1], &(struct slot_content){.type = R4_CAP_PEER, .rights = R4_ALL_RIGHTS, .badge = PEER});
    cluster.peers[PEER] = &peer;
    ck_assert_int_eq(post(R4_VERSION_MAX - 2), R4_OK);
    ck_assert_uint_eq(posted, 1);
    ck_assert_int_eq(post(R4_VERSION_MAX - 1), R4_ERR_RETIRED);
    ck_assert_int_eq(post(R4_VERSION_MAX), R4_ERR_RETIRED);
    ck_assert_uint_eq(posted, 1);
}
END_TEST

SUITE_MAIN("peers", test_post_in_a_slot_almost_retired)
