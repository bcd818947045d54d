"""knock.py ADDRESS [PORT...]: a packet to every TCP and UDP port (or those), and of other IP protocols; waits for no answer."""
import random
import socket
import struct
import sys

address, ports = sys.argv[1], [int(port) for port in sys.argv[2:]] or range(1, 65536)
family = socket.AF_INET6 if ":" in address else socket.AF_INET
# An echo request of its own: with the number of one that was answered a moment ago it would count as more of the same.
number = random.randrange(1, 0xF000)
# The kernel fills in ICMPv6's checksum, and not ICMP's.
ECHO = (
    (58, struct.pack("!BBHHH", 128, 0, 0, number, 0))
    if family == socket.AF_INET6
    else (1, struct.pack("!BBHHH", 8, 0, 0xFFFF - 0x0800 - number, number, 0))
)
# IP in IP, IPv6 in IP, GRE, ESP, OSPF, SCTP.
OTHERS = [(protocol, b"\0" * 40) for protocol in (4, 41, 47, 50, 89, 132)]

udp = socket.socket(family, socket.SOCK_DGRAM)
for port in ports:
    udp.sendto(b"?", (address, port))
    with socket.socket(family, socket.SOCK_STREAM) as tcp:
        tcp.setblocking(False)
        tcp.connect_ex((address, port))
for protocol, packet in [ECHO, *OTHERS]:
    with socket.socket(family, socket.SOCK_RAW, protocol) as raw:
        raw.sendto(packet, (address, 0))
