// From the old kernel to Swift, and from Swift to the next kernel.
//
// The old kernel jumps here in 64-bit mode with an identity map, interrupts off, all registers 0,
// and no descriptor tables that could be used. The code runs at any address, but the part that switches to
// 32-bit mode must lie below 4 GiB.

#include "CPurgatoryABI.h"

#define CODE 0x10  // __BOOT_CS and __BOOT_DS, see Documentation/arch/x86/boot.rst, "64-bit Boot Protocol"
#define DATA 0x18
#define CODE16 0x20
#define DATA16 0x28
#define CODE64 0x30
#define VECTORS 32
#define NMI 2
#define CR0_PE 0x1
#define CR0_PG 0x80000000
#define CR4_PAE 0x20
#define CR4_MCE 0x40
#define EFER 0xc0000080
#define EFER_LME 0x100
#define PARAMETER(offset) parameters + (offset)(%rip)

  .section .head, "ax", @progbits
  .globl purgatory_start
purgatory_start:
  jmp enter

  .section .parameters, "aw", @progbits
  .balign 8
parameters:
  .skip PURGATORY_PARAMETERS_SIZE

  .text
enter:
  cli
  cld
  rdtsc
  shl $32, %rdx
  or %rdx, %rax
  mov %rax, PARAMETER(PURGATORY_ENTERED_AT)
  // Not zero if the next kernel can return to the old one: a kexec jump.
  mov (%rsp), %rax
  mov %rax, PARAMETER(PURGATORY_RETURN_ADDRESS)
  mov %rsp, PARAMETER(PURGATORY_STACK_POINTER)

  lea gdt(%rip), %rax
  mov %rax, gdt_pointer + 2(%rip)
  lgdt gdt_pointer(%rip)
  mov $DATA, %eax
  mov %eax, %ds
  mov %eax, %es
  mov %eax, %ss
  mov %eax, %fs
  mov %eax, %gs
  lea stack_top(%rip), %rsp
  pushq $CODE
  lea 1f(%rip), %rax
  push %rax
  lretq
1:
  call load_interrupt_table
  lea parameters(%rip), %rdi
  call purgatory_run  // returns only if the checks have passed

  lidt no_table(%rip)
  cmpw $PURGATORY_ENTRY_BACK, PARAMETER(PURGATORY_ENTRY_MODE)
  je go_back
  cmpw $PURGATORY_ENTRY_LONG, PARAMETER(PURGATORY_ENTRY_MODE)
  jne leave_long_mode
enter_long_mode:
  mov PARAMETER(PURGATORY_RSI), %rsi
  mov PARAMETER(PURGATORY_RDI), %rdi
  xor %eax, %eax
  xor %ebx, %ebx
  xor %ecx, %ecx
  xor %edx, %edx
  xor %ebp, %ebp
  xor %r8d, %r8d
  xor %r9d, %r9d
  xor %r10d, %r10d
  xor %r11d, %r11d
  xor %r12d, %r12d
  xor %r13d, %r13d
  xor %r14d, %r14d
  xor %r15d, %r15d
  jmp *PARAMETER(PURGATORY_ENTRY)

// Returns to a kernel that has jumped before, whose memory the old kernel's page tables do not map. The
// address for returning to the old kernel is on the stack.
go_back:
  mov PARAMETER(PURGATORY_PAGE_TABLES), %rax
  mov %rax, %cr3
  mov PARAMETER(PURGATORY_STACK_POINTER), %rsp
  jmp *PARAMETER(PURGATORY_ENTRY)

// Switches to 32-bit protected mode without paging, as boot.rst, "32-bit Boot Protocol", requires. The
// data segments are flat since `enter`. Real mode needs one more step: then the last jump goes to a 16-bit
// segment that starts with that step. The switch from 5-level to 4-level page tables is done here as well,
// since the number of levels can change only while paging is off.
leave_long_mode:
  cmpw $PURGATORY_ENTRY_FOUR_LEVELS, PARAMETER(PURGATORY_ENTRY_MODE)
  jne 2f
  lea enter_long_mode(%rip), %eax
  mov %eax, jump_to_long_mode + 1(%rip)
  lea enter_four_levels(%rip), %eax
  jmp 1f
2:
  mov PARAMETER(PURGATORY_ENTRY), %eax
  cmpw $PURGATORY_ENTRY_REAL, PARAMETER(PURGATORY_ENTRY_MODE)
  jne 1f
  lidt bios_table(%rip)
  shr $4, %eax
  mov %ax, jump_to_setup + 3(%rip)
  lea enter_real_mode(%rip), %eax
  mov %ax, gdt + CODE16 + 2(%rip)
  shr $16, %eax
  mov %al, gdt + CODE16 + 4(%rip)
  mov %ah, gdt + CODE16 + 7(%rip)
  movw $CODE16, jump_to_entry + 5(%rip)
  xor %eax, %eax
1:
  mov %eax, jump_to_entry + 1(%rip)
  lea PARAMETER(PURGATORY_REGISTERS), %rbx
  movb $0xcf, gdt + CODE + 6(%rip)  // CODE is 32-bit from the next time that it is loaded
  pushq $CODE
  lea 1f(%rip), %rax
  push %rax
  lretq
  .code32
