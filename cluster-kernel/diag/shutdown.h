/* SPDX-License-Identifier: MIT
 *
 * The end of a run: each cluster says FINISHED in its header, or PANICKED; the owner of the
 * console ends the emulator when all have.
 */
#ifndef R4_KERNEL_SHUTDOWN_H
#define R4_KERNEL_SHUTDOWN_H

#include <r4/types.h>

#define SHUTDOWN_SUCCESS  0x2aU /* all finished with code 0; QEMU's exit status is 2 * code + 1 */
#define SHUTDOWN_PANICKED 0x2bU /* some panicked, all others finished with code 0 */
#define SHUTDOWN_FAILED   0x2cU /* some root task said that it failed */

/* The root task has finished with `code` (0: success). */
void shutdown_finish(uint32_t code);

/* Ends the emulator if all clusters have ended and it is this one's turn. */
void shutdown_check(void);

#endif
