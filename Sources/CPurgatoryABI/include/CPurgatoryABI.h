// The interface of the loader and the purgatory: the start of the purgatory's blob.
//
// The layout is defined only here. The purgatory's Swift code imports the structures, its assembly includes
// the numbers, and a test compares the loader's offset tables with them. All integers are little-endian, all
// addresses physical.

#ifndef PURGATORY_ABI_H
#define PURGATORY_ABI_H

// The blob starts with a jump (8 bytes), so its entry is its first byte. Then come the numbers that the
// linker script fills in and, at a fixed offset, the parameters that the loader fills in.
#define PURGATORY_HEADER_OFFSET 0x08
#define PURGATORY_PARAMETERS_OFFSET 0x40

// "kexec.sw" in memory.
#define PURGATORY_MAGIC 0x77732e636578656b
// It changes whenever the layout below changes.
#define PURGATORY_VERSION 6

// purgatory_parameters.flags
#define PURGATORY_FLAG_GREETS 0x1       // report success on the console too
#define PURGATORY_FLAG_RESETS_VGA 0x2   // put the VGA into text mode 3 first
#define PURGATORY_FLAG_VGA_CONSOLE 0x4  // write to the VGA text screen as well
#define PURGATORY_FLAG_PLAIN_DIGEST 0x8 // not with the processor's instructions for it

// purgatory_parameters.entry_mode: how the processor is set up for the next kernel
#define PURGATORY_ENTRY_LONG 0          // 64-bit mode, paging on
#define PURGATORY_ENTRY_PROTECTED 1     // 32-bit protected mode, flat segments, paging off
#define PURGATORY_ENTRY_REAL 2          // real mode, with the BIOS's devices as it wants them
#define PURGATORY_ENTRY_BACK 3          // to a kernel that was left: page_tables, old kernel's stack
#define PURGATORY_ENTRY_FOUR_LEVELS 4   // 64-bit mode, with page tables of 4 levels: EAX of the registers

// purgatory_parameters.digest_kind
#define PURGATORY_DIGEST_NONE 0
#define PURGATORY_DIGEST_SHA256 1
#define PURGATORY_DIGEST_KOMIHASH 2  // 8 bytes, the most significant first

#define PURGATORY_REGION_LIMIT 16
#define PURGATORY_DIGEST_SIZE 64

// Two time stamps of 16 hexadecimal digits with a comma between them.
#define PURGATORY_TIMESTAMP_TEXT_SIZE 33
// " kexec_jump_back_entry=0x", and 16 hexadecimal digits.
#define PURGATORY_JUMP_BACK_TEXT_SIZE 41

// Offsets in purgatory_parameters, for the assembly.
#define PURGATORY_ENTRY 0x10
#define PURGATORY_RSI 0x18
#define PURGATORY_RDI 0x20
#define PURGATORY_REGISTERS 0x28
#define PURGATORY_PAGE_TABLES 0x58
#define PURGATORY_ENTRY_MODE 0x62
#define PURGATORY_CHECKSUM 0x1b0
#define PURGATORY_RETURN_ADDRESS 0x1b8
#define PURGATORY_STACK_POINTER 0x1c0
#define PURGATORY_ENTERED_AT 0x1c8
#define PURGATORY_CHECKED_AT 0x1d0
#define PURGATORY_PARAMETERS_SIZE 0x1d8

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

// Filled in by the linker script.
struct purgatory_header {
  uint64_t magic;              // PURGATORY_MAGIC
  uint64_t file_size;          // bytes of the blob
  uint64_t memory_size;        // the same with zeroed variables and the stack: whole pages
  uint64_t verify_offset;      // of a C function without arguments, for tests: 0 if the digest is right
};

struct purgatory_region {
  uint64_t start;
  uint64_t byte_count;
};

