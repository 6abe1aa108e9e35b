/* SPDX-License-Identifier: MIT
 *
 * Untyped memory: retype. Word 1 of the cap is the watermark; a revoke sets it to 0.
 */
#include "call/handlers.h"
#include "pure/derivation.h"
#include "pure/retype.h"
#include "revoke/create.h"
#include "sched/operation.h"

/* Finds `count` free slots that follow each other in one cap page; R4_OK sets *first. */
static enum r4_error destinations_check(const struct invocation *invocation, uint64_t index, uint32_t count,
                                        struct r4_slot **first) {
    *first = invocation_slot(invocation, index);
    if (*first == NULL || index % R4_SLOTS_PER_PAGE + count > R4_SLOTS_PER_PAGE) {
        return R4_ERR_ADDRESS;
    }
    return slots_free_check(*first, count);
}

static inline struct retype_request request_of(const struct invocation *invocation) {
    return (struct retype_request){
        .type = (enum r4_cap_type)r4_retype_type_get(invocation->argument[0]),
        .size_log2 = (uint32_t)r4_retype_size_log2_get(invocation->argument[0]),
        .count = (uint32_t)r4_retype_count_get(invocation->argument[0]),
        .offset = invocation->argument[1],
    };
}

/* Reasons to reject a request, in the order in which they are reported; R4_OK sets *first and *result. */
static inline enum r4_error request_check(const struct invocation *invocation, const struct retype_request *request,
                                          struct r4_slot **first, struct retype_result *result) {
    const struct r4_slot *source = invocation->slot;
    if (invocation->chain != NULL && request->count > R4_RETYPE_THROUGH_MAX) {
        return R4_ERR_ARGUMENT;
    }
    enum r4_error error = retype_check(request, (uint32_t)slot_size_log2(source), slot_watermark(source), result);
    if (error == R4_OK) {
        error = destinations_check(invocation, invocation->argument[2], request->count, first);
    }
    /* The internal references of the objects are one deeper than the objects. */
    if (error == R4_OK && slot_depth(source) >= R4_DEPTH_MAX - 1) {
        error = R4_ERR_DEPTH;
    }
    return error;
}

/* The content of the new capabilities; new untypeds get another TTL. */
static inline struct slot_content content_of(const struct r4_slot *source, const struct retype_request *request,
                                             uint32_t object_log2) {
    return (struct slot_content){
        .type = request->type,
        .ttl = R4_TTL_MAX,
        .flags = R4_FLAG_ORIGINAL,
        .rights = R4_ALL_RIGHTS,
        .size_log2 = object_log2,
        .object = slot_memory(source) + request->offset,
        .depth = (uint32_t)slot_depth(source) + 1,
    };
}

static inline void slots_fill(struct r4_slot *source, struct r4_slot *first, uint32_t count,
                              const struct slot_content *content) {
    derivation_create(machine_direct(), source, first, content);
    if (count > 1) {
        derivation_create_more(machine_direct(), first, count - 1);
    }
}

/* Objects that are more than zeroed memory, or too many for one step. Out of line, and with few arguments, so that the
 * usual case needs few registers. */
static noinline struct outcome create_any(const struct invocation *invocation, struct r4_slot *first) {
    struct r4_slot *source = invocation->slot;
    struct retype_request request = request_of(invocation);
    uint32_t log2 = retype_object_log2(request.type, request.size_log2);
    struct slot_content content = content_of(source, &request, log2);
    /* After a walk the rest of the step has less room. */
    if (invocation->chain == NULL && request.count == 1 && 1ULL << log2 <= CREATE_CHUNK) {
        machine_zero((void *)(machine_direct() + content.object), 1ULL << log2);
        slots_fill(source, first, 1, &content);
        create_object(first);
        return outcome_now(R4_OK);
    }
    content.flags |= R4_FLAG_CREATING;
    slots_fill(source, first, request.count, &content);
    struct operation *operation = operation_start(invocation->core, invocation->caller, OPERATION_CREATE, NULL);
    operation->run.position = first;
    operation->last = first + request.count - 1;
    operation_put(operation);
    return outcome_later();
}

/* The rest of a retype to anything but untypeds: creates objects that are small together at once. */
static always_inline struct outcome create(const struct invocation *invocation, const struct retype_request *request,
                                           const struct retype_result *result, struct r4_slot *first) {
    struct slot_content content = content_of(invocation->slot, request, result->object_log2);
    uint64_t size = result->end - request->offset;
    if (!create_is_zeroing(request->type) || size > CREATE_CHUNK) {
        return create_any(invocation, first);
    }
    machine_zero((void *)(machine_direct() + content.object), size);
    slots_fill(invocation->slot, first, request->count, &content);
    return outcome_now(R4_OK);
}

struct outcome sys_untyped_retype(struct invocation *invocation) {
    struct r4_slot *source = invocation->slot;
    struct retype_request request = request_of(invocation);
    struct r4_slot *first = NULL;
    struct retype_result result = {0, 0};
    enum r4_error error = request_check(invocation, &request, &first, &result);
    if (unlikely(error != R4_OK)) {
        return outcome_now(error);
    }
    /* commit */
    if (!invocation_commit(invocation)) {
        return outcome_now(R4_ERR_CHANGED);
    }
    slot_watermark_set(source, result.end);
    if (request.type != R4_CAP_UNTYPED) {
        return create(invocation, &request, &result, first);
    }
    struct slot_content content = content_of(source, &request, result.object_log2);
    content.ttl = (uint32_t)invocation_ttl(invocation);
    slots_fill(source, first, request.count, &content);
    return outcome_now(R4_OK);
}
