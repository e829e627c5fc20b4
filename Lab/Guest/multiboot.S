// A kernel for the lab, for both multiboot specifications. It writes on COM1 what it got: the magic number, the
// command line, the modules with their first bytes, the memory map, the screen and the RSDP. Then it halts. VERSION
// selects the header that is assembled.
//
// The layouts are those of the "Multiboot Specification" 0.6.96 and 2.0. EBX always holds the address of the loader's
// information.

.code32
.text
.globl _start

#if VERSION == 1
  .balign 4
header:
  .long 0x1BADB002, 3, -(0x1BADB002 + 3)
#else
  .balign 8
header:
  .long 0xE85250D6, 0, header_end - header, -(0xE85250D6 + (header_end - header))
  // Required information: command line, modules, memory map.
  .short 1, 0
  .long 8 + 3 * 4, 1, 3, 6
  .balign 8
  .short 0, 0
  .long 8
header_end:
#endif

_start:
  movl $stack, %esp
  cld
  movl %eax, %ebp
  movl $magic_text, %esi
  call text
  movl %ebp, %eax
  call number
  call newline

#if VERSION == 1
  movl 0x10(%ebx), %esi
  call command_line

  // Modules: start, end, text, reserved.
  movl 0x18(%ebx), %edi
  movl 0x14(%ebx), %ecx
1:
  jecxz 2f
  movl 8(%edi), %esi
  call module
  addl $16, %edi
  decl %ecx
  jmp 1b

  // The memory map: the size field of an entry does not count itself.
2:
  movl 0x30(%ebx), %edi
  movl 0x2C(%ebx), %ecx
  addl %edi, %ecx
3:
  cmpl %ecx, %edi
  jae 4f
  leal 4(%edi), %edx
  call memory
  addl (%edi), %edi
  addl $4, %edi
  jmp 3b
4:
  testl $0x1000, (%ebx)
  jz done
  leal 0x58(%ebx), %edx
  call screen
#else
  // Tags: type, size; aligned to 8 bytes.
  leal 8(%ebx), %edi
tag:
  movl (%edi), %eax
  cmpl $0, %eax
  je done
  cmpl $1, %eax
  jne 1f
  leal 8(%edi), %esi
  call command_line
1:
  cmpl $3, (%edi)
  jne 2f
  leal 16(%edi), %esi
  addl $8, %edi
  call module
  subl $8, %edi
2:
  cmpl $6, (%edi)
  jne 4f
  leal 16(%edi), %edx
  movl 4(%edi), %ecx
  addl %edi, %ecx
3:
  cmpl %ecx, %edx
  jae 4f
  call memory
  addl 8(%edi), %edx
  jmp 3b
4:
  cmpl $8, (%edi)
  jne 5f
  leal 8(%edi), %edx
  call screen
5:
  // A copy of the RSDP, of version 1 or 2.
  movl (%edi), %eax
  subl $14, %eax
  cmpl $1, %eax
  ja 6f
  movl $root_text, %esi
  call text
  leal 8(%edi), %esi
  movl $8, %ecx
  call letters
  call newline
6:
  movl 4(%edi), %eax
  addl $7, %eax
  andl $-8, %eax
  addl %eax, %edi
  jmp tag
#endif

done:
  movl $done_text, %esi
  call text
  call newline
1:
  cli
  hlt
  jmp 1b

// Writes "line TEXT"; the text is at ESI.
command_line:
  pushl %esi
  movl $command_line_text, %esi
  call text
  popl %esi
  call text
  jmp newline

// Writes "module LENGTH FIRST-BYTES TEXT"; start and end are at EDI, the text at ESI.
module:
  pushl %ecx
  pushl %esi
  movl $module_text, %esi
  call text
  movl 4(%edi), %eax
  subl (%edi), %eax
  call number
  movl (%edi), %esi
  movl $6, %ecx
  call letters
  movb $' ', %al
  call letter
  popl %esi
  call text
  popl %ecx
  jmp newline

// Writes "memory START LENGTH TYPE" for the entry at EDX.
memory:
  movl $memory_text, %esi
  call text
  movl (%edx), %eax
  call number
  movl 8(%edx), %eax
  call number
  movl 16(%edx), %eax
  call number
  jmp newline

// Writes "screen ADDRESS WIDTH HEIGHT" for the description at EDX.
screen:
  movl $screen_text, %esi
  call text
  movl (%edx), %eax
  call number
  movl 12(%edx), %eax
  call number
  movl 16(%edx), %eax
  call number
  jmp newline

// Writes the text at ESI, up to its NUL.
text:
  lodsb
  testb %al, %al
  jz 1f
  call letter
  jmp text
1:
  ret

// Writes ECX bytes at ESI.
letters:
  lodsb
  call letter
  loop letters
  ret

// Writes EAX in hexadecimal, and a space.
number:
  pushl %ecx
  pushl %edx
  movl %eax, %edx
  movl $8, %ecx
1:
  roll $4, %edx
  movl %edx, %eax
  andl $15, %eax
  movb digits(%eax), %al
  call letter
  loop 1b
  movb $' ', %al
  call letter
  popl %edx
  popl %ecx
  ret

newline:
  movb $'\n', %al

// Writes AL on COM1, when the transmitter is empty.
letter:
  pushl %edx
  pushl %eax
  movl $0x3FD, %edx
1:
  inb %dx, %al
  testb $0x20, %al
  jz 1b
  movl $0x3F8, %edx
  popl %eax
  outb %al, %dx
  popl %edx
  ret

.section .rodata
digits: .ascii "0123456789abcdef"
magic_text: .asciz "multiboot magic "
command_line_text: .asciz "multiboot line "
module_text: .asciz "multiboot module "
memory_text: .asciz "multiboot memory "
screen_text: .asciz "multiboot screen "
root_text: .asciz "multiboot root "
done_text: .asciz "multiboot done"

.bss
.balign 16
.skip 4096
stack:
