/* SPDX-License-Identifier: MIT
 *
 * Two kinds of arguments are left out, because they would end the fuzzer and tell nothing about the kernel: a priority
 * above the root task's; and a thread that begins in the image but not as a thread of the arena does, on its own stack.
 */
#include "fuzz/call.h"
#include "lib/address.h"
#include "lib/window.h"

#define CALL_WILD     20U /* one choice in 20 takes anything */
#define CALL_MUTATED  30U /* one call in 30 has a bit of one word changed */
#define CALL_PRIORITY 100U
#define CALL_NOWHERE  0x1000U /* an entry address: a fault at once */

struct call {
    uint64_t cap;
    uint64_t operation;
    uint64_t argument[4];
    uint32_t index; /* of the capability, if it is one of the caller's window; UINT32_MAX: unknown */
};

static uint64_t any_cap(const struct place *place) {
    uint32_t index = random_below(place->random, ARENA_PAGES * R4_SLOTS_PER_PAGE);
    uint32_t name = random_chance(place->random, 3) ? arena.names[random_below(place->random, ARENA_DOMAINS)] : 0;
    return r4_in(name, index);
}

/* A slot of the caller's window with a capability of the type. A PD is mostly that of one of the domains. */
static uint32_t find(const struct place *place, enum r4_cap_type type) {
    uint32_t index = forge_find(place, type);
    for (uint32_t try = 0; type == R4_CAP_PD && index != UINT32_MAX && try < 4; try++) {
        for (uint32_t i = 0; i < ARENA_DOMAINS; i++) {
            if (r4_badge(index) == arena.names[i]) {
                return index;
            }
        }
        index = forge_find(place, type);
    }
    return index;
}

/* The address of something that has the type, directly or through proxies; now and then of something else. */
static uint64_t cap_of(const struct place *place, enum r4_cap_type type, uint32_t *index) {
    *index = UINT32_MAX;
    if (random_chance(place->random, CALL_WILD)) {
        return any_cap(place);
    }
    uint64_t proxied = random_chance(place->random, 3) ? forge_recall(place, type) : 0;
    if (proxied != 0) {
        return proxied;
    }
    *index = find(place, type);
    return *index == UINT32_MAX ? any_cap(place) : r4_own(*index);
}

static uint64_t argument_cap(const struct place *place, enum r4_cap_type type) {
    uint32_t index;
    return cap_of(place, type, &index);
}

static uint64_t empty_slot(const struct place *place) {
    uint32_t index = random_chance(place->random, CALL_WILD) ? UINT32_MAX : forge_find(place, R4_CAP_EMPTY);
    return index == UINT32_MAX ? random_below(place->random, ARENA_PAGES * R4_SLOTS_PER_PAGE) : index;
}

/* For frames an address where the domains have tables; for tables one where they have none. */
static uint64_t address_of(const struct place *place, bool table) {
    static const uint64_t bases[] = {R4_ROOT_IMAGE + 0x100000, 0x61100000, R4_WINDOW_BASE + 0x20000, 0x40000000};
    if (random_chance(place->random, CALL_WILD)) {
        return random_number(place->random);
    }
    uint64_t base = bases[table ? R4_COUNT(bases) - 1 : random_below(place->random, R4_COUNT(bases))];
    return base + random_below(place->random, 16) * (uint64_t)(table ? R4_LARGE_SIZE : R4_PAGE_SIZE);
}

/* A page of the window that the domains do not need. */
static uint64_t page_of(const struct place *place) {
    static const uint8_t pages[] = {2, 3, 6, 7};
    return random_chance(place->random, CALL_WILD) ? random_number(place->random)
                                                   : pages[random_below(place->random, R4_COUNT(pages))];
}

/* --- arguments, by operation --- */

static void arguments_copy(const struct place *place, struct call *call) {
    struct random *random = place->random;
    uint64_t ttl = call->index == UINT32_MAX || r4_ttl(call->index) == 0 ? 0 : r4_ttl(call->index) - 1;
    uint64_t rights = call->index == UINT32_MAX ? R4_ALL_RIGHTS : r4_rights(call->index);
    rights &= random_chance(random, 3) ? random_number(random) : R4_ALL_RIGHTS;
    call->argument[0] = empty_slot(place);
    call->argument[1] = rights | r4_copy_ttl_put(ttl) | r4_copy_mint_put(random_chance(random, 6) ? 1 : 0);
    call->argument[2] = random_number(random);
}

static void arguments_slot(const struct place *place, struct call *call) { call->argument[0] = empty_slot(place); }

/* Only what is reached through proxies can be linked. */
static void arguments_link(const struct place *place, struct call *call) {
    uint64_t proxied = forge_recall(place, R4_CAP_TYPE_COUNT);
    call->cap = proxied != 0 ? proxied : call->cap;
    call->argument[0] = empty_slot(place);
}

