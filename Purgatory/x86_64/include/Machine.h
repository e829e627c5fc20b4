// The few x86 instructions that Swift has no words for. All of them are inlined.

#ifndef PURGATORY_MACHINE_H
#define PURGATORY_MACHINE_H

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
  return (uint64_t)high << 32 | low;
}

// Where the last page fault wanted to go.
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

// Takes the interrupt table away: from now on an exception resets the machine.
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
