/* SPDX-License-Identifier: MIT
 *
 * Repeatable random numbers of 64 bits for tests, from a generator of our own, so that a failure found on one machine
 * is found on every other. Source of the constants: Marsaglia, "Xorshift RNGs", 2003 (13, 7, 17), and Vigna's
 * multiplier for xorshift64*.
 */
#ifndef R4_TESTS_RANDOM_H
#define R4_TESTS_RANDOM_H

#include <stdint.h>

/* `state` is never 0: start it with any other number. */
static inline uint64_t random_next(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state * 2685821657736338717ULL;
}

/* 0 .. limit - 1. */
static inline uint64_t random_below(uint64_t *state, uint64_t limit) { return (random_next(state) >> 16) % limit; }

#endif
