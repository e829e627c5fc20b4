// Apart from the rest, because <asm/termbits.h> and glibc's <termios.h> exclude each other.
#include "CLinux.h"
#include <asm/termbits.h>

int clinux_terminal_line(const char *path, unsigned *baud, unsigned *flags) {
  int file = open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) return -1;
  struct termios2 settings = {0};
  int result = ioctl(file, TCGETS2, &settings);
  close(file);
  *baud = settings.c_ospeed;
  *flags = settings.c_cflag;
  return result;
}
