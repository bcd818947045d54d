"""A longer way to one address: delay.py MILLISECONDS ADDRESS DEVICE, in the network namespace of who sends there.

What tc's netem does, where the kernel has none: the route to the address leads into a TUN device, and from there each packet goes on
after its time, by a raw socket whose mark sends it the old way. IPv4; says "ready" once packets take that way, and ends with its stdin.
"""
import collections
import fcntl
import os
import selectors
import socket
import struct
import subprocess
import sys
import time

milliseconds, address, device = sys.argv[1:]
MARK, TABLE, TUN = 0x99, "99", "delay0"
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000

tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", TUN.encode(), IFF_TUN | IFF_NO_PI))
onward = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
onward.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, MARK)


def ip(command):
    return subprocess.run(["ip", *command.split()], check=True, capture_output=True, text=True).stdout


own = ip(f"-o route get {address}").split(" src ")[1].split()[0]
ip(f"link set {TUN} up mtu 1500")
ip(f"route replace {address}/32 dev {device} table {TABLE}")
ip(f"rule add pref 99 fwmark {MARK:#x} lookup {TABLE}")
# Answers come by the device, and not from where the route leads now.
for name in ("all", device):
    with open(f"/proc/sys/net/ipv4/conf/{name}/rp_filter", "w") as setting:
        setting.write("0")
ip(f"route replace {address}/32 dev {TUN} src {own}")
print("ready", flush=True)

waiting = collections.deque()
selector = selectors.DefaultSelector()
selector.register(tun, selectors.EVENT_READ)
selector.register(sys.stdin, selectors.EVENT_READ)
delay = float(milliseconds) / 1000
try:
    while True:
        left = waiting[0][0] - time.monotonic() if waiting else None
        for key, _ in selector.select(left if left is None else max(left, 0)):
            if key.fileobj is sys.stdin:
                sys.exit(0)
            packet = os.read(tun, 65535)
            if packet[0] >> 4 == 4:
                waiting.append((time.monotonic() + delay, packet))
        while waiting and waiting[0][0] <= time.monotonic():
            onward.sendto(waiting.popleft()[1], (address, 0))
finally:
    # The route goes with its device.
    ip("rule del pref 99")
