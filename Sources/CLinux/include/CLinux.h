#ifndef CLINUX_H
#define CLINUX_H
#include <unistd.h>
#include <sys/syscall.h>
#endif
