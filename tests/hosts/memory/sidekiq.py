"""A Ruby process of a real size that starts ffmpeg: holds so many MiB, runs a command, and tells its exit code."""
import subprocess
import sys

held = bytearray(int(sys.argv[1]) << 20)
for at in range(0, len(held), 4096):
    held[at] = 1
print(subprocess.run(sys.argv[2:], check=False).returncode)
