"""Between the operator and the API server: hands on what they say, and writes down what the operator asks."""

import asyncio
import contextlib
import ssl
import threading
import time
from dataclasses import dataclass


@dataclass
class Request:
    """One that the operator sent. Times are seconds of one clock; `answered` is when the answer began."""

    method: str
    path: str
    content_type: str
    body: str
    sent: float
    answered: float = float("inf")


class Recorder:
    """Use as a context. Whoever trusts the API server trusts it too: it has the same certificate."""

    def __init__(self, host, port, ca, certificate, key):
        self.far = (host, port)
        self.outward = ssl.create_default_context(cafile=ca)
        self.inward = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.inward.load_cert_chain(certificate, key)
        self.requests, self.port = [], None
        self.loop = asyncio.new_event_loop()

    def __enter__(self):
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.server = asyncio.run_coroutine_threadsafe(self.listen(), self.loop).result(10)
        return self

    def __exit__(self, *_):
        asyncio.run_coroutine_threadsafe(self.end(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    async def listen(self):
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0, ssl=self.inward)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def end(self):
        self.server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def serve(self, reader, writer):
        far_reader, far_writer = await asyncio.open_connection(*self.far, ssl=self.outward)
        said = Conversation(self.requests)
        ways = (self.carry(reader, far_writer, said.heard), self.carry(far_reader, writer, lambda _: said.answered()))
        try:
            await asyncio.gather(*ways)
        finally:
            writer.close()
            far_writer.close()

    @staticmethod
    async def carry(reader, writer, tell):
        with contextlib.suppress(OSError):
            while data := await reader.read(1 << 16):
                tell(data)
                writer.write(data)
                await writer.drain()
            writer.close()


class Conversation:
    """The requests of one connection, cut out of its bytes; HTTP/1.1, one at a time."""

    def __init__(self, requests, clock=time.monotonic):
        self.requests, self.clock = requests, clock
        self.rest, self.last = b"", None

    def heard(self, data):
        self.rest += data
        while (found := self.cut()) is not None:
            self.last = found
            self.requests.append(found)

    def answered(self):
        if self.last:
            self.last.answered = min(self.last.answered, self.clock())

    def cut(self):
        head, end, rest = self.rest.partition(b"\r\n\r\n")
        if not end:
            return None
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", 0))
        if len(rest) < length:
            return None
        self.rest = rest[length:]
        method, path, _ = first.split(" ")
        return Request(method, path, headers.get("content-type", ""), rest[:length].decode(), self.clock())
