/* SPDX-License-Identifier: MIT
 *
 * The coordinator's own memcpy and memset: it fills megabytes for each cluster, and processors have instructions for
 * that. They take the place of the portable ones of shared/string.c. Source: Intel SDM volume 1, section 7.3.9.3.
 */
#include <r4/string.h>
#include <x86/instructions.h>

#define WORD_SIZE sizeof(uint64_t)

void *memcpy(void *restrict target, const void *restrict source, size_t size) {
    void *to = target;
    const void *from = source;
    x86_movsq(&to, &from, size / WORD_SIZE);
    x86_movsb(&to, &from, size % WORD_SIZE);
    return target;
}

void *memset(void *target, int value, size_t size) {
    void *rest = x86_stosq(target, (unsigned char)value * 0x0101010101010101ULL, size / WORD_SIZE);
    x86_stosb(rest, (unsigned char)value, size % WORD_SIZE);
    return target;
}
