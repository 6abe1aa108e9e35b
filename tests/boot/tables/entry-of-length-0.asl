/* SPDX-License-Identifier: MIT
 *
 * A data table's source cannot state a wrong length, since iasl puts in the right one. So this SRAT is written as AML:
 * the object's head takes the table's reserved bytes 36 to 44, its contents are bytes 45 to 47 and the entries.
 */
DefinitionBlock ("", "SRAT", 1, "R4", "R4TEST", 1)
{
    Name (BODY, Buffer ()
    {
        0, 0, 0,
        // Processor Local APIC Affinity: domain 0, APIC id 0, enabled
        0x00, 16, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        // Memory Affinity, or so its type says: length 0
        0x01, 0, 0, 0
    })
}
