// A kernel for the lab. It writes on COM1 how it got its arguments, and the command line: as Linux does (boot_params),
// by ELF boot notes, or not at all. Then it halts. BITS is 32 or 64.
//
// Linux: Documentation/arch/x86/boot.rst; "hdr.header" is at 0x202 of boot_params, cmd_line_ptr at 0x228. Boot notes
// are those of the "ELF Boot Proposal": magic number, size, checksum and count, then notes of three words (size of the
// name, size of the text, type), each followed by its text.

#if BITS == 64
#define AX %rax
#define BX %rbx
#define SI %rsi
#define DI %rdi
#define BP %rbp
#define SP %rsp
// Position-independent, so that it can be linked for any address.
#define ADDRESS(symbol, register) lea symbol(%rip), register
.code64
#else
#define AX %eax
#define BX %ebx
#define SI %esi
#define DI %edi
#define BP %ebp
#define SP %esp
#define ADDRESS(symbol, register) mov $symbol, register
.code32
#endif

.text
.globl _start
_start:
  // BX: the notes; BP: boot_params. A register without a meaning is 0 or undefined.
#if BITS == 64
  mov %rdi, %rbx
#else
  mov 4(%esp), %ebx
#endif
  mov SI, BP
  ADDRESS(stack, SP)
  cld

  cmpl $0x53726448, 0x202(BP)
  jne 1f
  ADDRESS(linux_text, SI)
  call text
  movl 0x228(BP), %esi
  call text
  jmp done

1:
  ADDRESS(none_text, SI)
  test BX, BX
  jz last
  cmpl $0x0E1FB007, (BX)
  jne last
  ADDRESS(notes_text, SI)
  call text
  movzwl 10(BX), %ecx
  lea 12(BX), DI
2:
  test %ecx, %ecx
  jz done
  cmpl $4, 8(DI)
  jne 3f
  lea 12(DI), SI
  call text
3:
  movl 4(DI), %eax
  addl $3, %eax
  andl $-4, %eax
  lea 12(DI), DI
  add AX, DI
  decl %ecx
  jmp 2b

last:
  call text
done:
  ADDRESS(end_text, SI)
  call text
1:
  cli
  hlt
  jmp 1b

// Writes the text at SI, up to its NUL. Waits for the transmitter before each byte.
text:
  movl $0x3FD, %edx
1:
  inb %dx, %al
  testb $0x20, %al
  jz 1b
  lodsb
  testb %al, %al
  jz 2f
  movl $0x3F8, %edx
  outb %al, %dx
  jmp text
2:
  ret

.section .rodata
linux_text: .asciz "elf by boot_params: "
notes_text: .asciz "elf by notes: "
none_text: .asciz "elf by nothing"
end_text: .asciz ".\n"

.bss
.balign 16
.skip 4096
stack:
