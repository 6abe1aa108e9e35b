/* SPDX-License-Identifier: MIT
 *
 * One figure: samples, and the line that is printed for them.
 */
#ifndef R4_BENCH_FIGURE_H
#define R4_BENCH_FIGURE_H

#include <r4/types.h>

#define FIGURE_SAMPLES 64U

struct figure {
    const char *name;
    uint32_t count;
    int64_t samples[FIGURE_SAMPLES]; /* a difference may be negative */
};

enum figure_unit { FIGURE_LOCAL, FIGURE_BETWEEN, FIGURE_COUNT };

/* Measures what reading the clock costs; once, before all figures. */
void figure_calibrate(void);

/* What has passed since `begin` (r4_ticks()), without the clock's own cost. That varies where a tick is no instruction:
 * what takes next to nothing may come out below 0. */
int64_t figure_ticks(uint64_t begin);

/* True if a tick is an instruction: QEMU's icount. */
bool figure_is_exact(void);

/* Adds a sample. With more than FIGURE_SAMPLES the program ends. */
void figure_add(struct figure *figure, int64_t sample);

/* Sorts the samples, of which there is one at least, and prints "bench NAME[SUFFIX] UNIT n=… min=… median=… max=…". If
 * cases are chosen on the command line, all samples before: "samples NAME[SUFFIX] VALUE*COUNT …". */
void figure_print(struct figure *figure, const char *suffix, enum figure_unit unit);

#endif
