import Glibc
import KexecCommand
import LinuxSystem

exit(Command.run(Process.arguments, on: .running).rawValue)
