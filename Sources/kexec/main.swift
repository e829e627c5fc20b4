// By way of C: to call Swift directly this module would take the whole of KexecCommand in once more, which
// in Embedded Swift is a quarter of the build.
import CLinux

exit(kexec_run())
