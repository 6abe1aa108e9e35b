/* SPDX-License-Identifier: MIT
 *
 * The end of a run: each cluster stores FINISHED or SILENT in its header; when all have, the owner of the console
 * ends the emulator. Under the cluster lock, or in a panic.
 */
#ifndef R4_KERNEL_SHUTDOWN_H
#define R4_KERNEL_SHUTDOWN_H

#include <r4/types.h>

#define SHUTDOWN_SUCCESS  0x2aU /* all finished with code 0; QEMU's exit status is 2 * code + 1 */
#define SHUTDOWN_PANICKED 0x2bU /* at least one panicked, all others finished with code 0 */
#define SHUTDOWN_FAILED   0x2cU /* at least one root task failed */

/* The root task has finished with `code` (0: success). */
void shutdown_finish(uint32_t code);

/* Ends the emulator if all clusters have ended and this one owns the console. */
void shutdown_check(void);

#endif
