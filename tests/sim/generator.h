/* SPDX-License-Identifier: MIT
 *
 * The choice of a call: an operation by weight, and arguments that fit what is there.
 */
#ifndef R4_SIM_GENERATOR_H
#define R4_SIM_GENERATOR_H

#include "instance.h"

struct call {
    uint64_t cap;
    uint64_t operation;
    uint64_t argument[4];
    phys_t object; /* RETYPE: where the first object would be */
};

struct call generator_call(const struct instance *instance, struct thread *caller);

/* True if it is the cluster's first thread, whose end would leave nobody to do anything. */
bool generator_is_root(const struct instance *instance, const struct thread *thread);

#endif
