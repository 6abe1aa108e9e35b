/* SPDX-License-Identifier: MIT
 *
 * What happens in a case between clusters: who lends what to whom, what the borrowers make of it, and which operation
 * is measured. Every cluster makes the same plan of the same parameters, and does its own part of it (play.h).
 */
#ifndef R4_BENCH_PLAN_H
#define R4_BENCH_PLAN_H

#include <r4/abi.h>

#define PLAN_LOANS 64U

/* One hand-off. Memory is cut from the lender's root, an untyped of its own, or from what an earlier loan brought. */
struct plan_loan {
    uint32_t from, to;
    uint32_t parent; /* the earlier loan, or PLAN_ROOT */
    uint32_t size_log2;
};
#define PLAN_ROOT UINT32_MAX

enum plan_act {
    PLAN_REVOKE,  /* cluster 0 revokes its root */
    PLAN_HANDOFF, /* cluster 0 hands off the last loan */
    PLAN_AT_ONCE, /* all actors revoke at the same time: their root, or what they have lent on first */
};

struct plan {
    uint32_t root_log2; /* of each root */
    uint32_t loan_count;
    struct plan_loan loans[PLAN_LOANS];
    uint32_t frames; /* of 4 KiB, that are made in each loan that is not lent on */
    bool mapped;     /* and mapped */
    enum plan_act act;
    uint64_t actors;    /* of PLAN_AT_ONCE: bit n for cluster n */
    uint32_t unrelated; /* capabilities in each cluster that have nothing to do with it */
};

/* One loan of cluster 0's root to cluster 1: all of it, that many bytes. */
void plan_single(struct plan *plan, uint32_t size_log2);

/* Cluster 0 lends 2 MiB to each of `peers` other clusters (0 to PLAN_LOANS - 1). */
void plan_fan_out(struct plan *plan, uint32_t peers);

/* Cluster 0 lends `children` (up to PLAN_LOANS) times 2 MiB to `peers` other clusters in turn. */
void plan_children(struct plan *plan, uint32_t children, uint32_t peers);

/* The same 2 MiB are lent on `depth` times, each time to the next of the first `clusters` clusters. */
void plan_chain(struct plan *plan, uint32_t depth, uint32_t clusters);

/* Every borrower lends each half of what it got to another cluster of the first `clusters`; `depth` times. */
void plan_tree(struct plan *plan, uint32_t depth, uint32_t clusters);

/* Each of the first `clusters` clusters lends 2 MiB to the next one, and all revoke at once. */
void plan_each_own(struct plan *plan, uint32_t clusters);

/* True if no later loan is cut from loan `number`. */
bool plan_is_leaf(const struct plan *plan, uint32_t number);

#endif