static void arguments_retype(const struct place *place, struct call *call) {
    static const uint8_t types[] = {R4_CAP_UNTYPED,  R4_CAP_FRAME,        R4_CAP_FRAME,
                                    R4_CAP_CAP_PAGE, R4_CAP_PAGE_TABLE,   R4_CAP_PD,
                                    R4_CAP_THREAD,   R4_CAP_NOTIFICATION, R4_CAP_PEER};
    struct random *random = place->random;
    uint64_t type = types[random_below(random, R4_COUNT(types))];
    uint64_t log2 = type == R4_CAP_FRAME ? R4_PAGE_BITS : type == R4_CAP_UNTYPED ? 6 + random_below(random, 12) : 0;
    uint64_t count = random_chance(random, 8) ? random_below(random, R4_RETYPE_MAX + 2) : 1 + random_below(random, 3);
    uint64_t used = call->index == UINT32_MAX ? 0 : r4_watermark(call->index);
    call->argument[0] = r4_retype_type_put(type) | r4_retype_size_log2_put(log2) | r4_retype_count_put(count);
    call->argument[1] = round_up(used, 1ULL << (type == R4_CAP_PD ? R4_PD_LOG2 : log2 == 0 ? R4_PAGE_BITS : log2));
    call->argument[2] = empty_slot(place);
}

static void arguments_map(const struct place *place, struct call *call) {
    call->argument[0] = argument_cap(place, R4_CAP_PD);
    call->argument[1] = address_of(place, false);
    call->argument[2] = random_chance(place->random, 4) ? random_below(place->random, 16) : R4_READ | R4_WRITE;
}

static void arguments_table(const struct place *place, struct call *call) {
    call->argument[0] = argument_cap(place, R4_CAP_PD);
    call->argument[1] = address_of(place, true);
    call->argument[2] = random_chance(place->random, 4) ? random_below(place->random, 4) : 1;
}

static void arguments_window(const struct place *place, struct call *call) {
    call->argument[0] = argument_cap(place, R4_CAP_PD);
    call->argument[1] = page_of(place);
}

static void arguments_protect(const struct place *place, struct call *call) {
    call->argument[0] = random_below(place->random, 8);
}

/* Which of the arena's threads the capability is for; ARENA_THREADS: none of them, or unknown. */
static uint32_t thread_of(const struct call *call) {
    uint64_t object = call->index == UINT32_MAX ? 0 : r4_object(call->index);
    uint32_t thread = 0;
    while (thread < ARENA_THREADS && arena.threads[thread] != object) {
        thread++;
    }
    return thread;
}

/* A thread of the arena begins again, with its own number and stack, in whatever address space the PD is. */
static void arguments_configure(const struct place *place, struct call *call) {
    uint32_t thread = thread_of(call);
    uint32_t domain = random_below(place->random, ARENA_DOMAINS);
    bool known = thread < ARENA_THREADS;
    call->argument[0] = argument_cap(place, R4_CAP_PD);
    call->argument[1] = known ? (uintptr_t)arena.entry : CALL_NOWHERE;
    call->argument[2] = known ? arena_stack(thread) - sizeof(uint64_t) : random_number(place->random);
    call->argument[3] = arena_thread_put(thread) | arena_domain_put(domain);
}

/* True if the thread would begin as those of the arena do. */
static bool is_beginning(const struct call *call) {
    uint32_t thread = thread_of(call);
    return thread < ARENA_THREADS && call->argument[1] == (uintptr_t)arena.entry &&
           call->argument[2] == arena_stack(thread) - sizeof(uint64_t) && arena_thread_get(call->argument[3]) == thread;
}

static void arguments_schedule(const struct place *place, struct call *call) {
    uint32_t core = random_below(place->random, r4_info()->core_count + 1);
    call->argument[0] =
        r4_schedule_core_put(core) | r4_schedule_priority_put(random_below(place->random, CALL_PRIORITY + 1));
}

static void arguments_handoff(const struct place *place, struct call *call) {
    call->argument[0] = argument_cap(place, R4_CAP_UNTYPED);
}

static void arguments_assign(const struct place *place, struct call *call) {
    call->argument[0] = argument_cap(place, R4_CAP_PD);
}

