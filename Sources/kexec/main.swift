print("kexec")
