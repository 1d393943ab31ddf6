"""Let the kernel drop what a raw socket need not see: everybody's pings come to it, and could fill it.

The program is of the classic Berkeley Packet Filter (linux/filter.h, bpf_common.h).
"""

import ctypes
import socket
import struct

from helpdesk.netmonitor.probes.packets import TYPES

SO_ATTACH_FILTER = 26
INSTRUCTION = struct.Struct("=HBBI")
LOAD_BYTE, LOAD_WORD, IS_EQUAL, RETURN = 0x50, 0x48, 0x15, 0x06
SKIP_IP_HEADER, SKIP_NOTHING = 0xB1, 0x01
EVERYTHING = 0xFFFFFFFF


def attach(sock: socket.socket, id: int) -> None:
    """Pass on only answers to pings of this id, and that there is no way."""
    types = TYPES[socket.AddressFamily(sock.family)]
    program = (
        (SKIP_IP_HEADER if sock.family == socket.AF_INET else SKIP_NOTHING, 0, 0, 0),
        (LOAD_BYTE, 0, 0, 0),
        (IS_EQUAL, 0, 2, types.reply),
        (LOAD_WORD, 0, 0, 4),
        (IS_EQUAL, 2, 3, id),
        (IS_EQUAL, 1, 0, types.unreachable),
        (IS_EQUAL, 0, 1, types.exceeded),
        (RETURN, 0, 0, EVERYTHING),
        (RETURN, 0, 0, 0),
    )
    code = ctypes.create_string_buffer(b"".join(INSTRUCTION.pack(*each) for each in program))
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("@HP", len(program), ctypes.addressof(code)))
