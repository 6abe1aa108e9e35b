/* SPDX-License-Identifier: MIT
 *
 * The derivation list, compared with a naive model: trees with parents and lists of children, whose pre-order walk must
 * be the list. The slots are at the highest addresses that a slot reference can hold.
 */
#include "expect.h"
#include "pure/derivation.h"
#include "random.h"
#include "suite.h"

enum { SLOTS = 48, STEPS = 400, RUNS = 300, NOBODY = SLOTS };

#define BASE ((1ULL << 45) - SLOTS * R4_SLOT_SIZE) /* physical: the last slot has the largest reference */

static _Alignas(R4_SLOT_SIZE) struct r4_slot slots[SLOTS];

/* An empty slot of a version. */
static struct r4_slot empty_slot(uint64_t version) { return (struct r4_slot){{r4_slot_version_put(version), 0, 0, 0}}; }

static void expect_empty(const struct r4_slot *slot, uint64_t version) {
    struct r4_slot empty = empty_slot(version);
    EXPECT(memcmp(slot, &empty, sizeof(empty)) == 0);
}

/* The same capability, at the same version; their neighbours in the list may differ. */
static void expect_alike(struct r4_slot one, struct r4_slot other) {
    slot_prev_set(0, &one, NULL);
    slot_next_set(0, &one, NULL);
    slot_prev_set(0, &other, NULL);
    slot_next_set(0, &other, NULL);
    ck_assert_mem_eq(&one, &other, sizeof(one));
}

static uintptr_t direct(void) { return (uintptr_t)slots - BASE; }

/* Node n is in slot n. Slot 0 holds the root, at depth 0. */
struct node {
    bool used;
    uint32_t parent;
    uint32_t children[SLOTS]; /* nearest to the parent first */
    uint32_t count;
    uint64_t name; /* the slot's badge, which moves with it */
};
static struct node nodes[SLOTS];

static void model_insert(uint32_t parent, uint32_t at, uint32_t child) {
    struct node *node = &nodes[parent];
    memmove(&node->children[at + 1], &node->children[at], (node->count - at) * sizeof(node->children[0]));
    node->children[at] = child;
    node->count++;
    nodes[child].parent = parent;
}

static uint32_t model_place(uint32_t child) {
    const struct node *parent = &nodes[nodes[child].parent];
    uint32_t at = 0;
    while (at < parent->count && parent->children[at] != child) {
        at++;
    }
    EXPECT(at < parent->count);
    return at;
}

static void model_remove(uint32_t child) {
    struct node *parent = &nodes[nodes[child].parent];
    uint32_t at = model_place(child);
    parent->count--;
    memmove(&parent->children[at], &parent->children[at + 1], (parent->count - at) * sizeof(parent->children[0]));
    nodes[child] = (struct node){.used = false};
}

static void model_move(uint32_t from, uint32_t to) {
    if (nodes[from].parent != NOBODY) {
        nodes[nodes[from].parent].children[model_place(from)] = to;
    }
    nodes[to] = nodes[from];
    nodes[from] = (struct node){.used = false};
    for (uint32_t i = 0; i < nodes[to].count; i++) {
        nodes[nodes[to].children[i]].parent = to;
    }
}

/* Walks the tree and the list at the same time. */
static const struct r4_slot *expect_run(const struct r4_slot *at, const struct r4_slot *prev, uint32_t node,
                                        uint64_t depth) {
    const struct r4_slot *last = at;
    EXPECT(at == &slots[node]);
    EXPECT(slot_prev(direct(), at) == prev);
    EXPECT(slot_depth(at) == depth);
    EXPECT(slot_badge(at) == nodes[node].name);
    EXPECT(derivation_has_children(direct(), at) == (nodes[node].count != 0));
    for (uint32_t i = 0; i < nodes[node].count; i++) {
        const struct r4_slot *next = slot_next(direct(), last);
        EXPECT(next != NULL);
        last = expect_run(next, last, nodes[node].children[i], depth + 1);
    }
    return last;
}

