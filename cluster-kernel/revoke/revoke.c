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
#include "revoke/dying.h"
#include "revoke/finalise.h"
#include "sched/operation.h"
#include "sched/shootdown.h"
#include "sched/stand.h"
#include <r4/contract.h>

/* MORE: the next of REVOKE_STEPS may follow. LOOK: check for something more urgent first. WAIT: a loan has to come back
 * first. HELD_UP: an abandoned operation has to end first. END: nothing is left to do. */
enum step { STEP_MORE, STEP_LOOK, STEP_WAIT, STEP_HELD_UP, STEP_END };

/* Flags a slot of the run (MARKED), or the root (ROOT); asks for what it lends. */
static inline enum step mark(const struct operation *operation, struct r4_slot *slot, uint64_t flag) {
    slot_flags_set(slot, flag);
    if (slot_type(slot) != R4_CAP_REMOTE_REF) {
        return STEP_MORE;
    }
    lend_revoke(slot, operation->queue.priority);
    return STEP_LOOK;
}

void revoke_begin(struct operation *operation) {
    KERNEL_CHECK(operation->run.root != NULL);
    cluster_check_locked();
    bool any = derivation_has_children(machine_direct(), operation->run.root);
    operation->run.phase = any ? OPERATION_MARKING : OPERATION_REMOVING;
    mark(operation, operation->run.root, R4_FLAG_ROOT);
}

/* Removes leaves that follow `position` in a run, as long as nobody stands there, they need no more than the unmapping
 * of a frame, and their depth is above `depth`. Their slots are emptied one after the other, and the slots that remain
 * on both sides are joined once. Returns the number of steps, at most `most` + 1: a mapping counts as one more. The
 * slots of a retype that is not finished go from both ends only, so not here. */
static inline uint32_t remove_ahead(struct r4_slot *position, uint64_t depth, uint32_t most) {
    uintptr_t direct = machine_direct();
    uint64_t first = slot_next_ref(position);
    uint64_t at = first;
    uint32_t steps = 0;
    while (at != 0 && steps < most) {
        struct r4_slot *slot = slot_at_ref(direct, at);
        uint64_t own_depth = slot_depth(slot);
        uint64_t next = slot_next_ref(slot);
        if (own_depth <= depth || (slot_flags(slot) & (R4_FLAG_STANDS | R4_FLAG_CREATING)) != 0 ||
            (next != 0 && slot_depth(slot_at_ref(direct, next)) > own_depth)) {
            break;
        }
        if (slot_type(slot) == R4_CAP_FRAME && slot_has_mapping(slot)) {
            frame_unmap(slot);
            steps++;
        } else if (!finalise_is_trivial(slot)) {
            break;
        }
        slot_clear(slot);
        at = next;
        steps++;
    }
    if (at != first) {
        derivation_join_over(direct, position, at, slot_ref_to(direct, position));
    }
    return steps;
}

bool revoke_at_once(struct r4_slot *root) {
    cluster_check_locked();
    remove_ahead(root, slot_depth(root), REVOKE_AT_ONCE);
    return !derivation_has_children(machine_direct(), root);
}

/* Goes REVOKE_STEPS slots forward in the run: removes plain leaves, marks what has to go later. What derives from a
 * slot in a dying page goes in any case, and what it holds may be lifted out of it before (lift()). So it loses its
 * rights as well: another revoke, which could not take it, may clear the mark, and nothing may use its memory again. */
static enum step mark_steps(const struct operation *operation, struct run *run) {
    struct r4_slot *position = run->position;
    uint64_t depth = slot_depth(run->root);
    enum step step = STEP_MORE;
    for (uint32_t i = 0; i < REVOKE_STEPS && step == STEP_MORE; i++) {
        uint32_t removed = remove_ahead(position, depth, REVOKE_STEPS - i);
        if (removed != 0) {
            i += removed - 1;
            continue;
        }
        struct r4_slot *next = slot_next(machine_direct(), position);
        if (next == NULL || slot_depth(next) <= depth) {
            run->phase = OPERATION_REMOVING;
            break;
        }
        position = next;
        step = mark(operation, position, R4_FLAG_MARKED);
        if (run == &operation->page_run) {
            slot_rights_clear(position);
        }
    }
    run->position = position;
    return STEP_LOOK;
}

/* Its own run is gone. */
static void begin_settling(struct operation *operation) {
    operation->run.phase = OPERATION_SETTLING;
    operation->run.position = NULL;
}

/* The slot, an ancestor of memory that does not come back, or that memory, stays. If the root is marked, an outer
 * revoke covers all of the run: its marks are not ours to take. */