static const struct {
    uint8_t operation;
    uint8_t type; /* R4_CAP_TYPE_COUNT: any */
    uint8_t weight;
    void (*arguments)(const struct place *place, struct call *call);
} choices[] = {
    {R4_OP_CAP_COPY, R4_CAP_TYPE_COUNT, 10, arguments_copy},
    {R4_OP_CAP_COPY, R4_CAP_NOTIFICATION, 3, arguments_copy},
    {R4_OP_CAP_LINK, R4_CAP_TYPE_COUNT, 8, arguments_link},
    {R4_OP_CAP_MOVE, R4_CAP_TYPE_COUNT, 4, arguments_slot},
    {R4_OP_CAP_DELETE, R4_CAP_TYPE_COUNT, 6, NULL},
    {R4_OP_CAP_REVOKE, R4_CAP_TYPE_COUNT, 2, NULL},
    {R4_OP_CAP_REVOKE, R4_CAP_UNTYPED, 1, NULL},
    {R4_OP_CAP_INSPECT, R4_CAP_TYPE_COUNT, 8, NULL},
    {R4_OP_UNTYPED_RETYPE, R4_CAP_UNTYPED, 8, arguments_retype},
    {R4_OP_FRAME_MAP, R4_CAP_FRAME, 8, arguments_map},
    {R4_OP_FRAME_MAP_PROXIES, R4_CAP_FRAME, 4, arguments_window},
    {R4_OP_FRAME_PROTECT, R4_CAP_FRAME, 3, arguments_protect},
    {R4_OP_FRAME_UNMAP, R4_CAP_FRAME, 6, NULL},
    {R4_OP_PAGE_TABLE_MAP, R4_CAP_PAGE_TABLE, 6, arguments_table},
    {R4_OP_PAGE_TABLE_UNMAP, R4_CAP_PAGE_TABLE, 2, NULL},
    {R4_OP_CAP_PAGE_MAP, R4_CAP_CAP_PAGE, 4, arguments_window},
    {R4_OP_CAP_PAGE_UNMAP, R4_CAP_CAP_PAGE, 2, NULL},
    {R4_OP_THREAD_CONFIGURE, R4_CAP_THREAD, 3, arguments_configure},
    {R4_OP_THREAD_SCHEDULE, R4_CAP_THREAD, 3, arguments_schedule},
    {R4_OP_THREAD_START, R4_CAP_THREAD, 4, NULL},
    {R4_OP_THREAD_STOP, R4_CAP_THREAD, 1, NULL},
    {R4_OP_PEER_POST, R4_CAP_PEER, 2, arguments_slot},
    {R4_OP_PEER_HANDOFF, R4_CAP_PEER, 2, arguments_handoff},
    {R4_OP_ASID_POOL_ASSIGN, R4_CAP_ASID_POOL, 2, arguments_assign},
};

static void choose(const struct place *place, struct call *call) {
    uint32_t total = 0;
    for (uint32_t i = 0; i < R4_COUNT(choices); i++) {
        total += choices[i].weight;
    }
    uint32_t at = random_below(place->random, total);
    uint32_t choice = 0;
    while (at >= choices[choice].weight) {
        at -= choices[choice++].weight;
    }
    call->operation = choices[choice].operation;
    call->cap = cap_of(place, (enum r4_cap_type)choices[choice].type, &call->index);
    if (choices[choice].arguments != NULL) {
        choices[choice].arguments(place, call);
    }
}

static void noise(const struct place *place, struct call *call) {
    call->operation = random_below(place->random, 2 * R4_OP_COUNT);
    call->cap =
        random_chance(place->random, 3) ? random_word(place->random) : cap_of(place, R4_CAP_TYPE_COUNT, &call->index);
    for (uint32_t i = 0; i < 4; i++) {
        call->argument[i] = random_number(place->random);
    }
}

static void mutate(const struct place *place, struct call *call) {
    uint64_t bit = 1ULL << random_below(place->random, 64);
    if (random_chance(place->random, 2)) {
        call->cap ^= bit;
        call->index = UINT32_MAX;
    } else {
        call->argument[random_below(place->random, 4)] ^= bit;
    }
}

/* What is left out: see the top of this file. */
static void leave_out(struct call *call) {
    if (call->operation == R4_OP_THREAD_SCHEDULE && r4_schedule_priority_get(call->argument[0]) > CALL_PRIORITY) {
        call->argument[0] =
            r4_schedule_core_put(call->argument[0] % 8) | r4_schedule_priority_put(300); /* too high for any */
    }
    if (call->operation == R4_OP_THREAD_CONFIGURE && call->argument[1] < R4_USER_END && !is_beginning(call)) {
        call->argument[1] = CALL_NOWHERE;
    }
}

struct call_result call_random(const struct place *place) {
    struct call call = {.index = UINT32_MAX};
    if (random_chance(place->random, 10)) {
        noise(place, &call);
    } else {
        choose(place, &call);
    }
    if (random_chance(place->random, CALL_MUTATED)) {
        mutate(place, &call);
    }
    leave_out(&call);
    const uint64_t *argument = call.argument;
    struct r4_result result =
        r4_syscall(call.cap, (enum r4_operation)call.operation, argument[0], argument[1], argument[2], argument[3]);
    return (struct call_result){call.operation, result.error};
}
