/* SPDX-License-Identifier: MIT
 *
 * Peer capabilities: post a receive slot, hand memory off.
 */
#include "call/handlers.h"
#include "peer/lend.h"
#include "peer/receive_slot.h"
#include "pure/derivation.h"

static struct peer *peer_of(const struct r4_slot *slot) { return cluster.peers[slot_peer(slot)]; }

struct outcome sys_peer_post(struct invocation *invocation) {
    struct r4_slot *target;
    enum r4_error error = invocation_destination(invocation, invocation->argument[0], &target);
    if (error == R4_OK && slot_version(target) + 1 == R4_VERSION_MAX) {
        error = R4_ERR_RETIRED; /* it would be filled twice: as a receive slot, then with what is received */
    }
    if (error == R4_OK && slot_depth(invocation->slot) == R4_DEPTH_MAX) {
        error = R4_ERR_DEPTH;
    }
    uint32_t place = receive_slot_free(peer_of(invocation->slot));
    if (error == R4_OK && place == PEER_RECEIVE_SLOTS) {
        error = R4_ERR_FULL;
    }
    if (error != R4_OK) {
        return outcome_now(error);
    }
    /* commit */
    if (!invocation_commit(invocation)) {
        return outcome_now(R4_ERR_CHANGED);
    }
    receive_slot_post(peer_of(invocation->slot), place, invocation->slot, target);
    return outcome_now(R4_OK);
}

static enum r4_error peer_check(const struct peer *peer) {
    return peer->state == PEER_UP ? R4_OK : peer->state == PEER_DEAD ? R4_ERR_CLUSTER_DOWN : R4_ERR_NOT_CONNECTED;
}

struct outcome sys_peer_handoff(struct invocation *invocation) {
    struct peer *peer = peer_of(invocation->slot);
    if (invocation_is_once(invocation)) { /* the peer may refuse later */
        return outcome_now(R4_ERR_ONCE);
    }
    if (invocation->chain != NULL && invocation->chain->hops > R4_HANDOFF_HOPS) {
        return outcome_now(R4_ERR_TTL);
    }
    struct resolved memory =
        invocation_cap(invocation, invocation->argument[0], R4_CAP_UNTYPED, R4_CONTROL, RIGHT_NONE_HAS);
    if (memory.error != R4_OK) {
        return outcome_now(memory.error);
    }
    if (slot_size_log2(memory.slot) < R4_LARGE_BITS || slot_size_log2(memory.slot) > R4_HANDOFF_MAX_LOG2) {
        return outcome_now(R4_ERR_ARGUMENT);
    }
    if (slot_ttl(memory.slot) == 0) {
        return outcome_now(R4_ERR_TTL);
    }
    if (slot_watermark(memory.slot) != 0 || derivation_has_children(machine_direct(), memory.slot)) {
        return outcome_now(R4_ERR_CHILDREN);
    }
    enum r4_error error = peer_check(peer);
    if (error != R4_OK) {
        return outcome_now(error);
    }
    struct loan_out *loan = loan_take(peer->lent, &peer->lent_taken);
    if (loan == NULL) {
        return outcome_now(R4_ERR_FULL);
    }
    /* commit */
    lend_handoff(invocation->core, invocation->caller, peer, loan, memory.slot);
    return outcome_later();
}
