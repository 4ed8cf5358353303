/* Start-up of QEMU's RISC-V virt board: stack, traps, vector and float units, semihosting. */
    .section .start, "ax"
    .globl board_start
board_start:
    .option push
    .option arch, +zicsr
    .option norelax
    la gp, __global_pointer$
    la sp, board_stack_top
    la t0, trap
    csrw mtvec, t0
    li t0, 0x6600 /* mstatus.FS, mstatus.VS; ignored by a core without */
    csrs mstatus, t0
    /* What is below the stack is forbidden, to machine mode too: PMP entry 0, locked, naturally aligned, 32 KiB. */
    la t0, board_stack_guard
    srli t0, t0, 2
    li t1, 0x8000 / 8 - 1
    or t0, t0, t1
    csrw pmpaddr0, t0
    li t0, 0x98
    csrw pmpcfg0, t0
    .option pop
    call main
    call board_exit

/* Traps get a stack of their own, since the other one may be what overflowed. */
    .balign 4
trap:
    .option push
    .option arch, +zicsr
    la sp, board_fault_stack_top
    csrr a0, mcause
    csrr a1, mepc
    csrr a2, mtval
    .option pop
    call board_trap

/* The three instructions have to be uncompressed and on one page. */
    .text
    .globl board_semihosting
    .balign 16
board_semihosting:
    .option push
    .option norvc
    slli x0, x0, 0x1f
    ebreak
    srai x0, x0, 7
    ret
    .option pop
