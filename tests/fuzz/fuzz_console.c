/* SPDX-License-Identifier: MIT
 *
 * console_read: input = a command line.
 */
#include "core/console.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct console console;
    char *line = malloc(size + 1);
    memcpy(line, data, size);
    line[size] = '\0';
    struct refusal why;
    if (!fuzz_good(console_read(line, &console, &why), &why)) {
        FUZZ_CHECK(console.port == CONSOLE_PORT && console.divisor == 1);
    } else {
        FUZZ_CHECK(console.port <= 0xfff8 && console.divisor >= 1 && CONSOLE_BAUD % console.divisor == 0);
    }
    free(line);
    return 0;
}