static void expect_model(uint32_t root) {
    const struct r4_slot *last = expect_run(&slots[root], NULL, root, 0);
    EXPECT(slot_next(direct(), last) == NULL);
    EXPECT(derivation_check(direct(), &slots[root]) == NULL);
    for (uint32_t i = 0; i < SLOTS; i++) {
        EXPECT((slot_type(&slots[i]) != R4_CAP_EMPTY) == nodes[i].used);
    }
}

static uint32_t pick(uint64_t *state, bool used) {
    for (uint32_t tries = 0; tries < 1000; tries++) {
        uint32_t i = (uint32_t)random_below(state, SLOTS);
        if (nodes[i].used == used) {
            return i;
        }
    }
    return NOBODY;
}

static void create(uint32_t after, uint32_t at, struct slot_content content, uint64_t name) {
    content.badge = name;
    derivation_create(direct(), &slots[after], &slots[at], &content);
    nodes[at] = (struct node){.used = true, .parent = NOBODY, .name = name};
}

/* A copy (its TTL is lower), or two objects of a retype, which are linked one after the other. */
static void insert(uint64_t *state, uint64_t name) {
    uint32_t parent = pick(state, true);
    uint32_t child = pick(state, false);
    if (child == NOBODY || slot_depth(&slots[parent]) == R4_DEPTH_MAX) {
        return;
    }
    bool copy = slot_ttl(&slots[parent]) > 0 && random_below(state, 2) == 0;
    struct slot_content content = {
        .type = slot_type(&slots[parent]),
        .ttl = copy ? (uint32_t)random_below(state, slot_ttl(&slots[parent])) : R4_TTL_MAX,
        .flags = copy ? 0 : R4_FLAG_ORIGINAL,
        .rights = (uint32_t)random_below(state, R4_ALL_RIGHTS),
        .size_log2 = (uint32_t)slot_size_log2(&slots[parent]),
        .object = slot_object(&slots[parent]),
        .depth = (uint32_t)slot_depth(&slots[parent]) + 1,
    };
    create(parent, child, content, name);
    model_insert(parent, 0, child);
    uint32_t second = pick(state, false);
    if (!copy && second != NOBODY) {
        create(child, second, content, name + 1);
        model_insert(parent, 1, second);
    }
}

static uint32_t move(uint64_t *state, uint32_t root) {
    uint32_t from = pick(state, true);
    uint32_t to = pick(state, false);
    if (to == NOBODY) {
        return root;
    }
    struct r4_slot before = slots[from];
    uint64_t version = slot_version(&slots[to]);
    derivation_move(direct(), &slots[from], &slots[to]);
    model_move(from, to);
    EXPECT(slot_version(&slots[to]) == version + 1);
    EXPECT(slots[to].word[2] == before.word[2]);                  /* object, rights, size, depth */
    EXPECT(((slots[to].word[0] ^ before.word[0]) & 0xffff) == 0); /* type, TTL, flags */
    expect_empty(&slots[from], slot_version(&before));
    return from == root ? to : root;
}

static void remove_leaf(uint64_t *state, uint32_t root) {
    uint32_t leaf = pick(state, true);
    while (nodes[leaf].count != 0) {
        leaf = nodes[leaf].children[random_below(state, nodes[leaf].count)];
    }
    if (leaf == root) {
        return;
    }
    uint64_t version = slot_version(&slots[leaf]);
    EXPECT(slot_badge(&slots[leaf]) == nodes[leaf].name);
    derivation_remove(direct(), &slots[leaf]);
    expect_empty(&slots[leaf], version);
    model_remove(leaf);
}

