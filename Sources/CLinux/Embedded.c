// What Embedded Swift, unlike ordinary Swift, leaves to the program: the messages when there is no memory for
// an object and when Swift's checks find a fault of the program. Compiled only with script/sdk.
#ifdef EMBEDDED_SWIFT
#define _GNU_SOURCE
#include "Say.h"
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <ucontext.h>

#define NO_MEMORY "kexec: Cannot allocate memory\n"

// All objects of Swift get their memory here; a failure would be a trap.
int posix_memalign(void **place, size_t alignment, size_t size) {
  void *found = alignment <= _Alignof(max_align_t) ? malloc(size) : aligned_alloc(alignment, size);
  if (found == NULL) {
    say(NO_MEMORY);
    _exit(255);
  }
  *place = found;
  return 0;
}

// Two registers, as the C library calls them where a signal has interrupted the program.
#if defined(__x86_64__)
#define STACK_POINTER gregs[REG_RSP]
#define PROGRAM_COUNTER gregs[REG_RIP]
#elif defined(__aarch64__)
#define STACK_POINTER sp
#define PROGRAM_COUNTER pc
#elif defined(__riscv)
#define STACK_POINTER __gregs[REG_SP]
#define PROGRAM_COUNTER __gregs[REG_PC]
#endif

// Swift's checks end in an instruction that traps (ud2, brk, unimp).
static void on_fault(int number, siginfo_t *information, void *place) {
  const mcontext_t *registers = &((const ucontext_t *)place)->uc_mcontext;
  // SI_USER and the like: a process has sent the signal.
  int was_sent = information->si_code <= 0;
  if (number == SIGSEGV && !was_sent) {
    // The stack cannot grow: its limit is reached, or that of the address space.
    unsigned long distance = (unsigned long)information->si_addr - (unsigned long)registers->STACK_POINTER;
    if (distance + 65536 < 2 * 65536) {
      say(NO_MEMORY);
      _exit(255);
    }
  }
  char text[] = "kexec: fault of this program at 0x0000000000000000; please report this line, the command "
                "and what kexec --version says\n";
  char *digit = strchr(text, ';');
  for (unsigned long rest = (unsigned long)registers->PROGRAM_COUNTER; rest != 0; rest >>= 4) {
    *--digit = "0123456789abcdef"[rest & 15];
  }
  say(text);
  // When this returns, the instruction is repeated, and ends the program as it would have. Who was sent the
  // signal is not at such an instruction.
  signal(number, SIG_DFL);
  if (was_sent) raise(number);
}

__attribute__((constructor)) static void watch_faults(void) {
  // Where the stack cannot grow, the handler needs another. AT_MINSIGSTKSZ is 12 KiB with AMX.
  static char stack[32768];
  stack_t other = {.ss_sp = stack, .ss_size = sizeof stack};
  sigaltstack(&other, NULL);
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigaction(SIGILL, &action, NULL);
  sigaction(SIGTRAP, &action, NULL);
  sigaction(SIGSEGV, &action, NULL);
}
#endif
