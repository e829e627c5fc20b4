// Signal handlers, which may do little more than write(2), so they are not in Swift; and the program's
// arguments, which Swift would look for in /proc/self/maps, where they are not found without /proc.

// For strerrorname_np, which glibc has since 2.32.
#define _GNU_SOURCE
#include "CLinux.h"
#include "Say.h"
#include <signal.h>
#include <string.h>

static int argument_count;
static char **arguments;

// The C library calls it with what main gets.
__attribute__((constructor)) static void keep_arguments(int count, char **words) {
  argument_count = count;
  arguments = words;
}

int clinux_argument_count(void) { return argument_count; }

const char *clinux_argument(int index) { return arguments[index]; }

const char *clinux_errno_name(int number) { return strerrorname_np(number); }

static char alarm_text[512];
static char bus_error_text[512];

static void on_alarm(int number) {
  (void)number;
  say(alarm_text);
}

static void on_bus_error(int number) {
  (void)number;
  say(bus_error_text);
  _exit(255);
}

static void handle(int number, void (*handler)(int), char *place, const char *text) {
  strncpy(place, text, sizeof alarm_text - 1);
  struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
  sigaction(number, &action, NULL);
}

void clinux_say_after(unsigned seconds, const char *text) {
  handle(SIGALRM, on_alarm, alarm_text, text);
  alarm(seconds);
}

void clinux_say_nothing(void) { alarm(0); }

void clinux_exit_on_bus_error(const char *text) {
  handle(SIGBUS, on_bus_error, bus_error_text, text);
}

static volatile sig_atomic_t interrupt;

static void on_interrupt(int number) { interrupt = number; }

void clinux_note_interrupts(void) {
  interrupt = 0;
  const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
  for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = SA_RESETHAND}, old;
    // nohup and shells let background processes ignore some: that stays.
    if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN) continue;
    sigaction(numbers[i], &action, NULL);
  }
  // A file that becomes too large for its limit (ulimit -f) is an error of the call, EFBIG.
  signal(SIGXFSZ, SIG_IGN);
}

int clinux_interrupt(void) { return interrupt; }
