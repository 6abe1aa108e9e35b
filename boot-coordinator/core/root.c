/* SPDX-License-Identifier: MIT
 *
 * The root task's segments. See root.h.
 */
#include "root.h"
#include <r4/abi.h>
#include <r4/contract.h>
#include <r4/string.h>

#define ROOT_IMAGE_END (R4_ROOT_STACK_TOP - R4_ROOT_STACK_SIZE)

static bool program_loads(const struct elf_program *program) {
    return program->type == ELF_PROGRAM_LOAD && program->memory_size != 0;
}

static uint64_t program_rights(const struct elf_program *program) {
    uint64_t rights = 0;
    rights |= program->flags & ELF_PROGRAM_READ ? R4_READ : 0;
    rights |= program->flags & ELF_PROGRAM_WRITE ? R4_WRITE : 0;
    rights |= program->flags & ELF_PROGRAM_EXEC ? R4_EXEC : 0;
    return rights;
}

static bool program_check(const struct elf_file *file, const struct elf_program *program, struct refusal *why) {
    if (program->offset > file->size || program->file_size > file->size - program->offset) {
        return refuse(why, "a segment reaches beyond the end of the file");
    }
    if (program->file_size > program->memory_size) {
        return refuse(why, "a segment is longer in the file than in memory");
    }
    if (program->virtual_address < R4_ROOT_IMAGE || program->virtual_address > ROOT_IMAGE_END ||
        program->memory_size > ROOT_IMAGE_END - program->virtual_address) {
        return refuse(why, "a segment lies outside the root task's image area");
    }
    if ((program->flags & ELF_PROGRAM_WRITE) && (program->flags & ELF_PROGRAM_EXEC)) {
        return refuse(why, "a segment is both writable and executable");
    }
    return true;
}

/* The first return to user mode goes to the entry: another address would fault in the kernel, or in the program's first
 * instruction. */
static bool entry_good(const struct root *root) {
    for (uint32_t i = 0; i < root->segment_count; i++) {
        const struct r4_boot_segment *segment = &root->segments[i];
        if ((segment->rights & R4_EXEC) != 0 && root->entry - segment->virtual_address < segment->size) {
            return true;
        }
    }
    return false;
}

bool root_plan(const struct elf_file *file, phys_t base, struct root *root, struct refusal *why) {
    uint64_t used = 0; /* bytes of the block */
    uint64_t last = 0; /* end of the last segment's pages */
    KERNEL_ASSERT(file->programs != NULL && is_aligned(base, R4_LARGE_SIZE));
    *root = (struct root){.entry = file->header->entry};
    for (uint32_t i = 0; i < file->header->program_count; i++) {
        const struct elf_program *program = &file->programs[i];
        if (!program_loads(program)) {
            continue;
        }
        if (!program_check(file, program, why)) {
            return false;
        }
        uint64_t first = round_down(program->virtual_address, R4_PAGE_SIZE);
        uint64_t end = round_up(program->virtual_address + program->memory_size, R4_PAGE_SIZE);
        if (first < last) {
            return refuse(why, "two segments share a page or do not ascend");
        }
        if (root->segment_count == R4_BOOT_SEGMENTS) {
            return refuse(why, "there are more than %u segments", R4_BOOT_SEGMENTS);
        }
        root->segments[root->segment_count++] = (struct r4_boot_segment){
            .base = base + used, .virtual_address = first, .size = end - first, .rights = program_rights(program)};
        used += end - first;
        last = end;
    }
    if (root->segment_count == 0) {
        return refuse(why, "there is no segment to load");
    }
    return entry_good(root) || refuse(why, "the entry lies in no executable segment");
}

void root_copy(const struct elf_file *file, const struct root *root, uint8_t *block) {
    uint32_t segment = 0;
    for (uint32_t i = 0; i < file->header->program_count; i++) {
        const struct elf_program *program = &file->programs[i];
        if (!program_loads(program)) {
            continue;
        }
        KERNEL_ASSERT(segment < root->segment_count);
        const struct r4_boot_segment *to = &root->segments[segment++];
        uint8_t *pages = block + (to->base - root->segments[0].base);
        uint64_t begin = program->virtual_address - to->virtual_address;
        uint64_t end = begin + program->file_size;
        memset(pages, 0, begin);
        memcpy(pages + begin, file->data + program->offset, program->file_size);
        memset(pages + end, 0, to->size - end);
    }
}
