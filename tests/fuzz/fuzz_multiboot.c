/* SPDX-License-Identifier: MIT
 *
 * multiboot_read: input = an information block; its first word, the size, is repaired most of the time.
 */
#include "core/multiboot.h"
#include "fuzz.h"

static struct multiboot info;

static bool text_inside(const char *text, const uint8_t *block, size_t size) {
    const uint8_t *at = (const uint8_t *)text;
    return at >= block && at < block + size && memchr(at, 0, (size_t)(block + size - at)) != NULL;
}

static void info_check(const uint8_t *block, size_t size) {
    FUZZ_CHECK(*info.command == '\0' || text_inside(info.command, block, size));
    const uint8_t *rsdp = info.rsdp;
    FUZZ_CHECK(rsdp == NULL || (rsdp >= block && info.rsdp_size <= (size_t)(block + size - rsdp)));
    FUZZ_CHECK(info.module_count <= MULTIBOOT_MODULES_MAX);
    for (uint32_t i = 0; i < info.module_count; i++) {
        const struct multiboot_module *module = &info.modules[i];
        FUZZ_CHECK(module->base <= module->end && text_inside(module->name, block, size));
        FUZZ_CHECK(strcmp(multiboot_module(&info, module->name)->name, module->name) == 0);
    }
    FUZZ_CHECK(multiboot_module(&info, "no module has this name") == NULL || info.module_count != 0);
    fuzz_ranges(&info.ram);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t *block = fuzz_copy(data, size);
    struct refusal why;
    if (fuzz_good(multiboot_read(block, size, &info, &why), &why)) {
        info_check(block, size);
    }
    free(block);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed) {
    size = LLVMFuzzerMutate(data, size, max);
    if (seed % 8 != 0 && size >= 4) {
        uint32_t total = (uint32_t)size;
        memcpy(data, &total, sizeof(total));
    }
    return size;
}
