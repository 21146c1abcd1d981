"""nginx on loopback, in a folder of its own, gone afterwards."""

import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figure import LeftOutError

_CONFIGURATION = """
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
    log_format arrivals '$msec $request_method $uri';
    access_log {access_log};
    default_type application/json;
    keepalive_requests 100000000;
    keepalive_timeout 600s;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {variables}
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        {locations}
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class Nginx:
    """A running nginx; ``url`` has no slash at its end, ``log`` is where arrivals are written down."""

    url: str
    log: Path


@contextmanager
def running(locations: str, *, variables: str = "", written: bool = False) -> Iterator[Nginx]:
    """Run one.

    Args:
        locations: what it answers, as its configuration writes it.
        variables: what the answers are made of, written likewise.
        written: whether it writes down when each request arrives, which takes it a little time.

    Raises:
        LeftOutError: there is no nginx.
    """
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        raise LeftOutError("there is no nginx (on Debian: apt-get install nginx-light)")
    with tempfile.TemporaryDirectory(prefix="broadcaster-nginx-") as name:
        folder = Path(name)
        port = _free_port()
        log = folder / "arrivals"
        file = folder / "nginx.conf"
        access_log = f"{log} arrivals" if written else "off"
        text = _CONFIGURATION.format(
            folder=folder, port=port, access_log=access_log, variables=variables, locations=locations
        )
        file.write_text(text, "ascii")
        server = subprocess.Popen([program, "-p", folder, "-e", folder / "error.log", "-c", file])
        try:
            _wait_for(port, server)
            yield Nginx(f"http://127.0.0.1:{port}", log)
        finally:
            server.terminate()
            server.wait()


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    while server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
    raise RuntimeError(f"nginx did not start (exit code {server.returncode})")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
