/*
 * shapes.S - functions of shapes that a compiler rarely makes: one that fails between the push of
 * the frame pointer and its use, one in its epilogue, two without unwind information, one that
 * leaves by a jump, and one that jumps as a procedure linkage table does
 */
    .text

    .globl asm_after_push
    .type asm_after_push, @function
asm_after_push:
    .cfi_startproc
    push %rbp
    .cfi_def_cfa_offset 16
    .cfi_offset %rbp, -16
    ud2
    .cfi_endproc
    .size asm_after_push, . - asm_after_push

    .globl asm_epilogue
    .type asm_epilogue, @function
asm_epilogue:
    .cfi_startproc
    push %rbp
    .cfi_def_cfa_offset 16
    .cfi_offset %rbp, -16
    mov %rsp, %rbp
    .cfi_def_cfa_register %rbp
    sub $64, %rsp
    leave
    .cfi_def_cfa %rsp, 8
    ud2
    ret
    .cfi_endproc
    .size asm_epilogue, . - asm_epilogue

    .globl asm_nocfi_sub
    .type asm_nocfi_sub, @function
asm_nocfi_sub:
    sub $0x48, %rsp
    movq $0, (%rsp)
    ud2
    add $0x48, %rsp
    ret
    .size asm_nocfi_sub, . - asm_nocfi_sub

    .globl asm_tail
    .type asm_tail, @function
asm_tail:
    .cfi_startproc
    jmp die_here@PLT
    .cfi_endproc
    .size asm_tail, . - asm_tail

    .globl asm_nocfi_entry
    .type asm_nocfi_entry, @function
asm_nocfi_entry:
    ud2
    ret
    .size asm_nocfi_entry, . - asm_nocfi_entry

    .globl asm_stub
    .type asm_stub, @function
asm_stub:
    jmp *no_place(%rip)
    .size asm_stub, . - asm_stub

    .data
no_place:
    .quad 0x4141414141414141

    .section .note.GNU-stack, "", @progbits
