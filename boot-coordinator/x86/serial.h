/* SPDX-License-Identifier: MIT
 *
 * COM1, 115200 8N1, polled. Only the boot processor writes.
 */
#ifndef R4_BOOT_SERIAL_H
#define R4_BOOT_SERIAL_H

void serial_open(void);
void serial_write(const char *text);

#endif
