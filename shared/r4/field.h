/* SPDX-License-Identifier: MIT
 *
 * Bit ranges of a word, written as the manuals write them: DEFINE_FIELD(uint64_t, slot_type, 5, 0) makes
 *   slot_type_get(word)         the field, shifted down
 *   slot_type_set(word, value)  the word with the field replaced; bits of value that do not fit are dropped
 *   slot_type_put(value)        the value in its place, for putting a new word together; it must fit
 *   slot_type_max()             the largest value
 *   slot_type_low               the number of its lowest bit, for constant expressions
 * C bit-fields are used nowhere: the compiler decides their layout.
 */
#ifndef R4_FIELD_H
#define R4_FIELD_H

#include <r4/types.h>

#define DEFINE_FIELD(type, name, hi, lo)                                                                               \
    _Static_assert((hi) >= (lo) && (hi) < 8 * sizeof(type), #name " does not fit its word");                           \
    enum { name##_low = (lo) };                                                                                        \
    static inline type name##_max(void) { return (type)((((type)1 << ((hi) - (lo))) << 1) - 1); }                      \
    static inline type name##_put(type value) { return (type)(value << (lo)); }                                        \
    static inline type name##_get(type word) { return (type)((word >> (lo)) & name##_max()); }                         \
    static inline type name##_set(type word, type value) {                                                             \
        return (type)((word & (type) ~(type)(name##_max() << (lo))) | (type)((value & name##_max()) << (lo)));         \
    }

#endif
