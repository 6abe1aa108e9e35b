/* SPDX-License-Identifier: MIT
 *
 * A little of everything that lemmas.py executes, without a claim: test_lemmas.py compares its results for chosen
 * numbers with those of the processor.
 */
#include <r4/types.h>

struct mixed {
    uint8_t small;
    uint16_t short_one;
    uint32_t word;
    uint64_t large[3];
    bool flag;
};
struct mixed mixed;
uint32_t words[16];

__attribute__((noinline)) uint64_t mixture_case(uint32_t a) {
    switch (a & 7) {
    case 0:
        return 5;
    case 1:
        return words[a >> 3 & 15];
    case 5:
        return UINT64_MAX;
    case 6:
        return a * 77;
    default:
        return 1;
    }
}

__attribute__((noinline)) struct mixed mixture_of(uint64_t a) {
    struct mixed made;
    __builtin_memset(&made, 0, sizeof made);
    made.small = (uint8_t)a;
    made.short_one = (uint16_t)(a >> 3);
    made.word = (uint32_t)a * 5;
    made.large[a & 1] = a;
    made.flag = (a >> 7 & 1) != 0;
    return made;
}

/* All kinds of comparison, of a narrow signed number and of wide ones. */
static uint64_t mixture_compared(uint64_t a, uint64_t b, uint32_t c, int16_t d) {
    return ((int32_t)c < (int32_t)(b >> 7)) + 2U * (a > b) + 4U * (d <= (int16_t)a) + 8U * ((uint16_t)d >= (uint16_t)b);
}

uint64_t mixture(uint64_t a, uint64_t b, uint32_t c, int16_t d, bool e) {
    mixed.small = (uint8_t)(a ^ c);
    mixed.short_one = (uint16_t)(b + (uint64_t)d);
    mixed.word = c << (a & 31);
    mixed.large[b % 2] = a - b;
    mixed.large[2] = a * b;
    mixed.flag = e ^ (a < b);
    struct mixed copy = mixed;
    struct mixed made = mixture_of(b);
    for (uint32_t i = 0; i < (c & 7); i++) {
        words[(i * 3 + c) & 15] += (uint32_t)(copy.large[i & 1] >> (i * 9 & 63));
        copy.word ^= words[i];
    }
    uint64_t sum = (mixture_case(c) + copy.word) ^ (uint64_t)d;
    sum += (uint64_t)((int64_t)a >> (b & 63)) ^ (d < 3 ? made.word : made.short_one);
    sum += mixture_compared(a, b, c, d);
    uint8_t bytes[8];
    __builtin_memcpy(bytes, &sum, 8);
    sum = (sum << 8 | bytes[c & 7]) ^ (mixed.flag ? made.large[0] : made.large[1] + made.flag);
    uint64_t seen = e ? mixed.large[2] : b;
    bool done = __atomic_compare_exchange_n(&mixed.large[2], &seen, sum, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
    sum += __atomic_load_n(&mixed.large[2], __ATOMIC_ACQUIRE) + seen + done;
    return sum + mixed.small + mixed.short_one + words[b & 15];
}
