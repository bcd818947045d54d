"""scanTcp.py ADDRESS: the TCP ports that accept a connection; all are tried, thousands at once, each for a second."""
import select
import socket
import sys
import time

address = sys.argv[1]
family = socket.AF_INET6 if ":" in address else socket.AF_INET
BATCH = 8192
found = []
for first in range(1, 65536, BATCH):
    waiting, sockets = select.epoll(), {}
    for port in range(first, min(first + BATCH, 65536)):
        one = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        one.connect_ex((address, port))
        sockets[one.fileno()] = port, one
        waiting.register(one, select.EPOLLOUT)
    end = time.monotonic() + 1
    while (left := end - time.monotonic()) > 0:
        for number, _ in waiting.poll(left):
            port, one = sockets[number]
            waiting.unregister(one)
            if one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                found.append(port)
    for _, one in sockets.values():
        one.close()
print(*sorted(found))
