/* SPDX-License-Identifier: MIT
 *
 * linkref KERNEL.o LAYOUT.bin CLUSTER IMAGE: runs the boot linker on the host, for the comparison with GNU ld. Writes
 * the image without .bss. A refusal is one line on stderr, as the coordinator words it, and exit status 2.
 */
#include <r4/linker.h>
#include <r4/linker_constants.h>
#include <stdio.h>
#include <stdlib.h>

struct file {
    void *data;
    size_t size;
};

static _Noreturn void refuse(const char *what) {
    fprintf(stderr, "%s\n", what);
    exit(2);
}

static struct file file_read(const char *path) {
    FILE *stream = fopen(path, "rb");
    if (stream == NULL || fseek(stream, 0, SEEK_END) != 0) {
        refuse("cannot open an input file");
    }
    struct file file = {.size = (size_t)ftell(stream)};
    rewind(stream);
    file.data = malloc(file.size);
    if (file.data == NULL || fread(file.data, 1, file.size, stream) != file.size) {
        refuse("cannot read an input file");
    }
    fclose(stream);
    return file;
}

static void check_fault(struct linker_fault fault) {
    if (fault.what != NULL) {
        fprintf(stderr, "%s: %s (type %u at 0x%lx)\n", fault.name == NULL ? "kernel" : fault.name, fault.what,
                fault.type, fault.offset);
        exit(2);
    }
}

#define SYMBOL(name, bits, value) {#name, value},

static void link_cluster(const struct elf_file *kernel, const struct r4_layout *l, uint32_t number, FILE *out) {
    const struct r4_layout_cluster *c = &l->clusters[number];
    const struct linker_symbol symbols[] = {R4_LINKER_CONSTANT_LIST(SYMBOL)};
    struct linker_plan plan;
    check_fault(linker_plan(kernel, &plan));
    uint8_t *image = malloc(plan.image_size + 1); /* + 1: an empty image is no failed malloc */
    if (image == NULL) {
        refuse("no memory for the image");
    }
    check_fault(linker_link(kernel, &plan, c->virtual_base, symbols, R4_COUNT(symbols), image));
    if (fwrite(image, 1, plan.offset[LINKER_BSS], out) != plan.offset[LINKER_BSS]) {
        refuse("cannot write the image");
    }
    free(image);
}

int main(int argc, char **argv) {
    if (argc != 5) {
        refuse("usage: linkref KERNEL.o LAYOUT.bin CLUSTER IMAGE");
    }
    struct file kernel = file_read(argv[1]);
    struct file module = file_read(argv[2]);
    uint32_t number = (uint32_t)strtoul(argv[3], NULL, 10);
    struct elf_file elf;
    const char *wrong = elf_open(kernel.data, kernel.size, ELF_TYPE_RELOCATABLE, &elf);
    if (wrong != NULL) {
        refuse(wrong);
    }
    struct r4_layout layout;
    uint32_t entry;
    enum r4_layout_fault fault = r4_layout_open(module.data, module.size, &layout, &entry);
    if (fault != R4_LAYOUT_GOOD || number >= layout.header->cluster_count) {
        refuse(r4_layout_fault_text(fault));
    }
    FILE *out = fopen(argv[4], "wb");
    if (out == NULL) {
        refuse("cannot open the image");
    }
    link_cluster(&elf, &layout, number, out);
    if (fclose(out) != 0) {
        refuse("cannot write the image");
    }
    free(kernel.data);
    free(module.data);
    return 0;
}
