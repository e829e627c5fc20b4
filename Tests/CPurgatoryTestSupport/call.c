#define _GNU_SOURCE
#include "CPurgatoryTestSupport.h"

#include <string.h>
#include <sys/mman.h>

int purgatory_call(const uint8_t *blob, size_t size, size_t memory_size, size_t offset,
                   uintptr_t address) {
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | (address ? MAP_FIXED_NOREPLACE : 0);
  uint8_t *place =
      mmap((void *)address, memory_size, PROT_READ | PROT_WRITE | PROT_EXEC, flags, -1, 0);
  if (place == MAP_FAILED) return -1;
  memcpy(place, blob, size);
  int result = ((int (*)(void))(uintptr_t)(place + offset))();
  munmap(place, memory_size);
  return result;
}