1:
  mov %cr0, %eax
  and $~CR0_PG, %eax
  mov %eax, %cr0
  mov $EFER, %ecx
  xor %eax, %eax
  xor %edx, %edx
  wrmsr
  mov %cr4, %eax
  and $CR4_MCE, %eax  // a TDX guest may not clear it
  mov %eax, %cr4
  mov %ebx, %esp
  popal  // all but ESP
  mov 12 - 32(%esp), %esp
jump_to_entry:
  ljmp $CODE, $0
  .code16
enter_real_mode:
  mov $DATA16, %dx
  mov %dx, %ds
  mov %dx, %es
  mov %dx, %fs
  mov %dx, %gs
  mov %dx, %ss
  mov %cr0, %edx
  and $~CR0_PE, %edx
  mov %edx, %cr0
  mov %ax, %ds
  mov %ax, %es
  mov %ax, %fs
  mov %ax, %gs
  mov %ax, %ss
jump_to_setup:
  ljmp $0, $0
  .code32
enter_four_levels:
  mov %eax, %cr3
  mov %cr4, %eax
  or $CR4_PAE, %eax
  mov %eax, %cr4
  mov $EFER, %ecx
  mov $EFER_LME, %eax
  xor %edx, %edx
  wrmsr
  mov %cr0, %eax
  or $CR0_PG, %eax
  mov %eax, %cr0
jump_to_long_mode:
  ljmp $CODE64, $0
  .code64

// Fills the table with one interrupt gate for each exception and loads it.
load_interrupt_table:
  lea handlers(%rip), %rax
  lea idt(%rip), %rdi
  mov %rdi, idt_pointer + 2(%rip)
  mov $VECTORS, %ecx
1:
  mov %ax, (%rdi)
  movw $CODE, 2(%rdi)
  movw $0x8e00, 4(%rdi)  // present, ring 0, interrupt gate
  mov %rax, %rdx
  shr $16, %rdx
  mov %dx, 6(%rdi)
  shr $16, %rdx
  mov %edx, 8(%rdi)
  movl $0, 12(%rdi)
  add $16, %rax
  add $16, %rdi
  dec %ecx
  jnz 1b
  lidt idt_pointer(%rip)
  ret

// 16 bytes for each vector. All leave the same on the stack: vector, error code, frame.
  .balign 16
handlers:
  .set vector, 0
  .rept VECTORS
  .balign 16
  .if vector == NMI
  iretq  // of a watchdog: ignored
  .else
  .if (vector != 8) && (vector < 10 || vector > 14) && (vector != 17) && (vector != 21) && (vector != 29) && (vector != 30)
  pushq $0
  .endif
  pushq $vector
  jmp exception
  .endif
  .set vector, vector + 1
  .endr
  .balign 16

exception:
  cld
  mov (%rsp), %rdi
  mov 8(%rsp), %rsi
  mov 16(%rsp), %rdx
  lea parameters(%rip), %rcx
  and $-16, %rsp
  call purgatory_exception  // does not return

// For tests: a C function without arguments that only checks the digest, in any process.
  .globl purgatory_verify_here
purgatory_verify_here:
  lea parameters(%rip), %rdi
  jmp purgatory_verify

// What the compiler calls for small copies.
  .section .text.memcpy, "ax", @progbits
  .globl memcpy
memcpy:
  mov %rdi, %rax
  mov %rdx, %rcx
  rep movsb
  ret

  .section .text.memmove, "ax", @progbits
  .globl memmove
memmove:
  mov %rdi, %rax
  mov %rdx, %rcx
  cmp %rsi, %rdi
  ja 1f
  rep movsb
  ret
1:
  lea -1(%rdi, %rcx), %rdi
  lea -1(%rsi, %rcx), %rsi
  std
  rep movsb
  cld
  ret

  .section .text.memset, "ax", @progbits
  .globl memset
memset:
  mov %rdi, %r8
  mov %esi, %eax
  mov %rdx, %rcx
  rep stosb
  mov %r8, %rax
  ret

  .data
  .balign 16
gdt:
  .quad 0
  .quad 0
  .quad 0x00af9a000000ffff  // CODE: 64-bit
  .quad 0x00cf92000000ffff  // DATA
  .quad 0x00009a000000ffff  // CODE16: 64 KiB from `enter_real_mode` on
  .quad 0x000092000000ffff  // DATA16
  .quad 0x00af9a000000ffff  // CODE64: where CODE is of 32 bits already
gdt_end:

  .balign 2
gdt_pointer:
  .word gdt_end - gdt - 1
  .quad 0
idt_pointer:
  .word VECTORS * 16 - 1
  .quad 0
bios_table:
  .word 0x3ff
  .quad 0
no_table:
  .word 0
  .quad 0

  .bss
  .balign 16
idt:
  .skip VECTORS * 16
  .skip 8192
  .balign 16
stack_top:

  .section .note.GNU-stack, "", @progbits