static enum step keep(struct run *run, struct r4_slot *slot) {
    if ((slot_flags(run->root) & R4_FLAG_MARKED) == 0) {
        slot_flags_clear(slot, R4_FLAG_MARKED);
    }
    run->position = slot_prev(machine_direct(), slot);
    return STEP_MORE;
}

/* The position of the operation's own run is at a RemoteRef. */
static enum step remote_ref_step(struct operation *operation, struct r4_slot *slot) {
    enum r4_error failure = lend_failure(slot);
    if (!operation->abandoned && failure == R4_OK) {
        lend_revoke(slot, operation->queue.priority); /* does nothing, unless it was lent after the marking */
        return STEP_WAIT;
    }
    operation->error = failure == R4_OK ? R4_ERR_REVOKED : failure;
    if (slot == operation->run.root) {
        begin_settling(operation);
        return STEP_MORE;
    }
    return keep(&operation->run, slot);
}

/* The position of the operation's own run is at the slot of an object that has ended. */
static enum step dying_step(struct operation *operation, struct r4_slot *slot) {
    if (slot_is_dying_page(slot)) {
        operation->page = slot;
        operation->page_run = (struct run){OPERATION_MARKING, NULL, NULL};
        return STEP_LOOK;
    }
    if (slot == operation->run.root) { /* nothing derives from it */
        begin_settling(operation);
        return STEP_MORE;
    }
    if (!operation->abandoned) {
        return STEP_HELD_UP;
    }
    /* Its own thread's, or another's: two abandoned operations may hold up each other. The memory stays in use until
     * the operation in it has ended, so its ancestors stay. */
    operation->error = R4_ERR_REVOKED;
    return keep(&operation->run, slot);
}

/* The position of the run of a slot in a dying page is at a slot that cannot go yet. All of the run after it is gone,
 * and all before it will be: its memory belongs to the next ancestor of the run's root. */
static enum step lift(struct operation *operation, struct r4_slot *slot) {
    uint64_t depth = slot_depth(operation->page_run.root);
    operation->page_run.position = slot_prev(machine_direct(), slot);
    if (slot_type(slot) == R4_CAP_REMOTE_REF) {
        lend_park(slot, depth); /* its memory comes back by itself */
    } else {
        slot_depth_set(slot, depth);
        if (slot_is_dying_page(slot)) {
            dying_keep(operation, slot);
        }
    }
    return STEP_LOOK;
}

/* Something derives from a slot whose run has been removed: another revoke, which could not take the slot, has cleared
 * its mark, and it was used again. Marks and removes its run once more. */
static enum step mark_again(struct run *run, struct r4_slot *slot, uint64_t flag) {
    run->phase = OPERATION_MARKING;
    run->position = slot;
    slot_flags_set(slot, flag);
    return STEP_MORE;
}

/* Nothing derives from the slot: it goes. The position before it is looked up last, since the end of an object may
 * remove other slots. */
static enum step remove_leaf(struct run *run, struct r4_slot *slot) {
    bool trivial = finalise_is_trivial(slot);
    struct r4_slot *dying = trivial ? NULL : finalise(slot);
    if (dying != NULL) {
        run->position = dying;
        return STEP_LOOK;
    }
    run->position = slot_prev(machine_direct(), slot);
    operation_slot_unlink(slot);
    return trivial ? STEP_MORE : STEP_LOOK;
}

/* The common case: consecutive leaves at which nobody stands and that need no more than the unmapping of a frame. Their
 * slots are emptied going backward, and the slots that remain on both sides are joined once. All descendants after the
 * position have already been removed, so a slot whose next slot was the one just emptied has no children. Returns the
 * number of steps: a mapping counts as one more. */
static uint32_t remove_plain(struct run *run) {
    uintptr_t direct = machine_direct();
    struct r4_slot *slot = run->position;
    if (slot == run->root) {
        return 0;
    }
    uint64_t after = slot_next_ref(slot);
    /* A slot with children has a next slot, so it never matches 0. */
    uint64_t expected = derivation_has_children(direct, slot) ? 0 : after;
    uint64_t own = slot_ref_to(direct, slot);
    uint32_t steps = 0;
    while (steps < REVOKE_STEPS && slot != run->root && slot_next_ref(slot) == expected &&
           (slot_flags(slot) & R4_FLAG_STANDS) == 0) {
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
        run->position = slot;
        derivation_join_over(direct, slot, after, own);
    }
    return steps;
}

/* --- the operation's own run --- */

/* What died with its own run and was not in that run has to be emptied. */
static enum step settle(struct operation *operation) {
    if (operation->died != NULL) {
        operation->page = operation->died;
        operation->page_run = (struct run){OPERATION_MARKING, NULL, NULL};
        return STEP_MORE;
    }
    struct r4_slot *root = operation->run.root;
    if (root != NULL && operation->error == R4_OK && slot_type(root) != R4_CAP_DYING &&
        derivation_has_children(machine_direct(), root)) {
        return mark_again(&operation->run, root, R4_FLAG_ROOT);
    }
    return STEP_END;
}

