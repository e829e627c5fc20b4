// The few x86 instructions that Swift cannot express. All of them are inlined.

#ifndef PURGATORY_MACHINE_H
#define PURGATORY_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#define INLINE static inline __attribute__((always_inline))

// The byte at an I/O port.
INLINE uint8_t machine_read_port(uint16_t port) {
  uint8_t value;
  __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}

// Writes a byte to an I/O port.
INLINE void machine_write_port(uint16_t port, uint8_t value) {
  __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

// The time stamp counter.
INLINE uint64_t machine_timestamp(void) {
  uint32_t low, high;
  __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
  return ((uint64_t)high << 32) | low;
}

// The address of the last page fault.
INLINE uint64_t machine_fault_address(void) {
  uint64_t address;
  __asm__ volatile("mov %%cr2, %0" : "=r"(address));
  return address;
}

// CR3: where the page tables start.
INLINE uint64_t machine_page_tables(void) {
  uint64_t address;
  __asm__ volatile("mov %%cr3, %0" : "=r"(address));
  return address;
}

// CR4.
INLINE uint64_t machine_control_4(void) {
  uint64_t value;
  __asm__ volatile("mov %%cr4, %0" : "=r"(value));
  return value;
}

// Whether the processor is in kernel mode, unlike in a test in an ordinary process.
INLINE bool machine_is_privileged(void) {
  uint64_t segment;
  __asm__ volatile("mov %%cs, %0" : "=r"(segment));
  return (segment & 3) == 0;
}

// Former contents of the control registers.
struct machine_control {
  uint64_t cr0, cr4;
};

// Lets the processor execute SSE instructions.
INLINE struct machine_control machine_enable_sse(void) {
  const uint64_t mp = 1 << 1, em = 1 << 2, ts = 1 << 3, osfxsr = 1 << 9, osxmmexcpt = 1 << 10;
  struct machine_control before;
  __asm__ volatile("mov %%cr0, %0" : "=r"(before.cr0));
  __asm__ volatile("mov %%cr4, %0" : "=r"(before.cr4));
  __asm__ volatile("mov %0, %%cr0" : : "r"((before.cr0 & ~(em | ts)) | mp) : "memory");
  __asm__ volatile("mov %0, %%cr4" : : "r"(before.cr4 | osfxsr | osxmmexcpt) : "memory");
  return before;
}

// Clears the SSE registers and restores the control registers.
INLINE void machine_restore_sse(struct machine_control before) {
  __asm__ volatile(
      "pxor %%xmm0, %%xmm0; pxor %%xmm1, %%xmm1; pxor %%xmm2, %%xmm2; pxor %%xmm3, %%xmm3;"
      "pxor %%xmm4, %%xmm4; pxor %%xmm5, %%xmm5; pxor %%xmm6, %%xmm6; pxor %%xmm7, %%xmm7;"
      "pxor %%xmm8, %%xmm8; pxor %%xmm9, %%xmm9; pxor %%xmm10, %%xmm10; pxor %%xmm11, %%xmm11;"
      "pxor %%xmm12, %%xmm12; pxor %%xmm13, %%xmm13; pxor %%xmm14, %%xmm14; pxor %%xmm15, %%xmm15"
      : : : "memory");
  __asm__ volatile("mov %0, %%cr4" : : "r"(before.cr4) : "memory");
  __asm__ volatile("mov %0, %%cr0" : : "r"(before.cr0) : "memory");
}

// Removes the interrupt table: from now on an exception resets the machine.
INLINE void machine_drop_interrupt_table(void) {
  struct __attribute__((packed)) {
    uint16_t limit;
    uint64_t base;
  } none = {0, 0};
  __asm__ volatile("lidt %0" : : "m"(none));
}

// Resets the processor with three exceptions that nobody handles.
INLINE _Noreturn void machine_triple_fault(void) {
  machine_drop_interrupt_table();
  __asm__ volatile("int3");
  __builtin_trap();
}

#endif
