import Glibc
import KexecCommand
import LinuxSystem

exit(Command.run(Process.arguments).rawValue)
