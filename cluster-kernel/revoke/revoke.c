/* SPDX-License-Identifier: MIT
 *
 * The revoke engine; revoke.h describes its phases. All functions run under the cluster lock. A position or root is
 * only valid until the lock is given back: whoever unlinks or moves the slot there updates it (sched/operation.h).
 */
#include "revoke/revoke.h"
#include "cluster/cluster.h"
#include "object/frame.h"
#include "peer/lend.h"
#include "pure/derivation.h"
#include "revoke/finalise.h"
#include "sched/operation.h"
#include "sched/shootdown.h"
#include <r4/contract.h>

/* MORE: the next of REVOKE_STEPS may follow. LOOK: check for something more urgent first. WAIT: a loan has to come back
 * first. END: nothing is left to do. */
enum step { STEP_MORE, STEP_LOOK, STEP_WAIT, STEP_END };

/* Flags a slot of the run (MARKED), or the root (ROOT); asks for what it lends. */
static inline enum step mark(const struct operation *operation, struct r4_slot *slot, uint64_t flag) {
    slot_flags_set(slot, flag);
    if (slot_type(slot) != R4_CAP_REMOTE_REF) {
        return STEP_MORE;
    }
    lend_revoke(slot, operation->priority);
    return STEP_LOOK;
}

void revoke_begin(struct operation *operation) {
    KERNEL_CHECK(operation->root != NULL);
    cluster_check_locked();
    operation->phase = OPERATION_MARKING;
    mark(operation, operation->root, R4_FLAG_ROOT);
}

/* Marks the next REVOKE_STEPS slots of the run. */
static enum step mark_steps(struct operation *operation) {
    if (operation->root == NULL) {
        operation->phase = OPERATION_SETTLING;
        return STEP_MORE;
    }
    struct r4_slot *position = operation->position;
    uint64_t depth = slot_depth(operation->root);
    enum step step = STEP_MORE;
    for (uint32_t i = 0; i < REVOKE_STEPS && step == STEP_MORE; i++) {
        struct r4_slot *next = slot_next(machine_direct(), position);
        if (next == NULL || slot_depth(next) <= depth) {
            operation->phase = OPERATION_REMOVING;
            break;
        }
        position = next;
        step = mark(operation, position, R4_FLAG_MARKED);
    }
    operation->position = position;
    return STEP_LOOK;
}

/* The position is at a RemoteRef. */
static enum step remote_ref_step(struct operation *operation, struct r4_slot *slot) {
    if (operation->kind == OPERATION_DRAIN) { /* it moves into its loan record, and its memory comes back by itself */
        operation->position = slot_prev(machine_direct(), slot);
        /* All slots between the two will be removed; then they are siblings. */
        lend_park(slot, slot_depth(operation->root));
        return STEP_LOOK;
    }
    enum r4_error failure = lend_failure(slot);
    if (!operation->abandoned && failure == R4_OK) {
        lend_revoke(slot, operation->priority); /* does nothing, unless it was lent after the marking */
        return STEP_WAIT;
    }
    operation->error = failure == R4_OK ? R4_ERR_REVOKED : failure;
    if (slot == operation->root) {
        operation->phase = OPERATION_SETTLING;
    } else {
        slot_flags_clear(slot, R4_FLAG_MARKED);
        operation->position = slot_prev(machine_direct(), slot);
    }
    return STEP_MORE;
}

/* Something derives from a slot whose run has been removed: another revoke, which could not take the slot, has cleared
 * its mark, and it was used again. Marks and removes its run once more. */
static enum step mark_again(struct operation *operation, struct r4_slot *slot) {
    operation->phase = OPERATION_MARKING;
    operation->position = slot;
    slot_flags_set(slot, slot == operation->root ? R4_FLAG_ROOT : R4_FLAG_MARKED);
    return STEP_MORE;
}