// What PURGATORY_ENTRY_PROTECTED leaves in the registers; the order is that of popal. For
// PURGATORY_ENTRY_REAL, EAX holds the data segments and ESP the stack pointer; for
// PURGATORY_ENTRY_FOUR_LEVELS, EAX holds the page tables.
struct purgatory_registers {
  uint32_t edi, esi, ebp, esp, ebx, edx, ecx, eax;
};

// Filled in by the loader; what comes after the checksum, by the purgatory.
struct purgatory_parameters {
  uint64_t magic;              // PURGATORY_MAGIC
  uint32_t version;            // PURGATORY_VERSION
  uint32_t flags;              // PURGATORY_FLAG_...
  uint64_t entry;              // where the next kernel starts
  uint64_t rsi;                // in these registers at a PURGATORY_ENTRY_LONG or _FOUR_LEVELS
  uint64_t rdi;
  struct purgatory_registers registers;
  uint64_t timestamp_text;     // where entered_at and checked_at are written as text; 0: nowhere
  uint64_t jump_back_text;     // behind the kernel's words, for one with return_address; 0: nowhere
  uint64_t page_tables;        // for CR3 at a PURGATORY_ENTRY_BACK
  uint16_t serial_port;        // I/O port of a 16550
  uint16_t entry_mode;         // PURGATORY_ENTRY_...
  uint32_t serial_baud;        // 0: leave the rate as it is
  uint32_t digest_kind;        // PURGATORY_DIGEST_...
  uint32_t region_count;       // how many of the regions are digested, in order
  uint8_t digest[PURGATORY_DIGEST_SIZE];  // what is expected: as many bytes as the kind has
  struct purgatory_region regions[PURGATORY_REGION_LIMIT];
  uint64_t checksum;           // komihash of all bytes before it
  uint64_t return_address;     // non-zero if the old kernel wants to be returned to
  uint64_t stack_pointer;      // the old kernel's
  uint64_t entered_at;         // time stamp counter when the purgatory was entered
  uint64_t checked_at;         // and when the checks were done
};

// Swift imports C arrays as tuples: here are their first elements.
static inline const struct purgatory_region *_Nonnull purgatory_regions(
    const struct purgatory_parameters *_Nonnull parameters) {
  return parameters->regions;
}

static inline const uint8_t *_Nonnull purgatory_digest(
    const struct purgatory_parameters *_Nonnull parameters) {
  return parameters->digest;
}

_Static_assert(PURGATORY_HEADER_OFFSET + sizeof(struct purgatory_header) <= PURGATORY_PARAMETERS_OFFSET,
               "the header ends before the parameters");
_Static_assert(offsetof(struct purgatory_parameters, entry) == PURGATORY_ENTRY, "");
_Static_assert(offsetof(struct purgatory_parameters, rsi) == PURGATORY_RSI, "");
_Static_assert(offsetof(struct purgatory_parameters, rdi) == PURGATORY_RDI, "");
_Static_assert(offsetof(struct purgatory_parameters, registers) == PURGATORY_REGISTERS, "");
_Static_assert(offsetof(struct purgatory_parameters, page_tables) == PURGATORY_PAGE_TABLES, "");
_Static_assert(offsetof(struct purgatory_parameters, stack_pointer) == PURGATORY_STACK_POINTER, "");
_Static_assert(offsetof(struct purgatory_parameters, entry_mode) == PURGATORY_ENTRY_MODE, "");
_Static_assert(offsetof(struct purgatory_parameters, checksum) == PURGATORY_CHECKSUM, "");
_Static_assert(offsetof(struct purgatory_parameters, return_address) == PURGATORY_RETURN_ADDRESS, "");
_Static_assert(offsetof(struct purgatory_parameters, entered_at) == PURGATORY_ENTERED_AT, "");
_Static_assert(offsetof(struct purgatory_parameters, checked_at) == PURGATORY_CHECKED_AT, "");
_Static_assert(sizeof(struct purgatory_parameters) == PURGATORY_PARAMETERS_SIZE, "");

#endif
#endif
