/* SPDX-License-Identifier: MIT
 *
 * Operations on capabilities of any type: copy, link, move, delete, revoke, inspect.
 */
#include "call/handlers.h"
#include "object/frame.h"
#include "peer/lend.h"
#include "pure/compiler.h"
#include "pure/derivation.h"
#include "revoke/finalise.h"
#include "revoke/revoke.h"
#include "sched/operation.h"
#include "sched/shootdown.h"
#include "sched/stand.h"

/* Types with exactly one capability per object, because the words of the slot hold the state of the object. Such a
 * capability cannot be copied, but it can be moved. */
static bool is_unique(enum r4_cap_type type) {
    return type == R4_CAP_UNTYPED || type == R4_CAP_REMOTE_REF || type == R4_CAP_RECEIVE_SLOT ||
           type == R4_CAP_CAP_PAGE || type == R4_CAP_PAGE_TABLE;
}

/* R4_OK if the capability may be copied. */
static inline enum r4_error copy_check(const struct r4_slot *source) {
    if (unlikely(is_unique(slot_type(source)))) {
        return R4_ERR_TYPE;
    }
    if (unlikely(slot_depth(source) == R4_DEPTH_MAX)) {
        return R4_ERR_DEPTH;
    }
    bool mapped = slot_type(source) == R4_CAP_FRAME && slot_has_mapping(source);
    return mapped && frame_is_proxy_page(source) ? R4_ERR_PROXY_PAGE : R4_OK;
}

/* The badge of a copy: that of its source, if the source has one; only notifications take `badge` from the user. */
static inline uint64_t copy_badge(const struct r4_slot *source, uint64_t badge) {
    return slot_type(source) == R4_CAP_NOTIFICATION && slot_badge(source) == 0 ? badge : slot_badge(source);
}

struct outcome sys_cap_copy(struct invocation *invocation) {
    const struct r4_slot *source = invocation->slot;
    uint64_t rights = r4_copy_rights_get(invocation->argument[1]);
    uint64_t ttl = r4_copy_ttl_get(invocation->argument[1]);
    bool mint = r4_copy_mint_get(invocation->argument[1]) != 0;
    uint64_t badge = slot_badge(source);
    struct r4_slot *target;
    enum r4_error error = invocation_destination(invocation, invocation->argument[0], &target);
    if (error == R4_OK) {
        error = copy_check(source);
    }
    if (unlikely(error != R4_OK)) {
        return outcome_now(error);
    }
    if (unlikely(ttl >= slot_ttl(source))) {
        return outcome_now(R4_ERR_TTL);
    }
    if (unlikely(((slot_rights(source) ^ rights) & rights) != 0)) {
        return outcome_now(R4_ERR_RIGHTS);
    }
    if (mint) { /* only a notification takes a badge, and only once */
        if (unlikely(badge != 0 || invocation->argument[2] == 0 || slot_type(source) != R4_CAP_NOTIFICATION)) {
            return outcome_now(R4_ERR_BADGE);
        }
        badge = invocation->argument[2];
    }
    /* commit */
    derivation_copy(machine_direct(), invocation->slot, target, rights, ttl, badge);
    return outcome_now(R4_OK);
}

struct outcome sys_cap_link(struct invocation *invocation) {
    const struct chain *chain = invocation->chain;
    struct r4_slot *source = invocation->slot;
    struct r4_slot *target;
    if (chain == NULL) {
        return outcome_now(R4_ERR_NO_PROXY);
    }
    if (invocation_is_once(invocation)) {
        return outcome_now(R4_ERR_ONCE);
    }
    enum r4_error error = invocation_destination(invocation, invocation->argument[0], &target);
    if (error == R4_OK) {
        error = copy_check(source);
    }
    if (error == R4_OK && chain_ttl(chain) == 0) {
        error = R4_ERR_TTL;
    }
    if (error != R4_OK) {
        return outcome_now(error);
    }
    /* commit */
    derivation_copy(machine_direct(), source, target, chain_rights(chain), chain_ttl(chain),
                    copy_badge(source, chain->badge));
    return outcome_now(R4_OK);
}

