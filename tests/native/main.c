/* SPDX-License-Identifier: MIT
 *
 * Measures, and prints a line for each sample; native.py starts it and makes figures of that.
 *
 *   r4native KERNEL remote polling|halted OBJECTS ROUNDS PROCESSOR PROCESSOR
 *       handoff|revoke ROUND-TRIP TICKS
 *   r4native KERNEL throughput CLUSTERS CORES START MILLISECONDS PROCESSOR…
 *       operations COUNT NANOSECONDS        of all cores; they begin at START, in nanoseconds of CLOCK_MONOTONIC
 */
#include "measure.h"
#include <stdlib.h>
#include <string.h>

#define WORDS_REMOTE     8 /* of the command line */
#define WORDS_THROUGHPUT 7

static uint64_t number(const char *word) { return strtoull(word, NULL, 10); }

static void processors_take(char **words, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        native.cores[i].processor = (uint32_t)number(words[i]);
    }
}

static int usage(void) {
    native_fail("KERNEL remote polling|halted OBJECTS ROUNDS PROCESSOR PROCESSOR, or "
                "KERNEL throughput CLUSTERS CORES START MILLISECONDS PROCESSOR...; words:",
                0);
}

static void remote(char **words) {
    bool polls = strcmp(words[0], "polling") == 0;
    native_load(words[-2], 2, 1);
    processors_take(&words[3], 2);
    for (uint32_t i = 0; i < 2; i++) {
        native.cores[i].wait = polls ? NATIVE_BY_POLLING : NATIVE_BY_WORD;
    }
    measure_remote((uint32_t)number(words[1]), (uint32_t)number(words[2]));
}

static void throughput(char **words, int count) {
    uint32_t clusters = (uint32_t)number(words[0]);
    uint32_t cores = (uint32_t)number(words[1]);
    if (clusters == 0 || cores == 0 || clusters * cores > NATIVE_CORES || count != 4 + (int)(clusters * cores)) {
        usage();
    }
    native_load(words[-2], clusters, cores);
    processors_take(&words[4], clusters * cores);
    measure_throughput(number(words[2]), number(words[3]));
}

int main(int count, char **words) {
    if (count == WORDS_REMOTE && strcmp(words[2], "remote") == 0) {
        remote(&words[3]);
    } else if (count >= WORDS_THROUGHPUT + 1 && strcmp(words[2], "throughput") == 0) {
        throughput(&words[3], count - 3);
    } else {
        usage();
    }
    return 0;
}
