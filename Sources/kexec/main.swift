// The program is called through C: to call Swift directly, this module would compile all of KexecCommand once
// more, which in Embedded Swift is a quarter of the build.
import CLinux

exit(kexec_run())
