/* SPDX-License-Identifier: MIT
 *
 * One figure.
 */
#include "bench/figure.h"
#include "lib/print.h"
#include "lib/x86/clock.h"
#include <r4/format.h>
#include <r4/string.h>

#define CALIBRATIONS  64U
#define SAMPLE_LENGTH 24U /* of " VALUE*COUNT", at most */

static uint64_t clock_cost;

void figure_calibrate(void) {
    clock_cost = UINT64_MAX;
    for (uint32_t i = 0; i < CALIBRATIONS; i++) {
        uint64_t begin = r4_ticks();
        uint64_t cost = r4_ticks() - begin;
        clock_cost = cost < clock_cost ? cost : clock_cost;
    }
}

int64_t figure_ticks(uint64_t begin) { return (int64_t)(r4_ticks() - begin - clock_cost); }

void figure_add(struct figure *figure, int64_t sample) {
    if (figure->count == FIGURE_SAMPLES) {
        fail(R4_ERR_FULL, figure->name);
    }
    figure->samples[figure->count++] = sample;
}

static void samples_sort(int64_t *samples, uint32_t count) {
    for (uint32_t i = 1; i < count; i++) {
        int64_t sample = samples[i];
        uint32_t at = i;
        for (; at > 0 && samples[at - 1] > sample; at--) {
            samples[at] = samples[at - 1];
        }
        samples[at] = sample;
    }
}

/* Only whoever starts the emulator knows it: then unit=insn is on the command line. */
bool figure_is_exact(void) {
    char option[8];
    return string_option(r4_info()->command, "unit", option, sizeof(option)) && string_equal(option, "insn");
}

static const char *unit_text(enum figure_unit unit) {
    if (unit == FIGURE_COUNT) {
        return "count";
    }
    if (!figure_is_exact()) {
        return "tsc";
    }
    return unit == FIGURE_BETWEEN ? "insn-sum" : "insn";
}

/* Whoever chooses cases by the command line wants every sample. */
static bool wants_samples(void) {
    char option[2];
    return string_option(r4_info()->command, "cases", option, sizeof(option));
}

/* "samples NAME[SUFFIX] VALUE*COUNT …", as they came; on more than one line if they are many. */
static void samples_print(const struct figure *figure, const char *suffix) {
    char line[PRINT_LINE + 1];
    size_t length = 0;
    uint32_t next;
    for (uint32_t i = 0; i < figure->count; i = next) {
        for (next = i; next < figure->count && figure->samples[next] == figure->samples[i];) {
            next++;
        }
        if (length == 0) {
            length = format(line, sizeof(line), "samples %s%s", figure->name, suffix);
        }
        length += format(line + length, sizeof(line) - length, " %ld*%u", figure->samples[i], next - i);
        if (length > PRINT_LINE - SAMPLE_LENGTH || next == figure->count) {
            print("%s", line);
            length = 0;
        }
    }
}

void figure_print(struct figure *figure, const char *suffix, enum figure_unit unit) {
    uint32_t count = figure->count;
    require(count != 0, figure->name);
    if (wants_samples()) {
        samples_print(figure, suffix);
    }
    samples_sort(figure->samples, count);
    print("bench %s%s %s n=%u min=%ld median=%ld max=%ld", figure->name, suffix, unit_text(unit), count,
          figure->samples[0], figure->samples[count / 2], figure->samples[count - 1]);
}
