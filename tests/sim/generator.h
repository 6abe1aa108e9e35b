/* SPDX-License-Identifier: MIT
 *
 * Generates calls: an operation, drawn by weight, with arguments that fit what the caller has.
 */
#ifndef R4_SIM_GENERATOR_H
#define R4_SIM_GENERATOR_H

#include "instance.h"

struct call {
    uint64_t cap;
    uint64_t operation;
    uint64_t argument[4];
    phys_t object; /* of a retype: where its first object will be */
};

/* The next call of a thread. */
struct call generator_call(const struct instance *instance, struct thread *caller);

/* True for the cluster's first thread, without which nobody would be left to do anything. */
bool generator_is_root(const struct instance *instance, const struct thread *thread);

#endif
