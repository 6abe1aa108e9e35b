/* SPDX-License-Identifier: MIT
 *
 * A guest whose line moves are counted by hand: two processors, three lines of memory, nothing else. It begins like R4's
 * coordinator, by `-kernel` (multiboot 1), so in 32-bit mode without paging. The second processor stays in real mode.
 *
 * The first processor stores an odd number in TURN; the second one sees it, reads DATA, and stores the next even number.
 * Whoever waits looks again and again, and so has a copy of TURN. The cases:
 *
 *   quiet     the first processor writes DATA, once more than needed: 1 move (the other one drops it), then none
 *   ping      round trips: each has 4 moves. Store (the other one drops it), load, and the same back
 *   message   the first processor writes DATA before each round trip: 6 moves, one more store and one more load
 */
#define MULTIBOOT_MAGIC 0x1badb002
#define EXIT_PORT       0xf4
#define EXIT_GOOD       0x15
#define ICR             0xfee00300 /* local APIC: sends */
#define INIT_OTHERS     0x000c4500
#define START_OTHERS    0x000c4608 /* at SECOND */
#define SECOND          0x8000     /* where the second processor begins */
#define ARRIVED         0x9000     /* each in a line of its own */
#define TURN            0x9100
#define DATA            0x9200
#define ROUND_TRIPS     10

    .section .multiboot, "a"
    .balign 4
    .long MULTIBOOT_MAGIC, 0, -MULTIBOOT_MAGIC

    .section .rodata
quiet:
    .asciz "quiet"
ping:
    .asciz "ping"
message:
    .asciz "message"

    .text
    .code32
    .globl start32
start32:
    cli
    movl $stack_end, %esp
    movl $second, %esi
    movl $SECOND, %edi
    movl $second_end - second, %ecx
    rep movsb
    movl $0, ARRIVED
    movl $0, TURN
    movl $0, DATA
    movl $INIT_OTHERS, ICR
    movl $100000, %ecx
1:  pause
    loop 1b
    movl $START_OTHERS, ICR
2:  pause
    cmpl $1, ARRIVED
    jne 2b

    movl $quiet, %edi
    call observed_begin
    movl $ROUND_TRIPS, %ecx
3:  movl %ecx, DATA
    loop 3b
    call observed_end

    call round_trip /* so that the other one has a copy of DATA again */
    movl $ping, %edi
    call observed_begin
    movl $ROUND_TRIPS, %ecx
4:  call round_trip
    loop 4b
    call observed_end

    movl $message, %edi
    call observed_begin
    movl $ROUND_TRIPS, %ecx
5:  movl %ecx, DATA
    call round_trip
    loop 5b
    call observed_end

    movl $EXIT_GOOD, %eax
    movl $EXIT_PORT, %edx
    outl %eax, %dx
6:  hlt
    jmp 6b

round_trip:
    movl TURN, %eax
    incl %eax
    movl %eax, TURN
    incl %eax
1:  pause
    cmpl %eax, TURN
    jne 1b
    ret

    .globl observed_begin
observed_begin:
    movzbl (%edi), %eax
    ret

    .globl observed_end
observed_end:
    ret

/* Copied to SECOND. It has read all that it waits for before it says that it is there. */
    .code16
second:
    xorw %ax, %ax
    movw %ax, %ds
    movl TURN, %eax
    movl DATA, %ebx
    movl $1, ARRIVED
1:  pause
    movl TURN, %eax
    testb $1, %al
    jz 1b
    movl DATA, %ebx
    incl %eax
    movl %eax, TURN
    jmp 1b
second_end:

    .bss
    .balign 16
    .skip 4096
stack_end:

    .section .note.GNU-stack, "", @progbits