static enum step root_step(struct operation *operation) {
    bool takes_root = operation->kind == OPERATION_DELETE || operation->kind == OPERATION_DRAIN;
    if (takes_root && operation->error == R4_OK) {
        finalise_and_remove(operation->root);
    }
    operation->phase = OPERATION_SETTLING;
    return STEP_MORE;
}

/* True if many operations are under way: each removed slot is compared with the positions of all of them. */
static bool are_many(void) {
    const struct operation *operation = cluster.operations;
    for (uint32_t i = 0; i < REVOKE_FEW && operation != NULL; i++) {
        operation = operation->next;
    }
    return operation != NULL;
}

static enum step remove_step(struct operation *operation) {
    struct r4_slot *slot = operation->position;
    if (operation->root == NULL) {
        operation->phase = OPERATION_SETTLING;
        return STEP_MORE;
    }
    if (slot_type(slot) == R4_CAP_REMOTE_REF) {
        return remote_ref_step(operation, slot);
    }
    bool has_children = derivation_has_children(machine_direct(), slot);
    if (has_children && operation->error == R4_OK) {
        return mark_again(operation, slot);
    }
    if (slot == operation->root) {
        return root_step(operation);
    }
    if (has_children) {
        slot_flags_clear(slot, R4_FLAG_MARKED); /* an ancestor of memory that a dead peer holds: it stays */
        operation->position = slot_prev(machine_direct(), slot);
        return STEP_MORE;
    }
    enum step step = finalise_is_trivial(slot) && !are_many() ? STEP_MORE : STEP_LOOK;
    operation->position = slot_prev(machine_direct(), slot);
    finalise_and_remove(slot);
    return step;
}

/* The common case: consecutive leaves that need no more than the unmapping of a frame, while no other operation is
 * under way. Their slots are emptied going backward, and the slots that remain on both sides are joined once. All
 * descendants after the position have already been removed, so a slot whose next slot was the one just emptied has no
 * children. Returns the number of steps: a mapping counts as one more. */
static uint32_t remove_plain(struct operation *operation) {
    bool alone = cluster.operations == operation && operation->next == NULL;
    if (!alone || operation->error != R4_OK || operation->root == NULL || operation->root == operation->position) {
        return 0;
    }
    uintptr_t direct = machine_direct();
    struct r4_slot *slot = operation->position;
    uint64_t after = slot_next_ref(slot);
    /* A slot with children has a next slot, so it never matches 0. */
    uint64_t expected = derivation_has_children(direct, slot) ? 0 : after;
    uint64_t own = slot_ref_to(direct, slot);
    uint32_t steps = 0;
    while (steps < REVOKE_STEPS && slot != operation->root && slot_next_ref(slot) == expected) {
        if (slot_type(slot) == R4_CAP_FRAME && slot_has_mapping(slot)) {
            frame_unmap(slot);
            steps++;
        } else if (!finalise_is_trivial(slot)) {
            break;
        }
        expected = own;
        own = slot_prev_ref(slot);
        slot_clear(slot);
        slot = slot_at_ref(direct, own);
        steps++;
    }
    if (steps != 0) {
        operation->position = slot;
        derivation_join_over(direct, slot, after, own);
    }
    return steps;
}

/* Removes up to REVOKE_STEPS plain slots, or half as many one by one, or one slot that needs more. */
static enum step remove_steps(struct operation *operation) {
    enum step step = STEP_MORE;
    for (uint32_t i = 0; i < REVOKE_STEPS && step == STEP_MORE && operation->phase == OPERATION_REMOVING; i += 2) {
        uint32_t plain = remove_plain(operation);
        if (plain != 0) {
            i += plain;
        } else {
            step = remove_step(operation);
        }
    }
    return step;
}

