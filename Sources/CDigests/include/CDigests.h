// The processor's instructions for SHA-256, which Swift cannot express.
//
// Like the Swift code of Digests, this is compiled for the host and for the purgatory, where SSE must be
// enabled first.

#ifndef DIGESTS_H
#define DIGESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)

// Whether the processor has the SHA extensions, and the SSE that the code below uses with them.
static inline bool digests_has_sha256(void) {
  uint32_t a, b, c, d;
  __asm__ volatile("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(0), "c"(0));
  if (a < 7) return false;
  __asm__ volatile("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(1), "c"(0));
  const uint32_t ssse3 = 1u << 9, sse41 = 1u << 19;
  if ((c & ssse3) == 0 || (c & sse41) == 0) return false;
  __asm__ volatile("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(7), "c"(0));
  return (b >> 29 & 1) != 0;
}

typedef uint32_t digests_words __attribute__((vector_size(16)));
typedef int32_t digests_signed_words __attribute__((vector_size(16)));
typedef uint8_t digests_unaligned __attribute__((vector_size(16), aligned(1), may_alias));

#define DIGESTS_SHA __attribute__((target("sha,sse4.1,ssse3")))
#define DIGESTS_STEP static inline __attribute__((always_inline)) DIGESTS_SHA

// FIPS 180-4, section 4.2.2.
static const uint32_t digests_k[64] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

// Two rounds.
DIGESTS_STEP digests_words digests_rounds(digests_words a, digests_words b, digests_words k) {
  return (digests_words)__builtin_ia32_sha256rnds2(
      (digests_signed_words)a, (digests_signed_words)b, (digests_signed_words)k);
}

// The four words of the message schedule that come after these sixteen.
DIGESTS_STEP digests_words digests_schedule(
    digests_words w0, digests_words w1, digests_words w2, digests_words w3) {
  digests_words sum =
      (digests_words)__builtin_ia32_sha256msg1((digests_signed_words)w0, (digests_signed_words)w1) +
      __builtin_shufflevector(w2, w3, 1, 2, 3, 4);
  return (digests_words)__builtin_ia32_sha256msg2(
      (digests_signed_words)sum, (digests_signed_words)w3);
}

// Four words of the message, which is big-endian.
DIGESTS_STEP digests_words digests_load(const void *_Nonnull place) {
  digests_unaligned bytes = *(const digests_unaligned *)place;
  return (digests_words)__builtin_shufflevector(
      bytes, bytes, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
}

// Mixes `count` blocks of 64 bytes, which need not be aligned, into the eight words of `state`.
// Only for processors for which digests_has_sha256() is true.
static inline DIGESTS_SHA void digests_sha256(
    uint32_t *_Nonnull state, const void *_Nonnull blocks, size_t count) {
  const uint8_t *block = (const uint8_t *)blocks;
  // The instructions keep the state as the words A B E F and C D G H, from the highest down.
  digests_words abef = {state[5], state[4], state[1], state[0]};
  digests_words cdgh = {state[7], state[6], state[3], state[2]};
  for (; count > 0; count--, block += 64) {
    const digests_words old_abef = abef, old_cdgh = cdgh;
    digests_words w0 = digests_load(block), w1 = digests_load(block + 16);
    digests_words w2 = digests_load(block + 32), w3 = digests_load(block + 48);
#pragma clang loop unroll(full)
    for (int i = 0; i < 64; i += 4) {
      digests_words k = w0 + *(const digests_words *)(digests_k + i);
      cdgh = digests_rounds(cdgh, abef, k);
      abef = digests_rounds(abef, cdgh, __builtin_shufflevector(k, k, 2, 3, 2, 3));
      digests_words next = w0;
      if (i < 48) next = digests_schedule(w0, w1, w2, w3);
      w0 = w1;
      w1 = w2;
      w2 = w3;
      w3 = next;
    }
    abef += old_abef;
    cdgh += old_cdgh;
  }
  state[0] = abef[3];
  state[1] = abef[2];
  state[2] = cdgh[3];
  state[3] = cdgh[2];
  state[4] = abef[1];
  state[5] = abef[0];
  state[6] = cdgh[1];
  state[7] = cdgh[0];
}

#else

static inline bool digests_has_sha256(void) { return false; }

static inline void digests_sha256(
    uint32_t *_Nonnull state, const void *_Nonnull blocks, size_t count) {
  (void)state, (void)blocks, (void)count;
}

#endif
#endif