static enum step root_step(struct operation *operation) {
    struct r4_slot *root = operation->run.root;
    begin_settling(operation);
    if (operation->kind != OPERATION_DELETE || operation->error != R4_OK) {
        return settle(operation);
    }
    struct r4_slot *dying = finalise_and_remove(root);
    if (dying != NULL && slot_is_dying_page(dying)) { /* now the root */
        operation->run = (struct run){OPERATION_REMOVING, dying, dying};
    }
    return STEP_LOOK;
}

static enum step remove_step(struct operation *operation) {
    struct run *run = &operation->run;
    struct r4_slot *slot = run->position;
    if (slot_type(slot) == R4_CAP_REMOTE_REF) {
        return remote_ref_step(operation, slot);
    }
    if (slot_type(slot) == R4_CAP_DYING) {
        return dying_step(operation, slot);
    }
    bool has_children = derivation_has_children(machine_direct(), slot);
    if (has_children && operation->error == R4_OK) {
        return mark_again(run, slot, slot == run->root ? R4_FLAG_ROOT : R4_FLAG_MARKED);
    }
    if (slot == run->root) {
        return root_step(operation);
    }
    return has_children ? keep(run, slot) : remove_leaf(run, slot);
}

/* Removes up to REVOKE_STEPS plain slots, or half as many one by one, or one slot that needs more. */
static enum step remove_steps(struct operation *operation) {
    struct run *run = &operation->run;
    enum step step = STEP_MORE;
    for (uint32_t i = 0; i < REVOKE_STEPS && step == STEP_MORE && run->phase == OPERATION_REMOVING; i += 2) {
        uint32_t plain = operation->error == R4_OK ? remove_plain(run) : 0;
        if (plain != 0) {
            i += plain;
        } else {
            step = remove_step(operation);
        }
    }
    return step;
}

/* --- a dying page --- */

/* Nothing is left in the page. */
static enum step page_end(struct operation *operation) {
    struct r4_slot *page = operation->page;
    operation->page = NULL;
    if (operation->run.position == page) {
        operation->run.position = slot_prev(machine_direct(), page);
    }
    if (operation->run.root == page) {
        begin_settling(operation);
    }
    dying_remove(page);
    return STEP_LOOK;
}

/* The common case, one slot after the other: it is empty, or a leaf at which nobody stands and that needs no more than
 * the unmapping of a frame. Up to REVOKE_STEPS slots, or twice as many empty ones; false: there was none. */
static bool page_remove_plain(struct r4_slot *page) {
    uint64_t first = slot_dying_cursor(page);
    uint64_t cursor = first;
    for (uint32_t steps = 0; cursor < R4_SLOTS_PER_PAGE && steps < 2 * REVOKE_STEPS; cursor++, steps++) {
        struct r4_slot *slot = &page[cursor];
        if (slot_type(slot) == R4_CAP_EMPTY) {
            continue;
        }
        if ((slot_flags(slot) & (R4_FLAG_STANDS | R4_FLAG_RECEIVED)) != 0 ||
            derivation_has_children(machine_direct(), slot)) {
            break;
        }
        if (slot_type(slot) == R4_CAP_FRAME && slot_has_mapping(slot)) {
            frame_unmap(slot);
            steps += 2;
        } else if (!finalise_is_trivial(slot)) {
            break;
        }
        derivation_remove(machine_direct(), slot);
        steps++;
    }
    slot_dying_cursor_set(page, cursor);
    return cursor != first;
}

/* Removes the next slots of the page, or begins with the run of one. */
static enum step page_next(struct operation *operation) {
    if (page_remove_plain(operation->page)) {
        return STEP_LOOK;
    }
    uint64_t cursor = slot_dying_cursor(operation->page);
    if (cursor == R4_SLOTS_PER_PAGE) {
        return page_end(operation);
    }
    struct r4_slot *slot = &operation->page[cursor];
    if (slot_type(slot) == R4_CAP_REMOTE_REF || (slot_flags(slot) & R4_FLAG_RECEIVED) != 0) {
        lend_park(slot, slot_depth(slot));
        return STEP_LOOK;
    }
    if (derivation_has_children(machine_direct(), slot)) {
        operation->page_run = (struct run){OPERATION_MARKING, slot, slot};
        return STEP_MORE;
    }
    struct r4_slot *dying = finalise_and_remove(slot);
    if (dying != NULL && slot_is_dying_page(dying)) {
        dying_keep(operation, dying);
    }
    return STEP_LOOK;
}

