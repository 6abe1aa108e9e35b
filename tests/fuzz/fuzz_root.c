/* SPDX-License-Identifier: MIT
 *
 * elf_open of an executable, root_plan, root_copy: input = an ELF file.
 */
#include "core/root.h"
#include "fuzz.h"
#include <r4/abi.h>

#define BASE 0x40000000U

static uint8_t block[R4_LARGE_SIZE]; /* red zones of the sanitizer on both sides */

static void segments_check(const struct root *root) {
    uint64_t used = 0;
    uint64_t last = R4_ROOT_IMAGE;
    FUZZ_CHECK(root->segment_count >= 1 && root->segment_count <= R4_BOOT_SEGMENTS);
    for (uint32_t i = 0; i < root->segment_count; i++) {
        const struct r4_boot_segment *segment = &root->segments[i];
        FUZZ_CHECK(is_aligned(segment->base | segment->virtual_address | segment->size, R4_PAGE_SIZE));
        FUZZ_CHECK(segment->size != 0 && segment->base == BASE + used);
        FUZZ_CHECK(segment->virtual_address >= last);
        FUZZ_CHECK((segment->rights & (R4_WRITE | R4_EXEC)) != (R4_WRITE | R4_EXEC));
        used += segment->size;
        last = segment->virtual_address + segment->size;
    }
    FUZZ_CHECK(used <= R4_LARGE_SIZE && last <= R4_ROOT_STACK_TOP - R4_ROOT_STACK_SIZE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct elf_file file;
    struct root root;
    struct refusal why;
    uint8_t *copy = fuzz_copy(data, size);
    if (elf_open(copy, size, ELF_TYPE_EXECUTABLE, &file, &why) &&
        fuzz_good(root_plan(&file, BASE, &root, &why), &why)) {
        segments_check(&root);
        root_copy(&file, &root, block);
    }
    free(copy);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed) {
    return fuzz_mutate_word(data, size, max, seed);
}
