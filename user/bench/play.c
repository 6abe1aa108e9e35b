/* SPDX-License-Identifier: MIT
 *
 * One plan. Each round has the steps of steps_of() below, which all clusters count alike.
 */
#include "bench/play.h"
#include "bench/costs.h"
#include "bench/together.h"
#include "bench/unrelated.h"
#include "lib/cap.h"
#include "lib/memory.h"
#include "lib/peer.h"
#include "lib/print.h"
#include "lib/space.h"
#include "lib/window.h"
#include "lib/x86/clock.h"

#define FIRST_STEP     (1U << 16) /* beyond those of remote.c */
#define SETTLE_US      200U       /* until all other cores have halted: what they still do would be counted */
#define SETTLE_EACH_US 50U        /* more, for each other cluster */
#define ROW            63U        /* frames that are made in one go: two rows fit into a page of the window */
#define ADDRESS        0x48000000ULL

/* A cluster's part of the round that goes on. */
struct part {
    const struct plan *plan;
    uint32_t self;
    uint32_t base;                 /* the round's first step */
    uint32_t root;                 /* slot; 0: it has none */
    uint32_t received[PLAN_LOANS]; /* slots in which loans to this cluster arrive */
    uint32_t lent[PLAN_LOANS];     /* slots of what this cluster lends */
};

static const struct traffic nothing = {0, 0};
static uint32_t next_step = FIRST_STEP;

/* The steps of a round: of loan n number 2n (posted, by the borrower) and 2n + 1 (handed off, by the lender); then: */
enum step { READY, GO, DONE, REPORTED, COLLECTED, STEPS };
static uint32_t step_of(const struct part *part, enum step step) {
    return part->base + 2 * part->plan->loan_count + (uint32_t)step;
}
static uint32_t step_posted(const struct part *part, uint32_t loan) { return part->base + 2 * loan; }
static uint32_t step_handed_off(const struct part *part, uint32_t loan) { return part->base + 2 * loan + 1; }

static bool has_root(const struct plan *plan) {
    uint32_t self = r4_info()->cluster;
    bool found = self == 0; /* also with no loan at all */
    for (uint32_t i = 0; i < plan->loan_count; i++) {
        found |= plan->loans[i].from == self && plan->loans[i].parent == PLAN_ROOT;
    }
    return found;
}

/* --- before the operation that is measured --- */

/* The untyped that is lent: all of the root or of what was received, or a part of it. */
static uint32_t lent_cut(const struct part *part, const struct plan_loan *loan) {
    uint32_t whole = loan->parent == PLAN_ROOT ? part->root : part->received[loan->parent];
    return r4_size_log2(whole) == loan->size_log2 ? whole
                                                  : memory_create_from(whole, R4_CAP_UNTYPED, loan->size_log2, 1);
}

static void handoff(const struct part *part, uint32_t number) {
    must(r4_peer_handoff(r4_peer(part->plan->loans[number].to), r4_own(part->lent[number])), "hand-off");
}

/* The last loan of PLAN_HANDOFF is only prepared. */
static void loan_carry_out(struct part *part, uint32_t number) {
    const struct plan_loan *loan = &part->plan->loans[number];
    bool only_prepared = part->plan->act == PLAN_HANDOFF && number == part->plan->loan_count - 1;
    if (loan->to == part->self) {
        part->received[number] = slots_take(1);
        must(r4_peer_post(r4_peer(loan->from), part->received[number]), "posting a receive slot");
        step_reach(step_posted(part, number), nothing);
        if (!only_prepared) {
            step_wait(loan->from, step_handed_off(part, number));
        }
    } else if (loan->from == part->self) {
        part->lent[number] = lent_cut(part, loan);
        step_wait(loan->to, step_posted(part, number));
        if (!only_prepared) {
            handoff(part, number);
            step_reach(step_handed_off(part, number), nothing);
        }
    }
}

static void content_make(const struct part *part, uint32_t number) {
    for (uint32_t made = 0; made < part->plan->frames; made += ROW) {
        uint32_t count = part->plan->frames - made < ROW ? part->plan->frames - made : ROW;
        uint32_t first = memory_create_from(part->received[number], R4_CAP_FRAME, R4_PAGE_BITS, count);
        if (part->plan->mapped) {
            space_map_row(first, count, ADDRESS + (uint64_t)made * R4_PAGE_SIZE, R4_READ | R4_WRITE);
        }
    }
}

static void round_prepare(struct part *part) {
    part->root = has_root(part->plan) ? memory_take(part->plan->root_log2) : 0;
    for (uint32_t i = 0; i < part->plan->loan_count; i++) {
        loan_carry_out(part, i);
    }
    for (uint32_t i = 0; i < part->plan->loan_count && part->plan->act != PLAN_HANDOFF; i++) {
        if (part->plan->loans[i].to == part->self && plan_is_leaf(part->plan, i)) {
            content_make(part, i);
        }
    }
}

/* --- the operation --- */

/* What an actor revokes: its root, or else what it has lent first. An ancestor's revoke may have been faster. */
static void actor_revoke(const struct part *part) {
    uint32_t slot = part->root;
    for (uint32_t i = part->plan->loan_count; i-- > 0 && part->root == 0;) {
        slot = part->plan->loans[i].from == part->self ? part->lent[i] : slot;
    }
    enum r4_error error = r4_cap_revoke(r4_own(slot)).error;
    must(part->root == 0 && error == R4_ERR_EMPTY ? R4_OK : error, "an actor's revoke");
}

