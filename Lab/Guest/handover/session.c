/* session keep | get
 *
 * keep: preserves a memory file in a live update session, prints a line, and does not exit, because the
 * session ends when its descriptor is closed. get: retrieves the session in the next system and prints
 * the file's contents. Documentation/userspace-api/liveupdate.rst. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/liveupdate.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { token = 1 };
static const char content[] = "what was preserved";

static int fail(const char *what) {
  perror(what);
  return 1;
}

static int keep(int device) {
  struct liveupdate_ioctl_create_session session = {.size = sizeof session, .name = "lab"};
  if (ioctl(device, LIVEUPDATE_IOCTL_CREATE_SESSION, &session) < 0) return fail("create session");
  int file = memfd_create("content", 0);
  if (file < 0 || write(file, content, sizeof content) != sizeof content) return fail("memfd");
  struct liveupdate_session_preserve_fd preserved = {
      .size = sizeof preserved, .fd = file, .token = token};
  if (ioctl(session.fd, LIVEUPDATE_SESSION_PRESERVE_FD, &preserved) < 0) return fail("preserve");
  puts("kept");
  fflush(stdout);
  for (;;) pause();
}

static int get(int device) {
  struct liveupdate_ioctl_retrieve_session session = {.size = sizeof session, .name = "lab"};
  if (ioctl(device, LIVEUPDATE_IOCTL_RETRIEVE_SESSION, &session) < 0) return fail("retrieve session");
  struct liveupdate_session_retrieve_fd file = {.size = sizeof file, .token = token};
  if (ioctl(session.fd, LIVEUPDATE_SESSION_RETRIEVE_FD, &file) < 0) return fail("retrieve");
  char found[sizeof content] = {0};
  if (pread(file.fd, found, sizeof found - 1, 0) < 0) return fail("read");
  puts(found);
  return strcmp(found, content) != 0;
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  int device = open("/dev/liveupdate", O_RDWR | O_CLOEXEC);
  if (device < 0) return fail("/dev/liveupdate");
  return strcmp(argv[1], "keep") == 0 ? keep(device) : get(device);
}