static uint32_t start(void) {
    memset(slots, 0, sizeof(slots));
    memset(nodes, 0, sizeof(nodes));
    slot_fill(&slots[0],
              &(struct slot_content){
                  .type = R4_CAP_UNTYPED, .ttl = R4_TTL_MAX, .size_log2 = 21, .object = 1ULL << 45, .badge = 1});
    nodes[0] = (struct node){.used = true, .parent = NOBODY, .name = 1};
    return 0;
}

START_TEST(test_random) {
    uint64_t state = 29;
    for (int run = 0; run < RUNS; run++) {
        uint32_t root = start();
        for (uint64_t step = 1; step <= STEPS; step++) {
            uint64_t choice = random_below(&state, 8);
            if (choice < (step < STEPS / 2 ? 4U : 2U)) { /* grows, then shrinks */
                insert(&state, 2 * step);
            } else if (choice < 6) {
                remove_leaf(&state, root);
            } else {
                root = move(&state, root);
            }
            expect_model(root);
        }
    }
}
END_TEST

/* A chain of all depths, 0 to R4_DEPTH_MAX, removed again from its end. */
START_TEST(test_deepest) {
    static _Alignas(R4_SLOT_SIZE) struct r4_slot chain[R4_DEPTH_MAX + 1];
    uintptr_t base = (uintptr_t)chain - R4_SLOT_SIZE;
    for (uint32_t i = 0; i <= R4_DEPTH_MAX; i++) {
        struct slot_content content = {.type = R4_CAP_UNTYPED, .flags = R4_FLAG_ORIGINAL, .depth = i};
        if (i == 0) {
            slot_fill(&chain[i], &content);
        } else {
            derivation_create(base, &chain[i - 1], &chain[i], &content);
        }
        ck_assert_uint_eq(slot_depth(&chain[i]), i);
    }
    ck_assert_ptr_null(derivation_check(base, chain));
    for (uint32_t i = R4_DEPTH_MAX; i > 0; i--) {
        ck_assert(derivation_has_children(base, &chain[i - 1]));
        derivation_remove(base, &chain[i]);
        ck_assert(!derivation_has_children(base, &chain[i - 1]));
    }
}
END_TEST

/* A copy is what derivation_create() would have made of the same content. A frame's mapping stays with the source, and
 * its copy has no badge, whatever badge is asked for. */
START_TEST(test_copy) {
    static const enum r4_cap_type types[] = {R4_CAP_FRAME, R4_CAP_THREAD, R4_CAP_PEER};
    for (size_t i = 0; i < R4_COUNT(types); i++) {
        bool frame = types[i] == R4_CAP_FRAME;
        struct slot_content content = {.type = types[i],
                                       .ttl = 9,
                                       .flags = R4_FLAG_ORIGINAL,
                                       .rights = 0x1a5,
                                       .size_log2 = 12,
                                       .object = 0x12345000,
                                       .depth = 3,
                                       .badge = frame ? 0 : 77};
        memset(slots, 0, sizeof(slots));
        slot_fill(&slots[0], &(struct slot_content){.type = R4_CAP_UNTYPED, .depth = 2});
        derivation_create(direct(), &slots[0], &slots[1], &content);
        derivation_copy(direct(), &slots[1], &slots[3], 0x21, 4, content.badge);
        if (frame) {
            slot_mapping_set(&slots[1], (struct slot_mapping){0x7fff12347000, 0x60005});
        }
        derivation_copy(direct(), &slots[1], &slots[2], 0x81, 8, frame ? 55 : content.badge);
        content = (struct slot_content){.type = types[i],
                                        .ttl = 8,
                                        .rights = 0x81,
                                        .size_log2 = 12,
                                        .object = 0x12345000,
                                        .depth = 4,
                                        .badge = content.badge};
        derivation_create(direct(), &slots[1], &slots[4], &content); /* goes between source and copy */
        expect_alike(slots[2], slots[4]);
        ck_assert_ptr_eq(slot_next(direct(), &slots[1]), &slots[4]);
        ck_assert_ptr_eq(slot_next(direct(), &slots[4]), &slots[2]);
        ck_assert_ptr_eq(slot_next(direct(), &slots[2]), &slots[3]);
        ck_assert_ptr_null(slot_next(direct(), &slots[3]));
        ck_assert_ptr_eq(slot_prev(direct(), &slots[3]), &slots[2]);
        ck_assert_ptr_eq(slot_prev(direct(), &slots[2]), &slots[4]);
    }
}
END_TEST

