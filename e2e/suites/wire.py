"""A wire between a client and a server of this machine that can be cut, whatever is on its way."""

import contextlib
import socket
import threading


class Wire:
    """Use as a context. Passes bytes on, encrypted or not; `port` is where it is entered."""

    def __init__(self, host, port):
        self.far = (host, port)
        self.lock = threading.Lock()
        self.ends, self.is_cut = set(), False
        self.door = socket.create_server(("127.0.0.1", 0))
        self.port = self.door.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.cut()
        self.door.close()

    def accept(self):
        with contextlib.suppress(OSError):  # the door was closed
            while True:
                near, _ = self.door.accept()
                with self.lock:
                    if self.is_cut:
                        near.close()
                        continue
                    far = socket.create_connection(self.far)
                    self.ends |= {near, far}
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=self.carry, args=(source, target), daemon=True).start()

    def carry(self, source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        with self.lock:
            self.ends -= {source, target}

    def cut(self):
        """Ends what is open, and whoever comes is sent away, until it is mended."""
        with self.lock:
            self.is_cut = True
            for end in self.ends:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def mend(self):
        with self.lock:
            self.is_cut = False
