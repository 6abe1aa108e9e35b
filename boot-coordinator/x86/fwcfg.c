/* SPDX-License-Identifier: MIT
 *
 * fw_cfg through its I/O ports. Source: QEMU, docs/specs/fw_cfg.rst. All numbers in the directory are big endian.
 */
#include "fwcfg.h"
#include "print.h"
#include <r4/string.h>
#include <x86/instructions.h>

#define FWCFG_SELECTOR  0x510U
#define FWCFG_DATA      0x511U
#define FWCFG_SIGNATURE 0x0000U /* items */
#define FWCFG_DIRECTORY 0x0019U
#define FWCFG_FILES_MAX 4096U
#define FWCFG_NAME_SIZE 56U

static void data_read(void *out, size_t size) {
    uint8_t *bytes = out;
    for (size_t i = 0; i < size; i++) {
        bytes[i] = x86_in8(FWCFG_DATA);
    }
}

static uint32_t data_read_big(size_t bytes) {
    uint32_t value = 0;
    for (size_t i = 0; i < bytes; i++) {
        value = value << 8 | x86_in8(FWCFG_DATA);
    }
    return value;
}

bool fwcfg_read(const char *name, char *out, size_t size) {
    char text[FWCFG_NAME_SIZE + 1] = {0};
    BOOT_ASSERT(size >= 1);
    x86_out16(FWCFG_SELECTOR, FWCFG_SIGNATURE);
    data_read(text, 4);
    if (!string_equal(text, "QEMU")) {
        return false;
    }
    x86_out16(FWCFG_SELECTOR, FWCFG_DIRECTORY);
    uint32_t count = data_read_big(4);
    for (uint32_t i = 0; i < count && i < FWCFG_FILES_MAX; i++) {
        size_t length = data_read_big(4);
        uint16_t item = (uint16_t)data_read_big(2);
        data_read_big(2); /* reserved */
        data_read(text, FWCFG_NAME_SIZE);
        if (string_equal(text, name)) {
            length = length < size - 1 ? length : size - 1;
            x86_out16(FWCFG_SELECTOR, item);
            data_read(out, length);
            out[length] = 0;
            return true;
        }
    }
    return false;
}
