/* SPDX-License-Identifier: MIT
 *
 * Lemmas that do not hold, mostly for one value of many or on one path of several: test_lemmas.py demands that each is
 * refuted, for the reason with which its name begins. Together they use every kind of instruction that lemmas.py
 * executes.
 */
#include "lemma.h"

#define OUT_OF_LINE __attribute__((__noinline__))

struct pair {
    uint8_t small;
    uint64_t large[3];
};
struct pair pair, another;
uint32_t array[8];
const uint32_t known[2] = {1, 2};

/* --- one value of many --- */

bool lemma_false_add(uint64_t a) { CLAIM(a + 0x123456789 != 5); }
bool lemma_false_sub(uint8_t a, uint8_t b) { CLAIM((uint8_t)(a - b) != 255); }
bool lemma_false_mul(uint64_t a) { CLAIM(a * a != 0x10201); }
bool lemma_false_shift(uint64_t a, uint64_t n) {
    GIVEN(n < 64)
    CLAIM(a << n >> n == a);
}
bool lemma_false_sign(int64_t a) { CLAIM((uint64_t)(a >> 4) == (uint64_t)a >> 4); }
bool lemma_false_extended(int8_t a) { CLAIM((uint64_t)a < 256); }
bool lemma_false_cut(uint64_t a) { CLAIM((uint32_t)a == a); }
bool lemma_false_bits(uint64_t a, uint64_t b) { CLAIM((a | b) == (a ^ b)); }
bool lemma_false_and(uint64_t a) { CLAIM((a & 0x8000000000000000) == 0); }
bool lemma_false_unsigned(uint32_t a, uint32_t b) { CLAIM(a < b || a > b || a != 77); }
bool lemma_false_signed(int32_t a) { CLAIM(a >= -2147483647 || a > 5); }
bool lemma_false_limit(uint64_t a) { CLAIM(a <= UINT64_MAX - 1); }
bool lemma_false_bool(bool a, bool b) { CLAIM(a != b); }

/* --- one path of several --- */

OUT_OF_LINE uint32_t chosen(uint32_t a) {
    switch (a) {
    case 3:
        return array[0];
    case 4:
        return array[1] + 1;
    case 1000:
        return array[2] * 3;
    default:
        return a;
    }
}
bool lemma_false_case(uint32_t a) { CLAIM(chosen(a) != 12 || a == 12 || a == 3 || a == 4); }
bool lemma_false_default(uint32_t a) { CLAIM(chosen(a) != 12 || a == 3 || a == 4 || a == 1000); }

bool lemma_false_loop(uint32_t n) {
    GIVEN(n < 6)
    uint32_t sum = 0;
    uint32_t last = 1;
    for (uint32_t i = 0; i < n; i++) { /* each gets the other's old value */
        uint32_t was = sum;
        sum = last + array[i];
        last = was;
    }
    CLAIM(sum != 500 || n != 5);
}

OUT_OF_LINE uint32_t swapped(uint32_t n) {
    uint32_t one = 1;
    uint32_t two = 2;
    for (uint32_t i = 0; i < n; i++) { /* the same here */
        uint32_t was = one;
        one = two;
        two = was;
    }
    return 10 * one + two;
}
bool lemma_false_swap(uint32_t n) {
    GIVEN(n > 0 && n < 4)
    CLAIM(swapped(n) != 12);
}

OUT_OF_LINE const uint32_t *either(bool first, uint32_t n) { return first ? &array[n & 3] : known; }
bool lemma_false_pointer(bool first, uint32_t n) { CLAIM(*either(first, n) != 9); }

bool lemma_false_early(uint32_t a) {
    if (a == 0xdeadbeef) {
        return false;
    }
    CLAIM(true);
}

bool lemma_false_second_call(uint32_t a) { CLAIM(chosen(a) + chosen(a + 1) != array[0] + array[1] + 1); }

/* --- memory --- */

