// System calls that glibc has no wrapper for, and ones that Swift cannot call because they are
// variadic. Nothing here decides anything.
#ifndef CLINUX_H
#define CLINUX_H

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/kexec.h>
#include <net/if.h>
#include <spawn.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

// The name of an error number, in CLinux.c; NULL for a number that has none.
const char *clinux_errno_name(int number);

static inline int clinux_open(const char *path, int flags) {
  return open(path, flags);
}

static inline int clinux_create(const char *path) {
  return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}

// The directory that files are written in; it need not be readable.
static inline int clinux_open_directory(const char *path) {
  return open(path, 010000000 /* O_PATH */ | O_DIRECTORY | O_CLOEXEC);
}

// A file in `directory`, never behind a link.
static inline int clinux_open_in(int directory, const char *name, int flags) {
  return openat(directory, name, flags | O_NOFOLLOW | O_CLOEXEC);
}

// A new file in `directory`, for its owner alone. Fails if there is anything of that name.
static inline int clinux_create_in(int directory, const char *name) {
  return openat(directory, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

// What is called `name` in `directory`: its st_mode, or -1. A link is not followed.
static inline long clinux_mode_in(int directory, const char *name) {
  struct stat status;
  return fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 ? (long)status.st_mode : -1;
}

// Whether `name` in `directory` is the open file.
static inline int clinux_is_in(int directory, const char *name, int file) {
  struct stat named, open;
  return fstatat(directory, name, &named, AT_SYMLINK_NOFOLLOW) == 0 && fstat(file, &open) == 0 &&
         named.st_dev == open.st_dev && named.st_ino == open.st_ino;
}

// Locks an open file until it is closed: 0 if another process has done that. File systems without locks have none.
static inline int clinux_lock(int file) {
  return flock(file, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

// Gives a file in `directory` another name, unless something has that. File systems that cannot do that in one step
// give EINVAL.
static inline int clinux_rename_new(int directory, const char *from, const char *to) {
  return (int)syscall(SYS_renameat2, directory, from, directory, to, 1U /* RENAME_NOREPLACE */);
}

// O_DIRECT, which headers name only with _GNU_SOURCE.
#if defined(__aarch64__)
#define CLINUX_DIRECT 0200000
#else
#define CLINUX_DIRECT 040000
#endif
static inline int clinux_open_direct_in(int directory, const char *name) {
  return openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | CLINUX_DIRECT);
}

// How offsets must be aligned when an open file is read with O_DIRECT (STATX_DIOALIGN): 0 if that would not go to the
// medium, -1 if the kernel does not tell.
static inline long clinux_direct_alignment(int file) {
  // struct statx, of which older headers lack the end: stx_mask at 0, stx_dio_offset_align at 156.
  unsigned buffer[64] = {0};
  if (syscall(SYS_statx, file, "", 0x1000 /* AT_EMPTY_PATH */, 0x2000 /* STATX_DIOALIGN */, buffer) != 0) return -1;
  return (buffer[0] & 0x2000) != 0 ? (long)buffer[39] : -1;
}

// Whether an open file is in procfs. What is mapped of /proc/vmcore is the memory itself, without a page cache.
static inline int clinux_is_in_proc(int file) {
  struct statfs status;
  return fstatfs(file, &status) == 0 && status.f_type == 0x9fa0;
}

// Whether the file system of an open file has no medium: tmpfs, ramfs, hugetlbfs.
static inline int clinux_is_in_memory(int file) {
  struct statfs status;
  if (fstatfs(file, &status) != 0) return 0;
  unsigned long type = (unsigned long)status.f_type;
  return type == 0x01021994 || type == 0x858458f6 || type == 0x958458f6;
}

// Waits until the medium has what clinux_write_back was called for before, and lets the kernel begin with the rest of an
// open file.
static inline int clinux_write_back(int file) {
  return (int)syscall(SYS_sync_file_range, file, 0L, 0L, 3U /* SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE */);
}

// The bytes of this computer's memory that the kernel has; 0 when that is not known.
static inline unsigned long long clinux_memory_size(void) {
  struct sysinfo information;
  if (sysinfo(&information) != 0) return 0;
  return (unsigned long long)information.totalram * information.mem_unit;
}

// Bytes that this process may still write to the file system of an open file; -1 when that is not known.
static inline long long clinux_free_space(int file) {
  struct statfs status;
  if (fstatfs(file, &status) != 0) return -1;
  unsigned long long blocks = geteuid() == 0 ? status.f_bfree : status.f_bavail;
  return (long long)(blocks * (unsigned long long)status.f_bsize);
}

static inline long clinux_kexec_load(unsigned long entry, unsigned long count,
                                     const struct kexec_segment *segments, unsigned long flags) {
  return syscall(SYS_kexec_load, entry, count, segments, flags);
}

static inline long clinux_kexec_file_load(int kernel, int initrd, unsigned long command_line_size,
                                          const char *command_line, unsigned long flags) {
  return syscall(SYS_kexec_file_load, kernel, initrd, command_line_size, command_line, flags);
}

static inline int clinux_memfd(const char *name) {
  return (int)syscall(SYS_memfd_create, name, 1U /* MFD_CLOEXEC */);
}

// How many processors this process may run on: at least 1.
static inline int clinux_processor_count(void) {
  unsigned long mask[128];
  long size = syscall(SYS_sched_getaffinity, 0, sizeof mask, mask), count = 0;
  for (long i = 0; i < size / (long)sizeof *mask; i++) count += __builtin_popcountl(mask[i]);
  return count > 0 ? (int)count : 1;
}

// The processor's time stamp counter; 0 where there is none that user space may read.
static inline unsigned long long clinux_time_stamp(void) {
#if defined(__x86_64__)
  return __builtin_ia32_rdtsc();
#else
  return 0;
#endif
}

// EAX, EBX, ECX and EDX of a CPUID leaf; zeros where there is no such instruction.
static inline void clinux_cpuid(unsigned leaf, unsigned registers[4]) {
  registers[0] = registers[1] = registers[2] = registers[3] = 0;
#if defined(__x86_64__)
  __asm__ volatile("cpuid"
                   : "=a"(registers[0]), "=b"(registers[1]), "=c"(registers[2]), "=d"(registers[3])
                   : "a"(leaf), "c"(0));
#endif
}

// Lets the memory of the program's own code go; what runs is read from the file again.
static inline void clinux_evict_program(void) {
  extern const char __executable_start[], etext[];
  unsigned long page = 4096, start = (unsigned long)__executable_start & ~(page - 1);
  madvise((void *)start, ((unsigned long)etext - start) & ~(page - 1), MADV_DONTNEED);
}

static inline int clinux_syncfs(int directory) {
  return (int)syscall(SYS_syncfs, directory);
}

// The interface flags of `name` (SIOCGIFFLAGS), or -1.
static inline int clinux_interface_flags(int socket, const char *name) {
  struct ifreq request = {0};
  for (int i = 0; i < IFNAMSIZ - 1 && name[i]; i++) request.ifr_name[i] = name[i];
  if (ioctl(socket, SIOCGIFFLAGS, &request) != 0) return -1;
  return (unsigned short)request.ifr_flags;
}

// Sets the interface flags of `name` (SIOCSIFFLAGS).
static inline int clinux_set_interface_flags(int socket, const char *name, int flags) {
  struct ifreq request = {0};
  for (int i = 0; i < IFNAMSIZ - 1 && name[i]; i++) request.ifr_name[i] = name[i];
  request.ifr_flags = (short)flags;
  return ioctl(socket, SIOCSIFFLAGS, &request);
}

// How many columns the terminal at a file descriptor has (TIOCGWINSZ), 0 when it does not know; -1 when it
// is none.
static inline int clinux_terminal_columns(int file) {
  struct winsize size = {0};
  return ioctl(file, TIOCGWINSZ, &size) == 0 ? size.ws_col : -1;
}

// The rate and c_cflag of the terminal at `path` (TCGETS2), in Terminal.c; -1 when it is none.
int clinux_terminal_line(const char *path, unsigned *baud, unsigned *flags);

// The whole program, in KexecCommand: its exit code.
int kexec_run(void);

// The program's arguments, the first of which is its name, in CLinux.c.
int clinux_argument_count(void);
const char *clinux_argument(int index);

// Takes the numbers of those standard streams that are closed, so that no file that is opened later gets
// one: reading and writing fail there as before, with EBADF. -1 when that cannot be.
static inline int clinux_hold_closed_streams(void) {
  for (int number = 0; number <= 2; number++) {
    if (fcntl(number, F_GETFD) != -1) continue;
    // The lowest number that is free is this one.
    if (open("/", 010000000 /* O_PATH */) != number) return -1;
  }
  return 0;
}

// Whether an open file is one of those.
static inline int clinux_is_held_stream(int file) {
  int flags = fcntl(file, F_GETFL);
  return flags != -1 && (flags & 010000000 /* O_PATH */);
}

// Signal handlers, in CLinux.c.
void clinux_say_after(unsigned seconds, const char *text);
void clinux_say_nothing(void);
void clinux_exit_on_bus_error(const char *text);
// From now on SIGINT, SIGTERM and SIGHUP only make the number known; a second one ends the process.
void clinux_note_interrupts(void);
int clinux_interrupt(void);

// The global variables of getopt_long, which Swift 6 does not let us name.
static inline void clinux_getopt_start(void) {
  optind = 0;
  opterr = 0;
}

static inline const char *clinux_getopt_value(void) { return optarg; }

static inline int clinux_getopt_position(void) { return optind; }

static inline int clinux_getopt_culprit(void) { return optopt; }

#endif