/* Begins with the next slot of the first dying page. Phase SETTLING means that the drain works on no slot now. */
static void drain_next(void) {
    struct operation *drain = &cluster.drain;
    struct r4_slot *header = cluster.dying;
    if (header == NULL) {
        operation_finish(drain, R4_OK, 0);
        return;
    }
    for (uint32_t i = 1; i < R4_SLOTS_PER_PAGE; i++) {
        struct r4_slot *slot = &header[i];
        if (slot_type(slot) == R4_CAP_EMPTY) {
            continue;
        }
        if (slot_type(slot) == R4_CAP_REMOTE_REF || (slot_flags(slot) & R4_FLAG_RECEIVED) != 0) {
            lend_park(slot, slot_depth(slot));
            return;
        }
        drain->root = slot;
        drain->position = slot;
        revoke_begin(drain);
        return;
    }
    cluster.dying = slot_dying_next(machine_direct(), header);
    slot_clear(header);
}

static void drain_step(void) {
    struct operation *drain = &cluster.drain;
    if (drain->phase == OPERATION_MARKING) {
        mark_steps(drain);
    } else if (drain->phase == OPERATION_REMOVING) {
        remove_steps(drain);
    } else {
        drain_next();
    }
}

static enum step revoke_step(struct operation *operation) {
    switch (operation->phase) {
    case OPERATION_MARKING:
        return mark_steps(operation);
    case OPERATION_REMOVING:
        return remove_steps(operation);
    default:
        break;
    }
    if (cluster.drain.kind != OPERATION_NONE) {
        drain_step();
        return STEP_MORE;
    }
    struct r4_slot *root = operation->root;
    if (root != NULL && operation->error == R4_OK && derivation_has_children(machine_direct(), root)) {
        return mark_again(operation, root);
    }
    return STEP_END;
}

/* An operation whose thread is gone ends early, without waiting for all that died. If its root still exists, the most
 * urgent operation that joined it continues the revoke. */
static void hand_over(const struct operation *operation) {
    struct operation *heir = operation->abandoned && operation->root != NULL ? operation_heir(operation) : NULL;
    if (heir != NULL) {
        operation_inherit(heir, operation);
        revoke_begin(heir);
    }
}

/* The revoke ends: its root, if it still exists, can be used again; an untyped is empty. */
static void revoke_end(struct core *core, const struct operation *operation) {
    struct r4_slot *root = operation->root;
    shootdown_flush(core);
    if (root != NULL) {
        if (!operation_shares_root(operation)) {
            slot_flags_clear(root, R4_FLAG_ROOT); /* an outer revoke keeps its mark */
        }
        if (slot_type(root) == R4_CAP_UNTYPED && operation->error == R4_OK && !operation->abandoned) {
            slot_watermark_set(root, 0);
        }
    }
    hand_over(operation);
}

/* Flush before yielding or blocking: another core may take the lock and reuse what was unmapped (a table at another
 * level, a frame as a proxy page). While the lock is free, no core has a translation that no capability maps. */
enum operation_progress revoke_run(struct core *core, struct operation *operation) {
    KERNEL_CHECK(operation->kind == OPERATION_REVOKE || operation->kind == OPERATION_DELETE ||
                 operation->kind == OPERATION_SWEEP);
    cluster_check_locked();
    trace(TRACE_REVOKE, (uintptr_t)operation->position, (uint64_t)operation->kind << 32 | operation->phase);
    for (;;) {
        enum step step = revoke_step(operation);
        if (step == STEP_WAIT) {
            shootdown_flush(core);
            operation_wait(operation);
            return OPERATION_WAITING;
        }
        if (step == STEP_END) {
            if (!operation->abandoned && operation_abandoned() != NULL) {
                return OPERATION_HELD_UP;
            }
            revoke_end(core, operation);
            return OPERATION_FINISHED;
        }
        if (cluster_should_yield(core)) {
            shootdown_flush(core);
            return OPERATION_PAUSED;
        }
    }
}

enum operation_progress revoke_drain_run(struct core *core) {
    cluster_check_locked();
    while (cluster.drain.kind != OPERATION_NONE) {
        drain_step();
        if (cluster_should_yield(core)) {
            shootdown_flush(core);
            return OPERATION_PAUSED;
        }
    }
    shootdown_flush(core);
    return OPERATION_FINISHED;
}