/* Rights, TTL and badge are those asked for, not the source's; there are no flags. Of the source only the reference to
 * the next slot changes. */
START_TEST(test_copy_is_its_own) {
    static const uint64_t badges[] = {0, 1, 77, UINT64_MAX};
    for (size_t i = 0; i < R4_COUNT(badges) * R4_COUNT(badges); i++) {
        struct slot_content content = {.type = R4_CAP_NOTIFICATION,
                                       .ttl = 15,
                                       .flags = 63,
                                       .rights = 0xfff,
                                       .size_log2 = 6,
                                       .object = (1ULL << 46) - 64,
                                       .depth = R4_DEPTH_MAX - 1,
                                       .badge = badges[i / R4_COUNT(badges)]};
        memset(slots, 0, sizeof(slots));
        slot_fill(&slots[0], &content);
        slots[SLOTS - 1] = empty_slot(R4_VERSION_MAX - 1ULL);
        struct r4_slot before = slots[0];
        derivation_copy(direct(), &slots[0], &slots[SLOTS - 1], 0x88, 1, badges[i % R4_COUNT(badges)]);
        content.ttl = 1;
        content.flags = 0;
        content.rights = 0x88;
        content.depth = R4_DEPTH_MAX;
        content.badge = badges[i % R4_COUNT(badges)];
        slots[1] = empty_slot(R4_VERSION_MAX - 1ULL);
        slot_fill(&slots[1], &content);
        slot_prev_set(direct(), &slots[1], &slots[0]);
        ck_assert_mem_eq(&slots[SLOTS - 1], &slots[1], sizeof(slots[1]));
        slot_next_set(direct(), &before, &slots[SLOTS - 1]);
        ck_assert_mem_eq(&slots[0], &before, sizeof(before));
    }
}
END_TEST

/* A run of objects is what as many single ones would have been, each created after the one before. */
START_TEST(test_run) {
    enum { COUNT = 5, FIRST = 8, SINGLE = 24 };
    struct slot_content content = {.type = R4_CAP_FRAME,
                                   .ttl = 15,
                                   .flags = R4_FLAG_ORIGINAL | R4_FLAG_CREATING,
                                   .rights = R4_ALL_RIGHTS,
                                   .size_log2 = 12,
                                   .object = 0x7ff000,
                                   .depth = 1};
    for (uint32_t followed = 0; followed < 2; followed++) {
        for (uint32_t run = 0; run < 2; run++) {
            uint32_t source = run * 16;
            memset(&slots[source], 0, 16 * sizeof(slots[0]));
            slot_fill(&slots[source], &(struct slot_content){.type = R4_CAP_UNTYPED});
            if (followed) {
                derivation_create(direct(), &slots[source], &slots[source + 1],
                                  &(struct slot_content){.type = R4_CAP_PD, .depth = 1});
            }
            slots[source + FIRST + 2] = empty_slot(41); /* each slot keeps its own version */
        }
        derivation_create(direct(), &slots[0], &slots[FIRST], &content);
        derivation_create_more(direct(), &slots[FIRST], COUNT - 1);
        for (uint32_t i = 0; i < COUNT; i++) {
            struct slot_content one = content;
            one.object += (phys_t)i << 12;
            derivation_create(direct(), i == 0 ? &slots[16] : &slots[SINGLE + i - 1], &slots[SINGLE + i], &one);
        }
        for (uint32_t i = 0; i < 16; i++) { /* the two halves are the same but for their places */
            const struct r4_slot *other = slot_next(direct(), &slots[16 + i]);
            expect_alike(slots[i], slots[16 + i]);
            ck_assert_ptr_eq(slot_next(direct(), &slots[i]), other == NULL ? NULL : other - 16);
            other = slot_prev(direct(), &slots[16 + i]);
            ck_assert_ptr_eq(slot_prev(direct(), &slots[i]), other == NULL ? NULL : other - 16);
        }
        ck_assert_ptr_null(derivation_check(direct(), &slots[0]));
    }
}
END_TEST