struct outcome sys_cap_move(struct invocation *invocation) {
    struct r4_slot *source = invocation->slot;
    struct r4_slot *target;
    enum r4_error error = invocation_destination(invocation, invocation->argument[0], &target);
    if (error != R4_OK) {
        return outcome_now(error);
    }
    if (slot_type(source) == R4_CAP_RECEIVE_SLOT && slot_version(target) + 1 == R4_VERSION_MAX) {
        return outcome_now(R4_ERR_RETIRED); /* it will be filled once more, with what is received */
    }
    /* commit */
    derivation_move(machine_direct(), source, target);
    operation_slot_moved(source, target);
    lend_slot_moved(source, target);
    return outcome_now(R4_OK);
}

/* A delete that has more to do than to empty the slot, out of line so that the usual one needs few registers. */
static noinline struct outcome delete_start(const struct invocation *invocation) {
    struct r4_slot *slot = invocation->slot;
    if (!derivation_has_children(machine_direct(), slot) && !finalise_needs_operation(slot)) {
        finalise_and_remove(slot);
        shootdown_flush(invocation->core);
        return outcome_now(R4_OK);
    }
    revoke_begin(operation_start(invocation->core, invocation->caller, OPERATION_DELETE, slot));
    return outcome_later();
}

static noinline struct outcome delete_mapped(const struct invocation *invocation) {
    frame_unmap(invocation->slot);
    operation_slot_unlink(invocation->slot);
    shootdown_flush(invocation->core);
    return outcome_now(R4_OK);
}

struct outcome sys_cap_delete(struct invocation *invocation) {
    struct r4_slot *slot = invocation->slot;
    if (unlikely((slot_flags(slot) & R4_FLAG_RECEIVED) != 0)) {
        return outcome_now(R4_ERR_LOANED);
    }
    /* commit */
    if (derivation_has_children(machine_direct(), slot)) {
        return delete_start(invocation);
    }
    if (!finalise_is_trivial(slot)) {
        return slot_type(slot) == R4_CAP_FRAME ? delete_mapped(invocation) : delete_start(invocation);
    }
    operation_slot_unlink(slot);
    shootdown_flush(invocation->core);
    return outcome_now(R4_OK);
}

/* The long case, out of line so that the short one needs few registers: joins the revoke that is under way, or begins
 * one. */
static noinline struct outcome revoke_start(const struct invocation *invocation) {
    struct r4_slot *slot = invocation->slot;
    if ((slot_flags(slot) & R4_FLAG_ROOT) != 0) {
        struct operation *outer = stand_find_root(slot);
        struct operation *join = operation_start(invocation->core, invocation->caller, OPERATION_JOIN, NULL);
        operation_wait_in(join, &outer->joined);
        lend_raise(outer, invocation->caller->queue.priority);
        return outcome_later();
    }
    shootdown_flush(invocation->core); /* what has been revoked at once */
    revoke_begin(operation_start(invocation->core, invocation->caller, OPERATION_REVOKE, slot));
    return outcome_later();
}

struct outcome sys_cap_revoke(struct invocation *invocation) {
    struct r4_slot *slot = invocation->slot;
    if ((slot_flags(slot) & R4_FLAG_CREATING) != 0) {
        return outcome_now(R4_ERR_BUSY);
    }
    /* commit */
    if (!invocation_commit(invocation)) {
        return outcome_now(R4_ERR_CHANGED);
    }
    bool waits = slot_type(slot) == R4_CAP_REMOTE_REF || (slot_flags(slot) & R4_FLAG_ROOT) != 0;
    if (waits || (derivation_has_children(machine_direct(), slot) && !revoke_at_once(slot))) {
        return revoke_start(invocation);
    }
    if (slot_type(slot) == R4_CAP_UNTYPED) {
        slot_watermark_set(slot, 0);
    }
    shootdown_flush(invocation->core);
    return outcome_now(R4_OK);
}

struct outcome sys_cap_inspect(struct invocation *invocation) {
    const struct r4_slot *slot = invocation->slot;
    uint64_t children = derivation_has_children(machine_direct(), slot) ? 1 : 0;
    /* commit */
    if (!invocation_commit(invocation)) {
        return outcome_now(R4_ERR_CHANGED);
    }
    invocation->value = r4_inspect_size_log2_put(slot_size_log2(slot)) |
                        r4_inspect_rights_put(invocation_rights(invocation)) | r4_inspect_type_put(slot_type(slot)) |
                        r4_inspect_has_children_put(children);
    return outcome_now(R4_OK);
}
