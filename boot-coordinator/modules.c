/* SPDX-License-Identifier: MIT
 *
 * Loader information and modules. See modules.h.
 */
#include "modules.h"
#include "print.h"
#include "x86/fwcfg.h"
#include "x86/identity.h"
#include <r4/string.h>

#define FWCFG_COMMAND "opt/r4/command"
#define KERNEL_ENTRY  "kernel_entry"

extern const uint8_t coordinator_begin[]; /* coordinator.ld */
extern const uint8_t coordinator_end[];

void boot_use(struct boot *boot, phys_t base, uint64_t size) {
    if (!ranges_add(&boot->in_use, base, base + size)) {
        boot_stop("more than %u ranges of memory are in use", RANGES_MAX);
    }
}

/* What the coordinator cannot reach is given to no kernel either: it could not write that kernel's tables there. */
static void memory_clip(struct boot *boot) {
    struct ranges *ram = &boot->loader.ram;
    uint64_t all = ranges_total(ram);
    ranges_remove(ram, boot->identity_end, UINT64_MAX);
    boot_print("memory: %lu MiB of RAM, ranges %u", all >> 20, ram->count);
    if (all != ranges_total(ram)) {
        boot_print("unused: %lu MiB of RAM above 0x%lx, which this CPU (no 1 GiB pages) or R4 cannot reach",
                   (all - ranges_total(ram)) >> 20, boot->identity_end);
    }
}

static void command_join(struct boot *boot) {
    char more[sizeof(boot->command)];
    bool whole = string_copy(boot->command, sizeof(boot->command), boot->loader.command);
    size_t length = string_length(boot->command);
    if (length != 0 && length + 1 < sizeof(boot->command)) {
        boot->command[length++] = ' ';
    }
    if (fwcfg_read(FWCFG_COMMAND, more, sizeof(more))) {
        whole = string_copy(boot->command + length, sizeof(boot->command) - length, more) && whole;
    }
    boot->command_cut = !whole;
}

static bool loader_read(struct boot *boot, uint32_t magic, uint32_t block, struct refusal *why) {
    boot->loader.command = "";
    if (magic != MULTIBOOT_LOADER_MAGIC) {
        return refuse(why, "the boot loader does not speak multiboot2");
    }
    const uint32_t *size = identity_at(block);
    if (!multiboot_read(size, *size, &boot->loader, why)) {
        return false;
    }
    return boot->loader.ram.count != 0 || refuse(why, "the boot loader names no RAM");
}

bool modules_read(struct boot *boot, uint32_t magic, uint32_t block, struct refusal *why) {
    bool good = loader_read(boot, magic, block, why);
    command_join(boot);
    return good;
}

void modules_take(struct boot *boot, uint32_t block) {
    const uint32_t *size = identity_at(block);
    const struct ranges *ram = &boot->loader.ram;
    BOOT_ASSERT(ram->count != 0);
    boot_print("command: %s", boot->command);
    if (boot->command_cut) {
        boot_print("warning: the command line was cut to %lu bytes", sizeof(boot->command) - 1);
    }
    boot->identity_end = identity_extend(ram->list[ram->count - 1].end);
    memory_clip(boot);
    boot_use(boot, (uintptr_t)coordinator_begin, (uint64_t)(coordinator_end - coordinator_begin));
    boot_use(boot, block, *size);
    for (uint32_t i = 0; i < boot->loader.module_count; i++) {
        const struct multiboot_module *module = &boot->loader.modules[i];
        boot_use(boot, module->base, module->end - module->base);
        boot_print("module %s: 0x%lx-0x%lx", module->name, module->base, module->end);
    }
}

static const struct multiboot_module *module_need(const struct boot *boot, const char *name) {
    const struct multiboot_module *module = multiboot_module(&boot->loader, name);
    if (module == NULL) {
        boot_stop("there is no module named %s", name);
    }
    if (!is_aligned(module->base, R4_PAGE_SIZE)) {
        boot_stop("module %s does not begin on a page", name);
    }
    return module;
}

static void elf_need(const struct boot *boot, const char *name, uint16_t type, struct elf_file *file) {
    const struct multiboot_module *module = module_need(boot, name);
    struct refusal why;
    if (!elf_open(identity_at(module->base), module->end - module->base, type, file, &why)) {
        boot_stop("module %s: %s", name, why.text);
    }
}

void modules_open(struct boot *boot) {
    BOOT_ASSERT(boot->identity_end != 0);
    elf_need(boot, "kernel", ELF_TYPE_RELOCATABLE, &boot->kernel);
    elf_need(boot, "root", ELF_TYPE_EXECUTABLE, &boot->root);
    struct refusal why;
    if (!linker_plan(&boot->kernel, &boot->plan, &why)) {
        boot_stop("module kernel: %s", why.text);
    }
    if (boot->plan.image_size > R4_AREA_BOOT_INFO - R4_AREA_IMAGE) {
        boot_stop("module kernel: its image has %lu bytes, more than 2 MiB", boot->plan.image_size);
    }
    uint64_t entry = linker_find(&boot->kernel, &boot->plan, R4_VIRTUAL_BASE, KERNEL_ENTRY);
    if (entry == 0) {
        boot_stop("module kernel: there is no symbol " KERNEL_ENTRY);
    }
    boot->kernel_entry = entry - R4_VIRTUAL_BASE;
}
