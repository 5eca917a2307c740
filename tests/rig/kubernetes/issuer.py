"""An identity provider's public face: serves a folder over TLS. `issuer.py FOLDER PORT CERTIFICATE KEY`."""

from __future__ import annotations

import functools
import ssl
import sys
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer


class AsJson(SimpleHTTPRequestHandler):
    """Every file is JSON."""

    def guess_type(self, path: object) -> str:
        return "application/json"


def main(folder: str, port: str, certificate: str, key: str) -> None:
    serving = functools.partial(AsJson, directory=folder)
    server = ThreadingHTTPServer(("127.0.0.1", int(port)), serving)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
