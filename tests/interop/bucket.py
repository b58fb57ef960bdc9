"""An S3 server on loopback, with a proxy in front of it that counts requests and injects faults. Contains no checks."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import boto3
from botocore.config import Config

KEY, SECRET = "pitlakekey", "marked-secret-8d1f"
BUCKET = "lake"
LISTEN_SECONDS = 60
PROGRAMS = Path(sys.executable).parent


def free_port():
    """A free port; the one 10,000 above is free too, because SeaweedFS uses both."""
    while True:
        with socket.socket() as found, socket.socket() as above:
            found.bind(("127.0.0.1", 0))
            port = found.getsockname()[1]
            with contextlib.suppress(OSError, OverflowError):
                above.bind(("127.0.0.1", port + 10_000))
                return port


def moto(folder):
    """The moto server, which keeps objects in memory and accepts every signature."""
    port = free_port()
    return port, [PROGRAMS / "moto_server", "-H", "127.0.0.1", "-p", str(port)]


def weed(folder):
    """SeaweedFS, which checks signatures."""
    port, data = free_port(), folder / "weed"
    data.mkdir()
    who = {"name": "pitlake", "credentials": [{"accessKey": KEY, "secretKey": SECRET}],
           "actions": ["Admin", "Read", "Write", "List"]}
    (data / "s3.json").write_text(json.dumps({"identities": [who]}))
    ports = [f"-{part}.port={free_port()}" for part in ("master", "volume", "filer")]
    return port, [PROGRAMS / "weed", "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={data}", "-s3", f"-s3.port={port}",
                  f"-s3.config={data / 's3.json'}", "-s3.port.iceberg=0", "-s3.port.lance=0", "-master.volumeSizeLimitMB=64", "-volume.max=20", *ports]


def client(port):
    return boto3.client(
        "s3", endpoint_url=f"http://127.0.0.1:{port}", aws_access_key_id=KEY, aws_secret_access_key=SECRET,
        region_name="us-east-1", config=Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"}),
    )


@contextlib.contextmanager
def server(kind, folder):
    """Runs a server with an empty bucket; yields its port."""
    port, command = kind(folder)
    with open(folder / f"{kind.__name__}.log", "wb") as log:
        child = subprocess.Popen(list(map(str, command)), cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        end = time.monotonic() + LISTEN_SECONDS
        while True:
            try:
                client(port).create_bucket(Bucket=BUCKET)
                break
            except Exception:
                if child.poll() is not None or time.monotonic() > end:
                    raise
                time.sleep(0.2)
        yield port
    finally:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def bodies(port, prefix):
    """Every object below a prefix: its key relative to that, and its contents."""
    s3, found = client(port), {}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{prefix}/"):
        for entry in page.get("Contents", []):
            body = s3.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read()
            found[entry["Key"].removeprefix(f"{prefix}/")] = body
    return found


class Wire(ThreadingHTTPServer):
    """Passes requests on to a server, counts them, and treats each as `fault` says: None, "slow" (reply SlowDown),
    "lost" (drop the reply), "late", "ignore" (ignore conditions of puts), "refuse" (reject conditions as
    unsupported), "oss" (reject them too, except for the header of OSS)."""

    daemon_threads = True

    def __init__(self, to):
        super().__init__(("127.0.0.1", 0), Handler)
        self.to, self.fault, self.seen, self.kinds, self.lock = to, lambda number, kind: None, 0, Counter(), threading.Lock()
        self.victim = None  # (process, kind, number): kill the process once this many requests of a kind were passed on
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self):
        return self.server_address[1]

    def handle_error(self, request, client_address):
        pass  # a killed client

    def kill_at(self, process, kind, number):
        with self.lock:
            self.victim = (process, kind, self.kinds[kind] + number)

    def take(self):
        """The requests by kind since the last call."""
        with self.lock:
            kinds, self.kinds = dict(self.kinds), Counter()
        return kinds

    def next(self, kind):
        with self.lock:
            self.seen += 1
            self.kinds[kind] += 1
            if self.victim and self.victim[1] == kind and self.kinds[kind] >= self.victim[2]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.victim[0], signal.SIGKILL)
                self.victim = None
            return self.fault(self.seen, kind)


def error(status, code):
    return status, {"Content-Type": "application/xml"}, f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def kind(self):
        query = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
        if self.command == "GET" and "list-type" in query:
            return "list"
        return {"GET": "get", "HEAD": "head", "PUT": "put", "POST": "delete", "DELETE": "delete"}[self.command]

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kind, wire = self.kind(), self.server
        fault = wire.next(kind)
        headers = {name.lower(): value for name, value in self.headers.items()}
        conditions = [name for name in ("if-none-match", "if-match") if kind == "put" and name in headers]
        if fault == "slow":
            return self.reply(*error(503, "SlowDown"))
        if fault in ("refuse", "oss") and conditions:
            return self.reply(*error(501, "NotImplemented"))
        if fault == "oss" and kind == "delete" and "content-md5" not in headers:
            return self.reply(*error(400, "MissingArgument"))
        if fault == "oss" and headers.get("x-oss-forbid-overwrite") == "true":
            headers["if-none-match"] = "*"
        if fault == "ignore":
            headers = {name: value for name, value in headers.items() if name not in conditions}
        if fault == "late":
            time.sleep(0.3)
        passed = http.client.HTTPConnection("127.0.0.1", wire.to, timeout=60)
        passed.request(self.command, self.path, body, headers)
        answer = passed.getresponse()
        status, text, said = answer.status, answer.read(), dict(answer.getheaders())
        passed.close()
        if fault == "lost":
            self.close_connection = True
            return None
        if fault == "oss" and status == 412 and "x-oss-forbid-overwrite" in headers:
            return self.reply(*error(409, "FileAlreadyExists"))
        return self.reply(status, said, text)

    def reply(self, status, headers, body):
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                self.send_header(name, value)
        # For a HEAD, it is the length of what is not sent.
        length = {name.lower(): value for name, value in headers.items()}.get("content-length", len(body))
        self.send_header("Content-Length", str(length if self.command == "HEAD" else len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer
