/* SPDX-License-Identifier: MIT
 *
 * A stream of numbers that follows from its seed (splitmix64).
 */
#ifndef R4_FUZZ_RANDOM_H
#define R4_FUZZ_RANDOM_H

#include <r4/types.h>

struct random {
    uint64_t state;
};

static inline uint64_t random_word(struct random *random) {
    uint64_t z = random->state += 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

/* Below `below`, which is not 0. */
static inline uint32_t random_below(struct random *random, uint32_t below) {
    return (uint32_t)(random_word(random) >> 32) % below;
}

static inline bool random_chance(struct random *random, uint32_t one_in) { return random_below(random, one_in) == 0; }

/* Few bits or many. */
static inline uint64_t random_number(struct random *random) { return random_word(random) >> random_below(random, 64); }

#endif