static int64_t revoke_ticks(const struct part *part) {
    r4_cap_t root = r4_own(part->root);
    uint64_t begin = r4_ticks();
    enum r4_error error = r4_cap_revoke(root).error;
    int64_t ticks = figure_ticks(begin);
    must(error, "revoke");
    return ticks;
}

static int64_t handoff_ticks(const struct part *part) {
    uint32_t last = part->plan->loan_count - 1;
    r4_cap_t peer = r4_peer(part->plan->loans[last].to);
    r4_cap_t untyped = r4_own(part->lent[last]);
    uint64_t begin = r4_ticks();
    enum r4_error error = r4_peer_handoff(peer, untyped);
    int64_t ticks = figure_ticks(begin);
    must(error, "hand-off");
    return ticks;
}

/* From the signal that lets all actors begin to the last one's end. */
static int64_t at_once_ticks(const struct part *part) {
    uint64_t begin = r4_ticks();
    step_reach(step_of(part, GO), nothing);
    actor_revoke(part);
    for (uint64_t left = part->plan->actors & ~1ULL; left != 0; left &= left - 1) {
        step_wait((uint32_t)__builtin_ctzll(left), step_of(part, DONE));
    }
    return figure_ticks(begin);
}

static int64_t act_ticks(const struct part *part) {
    switch (part->plan->act) {
    case PLAN_HANDOFF:
        return handoff_ticks(part);
    case PLAN_AT_ONCE:
        return at_once_ticks(part);
    default:
        return revoke_ticks(part);
    }
}

/* --- one round --- */

/* Cluster 0's. */
static int64_t round_conduct(const struct part *part, struct traffic *traffic) {
    step_wait_all(step_of(part, READY));
    traffic_begin();
    r4_spin_us(SETTLE_US + SETTLE_EACH_US * r4_info()->cluster_count);
    int64_t ticks = act_ticks(part);
    struct traffic own = traffic_end();
    step_reach(step_of(part, DONE), nothing);
    *traffic = step_wait_all(step_of(part, REPORTED));
    traffic->messages += own.messages;
    traffic->doorbells += own.doorbells;
    must(r4_cap_revoke(r4_own(part->root)).error, "revoking what a hand-off left");
    step_reach(step_of(part, COLLECTED), nothing);
    return ticks;
}

/* That of every other. */
static void round_serve(const struct part *part) {
    traffic_begin();
    step_reach(step_of(part, READY), nothing);
    if ((part->plan->actors >> part->self & 1) != 0) {
        step_wait(0, step_of(part, GO));
        actor_revoke(part);
        step_reach(step_of(part, DONE), nothing);
    }
    step_wait(0, step_of(part, DONE));
    step_reach(step_of(part, REPORTED), traffic_end());
    step_wait(0, step_of(part, COLLECTED));
}

/* Nothing that was received is left, and all slots are free again. */
static void round_end(const struct part *part) {
    for (uint32_t i = 0; i < part->plan->loan_count; i++) {
        if (part->plan->loans[i].to == part->self) {
            require(r4_type(part->received[i]) == R4_CAP_EMPTY, "a receive slot that the revoke has emptied");
            slots_give_of(part->received[i]);
            slots_give(part->received[i], 1);
        }
    }
    if (part->root != 0) {
        memory_give(part->root);
    }
}

/* --- the whole --- */

static void rounds_play(const struct plan *plan, uint32_t repeat, struct costs *costs) {
    for (uint32_t round = 0; round <= repeat; round++) {
        struct part part = {.plan = plan, .self = r4_info()->cluster, .base = next_step};
        next_step = step_of(&part, STEPS);
        round_prepare(&part);
        if (part.self != 0) {
            round_serve(&part);
        } else {
            struct traffic traffic;
            int64_t ticks = round_conduct(&part, &traffic);
            if (round != 0) {
                costs_add(costs, ticks, traffic);
            }
        }
        round_end(&part);
    }
}

/* Whether cluster 0 has the memory: it knows, tells the others, and goes on when all have heard. */
static bool is_possible(const struct plan *plan, const char *name) {
    uint32_t told = next_step++;
    uint32_t heard = next_step++;
    if (r4_info()->cluster != 0) {
        bool possible = traffic_of(step_wait(0, told)).messages != 0;
        step_reach(heard, nothing);
        return possible;
    }
    bool possible = memory_has(plan->root_log2);
    if (!possible) {
        print("left out %s: no untyped of 2^%u bytes", name, plan->root_log2);
    }
    step_reach(told, (struct traffic){possible, 0});
    step_wait_all(heard);
    return possible;
}

void play(const struct plan *plan, uint32_t repeat, const char *text, uint32_t number) {
    static struct costs costs;
    costs_begin(&costs, text, number);
    if (!is_possible(plan, costs.name)) {
        return;
    }
    if (has_root(plan)) {
        memory_give(memory_take(plan->root_log2)); /* a spare for every round: nothing else is cut from it */
    }
    uint32_t pages = 1 + plan->frames / (2 * ROW) + plan->loan_count / ROW;
    (void)space_grow_window(pages);
    unrelated_make(plan->unrelated);
    rounds_play(plan, repeat, &costs);
    if (r4_info()->cluster == 0) {
        costs_print(&costs);
    }
    must(memory_reset(), "clean-up");
}
