/* SPDX-License-Identifier: MIT
 *
 * The kernel is compiled for ThreadSanitizer, and these are the functions that such code calls. The search itself is
 * not.
 */
#include "access.h"
#include <stdio.h>
#include <string.h>

#define AREA_WORDS (R4_RING_STRIDE / 4)
#define AREAS      (ACCESS_CLUSTERS + ACCESS_CLUSTERS * ACCESS_CLUSTERS) /* headers, then rings by receiver, sender */

struct use { /* of a word: bit per cluster */
    uint8_t readers;
    uint8_t writers;
};

struct access_state access_states[ACCESS_CLUSTERS];
static struct use uses[AREAS][AREA_WORDS];
static bool active;
static bool grown;

void access_begin(void) { active = true; }

bool access_grown(void) {
    bool result = grown;
    grown = false;
    return result;
}

static uint32_t ring_area(uint32_t receiver, uint32_t sender) {
    return ACCESS_CLUSTERS + receiver * ACCESS_CLUSTERS + sender;
}

/* True if a processor of that instance reaches shared memory at `address`; fills in area and offset. */
static bool is_shared(const struct instance *instance, const volatile void *address, struct access_pending *place) {
    uintptr_t offset = (uintptr_t)address - instance->layout.virtual_base;
    uint32_t own = instance->number;
    uint64_t rings = sim.cluster_count * (uint64_t)R4_RING_STRIDE;
    if (offset - R4_AREA_HEADER < R4_PAGE_SIZE) {
        place->area = own;
        place->first = (uint32_t)(offset % R4_PAGE_SIZE);
    } else if (offset - R4_AREA_HEADERS < sim.cluster_count * R4_PAGE_SIZE) {
        place->area = (uint32_t)((offset - R4_AREA_HEADERS) / R4_PAGE_SIZE);
        place->first = (uint32_t)(offset % R4_PAGE_SIZE);
    } else if (offset - R4_AREA_RINGS_IN < rings) {
        place->area = ring_area(own, (uint32_t)((offset - R4_AREA_RINGS_IN) / R4_RING_STRIDE));
        place->first = (uint32_t)(offset % R4_RING_STRIDE);
    } else if (offset - R4_AREA_RINGS_OUT < rings) {
        place->area = ring_area((uint32_t)((offset - R4_AREA_RINGS_OUT) / R4_RING_STRIDE), own);
        place->first = (uint32_t)(offset % R4_RING_STRIDE);
    } else {
        return false;
    }
    return true;
}

static bool is_write(enum access_kind kind) { return kind == ACCESS_STORE || kind == ACCESS_WRITE; }
static bool is_plain(enum access_kind kind) { return kind == ACCESS_READ || kind == ACCESS_WRITE; }

/* Notes who uses the words. True if the access can meet one of another cluster that matters. */
static bool use_note(const struct access_pending *place, uint32_t number) {
    uint8_t own = (uint8_t)(1U << number);
    bool meets = false;
    for (uint32_t word = place->first / 4; word <= (place->first + place->size - 1) / 4; word++) {
        struct use *use = &uses[place->area][word];
        uint8_t *bits = is_write(place->kind) ? &use->writers : &use->readers;
        bool is_new = (*bits & own) == 0;
        *bits |= own;
        uint8_t all = use->readers | use->writers;
        bool shared = use->writers != 0 && (all & (all - 1)) != 0;
        grown = grown || (is_new && shared);
        meets = meets || ((is_write(place->kind) ? all : use->writers) & ~own) != 0;
    }
    return meets;
}

void access_note_header(uint32_t number, uint32_t offset) {
    use_note(&(struct access_pending){ACCESS_STORE, number, offset, 4}, number);
    grown = false;
}

/* The processor stops here, until the search chooses it. */
static void pause_before(struct access_pending pending) {
    struct access_state *state = &access_states[sim.running->instance->number];
    state->pending = pending;
    cpu_pause();
    state->pending = (struct access_pending){ACCESS_NONE, 0, 0, 0};
}

static bool is_searched(void) { return active && sim.running != NULL && !sim.steady; }

void access_look(void) {
    if (is_searched() && sim.running->pending == 0) {
        pause_before((struct access_pending){ACCESS_LOOK, 0, 0, 0});
    }
}

void access_send(uint32_t apic_id) {
    if (is_searched()) {
        pause_before((struct access_pending){ACCESS_SEND, apic_id, 0, 0});
        access_drain(sim.running->instance->number);
    }
}

