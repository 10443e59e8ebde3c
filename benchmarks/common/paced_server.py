"""Serves a corpus folder over TLS 1.3 as a slow link would: so many bits a second, in small records.

nginx's `limit_rate` sends bursts; here every millisecond's bytes leave in that millisecond, each record whole.
Prints its port, then serves until its standard input closes.
"""
import asyncio
import pathlib
import re
import ssl
import sys

REQUEST = re.compile(rb"GET /api/v1/users/([a-z]+[0-9]+)-[0-9]+/posts\?(\S*) HTTP/1\.1\r\n")
RECORD = 1300  # bytes in a TLS record: one packet, as servers send on connections that are not yet fast


class Server:
    def __init__(self, root, key, bits_per_second):
        self.root, self.key, self.rate = root, key.encode(), bits_per_second / 8

    async def serve(self, reader, writer):
        try:
            while True:
                await self.answer(await reader.readuntil(b"\r\n\r\n"), writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def answer(self, head, writer):
        request = REQUEST.match(head)
        if not request or b"x-api-key: " + self.key not in head.lower():
            writer.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
            return
        cursor = re.search(rb"(?:^|&)cursor=([0-9a-f]+)", request[2])
        name = cursor[1].decode() if cursor else "first"
        body = (self.root / request[1].decode() / f"{name}.json").read_bytes()
        data = (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)) + body
        loop = asyncio.get_running_loop()
        started, sent = loop.time(), 0
        while sent < len(data):
            due = min(len(data), int((loop.time() - started) * self.rate))
            while sent < due:
                writer.write(data[sent:min(due, sent + RECORD)])
                sent = min(due, sent + RECORD)
            if sent < len(data):
                await asyncio.sleep(0.001)


async def main():
    root, certificates, key, rate = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(f"{certificates}/server.pem", f"{certificates}/server.key")
    server = await asyncio.start_server(Server(pathlib.Path(root), key, float(rate)).serve, "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
