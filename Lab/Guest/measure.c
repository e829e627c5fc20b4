/* measure PROGRAM ARGUMENT...
 *
 * Runs a program and prints its times and memory as one line on standard output:
 * `wall MICROSECONDS cpu MICROSECONDS peak KIBIBYTES`. The program's own output goes to standard
 * error; its exit status becomes ours. A shell's `time` does not show the peak memory. */
#define _GNU_SOURCE
#include <spawn.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static long long microseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, 2, 1);

  long long start = microseconds();
  pid_t child;
  if (posix_spawnp(&child, argv[1], &actions, NULL, argv + 1, environ) != 0) return 127;
  int status;
  struct rusage usage;
  if (wait4(child, &status, 0, &usage) != child) return 126;
  long long wall = microseconds() - start;

  long long cpu = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000LL +
                  usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
  printf("wall %lld cpu %lld peak %ld\n", wall, cpu, usage.ru_maxrss);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