/* True if the access is one to shared memory by a processor of the search. */
static bool access_meet(const volatile void *address, size_t size, enum access_kind kind) {
    struct access_pending place = {.kind = kind, .size = (uint32_t)size};
    if (!is_searched() || !is_shared(sim.running->instance, address, &place)) {
        return false;
    }
    struct access_state *state = &access_states[sim.running->instance->number];
    bool meets = use_note(&place, sim.running->instance->number);
    if (meets && !(is_plain(kind) && state->plain != 0)) {
        pause_before(place);
    }
    state->plain = is_plain(kind) && (meets || state->plain != 0);
    return true;
}

/* --- the store buffer --- */

void access_drain_one(uint32_t number) {
    struct access_state *state = &access_states[number];
    __atomic_store_n(state->buffer[0].at, (uint32_t)state->buffer[0].value, __ATOMIC_SEQ_CST);
    memmove(state->buffer, state->buffer + 1, sizeof(state->buffer) - sizeof(state->buffer[0]));
    state->buffer[ACCESS_BUFFER - 1] = (struct access_store){NULL, 0};
    state->stored--;
}

void access_drain(uint32_t number) {
    while (access_states[number].stored != 0) {
        access_drain_one(number);
    }
}

static void drain_own(void) {
    if (is_searched()) {
        access_drain(sim.running->instance->number);
    }
}

static uint32_t load32(const volatile uint32_t *address) {
    if (access_meet(address, sizeof(*address), ACCESS_LOAD)) {
        const struct access_state *state = &access_states[sim.running->instance->number];
        for (uint64_t i = state->stored; i-- > 0;) {
            if (state->buffer[i].at == address) {
                return (uint32_t)state->buffer[i].value;
            }
        }
    }
    return __atomic_load_n(address, __ATOMIC_SEQ_CST);
}

/* True if the memory already has, and will have, that value: each word has one writer, so nobody can tell when the
 * store is made. */
static bool is_idle_store(const volatile uint32_t *address, uint32_t value) {
    struct access_pending place = {.kind = ACCESS_STORE, .size = sizeof(*address)};
    if (!is_searched() || !is_shared(sim.running->instance, address, &place) || *address != value) {
        return false;
    }
    const struct access_state *state = &access_states[sim.running->instance->number];
    bool waits = false;
    for (uint64_t i = 0; i < state->stored; i++) {
        waits = waits || state->buffer[i].at == address;
    }
    if (!waits) {
        use_note(&place, sim.running->instance->number);
    }
    return !waits;
}

static void store32(volatile uint32_t *address, uint32_t value, int order) {
    if (order != __ATOMIC_SEQ_CST && is_idle_store(address, value)) {
        return;
    }
    if (!access_meet(address, sizeof(*address), ACCESS_STORE)) {
        __atomic_store_n(address, value, __ATOMIC_SEQ_CST);
        return;
    }
    struct access_state *state = &access_states[sim.running->instance->number];
    if (order == __ATOMIC_SEQ_CST) {
        drain_own();
        __atomic_store_n(address, value, __ATOMIC_SEQ_CST);
        return;
    }
    if (state->stored == ACCESS_BUFFER) {
        access_drain_one(sim.running->instance->number);
    }
    state->buffer[state->stored++] = (struct access_store){(uint32_t *)(uintptr_t)address, value};
}

/* --- what the compiler calls; it knows the types of these functions --- */

uint32_t __tsan_atomic32_load(const volatile void *address, int order) {
    (void)order;
    return load32(address);
}
void __tsan_atomic32_store(volatile void *address, uint32_t value, int order) { store32(address, value, order); }

/* Only 32-bit words of shared memory are buffered. */
uint64_t __tsan_atomic64_load(const volatile void *address, int order) {
    (void)order;
    access_meet(address, sizeof(uint64_t), ACCESS_LOAD);
    return __atomic_load_n((const volatile uint64_t *)address, __ATOMIC_SEQ_CST);
}
void __tsan_atomic64_store(volatile void *address, uint64_t value, int order) {
    (void)order;
    if (access_meet(address, sizeof(uint64_t), ACCESS_STORE)) {
        drain_own();
    }
    __atomic_store_n((volatile uint64_t *)address, value, __ATOMIC_SEQ_CST);
}

