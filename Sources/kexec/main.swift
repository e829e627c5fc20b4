import Glibc
import KexecCommand

exit(Command.run(CommandLine.arguments).rawValue)