/* The old slot keeps its version, the new one's rises, even to the last one. */
START_TEST(test_move_to_last_version) {
    start();
    slots[1] = empty_slot(R4_VERSION_MAX - 1ULL);
    slot_parts(&slots[0])->version = R4_VERSION_MAX;
    derivation_move(direct(), &slots[0], &slots[1]);
    ck_assert_uint_eq(slot_version(&slots[1]), R4_VERSION_MAX);
    ck_assert_uint_eq(slot_badge(&slots[1]), nodes[0].name);
    ck_assert_int_eq(slot_free_check(&slots[0]), R4_ERR_RETIRED);
}
END_TEST

/* A good tree for the checker:
 *   0 untyped, TTL 9
 *     1 copy, TTL 8
 *       2 copy, TTL 3
 *     3 frame retyped from it, TTL 15
 *       4 copy, TTL 14
 *       5 internal reference, TTL 0 */
static void tree_create(void) {
    static const struct {
        uint32_t parent;
        struct slot_content content;
    } contents[] = {
        {0, {.depth = 1, .type = R4_CAP_FRAME, .flags = R4_FLAG_ORIGINAL, .ttl = 15, .object = 64}},
        {3, {.depth = 2, .type = R4_CAP_INTERNAL, .object = 64}},
        {3, {.depth = 2, .type = R4_CAP_FRAME, .ttl = 14, .object = 64}},
        {0, {.depth = 1, .type = R4_CAP_UNTYPED, .ttl = 8}},
        {1, {.depth = 2, .type = R4_CAP_UNTYPED, .ttl = 3}},
    };
    static const uint32_t places[] = {3, 5, 4, 1, 2};
    memset(slots, 0, sizeof(slots));
    slot_fill(&slots[0], &(struct slot_content){.type = R4_CAP_UNTYPED, .flags = R4_FLAG_ORIGINAL, .ttl = 9});
    for (size_t i = 0; i < R4_COUNT(contents); i++) {
        derivation_create(direct(), &slots[contents[i].parent], &slots[places[i]], &contents[i].content);
    }
}

static void ttl_set(uint32_t slot, uint64_t ttl) { slots[slot].word[0] = r4_slot_ttl_set(slots[slot].word[0], ttl); }

static void flags_set(uint32_t slot, uint64_t flags) {
    slots[slot].word[0] = r4_slot_flags_set(slots[slot].word[0], flags);
}

static void type_set(uint32_t slot, enum r4_cap_type type) {
    slots[slot].word[0] = r4_slot_type_set(slots[slot].word[0], type);
}

START_TEST(test_check_accepts) {
    tree_create();
    for (uint32_t i = 0; i <= 5; i++) {
        ck_assert_ptr_null(derivation_check(direct(), &slots[i])); /* from any slot to the end */
        ck_assert_ptr_eq(slot_next(direct(), &slots[i]), i < 5 ? &slots[i + 1] : NULL);
    }
    flags_set(3, R4_FLAG_ORIGINAL | R4_FLAG_MARKED);
    ttl_set(5, 15); /* an internal reference is no copy */
    ck_assert_ptr_null(derivation_check(direct(), slots));
}
END_TEST

