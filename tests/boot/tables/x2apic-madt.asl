/* SPDX-License-Identifier: MIT
 *
 * Local x2APIC entries for APIC ids 0 and 1, and one for 300, which this machine does not have, not enabled.
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

[0001] Subtable Type : 09
[0001] Length : 10
[0002] Reserved : 0000
[0004] Processor x2Apic ID : 00000000
[0004] Flags (decoded below) : 00000001
       Processor Enabled : 1
[0004] Processor UID : 00000000

[0001] Subtable Type : 09
[0001] Length : 10
[0002] Reserved : 0000
[0004] Processor x2Apic ID : 00000001
[0004] Flags (decoded below) : 00000001
       Processor Enabled : 1
[0004] Processor UID : 00000001

[0001] Subtable Type : 09
[0001] Length : 10
[0002] Reserved : 0000
[0004] Processor x2Apic ID : 0000012C
[0004] Flags (decoded below) : 00000000
       Processor Enabled : 0
[0004] Processor UID : 00000002
