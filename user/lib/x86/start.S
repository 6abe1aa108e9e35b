/* SPDX-License-Identifier: MIT
 *
 * The root task's first instructions: the kernel starts it with rsp = R4_ROOT_STACK_TOP and rdi = R4_ROOT_INFO. root_main() ends by
 * debug_exit and so never returns.
 */
    .text
    .globl _start
    .type _start, @function
_start:
    xorl %ebp, %ebp
    call root_main
    ud2
    .size _start, . - _start

    .section .note.GNU-stack, "", @progbits