START_TEST(test_check_finds_wrong_link) {
    static const char *const text = "a slot's previous link does not name its predecessor";
    for (uint32_t i = 1; i <= 5; i++) {
        for (uint32_t wrong = 0; wrong <= 6; wrong++) { /* 6: names nothing */
            tree_create();
            slot_prev_set(direct(), &slots[i], wrong == 6 ? NULL : &slots[wrong]);
            const char *found = derivation_check(direct(), slots);
            if (wrong == i - 1) {
                ck_assert_ptr_null(found);
            } else {
                ck_assert_str_eq(found, text);
            }
        }
        for (uint32_t wrong = 1; wrong <= 5; wrong++) { /* a slot is skipped, or the list runs back into itself */
            tree_create();
            slot_next_set(direct(), &slots[i - 1], &slots[wrong]);
            ck_assert(wrong == i || strcmp(derivation_check(direct(), slots), text) == 0);
        }
    }
}
END_TEST

START_TEST(test_check_finds_empty_and_header) {
    static const char *const text = "an empty slot or a header is linked";
    for (uint32_t i = 0; i <= 5; i++) {
        tree_create();
        type_set(i, R4_CAP_EMPTY);
        ck_assert_str_eq(derivation_check(direct(), slots), text);
        type_set(i, R4_CAP_HEADER);
        ck_assert_str_eq(derivation_check(direct(), slots), text);
    }
}
END_TEST

START_TEST(test_check_finds_ttl) {
    static const char *const text = "a TTL does not fall from parent to child";
    static const struct {
        uint32_t slot;
        uint64_t ttl;
    } wrong[] = {{1, 9}, {1, 15}, {2, 8}, {4, 15}};
    for (size_t i = 0; i < R4_COUNT(wrong); i++) {
        tree_create();
        ttl_set(wrong[i].slot, wrong[i].ttl);
        ck_assert_str_eq(derivation_check(direct(), slots), text);
    }
    tree_create();
    flags_set(3, 0); /* still another object than its parent */
    ck_assert_ptr_null(derivation_check(direct(), slots));
    flags_set(1, R4_FLAG_ORIGINAL); /* now retyped, not copied */
    ttl_set(1, 15);
    ck_assert_ptr_null(derivation_check(direct(), slots));
}
END_TEST

static void depth_set(uint32_t slot, uint64_t depth) {
    slots[slot].word[2] = r4_slot_depth_set(slots[slot].word[2], depth);
}

START_TEST(test_check_finds_depth) {
    static const char *const text = "a depth rises by more than one step";
    for (uint32_t i = 1; i <= 5; i++) {
        for (uint64_t depth = 0; depth <= R4_DEPTH_MAX; depth++) {
            tree_create();
            ttl_set(i, 0); /* so that no TTL is wrong first */
            uint64_t before = slot_depth(&slots[i - 1]);
            uint64_t after = i == 5 ? 0 : slot_depth(&slots[i + 1]);
            depth_set(i, depth);
            const char *found = derivation_check(direct(), slots);
            if (depth > before + 1 || after > depth + 1) {
                ck_assert_str_eq(found, text);
            } else {
                ck_assert(found == NULL || strcmp(found, text) != 0);
            }
        }
    }
}
END_TEST

START_TEST(test_check_finds_ring) {
    tree_create();
    slot_next_set(direct(), &slots[5], &slots[0]);
    slot_prev_set(direct(), &slots[0], &slots[5]);
    ck_assert_str_eq(derivation_check(direct(), slots), "the list is closed into a ring");
    slot_prev_set(direct(), &slots[0], NULL); /* a ring that begins with the second slot */
    slot_next_set(direct(), &slots[5], &slots[1]);
    ck_assert_str_eq(derivation_check(direct(), slots), "a slot's previous link does not name its predecessor");
}
END_TEST

SUITE_MAIN("derivation", test_random, test_deepest, test_copy, test_copy_is_its_own, test_run,
           test_move_to_last_version, test_check_accepts, test_check_finds_wrong_link,
           test_check_finds_empty_and_header, test_check_finds_ttl, test_check_finds_depth, test_check_finds_ring)
