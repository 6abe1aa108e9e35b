/* SPDX-License-Identifier: MIT
 *
 * What the proofs share. A proof prove_X.c is a driver for Frama-C's EVA plug-in: it calls one parser with every input
 * up to a bound, all of them at once, and EVA shows that no such call reads or writes outside its objects, uses an
 * uninitialised value, divides by zero, shifts too far or overflows a signed number. An alarm is a failure.
 *
 * EVA keeps an interval for each value but no relation between two of them, so "offset + length <= size" is lost unless
 * one side is a constant. Hence sizes are constants here, one state for each, in buffers of exactly that size.
 */
#ifndef R4_TESTS_PROVE_H
#define R4_TESTS_PROVE_H

#include "core/acpi.h"

#include "__fc_builtin.h"
#include <stdlib.h>

/* Widening stops at the limits that the parsers check, in every function that a proof calls. */
#define PROVE_LIMITS widen_hints global : "all", 127, 128, 511, 512, 4095, 4096, 8191, 8192

/* `size` bytes of any value, in a buffer of their own; never null. */
static inline uint8_t *prove_bytes(uint32_t size) {
    uint8_t *bytes = malloc(size);
    if (!bytes) {
        exit(1);
    }
    Frama_C_make_unknown((char *)bytes, size);
    return bytes;
}

#endif
