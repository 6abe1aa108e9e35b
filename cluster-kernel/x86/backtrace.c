/* SPDX-License-Identifier: MIT
 *
 * Return addresses on the kernel stack, for the record of a panic. Every word on the stack is tested: one that points
 * into the image just after a call instruction is taken for a return address. Frame pointers would cost every function
 * three instructions on the system call path, unwind tables a tenth of the image; the price here is that a stale word
 * of an earlier call may appear among the true ones.
 */
#include "cluster/addresses.h"

#define CALL_NEAR     0xe8 /* call rel32: 5 bytes */
#define CALL_INDIRECT 0xff /* call r/m64, with 2 in the middle field of the ModRM byte: 2 to 7 bytes */
#define CALL_MAX      7

static uint64_t image_base(void) { return LINKER_CONSTANT_64(r4_linker_virtual_base); }
static bool in_image(uint64_t address) { return address - image_base() < boot_info()->image.size; }

static bool follows_near_call(uint64_t address) {
    const uint8_t *code = (const uint8_t *)address - 5;
    int32_t distance =
        (int32_t)((uint32_t)code[1] | (uint32_t)code[2] << 8 | (uint32_t)code[3] << 16 | (uint32_t)code[4] << 24);
    return code[0] == CALL_NEAR && in_image(address + (uint64_t)(int64_t)distance);
}

/* Length of an indirect call, without prefixes, by its ModRM and SIB bytes (SDM volume 2, tables 2-2 and 2-3). */
static uint32_t indirect_length(uint8_t modrm, uint8_t sib) {
    uint32_t mode = modrm >> 6, base = modrm & 7;
    if (mode == 3) {
        return 2;
    }
    uint32_t length = base == 4 ? 3 : 2;
    if (mode == 1) {
        return length + 1;
    }
    bool has_word = mode == 2 || base == 5 || (base == 4 && (sib & 7) == 5);
    return has_word ? length + 4 : length;
}

static bool follows_indirect_call(uint64_t address) {
    for (uint32_t length = 2; length <= CALL_MAX; length++) {
        const uint8_t *code = (const uint8_t *)address - length;
        if (code[0] == CALL_INDIRECT && (code[1] >> 3 & 7) == 2 && indirect_length(code[1], code[2]) == length) {
            return true;
        }
    }
    return false;
}

static bool is_return_address(uint64_t word) {
    return in_image(word) && in_image(word - CALL_MAX) && (follows_near_call(word) || follows_indirect_call(word));
}

/* Starts at the stack pointer of the fault, if there was one: below it are only the calls after the fault. */
void machine_backtrace(uint64_t *frames, size_t count) {
    const struct machine_core *own = machine_own();
    uint64_t bottom = own->stack - (R4_CORE_OFFSET - R4_PAGE_SIZE);
    uint64_t start = own->fault_stack != 0 ? own->fault_stack : (uint64_t)__builtin_frame_address(0);
    if (start < bottom || start > own->stack) {
        start = bottom;
    }
    size_t found = 0;
    for (uint64_t at = round_up(start, sizeof(uint64_t)); at < own->stack && found < count; at += sizeof(uint64_t)) {
        uint64_t word = *(const uint64_t *)at;
        if (is_return_address(word)) {
            frames[found++] = word;
        }
    }
    if (found < count) {
        frames[found] = 0;
    }
}
