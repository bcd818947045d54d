"""knock.py ADDRESS [PORT...]: a packet to every TCP and UDP port (or those), and of other IP protocols; waits for no answer."""
import socket
import sys

address, ports = sys.argv[1], [int(port) for port in sys.argv[2:]] or range(1, 65536)
family = socket.AF_INET6 if ":" in address else socket.AF_INET
# An echo request; the kernel fills in ICMPv6's checksum.
ECHO = (58, b"\x80\0\0\0\0\0\0\0") if family == socket.AF_INET6 else (1, b"\x08\0\xf7\xff\0\0\0\0")
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