/* Read-modify-writes are a cluster's own: its lock, and which core panics first. */
uint64_t __tsan_atomic64_exchange(volatile void *address, uint64_t value, int order) {
    (void)order;
    drain_own();
    return __atomic_exchange_n((volatile uint64_t *)address, value, __ATOMIC_SEQ_CST);
}
bool __tsan_atomic64_compare_exchange_strong(volatile void *address, void *expected, uint64_t value, int order,
                                             int failed) {
    (void)order;
    (void)failed;
    drain_own();
    return __atomic_compare_exchange_n((volatile uint64_t *)address, (uint64_t *)expected, value, false,
                                       __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}
bool __tsan_atomic32_compare_exchange_strong(volatile void *address, void *expected, uint32_t value, int order,
                                             int failed) {
    (void)order;
    (void)failed;
    drain_own();
    return __atomic_compare_exchange_n((volatile uint32_t *)address, (uint32_t *)expected, value, false,
                                       __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}
void __tsan_atomic_thread_fence(int order) {
    if (order == __ATOMIC_SEQ_CST) {
        drain_own();
    }
}

void __tsan_atomic_signal_fence(int order) { (void)order; } /* for the compiler alone */
void __tsan_init(void) {}

#define PLAIN(name, bytes, kind)                                                                                       \
    void name(void *address) { access_meet(address, bytes, kind); }
PLAIN(__tsan_read1, 1, ACCESS_READ)
PLAIN(__tsan_read2, 2, ACCESS_READ)
PLAIN(__tsan_read4, 4, ACCESS_READ)
PLAIN(__tsan_read8, 8, ACCESS_READ)
PLAIN(__tsan_write1, 1, ACCESS_WRITE)
PLAIN(__tsan_write2, 2, ACCESS_WRITE)
PLAIN(__tsan_write4, 4, ACCESS_WRITE)
PLAIN(__tsan_write8, 8, ACCESS_WRITE)

void __tsan_read_range(void *address, long size) { access_meet(address, (size_t)size, ACCESS_READ); }
void __tsan_write_range(void *address, long size) { access_meet(address, (size_t)size, ACCESS_WRITE); }

/* --- races, descriptions --- */

static bool is_memory(const struct access_pending *pending) {
    return pending->kind >= ACCESS_LOAD && pending->kind <= ACCESS_WRITE;
}

static bool is_race(const struct access_pending *one, const struct access_pending *other) {
    return is_memory(one) && is_memory(other) && one->area == other->area && one->first < other->first + other->size &&
           other->first < one->first + one->size && (is_write(one->kind) || is_write(other->kind)) &&
           (is_plain(one->kind) || is_plain(other->kind));
}

void access_check_races(void) {
    char one[128];
    char other[128];
    for (uint32_t i = 0; i < sim.cluster_count; i++) {
        for (uint32_t n = i + 1; n < sim.cluster_count; n++) {
            if (is_race(&access_states[i].pending, &access_states[n].pending) && !sim.instances[i].dead &&
                !sim.instances[n].dead) {
                access_describe(i, one, sizeof(one));
                access_describe(n, other, sizeof(other));
                sim_fail("no race", "cluster %u %s while cluster %u %s", i, one, n, other);
            }
        }
    }
}

static void ring_word(uint32_t offset, char *text, size_t size) {
    static const char *const fields[] = {
        "kind",      "error", "source_epoch", "target_epoch", "loan",     "generation", "base",     "base",
        "size_log2", "ttl",   "reserved",     "reserved",     "reserved", "reserved",   "reserved", "sequence"};
    uint32_t slots = (uint32_t)offsetof(struct r4_ring, slots);
    if (offset >= slots) {
        uint32_t at = offset - slots;
        snprintf(text, size, "slot %u %s", at / R4_LINE_SIZE, fields[at % R4_LINE_SIZE / 4]);
    } else if (offset == offsetof(struct r4_ring, want_slot)) {
        snprintf(text, size, "want_slot");
    } else if (offset == offsetof(struct r4_ring, head)) {
        snprintf(text, size, "head");
    } else if (offset == offsetof(struct r4_ring, looking)) {
        snprintf(text, size, "looking");
    } else {
        snprintf(text, size, "byte %u", offset);
    }
}

static void header_word(uint32_t offset, char *text, size_t size) {
    if (offset == offsetof(struct r4_header, state)) {
        snprintf(text, size, "state");
    } else if (offset == offsetof(struct r4_header, doorbell_apic)) {
        snprintf(text, size, "doorbell_apic");
    } else {
        snprintf(text, size, "byte %u", offset);
    }
}

void access_describe(uint32_t number, char *text, size_t size) {
    static const char *const verbs[] = {"goes on", "loads", "stores", "reads", "writes", "looks for events", "rings"};
    const struct access_pending *pending = &access_states[number].pending;
    char word[32];
    if (!is_memory(pending)) {
        snprintf(text, size, "%s", verbs[pending->kind]);
    } else if (pending->area < ACCESS_CLUSTERS) {
        header_word(pending->first, word, sizeof(word));
        snprintf(text, size, "%s %s of header c%u", verbs[pending->kind], word, pending->area);
    } else {
        uint32_t ring = pending->area - ACCESS_CLUSTERS;
        ring_word(pending->first, word, sizeof(word));
        snprintf(text, size, "%s %s of ring c%u to c%u", verbs[pending->kind], word, ring % ACCESS_CLUSTERS,
                 ring / ACCESS_CLUSTERS);
    }
}
