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

static _Noreturn void stop(const char *what) {
    fprintf(stderr, "%s\n", what);
    exit(2);
}

static struct file file_read(const char *path) {
    FILE *stream = fopen(path, "rb");
    if (stream == NULL || fseek(stream, 0, SEEK_END) != 0) {
        stop("cannot open an input file");
    }
    struct file file = {.size = (size_t)ftell(stream)};
    rewind(stream);
    file.data = malloc(file.size);
    if (file.data == NULL || fread(file.data, 1, file.size, stream) != file.size) {
        stop("cannot read an input file");
    }
    fclose(stream);
    return file;
}

static struct refusal why;

static void must(bool good) {
    if (!good) {
        stop(why.text);
    }
}

#define SYMBOL(name, bits, value) {#name, value},

static void link_cluster(const struct elf_file *kernel, const struct r4_layout *l, uint32_t number, FILE *out) {
    const struct r4_layout_cluster *c = &l->clusters[number];
    const struct linker_symbol symbols[] = {R4_LINKER_CONSTANT_LIST(SYMBOL)};
    struct linker_plan plan;
    must(linker_plan(kernel, &plan, &why));
    uint8_t *image = malloc(plan.image_size + 1); /* + 1: an empty image is no failed malloc */
    if (image == NULL) {
        stop("no memory for the image");
    }
    must(linker_link(kernel, &plan, c->virtual_base, symbols, R4_COUNT(symbols), image, &why));
    if (fwrite(image, 1, plan.offset[LINKER_BSS], out) != plan.offset[LINKER_BSS]) {
        stop("cannot write the image");
    }
    free(image);
}

int main(int argc, char **argv) {
    if (argc != 5) {
        stop("usage: linkref KERNEL.o LAYOUT.bin CLUSTER IMAGE");
    }
    struct file kernel = file_read(argv[1]);
    struct file module = file_read(argv[2]);
    uint32_t number = (uint32_t)strtoul(argv[3], NULL, 10);
    struct elf_file elf;
    must(elf_open(kernel.data, kernel.size, ELF_TYPE_RELOCATABLE, &elf, &why));
    struct r4_layout layout;
    must(r4_layout_open(module.data, module.size, &layout, &why));
    if (number >= layout.header->cluster_count) {
        stop("there is no such cluster");
    }
    FILE *out = fopen(argv[4], "wb");
    if (out == NULL) {
        stop("cannot open the image");
    }
    link_cluster(&elf, &layout, number, out);
    if (fclose(out) != 0) {
        stop("cannot write the image");
    }
    free(kernel.data);
    free(module.data);
    return 0;
}
