/* SPDX-License-Identifier: MIT
 *
 * A plugin for QEMU that counts how many instructions the kernel executes between two points at which it would yield:
 * preemption points, the halt, the return to user mode. The guest does not notice. It needs a QEMU that runs one
 * processor at a time (`-icount`). A processor is counted from its first return to user mode on, since during boot
 * there is nothing to yield to.
 *
 *   -plugin step_counter.so,out=FILE,limit=N,point=ADDRESS…
 *
 * A point is the address of an instruction that is executed at each preemption point. FILE begins with "steps N longest
 * N". Then it has a line for each step above the limit that was longer than all before: the number of its instructions,
 * and their addresses.
 */
#include "qemu_plugin.h"
#include <inttypes.h>
#include <stdlib.h>

enum { PROCESSORS = 64, ADDRESSES = 64, KEPT = 1 << 16 };

struct addresses {
    uint64_t at[ADDRESSES];
    size_t count;
};

static struct processor {
    bool started;        /* has returned to user mode once */
    uint64_t count;      /* of the step under way */
    uint64_t kept[KEPT]; /* the addresses of its first instructions */
} processors[PROCESSORS];

static struct addresses points;
static uint64_t limit, steps, longest;
static FILE *out;
static char *lines; /* of the steps above the limit */
static size_t lines_size;
static FILE *report;

static void step_report(const struct processor *processor) {
    fprintf(report, "%" PRIu64, processor->count);
    for (uint64_t i = 0; i < processor->count && i < KEPT; i++) {
        fprintf(report, " %" PRIx64, processor->kept[i]);
    }
    fprintf(report, "\n");
}

static void step_end(struct processor *processor) {
    if (processor->started && processor->count != 0) {
        steps++;
        if (processor->count > limit && processor->count > longest) {
            step_report(processor);
        }
        longest = processor->count > longest ? processor->count : longest;
    }
    processor->count = 0;
}

/* --- executed instructions --- */

static void on_kernel(unsigned number, void *address) {
    struct processor *processor = &processors[number % PROCESSORS];
    if (processor->count < KEPT) {
        processor->kept[processor->count] = (uintptr_t)address;
    }
    processor->count++;
}

static void on_point(unsigned number, void *unused) {
    (void)unused;
    step_end(&processors[number % PROCESSORS]);
}

/* The first return ends the boot. */
static void on_return(unsigned number, void *unused) {
    struct processor *processor = &processors[number % PROCESSORS];
    (void)unused;
    step_end(processor);
    processor->started = true;
}

/* --- translation --- */

static bool is_in(const struct addresses *addresses, uint64_t address) {
    for (size_t i = 0; i < addresses->count; i++) {
        if (addresses->at[i] == address) {
            return true;
        }
    }
    return false;
}

static bool is_code(const struct qemu_plugin_insn *insn, const char *code, size_t size) {
    return qemu_plugin_insn_size(insn) == size && memcmp(qemu_plugin_insn_data(insn), code, size) == 0;
}

static void insn_watch(struct qemu_plugin_insn *insn) {
    uint64_t address = qemu_plugin_insn_vaddr(insn);
    void *data = (void *)(uintptr_t)address;
    if (address >> 63 == 0) {
        return; /* user mode, and what runs before the kernel */
    }
    if (is_in(&points, address) || is_code(insn, "\xf4", 1)) { /* hlt */
        qemu_plugin_register_vcpu_insn_exec_cb(insn, on_point, QEMU_PLUGIN_NO_REGISTERS, data);
    }
    qemu_plugin_register_vcpu_insn_exec_cb(insn, on_kernel, QEMU_PLUGIN_NO_REGISTERS, data);
    if (is_code(insn, "\x48\x0f\x07", 3) || is_code(insn, "\x48\xcf", 2)) { /* sysretq, iretq */
        qemu_plugin_register_vcpu_insn_exec_cb(insn, on_return, QEMU_PLUGIN_NO_REGISTERS, data);
    }
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *tb) {
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        insn_watch(qemu_plugin_tb_get_insn(tb, i));
    }
}

static void on_exit_of_emulator(qemu_plugin_id_t id, void *unused) {
    (void)id;
    (void)unused;
    fclose(report);
    fprintf(out, "steps %" PRIu64 " longest %" PRIu64 "\n%s", steps, longest, lines);
    fclose(out);
}

static bool address_take(struct addresses *addresses, const char *value) {
    if (addresses->count == ADDRESSES) {
        return false;
    }
    addresses->at[addresses->count++] = strtoull(value, NULL, 16);
    return true;
}

static bool argument_take(const char *argument) {
    const char *value;
    if ((value = argument_value(argument, "out")) != NULL) {
        return (out = fopen(value, "w")) != NULL;
    }
    if ((value = argument_value(argument, "limit")) != NULL) {
        limit = strtoull(value, NULL, 10);
        return true;
    }
    if ((value = argument_value(argument, "point")) != NULL) {
        return address_take(&points, value);
    }
    return false;
}

int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv) {
    (void)info;
    if (!arguments_take("step_counter", argc, argv, argument_take)) {
        return 1;
    }
    report = open_memstream(&lines, &lines_size);
    if (out == NULL || report == NULL || points.count == 0) {
        fprintf(stderr, "step_counter: no output, or no point\n");
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    qemu_plugin_register_atexit_cb(id, on_exit_of_emulator, NULL);
    return 0;
}
