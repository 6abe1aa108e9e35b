/* SPDX-License-Identifier: MIT
 *
 * One system call: mostly one that can succeed, sometimes one that cannot, sometimes noise.
 */
#ifndef R4_FUZZ_CALL_H
#define R4_FUZZ_CALL_H

#include "fuzz/forge.h"

struct call_result {
    uint64_t operation;
    enum r4_error error;
};
struct call_result call_random(const struct place *place);

#endif
