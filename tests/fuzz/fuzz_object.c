/* SPDX-License-Identifier: MIT
 *
 * elf_open of a relocatable object, linker_plan, linker_link, linker_find: input = an ELF file. What has been opened is
 * read as its readers read it: every name of every section and symbol.
 */
#include "fuzz.h"
#include <r4/linker.h>
#include <r4/linker_constants.h>

#define BASE      0xffffffff81000000ULL
#define IMAGE_MAX (256U << 10) /* for speed; the coordinator takes up to 2 MiB */

#define SYMBOL(name, bits, value) {#name, (bits) == 32 ? 7 : BASE},

static const struct linker_symbol symbols[] = {R4_LINKER_CONSTANT_LIST(SYMBOL)};

static size_t names_read(const struct elf_file *file) {
    size_t sum = 0;
    for (uint32_t i = 1; i < file->header->section_count; i++) {
        const struct elf_section *section = &file->sections[i];
        sum += strlen(elf_section_name(file, section));
        if (section->type != ELF_SECTION_SYMTAB) {
            continue;
        }
        const struct elf_symbol *list = (const void *)(file->data + section->offset);
        uint64_t count = section->size / sizeof(*list);
        for (uint64_t j = 0; j < count; j++) {
            sum += strlen(elf_symbol_name(file, section, &list[j]));
        }
    }
    return sum;
}

static void plan_check(const struct linker_plan *plan) {
    uint64_t end = 0;
    for (unsigned i = 0; i < LINKER_SECTIONS; i++) {
        FUZZ_CHECK(is_aligned(plan->offset[i], R4_PAGE_SIZE) && plan->offset[i] >= end);
        FUZZ_CHECK(plan->section[i] != 0 || plan->size[i] == 0);
        end = plan->offset[i] + plan->size[i];
    }
    FUZZ_CHECK(end <= plan->image_size && is_aligned(plan->image_size, R4_PAGE_SIZE));
}

/* What no section covers is zero, relocations or not. */
static void gaps_check(const struct linker_plan *plan, const uint8_t *image) {
    for (unsigned i = 0; i < LINKER_BSS; i++) {
        uint64_t next = plan->offset[i + 1];
        for (uint64_t at = plan->offset[i] + plan->size[i]; at < next; at++) {
            FUZZ_CHECK(image[at] == 0);
        }
    }
    for (uint64_t at = plan->offset[LINKER_BSS]; at < plan->image_size; at++) {
        FUZZ_CHECK(image[at] == 0);
    }
}

static void object_link(const struct elf_file *file) {
    struct linker_plan plan;
    struct refusal why;
    if (!fuzz_good(linker_plan(file, &plan, &why), &why)) {
        return;
    }
    plan_check(&plan);
    if (plan.image_size > IMAGE_MAX) {
        return;
    }
    uint8_t *image = malloc(plan.image_size);
    if (linker_link(file, &plan, BASE, symbols, R4_COUNT(symbols), image, &why)) {
        gaps_check(&plan, image);
        linker_find(file, &plan, BASE, "kernel_entry");
    }
    free(image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct elf_file file;
    struct refusal why;
    uint8_t *copy = fuzz_copy(data, size);
    if (fuzz_good(elf_open(copy, size, ELF_TYPE_RELOCATABLE, &file, &why), &why)) {
        FUZZ_CHECK(names_read(&file) <= size * file.header->section_count * size);
        object_link(&file);
    }
    free(copy);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed) {
    return fuzz_mutate_word(data, size, max, seed);
}
