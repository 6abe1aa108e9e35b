/* SPDX-License-Identifier: MIT
 *
 * Link capabilities: who holds one may choose to send to that peer.
 */
#include "../remote.h"
#include "core/derivation.h"
#include "handlers.h"

static struct link *link_of(const struct r4_slot *slot) { return cluster.links[slot->word[1]]; }

struct outcome link_post_call(struct invocation *invocation) {
    struct r4_slot *target;
    enum r4_error error = invocation_destination(invocation, invocation->argument[0], &target);
    if (error == R4_OK && slot_version(target) + 1 == R4_VERSION_MAX) {
        error = R4_ERR_RETIRED; /* it would be filled twice: as Landing, then with what lands */
    }
    if (error == R4_OK && slot_depth(invocation->slot) == R4_DEPTH_MAX) {
        error = R4_ERR_DEPTH;
    }
    uint32_t landing = remote_landing_free(link_of(invocation->slot));
    if (error == R4_OK && landing == LINK_LANDINGS) {
        error = R4_ERR_FULL;
    }
    if (error != R4_OK) {
        return outcome_now(error);
    }
    /* commit */
    if (!invocation_commit(invocation)) {
        return outcome_now(R4_ERR_CHANGED);
    }
    remote_post(link_of(invocation->slot), landing, invocation->slot, target);
    return outcome_now(R4_OK);
}

static enum r4_error link_check(const struct link *link) {
    return link->state == LINK_UP ? R4_OK : link->state == LINK_DEAD ? R4_ERR_CLUSTER_DOWN : R4_ERR_LINK;
}

struct outcome link_handoff_remote(struct invocation *invocation) {
    struct link *link = link_of(invocation->slot);
    if (invocation_is_once(invocation)) { /* the peer may refuse later */
        return outcome_now(R4_ERR_ONCE);
    }
    if (invocation->chain != NULL && invocation->chain->hops > R4_HANDOFF_HOPS) {
        return outcome_now(R4_ERR_TTL);
    }
    struct resolved memory =
        invocation_cap(invocation, invocation->argument[0], R4_CAP_UNTYPED, R4_CONTROL, RIGHT_OF_NOBODY);
    enum r4_error error = memory.error == R4_OK ? link_check(link) : memory.error;
    if (error != R4_OK) {
        return outcome_now(error);
    }
    if (slot_size_log2(memory.slot) < R4_LARGE_BITS || slot_size_log2(memory.slot) > R4_HANDOFF_MAX_LOG2) {
        return outcome_now(R4_ERR_ARGUMENT);
    }
    if (slot_ttl(memory.slot) == 0) {
        return outcome_now(R4_ERR_TTL);
    }
    if (memory.slot->word[1] != 0 || derivation_has_children(machine_direct(), memory.slot)) {
        return outcome_now(R4_ERR_CHILDREN);
    }
    struct loan_out *loan = loan_find_free(link->lent);
    if (loan == NULL) {
        return outcome_now(R4_ERR_FULL);
    }
    /* commit */
    remote_handoff_remote(invocation->core, invocation->caller, link, loan, memory.slot);
    return outcome_later();
}
