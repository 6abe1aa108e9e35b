/* SPDX-License-Identifier: MIT
 *
 * What the result of a walk through proxies must be in the world of world.h, by the sentences of the design and not by
 * the code under test: first the whole path that the bytes describe, as long as one proxy names another; then, for each
 * place of it, every reason to reject it. The first reason at the first such place is the error. A name is looked up
 * among all windows, a page by a walk of all page tables, a field by its picture in the headers.
 */
#ifndef R4_TESTS_WALK_MODEL_H
#define R4_TESTS_WALK_MODEL_H

#include "world.h"

enum { MODEL_PLACES = 17 }; /* a path with one more place cannot have rising TTLs */

/* One place of a path. */
struct place {
    uint32_t holder; /* whose address leads here */
    uint64_t cap;    /* that address */
    uint32_t domain; /* in whose window it is; WORLD_DOMAINS: there is no such window */
    uint64_t kind;   /* of the page; 0: neither slots nor proxies */
    uint64_t *word;
};

struct model {
    struct place places[MODEL_PLACES];
    uint32_t count;
    enum r4_error error;
    uint32_t hops;
    uint64_t rights, ttl, badge;
    const uint64_t *once;
};

static inline uint64_t bits(uint64_t word, uint32_t hi, uint32_t lo) { return word << (63 - hi) >> (63 - hi + lo); }

static inline uint32_t model_domain(uint32_t holder, uint64_t name) {
    for (uint32_t i = 0; i < WORLD_DOMAINS; i++) {
        if (name == world_name(i)) {
            return i;
        }
    }
    return name == 0 ? holder : WORLD_DOMAINS;
}

/* Finds the page and the slot that the address names, from the root of the domain's page tables. */
static inline void model_find(struct place *place) {
    uint64_t index = bits(place->cap, 25, 0);
    uint64_t address = 0x8000000000ULL + index * 32;
    uint64_t entry = world[place->domain].root | 1;
    for (uint32_t lowest = 39; lowest >= 12; lowest -= 9) {
        entry = space_table(entry & 0x000ffffffffff000ULL)[bits(address, lowest + 8, lowest)];
        if (bits(entry, 0, 0) == 0 || (lowest > 12 && bits(entry, 7, 7) == 1)) {
            return;
        }
    }
    place->kind = bits(entry, 10, 9);
    place->kind = place->kind == 1 && index % 128 == 0 ? 0 : place->kind; /* the header of a cap page */
    place->word = space_table(entry & 0x000ffffffffff000ULL) + index % 128 * 4;
}

static inline bool model_is_proxy(const struct place *place) {
    return place->kind == 2 && bits(*place->word, 5, 0) == 15;
}

static inline void model_path(struct model *model, uint32_t caller, uint64_t cap) {
    uint32_t holder = caller;
    for (model->count = 0; model->count < MODEL_PLACES;) {
        struct place *place = &model->places[model->count++];
        *place = (struct place){holder, cap, model_domain(holder, bits(cap, 63, 32)), 0, NULL};
        if (place->domain != WORLD_DOMAINS) {
            model_find(place);
        }
        if (!model_is_proxy(place)) {
            return;
        }
        holder = place->domain;
        cap = place->word[1];
    }
}

/* The reason to reject place `i`, all places before it being good. `once`: one of those is a single-use proxy. */
static inline enum r4_error model_judge(const struct model *model, uint32_t i, bool once) {
    const struct place *place = &model->places[i];
    const uint64_t *namer = i == 0 ? NULL : model->places[i - 1].word;
    bool proxy = model_is_proxy(place);
    bool cap = place->kind == 1 && bits(*place->word, 5, 0) != 0;
    bool own = place->domain == place->holder;
    bool granted = proxy && bits(place->word[3], 31, 0) == world_name(place->holder);
    uint64_t rights = proxy ? bits(place->word[0], 59, 48) : cap ? bits(place->word[2], 51, 40) : 0;
    const struct {
        bool applies;
        enum r4_error error;
    } reasons[] = {
        {bits(place->cap, 31, 26) != WORLD_CLUSTER, R4_ERR_FOREIGN_CLUSTER},
        {!own && !granted, R4_ERR_ASID},
        {place->kind != 1 && place->kind != 2, R4_ERR_ADDRESS},
        {!proxy && !cap, R4_ERR_EMPTY},
        {namer != NULL && (proxy || cap) && bits(namer[3], 63, 32) != bits(place->word[0], 47, 16), R4_ERR_VERSION},
        {namer != NULL && (proxy || cap) && bits(namer[0], 9, 6) >= bits(place->word[0], 9, 6), R4_ERR_TTL},
        {namer != NULL && bits(rights, 7, 7) == 0, R4_ERR_RIGHTS},
        {proxy && once && bits(place->word[0], 10, 10) == 1, R4_ERR_ONCE},
    };
    for (size_t rule = 0; rule < sizeof(reasons) / sizeof(reasons[0]); rule++) {
        if (reasons[rule].applies) {
            return reasons[rule].error;
        }
    }
    return R4_OK;
}

static inline void model_walk(struct model *model, uint32_t caller, uint64_t cap) {
    model_path(model, caller, cap);
    model->rights = 511;
    model->ttl = 16;
    model->badge = 0;
    model->once = NULL;
    for (model->hops = 0;; model->hops++) {
        const struct place *place = &model->places[model->hops];
        model->error = model_judge(model, model->hops, model->once != NULL);
        if (model->error != R4_OK) {
            return;
        }
        bool proxy = model_is_proxy(place);
        model->rights &= proxy ? bits(place->word[0], 59, 48) : bits(place->word[2], 51, 40);
        model->ttl = model->ttl == 16 ? bits(place->word[0], 9, 6) : model->ttl;
        if (!proxy) {
            return;
        }
        model->badge = place->word[2] != 0 ? place->word[2] : model->badge;
        model->once = bits(place->word[0], 10, 10) == 1 ? place->word : model->once;
    }
}

#endif
