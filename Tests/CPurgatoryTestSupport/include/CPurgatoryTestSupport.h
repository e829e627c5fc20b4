#ifndef PURGATORY_TEST_SUPPORT_H
#define PURGATORY_TEST_SUPPORT_H

#include <stddef.h>
#include <stdint.h>

// Maps `memory_size` writable and executable bytes at `address`, or anywhere if that is 0; copies the `size` bytes of
// `blob` to their start; calls the C function at `offset`; and unmaps them.
// Returns what the function returned, or -1 if that address is not free.
int purgatory_call(const uint8_t *_Nonnull blob, size_t size, size_t memory_size, size_t offset,
                   uintptr_t address);

#endif
