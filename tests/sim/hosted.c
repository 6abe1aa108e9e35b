/* SPDX-License-Identifier: MIT
 *
 * What the coordinator and the boot linker do on a real machine.
 */
#define _GNU_SOURCE
#include "hosted.h"
#include <dlfcn.h>
#include <fcntl.h>
#include <r4/linker_constants.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define STUBS 0x5f000000ULL /* the host's heap begins anywhere in the first GiB after the program */
#define STUB  16U           /* bytes: jmp *0(%rip), the address, two of padding */

void hosted_map_private(uintptr_t address, uint64_t size) {
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
    if (mmap((void *)address, size, PROT_READ | PROT_WRITE, flags, -1, 0) != (void *)address) {
        hosted_fail("cannot map memory", "at an address of a kernel");
    }
}

static void object_open(const char *path, struct elf_file *file) {
    struct stat status;
    int handle = open(path, O_RDONLY | O_CLOEXEC);
    if (handle < 0 || fstat(handle, &status) != 0) {
        hosted_fail("cannot open", path);
    }
    void *data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, handle, 0);
    struct refusal why;
    bool good = elf_open(data, (size_t)status.st_size, ELF_TYPE_RELOCATABLE, file, &why);
    close(handle);
    if (!good) {
        hosted_fail(why.text, path);
    }
}

/* An address for `target` that the calls of a copy reach. */
static uint64_t stub_for(struct hosted_kernel *kernel, uint64_t target) {
    if (target <= INT32_MAX) {
        return target;
    }
    static const uint8_t jump[6] = {0xff, 0x25, 0, 0, 0, 0};
    uint8_t *stub = (uint8_t *)(STUBS + kernel->stub_count++ * STUB);
    memcpy(stub, jump, sizeof(jump));
    memcpy(stub + sizeof(jump), &target, sizeof(target));
    return (uint64_t)stub;
}

static void symbol_add(struct hosted_kernel *kernel, const char *name) {
    uint64_t target = (uint64_t)dlsym(RTLD_DEFAULT, name);
    if (target != 0 && kernel->symbol_count < HOSTED_SYMBOLS && kernel->stub_count < R4_PAGE_SIZE / STUB) {
        kernel->symbols[kernel->symbol_count++] = (struct linker_symbol){name, stub_for(kernel, target)};
    }
}

/* Collects every undefined name that this program or a library defines. */
static void symbols_collect(struct hosted_kernel *kernel) {
    const struct elf_file *file = &kernel->file;
    hosted_map_private(STUBS, R4_PAGE_SIZE);
    for (uint32_t i = 1; i < file->header->section_count; i++) {
        const struct elf_section *table = &file->sections[i];
        const struct elf_symbol *list = (const void *)(file->data + table->offset);
        for (uint64_t n = 1; table->type == ELF_SECTION_SYMTAB && n < table->size / sizeof(*list); n++) {
            if (list[n].section == ELF_SYMBOL_UNDEFINED) {
                symbol_add(kernel, elf_symbol_name(file, table, &list[n]));
            }
        }
    }
    mprotect((void *)STUBS, R4_PAGE_SIZE, PROT_READ | PROT_EXEC);
}

void hosted_open(struct hosted_kernel *kernel, const char *path) {
    struct refusal why;
    object_open(path, &kernel->file);
    if (!linker_plan(&kernel->file, &kernel->plan, &why)) {
        hosted_fail(why.text, path);
    }
    symbols_collect(kernel);
}

#define LINKER_SYMBOL(symbol, bits, expression) symbols[count++] = (struct linker_symbol){#symbol, (expression)};

void hosted_link(const struct hosted_kernel *kernel, const struct r4_layout_header *header,
                 const struct r4_layout_cluster *c) {
    const struct linker_plan *plan = &kernel->plan;
    const struct r4_layout layout = {.header = header};
    const struct r4_layout *l = &layout;
    struct linker_symbol symbols[2 * HOSTED_SYMBOLS];
    size_t count = kernel->symbol_count;
    memcpy(symbols, kernel->symbols, count * sizeof(*symbols));
    R4_LINKER_CONSTANT_LIST(LINKER_SYMBOL)
    hosted_map_private(c->virtual_base, plan->image_size);
    struct refusal why;
    if (!linker_link(&kernel->file, plan, c->virtual_base, symbols, count, (uint8_t *)c->virtual_base, &why)) {
        hosted_fail("linking the kernel", why.text);
    }
    mprotect((void *)(c->virtual_base + plan->offset[LINKER_TEXT]), plan->size[LINKER_TEXT], PROT_READ | PROT_EXEC);
    mprotect((void *)(c->virtual_base + plan->offset[LINKER_RODATA]), plan->size[LINKER_RODATA], PROT_READ);
}

uint64_t hosted_find(const struct hosted_kernel *kernel, const struct r4_layout_cluster *cluster, const char *name) {
    uint64_t address = linker_find(&kernel->file, &kernel->plan, cluster->virtual_base, name);
    if (address == 0) {
        hosted_fail("the kernel does not define", name);
    }
    return address;
}
