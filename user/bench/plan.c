/* SPDX-License-Identifier: MIT
 *
 * The shapes of cases between clusters.
 */
#include "bench/plan.h"
#include "lib/print.h"

static void plan_begin(struct plan *plan, uint32_t root_log2) {
    *plan = (struct plan){.root_log2 = root_log2, .act = PLAN_REVOKE};
}

static void loan_add(struct plan *plan, struct plan_loan loan) {
    require(plan->loan_count < PLAN_LOANS && loan.size_log2 >= R4_LARGE_BITS, "a plan with room for its loans");
    plan->loans[plan->loan_count++] = loan;
}

/* The smallest root that is more than 2 MiB and can be cut into so many times 2 MiB: also a single one is cut. */
static uint32_t root_log2_for(uint32_t parts) {
    uint32_t log2 = R4_LARGE_BITS + 1;
    while (parts > 1U << (log2 - R4_LARGE_BITS)) {
        log2++;
    }
    return log2;
}

void plan_single(struct plan *plan, uint32_t size_log2) {
    plan_begin(plan, size_log2);
    loan_add(plan, (struct plan_loan){0, 1, PLAN_ROOT, size_log2});
}

void plan_children(struct plan *plan, uint32_t children, uint32_t peers) {
    plan_begin(plan, root_log2_for(children));
    for (uint32_t i = 0; i < children; i++) {
        loan_add(plan, (struct plan_loan){0, 1 + i % peers, PLAN_ROOT, R4_LARGE_BITS});
    }
}

void plan_fan_out(struct plan *plan, uint32_t peers) { plan_children(plan, peers, peers); }

void plan_chain(struct plan *plan, uint32_t depth, uint32_t clusters) {
    plan_begin(plan, R4_LARGE_BITS);
    for (uint32_t i = 0; i < depth; i++) {
        uint32_t parent = i == 0 ? PLAN_ROOT : i - 1;
        loan_add(plan, (struct plan_loan){i % clusters, (i + 1) % clusters, parent, R4_LARGE_BITS});
    }
}

/* Breadth first: the loans of one level are a row, and those of loan n of it are numbers 2n and 2n + 1 of the next. */
void plan_tree(struct plan *plan, uint32_t depth, uint32_t clusters) {
    plan_begin(plan, R4_LARGE_BITS + depth);
    uint32_t level_first = 0;
    for (uint32_t level = 1; level <= depth; level++) {
        uint32_t next_first = plan->loan_count;
        for (uint32_t i = 0; i < 1U << level; i++) {
            uint32_t parent = level == 1 ? PLAN_ROOT : level_first + i / 2;
            uint32_t from = level == 1 ? 0 : plan->loans[parent].to;
            uint32_t to = (from + 1 + i % (clusters - 1)) % clusters;
            loan_add(plan, (struct plan_loan){from, to, parent, plan->root_log2 - level});
        }
        level_first = next_first;
    }
}

void plan_each_own(struct plan *plan, uint32_t clusters) {
    plan_begin(plan, R4_LARGE_BITS);
    plan->act = PLAN_AT_ONCE;
    for (uint32_t i = 0; i < clusters; i++) {
        loan_add(plan, (struct plan_loan){i, (i + 1) % clusters, PLAN_ROOT, R4_LARGE_BITS});
        plan->actors |= 1ULL << i;
    }
}

bool plan_is_leaf(const struct plan *plan, uint32_t number) {
    for (uint32_t i = number + 1; i < plan->loan_count; i++) {
        if (plan->loans[i].parent == number) {
            return false;
        }
    }
    return true;
}
