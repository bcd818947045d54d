"""sendUdp.py ADDRESS: a datagram to every UDP port, twice, since nothing says whether one was lost on the way."""
import socket
import sys
import time

address = sys.argv[1]
udp = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(2):
    for port in range(1, 65536):
        try:
            udp.sendto(b"?", (address, port))
        except ConnectionRefusedError:
            pass  # An answer to an earlier one: the port is closed, and says so.
    time.sleep(0.2)