static enum step page_remove_step(struct operation *operation) {
    struct run *run = &operation->page_run;
    struct r4_slot *slot = run->position;
    if (derivation_has_children(machine_direct(), slot)) {
        return mark_again(run, slot, R4_FLAG_MARKED);
    }
    if (slot == run->root) { /* page_next() takes it, unless another operation has: then this is what it left */
        *run = (struct run){OPERATION_MARKING, NULL, NULL};
        return STEP_MORE;
    }
    if (slot_type(slot) == R4_CAP_REMOTE_REF || slot_type(slot) == R4_CAP_DYING) {
        return lift(operation, slot);
    }
    return remove_leaf(run, slot);
}

static enum step page_steps(struct operation *operation) {
    struct run *run = &operation->page_run;
    enum step step = STEP_MORE;
    for (uint32_t i = 0; i < REVOKE_STEPS && step == STEP_MORE && operation->page != NULL; i += 2) {
        if (run->root == NULL) {
            step = page_next(operation);
        } else if (run->phase == OPERATION_MARKING) {
            step = mark_steps(operation, run);
        } else {
            uint32_t plain = remove_plain(run);
            step = plain != 0 ? STEP_MORE : page_remove_step(operation);
            i += plain;
        }
    }
    return step;
}

/* --- all of it --- */

static enum step revoke_step(struct operation *operation) {
    struct run *run = &operation->run;
    if (operation->page != NULL) {
        return page_steps(operation);
    }
    if (run->root == NULL && run->phase < OPERATION_SETTLING) {
        begin_settling(operation);
    }
    switch (run->phase) {
    case OPERATION_MARKING:
        return mark_steps(operation, run);
    case OPERATION_REMOVING:
        return remove_steps(operation);
    case OPERATION_SETTLING:
        return settle(operation);
    default:
        return STEP_END;
    }
}

struct operation *revoke_blocker(const struct operation *operation) {
    return &thread_dying(operation->run.position)->operation;
}

/* An operation that has lost its thread ends early. If its root still exists, the most urgent of those that joined it
 * begins the revoke again. */
static void hand_over(struct operation *operation, struct r4_slot *root) {
    struct operation *heir = operation->abandoned ? operation_inherit(operation) : NULL;
    if (heir != NULL) {
        heir->error = R4_OK;
        operation_root_set(heir, root);
        revoke_begin(heir);
    }
}

/* The revoke ends: its root, if it still exists, can be used again; an untyped is empty. Those that joined it are told
 * by the operation itself. If its record is needed for the next loan or its thread is gone, it ends at once, and the
 * most urgent of them tells the others. */
static void revoke_end(struct core *core, struct operation *operation) {
    struct r4_slot *root = operation->run.root;
    shootdown_flush(core);
    if (root != NULL) {
        hand_over(operation, root);
        operation_root_set(operation, NULL);
        if (stand_find_root(root) == NULL) {
            slot_flags_clear(root, R4_FLAG_ROOT); /* an outer revoke keeps its mark */
        }
        if (slot_type(root) == R4_CAP_UNTYPED && operation->error == R4_OK && !operation->abandoned) {
            slot_watermark_set(root, 0);
        }
    }
    operation->run.phase = OPERATION_TELLING;
    if (operation->kind == OPERATION_SWEEP || operation->abandoned) {
        operation_inherit(operation);
    }
}

/* Flush before yielding or blocking: another core may take the lock and reuse what was unmapped (a table at another
 * level, a frame as a proxy page). While the lock is free, no core has a translation that no capability maps. */
enum operation_progress revoke_run(struct core *core, struct operation *operation) {
    KERNEL_CHECK(operation->kind == OPERATION_REVOKE || operation->kind == OPERATION_DELETE ||
                 operation->kind == OPERATION_SWEEP);
    cluster_check_locked();
    trace(TRACE_REVOKE, (uintptr_t)operation->run.position, (uint64_t)operation->kind << 32 | operation->run.phase);
    enum step step;
    do {
        step = operation->run.phase == OPERATION_TELLING ? STEP_END : revoke_step(operation);
        if (step == STEP_END) {
            if (operation->run.phase != OPERATION_TELLING) {
                revoke_end(core, operation);
            }
            if (operation_tell(operation)) {
                return OPERATION_FINISHED;
            }
        }
        if (step == STEP_WAIT) {
            shootdown_flush(core);
            lend_wait(operation, operation->run.position);
            return OPERATION_WAITING;
        }
    } while (step != STEP_HELD_UP && !cluster_should_yield(core));
    shootdown_flush(core);
    return step == STEP_HELD_UP ? OPERATION_HELD_UP : OPERATION_PAUSED;
}
