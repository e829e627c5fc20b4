// The C library, for both builds: Embedded Swift has no Glibc module. Nothing here is Linux's alone, which
// is what CLinux has.
#ifndef CLIBRARY_H
#define CLIBRARY_H

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// What Swift cannot import, for it is a macro with a cast or a call in it.

static inline int clibrary_errno(void) __attribute__((swift_name("getter:errno()")));
static inline int clibrary_errno(void) { return errno; }

extern char **__environ;
static inline char **clibrary_environ(void) __attribute__((swift_name("getter:environ()")));
static inline char **clibrary_environ(void) { return __environ; }

#undef S_IFMT
#undef S_IFREG
#undef S_IFDIR
#undef S_IFBLK
#undef S_IFIFO
#undef S_IFLNK
static const mode_t S_IFMT = 0170000, S_IFREG = 0100000, S_IFDIR = 0040000, S_IFBLK = 0060000,
                    S_IFIFO = 0010000, S_IFLNK = 0120000;

#undef MAP_FAILED
static void *const MAP_FAILED = (void *)-1;

#undef SIG_DFL
#undef SIG_IGN
static const __sighandler_t SIG_DFL = (__sighandler_t)0, SIG_IGN = (__sighandler_t)1;

#endif
