/* SPDX-License-Identifier: MIT
 *
 * What is wrong in real MADTs, all in one: APIC id 1 twice and once more as an x2APIC entry, id 255 enabled, an I/O APIC
 * at address 0, and a core, 9, that does not start.
 */
[0004] Signature : "APIC"
[0004] Table Length : 00000000
[0001] Revision : 04
[0001] Checksum : 00
[0006] Oem ID : "R4    "
[0008] Oem Table ID : "R4TEST  "
[0004] Oem Revision : 00000001
[0004] Asl Compiler ID : "INTL"
[0004] Asl Compiler Revision : 00000001
[0004] Local Apic Address : FEE00000
[0004] Flags (decoded below) : 00000001
       PC-AT Compatibility : 1

[0001] Subtable Type : 00
[0001] Length : 08
[0001] Processor ID : 00
[0001] Local Apic ID : 00
[0004] Flags (decoded below) : 00000001
       Processor Enabled : 1
  Runtime Online Capable : 0

[0001] Subtable Type : 00
[0001] Length : 08
[0001] Processor ID : 01
[0001] Local Apic ID : 01
[0004] Flags (decoded below) : 00000001
       Processor Enabled : 1
  Runtime Online Capable : 0

[0001] Subtable Type : 00
[0001] Length : 08
[0001] Processor ID : 02
[0001] Local Apic ID : 09
[0004] Flags (decoded below) : 00000001
       Processor Enabled : 1
  Runtime Online Capable : 0

[0001] Subtable Type : 00
[0001] Length : 08
[0001] Processor ID : 03
[0001] Local Apic ID : 01
[0004] Flags (decoded below) : 00000001
       Processor Enabled : 1
  Runtime Online Capable : 0

[0001] Subtable Type : 00
[0001] Length : 08
[0001] Processor ID : FF
[0001] Local Apic ID : FF
[0004] Flags (decoded below) : 00000001
       Processor Enabled : 1
  Runtime Online Capable : 0

[0001] Subtable Type : 09
[0001] Length : 10
[0002] Reserved : 0000
[0004] Processor x2Apic ID : 00000001
[0004] Flags (decoded below) : 00000001
       Processor Enabled : 1
[0004] Processor UID : 00000001

[0001] Subtable Type : 01
[0001] Length : 0C
[0001] I/O Apic ID : 00
[0001] Reserved : 00
[0004] Address : FEC00000
[0004] Interrupt : 00000000

[0001] Subtable Type : 01
[0001] Length : 0C
[0001] I/O Apic ID : 01
[0001] Reserved : 00
[0004] Address : 00000000
[0004] Interrupt : 00000000
