/* SPDX-License-Identifier: MIT
 *
 * An SRAT whose ranges of domain 1 overlap each other, and a range of domain 0 where there is no RAM.
 */
[0004] Signature : "SRAT"
[0004] Table Length : 00000000
[0001] Revision : 03
[0001] Checksum : 00
[0006] Oem ID : "R4    "
[0008] Oem Table ID : "R4TEST  "
[0004] Oem Revision : 00000001
[0004] Asl Compiler ID : "INTL"
[0004] Asl Compiler Revision : 00000001
[0004] Table Revision : 00000001
[0008] Reserved : 0000000000000000

[0001] Subtable Type : 00
[0001] Length : 10
[0001] Proximity Domain Low(8) : 00
[0001] Apic ID : 00
[0004] Flags (decoded below) : 00000001
       Enabled : 1
[0001] Local Sapic EID : 00
[0003] Proximity Domain High(24) : 000000
[0004] Clock Domain : 00000000

[0001] Subtable Type : 00
[0001] Length : 10
[0001] Proximity Domain Low(8) : 01
[0001] Apic ID : 01
[0004] Flags (decoded below) : 00000001
       Enabled : 1
[0001] Local Sapic EID : 00
[0003] Proximity Domain High(24) : 000000
[0004] Clock Domain : 00000000

[0001] Subtable Type : 00
[0001] Length : 10
[0001] Proximity Domain Low(8) : 01
[0001] Apic ID : 09
[0004] Flags (decoded below) : 00000001
       Enabled : 1
[0001] Local Sapic EID : 00
[0003] Proximity Domain High(24) : 000000
[0004] Clock Domain : 00000000

[0001] Subtable Type : 01
[0001] Length : 28
[0004] Proximity Domain : 00000000
[0002] Reserved1 : 0000
[0008] Base Address : 0000000000000000
[0008] Address Length : 0000000010000000
[0004] Reserved2 : 00000000
[0004] Flags (decoded below) : 00000001
       Enabled : 1
       Hot Pluggable : 0
       Non-Volatile : 0
[0008] Reserved3 : 0000000000000000

[0001] Subtable Type : 01
[0001] Length : 28
[0004] Proximity Domain : 00000001
[0002] Reserved1 : 0000
[0008] Base Address : 0000000010000000
[0008] Address Length : 0000000010000000
[0004] Reserved2 : 00000000
[0004] Flags (decoded below) : 00000001
       Enabled : 1
       Hot Pluggable : 0
       Non-Volatile : 0
[0008] Reserved3 : 0000000000000000

[0001] Subtable Type : 01
[0001] Length : 28
[0004] Proximity Domain : 00000001
[0002] Reserved1 : 0000
[0008] Base Address : 0000000018000000
[0008] Address Length : 0000000048000000
[0004] Reserved2 : 00000000
[0004] Flags (decoded below) : 00000001
       Enabled : 1
       Hot Pluggable : 0
       Non-Volatile : 0
[0008] Reserved3 : 0000000000000000

[0001] Subtable Type : 01
[0001] Length : 28
[0004] Proximity Domain : 00000000
[0002] Reserved1 : 0000
[0008] Base Address : 0000000050000000
[0008] Address Length : 0000000010000000
[0004] Reserved2 : 00000000
[0004] Flags (decoded below) : 00000001
       Enabled : 1
       Hot Pluggable : 0
       Non-Volatile : 0
[0008] Reserved3 : 0000000000000000
