/* SPDX-License-Identifier: MIT
 *
 * A SLIT of three domains, not symmetric, one way not passable.
 * Compiled by iasl, which fills in lengths and checksum.
 */
[0004]                          Signature : "SLIT"
[0004]                       Table Length : 00000000
[0001]                           Revision : 01
[0001]                           Checksum : 00
[0006]                             Oem ID : "R4    "
[0008]                       Oem Table ID : "R4TEST  "
[0004]                       Oem Revision : 00000001
[0004]                    Asl Compiler ID : "INTL"
[0004]              Asl Compiler Revision : 00000001
[0008]                         Localities : 0000000000000003
[0003]                       Locality   0 : 0A 15 1F
[0003]                       Locality   1 : 14 0A FF
[0003]                       Locality   2 : 1F 15 0A
