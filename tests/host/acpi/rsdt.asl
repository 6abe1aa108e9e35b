/* SPDX-License-Identifier: MIT
 *
 * An RSDT of four entries; the tests put tables at these addresses, and empty the second entry, which iasl would refuse.
 * Compiled by iasl, which fills in lengths and checksum.
 */
[0004]                          Signature : "RSDT"
[0004]                       Table Length : 00000000
[0001]                           Revision : 01
[0001]                           Checksum : 00
[0006]                             Oem ID : "R4    "
[0008]                       Oem Table ID : "R4TEST  "
[0004]                       Oem Revision : 00000001
[0004]                    Asl Compiler ID : "INTL"
[0004]              Asl Compiler Revision : 00000001
[0004]             ACPI Table Address   0 : 00002000
[0004]             ACPI Table Address   1 : 00005000
[0004]             ACPI Table Address   2 : 00003000
[0004]             ACPI Table Address   3 : 00004000