bool lemma_false_store(uint32_t at, uint32_t value) {
    GIVEN(at < 8)
    array[3] = 4;
    array[at] = value;
    CLAIM(array[3] == 4);
}
bool lemma_false_first_place(uint32_t n) {
    GIVEN(n < 2)
    CLAIM(array[n] != 9 || n == 1);
}
bool lemma_false_second_place(uint32_t n) {
    GIVEN(n < 2)
    CLAIM(array[n] != 9 || n == 0);
}
bool lemma_false_parts(void) {
    pair.large[1] = 0x1122334455667788;
    CLAIM(((uint8_t *)&pair.large[1])[1] == 0x66);
}
bool lemma_false_place(void) {
    pair.small = 1;
    CLAIM(*((uint8_t *)&pair.large[0] - 7) == 1);
}
bool lemma_false_copied(void) {
    pair = another;
    CLAIM(pair.large[2] != 17);
}
bool lemma_false_cleared(void) {
    __builtin_memset(&pair, 0xff, sizeof pair);
    CLAIM(pair.large[2] != UINT64_MAX);
}
bool lemma_false_kept(uint32_t a) { /* a path does not see the memory of another */
    if (a == 7) {
        array[0] = 1;
    } else {
        array[0] = chosen(a);
    }
    CLAIM(array[0] == 1);
}
bool lemma_false_exchanged(uint64_t expected, uint64_t wanted) {
    CLAIM(__atomic_compare_exchange_n(&pair.large[0], &expected, wanted, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
}
bool lemma_false_exchange(uint64_t expected, uint64_t wanted) {
    uint64_t was = pair.large[0];
    bool done =
        __atomic_compare_exchange_n(&pair.large[0], &expected, wanted, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
    CLAIM(done || __atomic_load_n(&pair.large[0], __ATOMIC_ACQUIRE) != was || expected == wanted);
}
OUT_OF_LINE void fill_some(uint64_t *words, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        words[i] = 3;
    }
}
bool lemma_false_uninitialised(uint32_t n) {
    GIVEN(n < 3)
    uint64_t words[3];
    fill_some(words, n);
    CLAIM(words[0] + words[1] == 6);
}

/* --- undefined behaviour; accesses outside of all objects; no claim --- */

bool lemma_undefined_shift(uint64_t a, uint64_t n) { CLAIM(a << n == a << n); }
bool lemma_undefined_index(uint32_t n) {
    GIVEN(n < 9)
    CLAIM(array[n] == array[n]);
}
bool lemma_undefined_quotient(uint32_t n) {
    GIVEN(n == 0)
    CLAIM(5 / n == 5 / n);
}
bool lemma_undefined_end(uint32_t n) {
    if (n == 0x1000) {
        __builtin_unreachable();
    }
    CLAIM(true);
}
bool lemma_undefined_alignment(uint32_t n) {
    GIVEN(n < 2)
    CLAIM(*(uint32_t *)((uintptr_t)array + n) != 1 || array[0] == 1);
}
OUT_OF_LINE void copy_four(uint32_t *to, const uint32_t *from) { __builtin_memcpy(to, from, 16); }
bool lemma_undefined_overlap(uint32_t n) {
    GIVEN(n == 0 || n == 3 || n == 4)
    copy_four(&array[0], &array[n]);
    CLAIM(array[3] != 7 || array[n + 3] == 7 || n == 3);
}
bool lemma_outside_address(uint64_t address) {
    GIVEN(address % 8 == 0 && address != 0)
    CLAIM(*(uint64_t *)address != 5);
}
OUT_OF_LINE void copy_two(uint64_t *to, const uint32_t *from) { __builtin_memcpy(to, from, 8); }
bool lemma_outside_size(uint32_t n) {
    GIVEN(n < 8)
    uint64_t copied;
    copy_two(&copied, &array[n]);
    CLAIM(copied == (array[n] | (uint64_t)array[n + 1] << 32));
}
bool lemma_nothing_at_all(uint32_t n) { return (n | 1) != 0; }
bool lemma_nothing_given(uint32_t n) {
    GIVEN(n < 4 && n > 4)
    CLAIM(true);
}
