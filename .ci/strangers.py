"""Runs clients and proxies against the service that is given. See `.ci/strangers`."""

import asyncio
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

import grpc
import httpx

PATIENCE = 20.0


def start(program):
    """The service, and its port."""
    process = subprocess.Popen([program], stdout=subprocess.PIPE, text=True)
    return process, int(process.stdout.readline().rsplit(":", 1)[1])


def counts(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/counts") as response:
        return json.load(response)


def wait_for(port, what, since, times):
    """Waits until that has happened so often, and nothing runs any more."""
    end = time.monotonic() + PATIENCE
    while True:
        now = counts(port)
        if now.get(what, 0) - since.get(what, 0) >= times and (
            now["active"] == 0 or what.endswith("begun")
        ):
            return now
        assert time.monotonic() < end, f"{what} {times} times: {since} -> {now}"
        time.sleep(0.01)


def grown(now, since, what):
    return now.get(what, 0) - since.get(what, 0)


def expect(name, port, begins, ends, times, act, never=None):
    """`act` begins so many, which all end so, and none otherwise."""
    since = counts(port)
    act(lambda: wait_for(port, begins, since, times))
    now = wait_for(port, ends, since, times)
    assert grown(now, since, ends) == times, f"{name}: {since} -> {now}"
    if never:
        assert grown(now, since, never) == 0, f"{name}: {since} -> {now}"
    print(f"{name}: {times} x {ends}")


def killed(command, times):
    """Starts a client so many times, and kills each once its request has begun."""

    def act(begun):
        clients = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
            for _ in range(times)
        ]
        for client in clients:
            if "-T" in command:
                client.stdin.write(b"half of it")
                client.stdin.flush()
        begun()
        for client in clients:
            client.kill()
            client.wait()

    return act


def with_curl(port, name, url, times=5):
    for version in ["--http1.1", "--http2-prior-knowledge"]:
        curl = ["curl", "-sN", version]
        expect(f"curl {version}{name}, killed", port, "work begun", "work saved: disconnect", times,
               killed([*curl, f"{url}/work"], times))
        expect(f"curl {version}{name}, half an upload", port, "upload begun", "upload failed", times,
               killed([*curl, "-X", "POST", "-T", "-", f"{url}/upload"], times), "upload committed")


def with_deadlines(port, url):
    """`respond_by` answers by itself, and the handler saves."""
    expect("curl, 300 ms", port, "work begun", "work saved: deadline", 3, lambda _: [
        subprocess.run(["curl", "-s", version, "-o", "/dev/null", "-w", "%{http_code}", "-H",
                        "x-time-ms: 300", f"{url}/work"], check=True, capture_output=True,
                       text=True).stdout == "504" or sys.exit(f"curl {version}: no 504")
        for version in ["--http1.1", "--http2-prior-knowledge", "--http1.1"]
    ])


def with_load(url):
    subprocess.run(["wrk", "-t1", "-c16", "-d1s", f"{url}/ping"], check=True, capture_output=True)
    load = ["h2load", "-n", "4000", "-c", "4", "-m", "10", f"{url}/ping"]
    out = subprocess.run(load, check=True, capture_output=True, text=True).stdout
    assert "4000 succeeded, 0 failed" in out, out
    print("wrk, h2load: no failures")


def with_httpx(port, url):
    async def leave(times):
        async with httpx.AsyncClient(timeout=0.3) as client:
            calls = [client.get(f"{url}/work") for _ in range(times)]
            ends = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(end, httpx.TimeoutException) for end in ends), ends

    expect("httpx, timeouts", port, "work begun", "work saved: disconnect", 5,
           lambda _: asyncio.run(leave(5)))


def grpc_channel(address):
    return grpc.insecure_channel(address)


def with_grpcio(port, name, address, times=20):
    """Streams that are cancelled in the middle are never committed."""
    def act(begun):
        with grpc_channel(address) as channel:
            upload = channel.stream_unary("/probe.Probe/Upload")

            def half():
                yield b"one"
                time.sleep(PATIENCE)

            calls = [upload.future(half()) for _ in range(times)]
            begun()
            for call in calls:
                call.cancel()

    expect(f"grpcio{name}, cancelled streams", port, "stream begun", "stream failed", times, act,
           "stream committed")


def with_grpc_deadlines(port, address):
    """Status 4 and the reason `deadline`, also where the handler takes a moment to save."""
    since = counts(port)
    with grpc_channel(address) as channel:
        wait = channel.unary_unary("/probe.Probe/Wait")
        for timeout in [0.5, 1.0, 1.25, 1.5]:
            try:
                wait(b"", timeout=timeout)
                sys.exit("it has answered")
            except grpc.RpcError as error:
                assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED, error
                # That of the service, which came before the client gave up by itself.
                assert error.details() == "deadline", error
    now = wait_for(port, "call saved: deadline", since, 4)
    assert grown(now, since, "call saved: disconnect") == 0, now
    print("grpcio, deadlines: 4 x status 4 with the reason of the service")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def listens(port):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    sys.exit("a proxy does not start")


def behind_nginx(port, folder):
    http, http2 = free_port(), free_port()
    config = folder / "nginx.conf"
    config.write_text(f"""
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  proxy_cache_path {folder}/cache keys_zone=all:1m;
  server {{
    listen 127.0.0.1:{http};
    location / {{
      proxy_pass http://127.0.0.1:{port}; proxy_http_version 1.1; proxy_request_buffering off;
    }}
    location /cached/ {{
      proxy_pass http://127.0.0.1:{port}/; proxy_cache all; proxy_cache_valid any 1m;
    }}
  }}
  server {{
    listen 127.0.0.1:{http2} http2;
    location / {{ grpc_pass grpc://127.0.0.1:{port}; grpc_read_timeout 60s; }}
  }}
}}
""")
    proxy = subprocess.Popen(["nginx", "-c", str(config), "-e", str(folder / "error.log")])
    try:
        listens(http)
        url = f"http://127.0.0.1:{http}"
        expect("nginx, curl killed", port, "work begun", "work saved: disconnect", 5,
               killed(["curl", "-sN", f"{url}/work"], 5))
        expect("nginx, half an upload", port, "upload begun", "upload failed", 5,
               killed(["curl", "-sN", "-X", "POST", "-T", "-", f"{url}/upload"], 5),
               "upload committed")
        with_grpcio(port, " through nginx", f"127.0.0.1:{http2}")
        # A stranger's deadline is no reason for anybody else's answer.
        for header in ["connect-timeout-ms: 0", "x-nothing: 0"]:
            out = subprocess.run(["curl", "-s", "-H", header, f"{url}/cached/ping"], check=True,
                                 capture_output=True, text=True).stdout
            assert out == "pong", f"{header}: {out}"
        print("nginx, cache: not poisoned")
    finally:
        proxy.terminate()
        proxy.wait()


def behind_haproxy(port, folder):
    http, http2 = free_port(), free_port()
    config = folder / "haproxy.cfg"
    config.write_text(f"""
defaults
  mode http
  option abortonclose
  timeout connect 5s
  timeout client 60s
  timeout server 60s
listen http
  bind 127.0.0.1:{http}
  server service 127.0.0.1:{port}
listen http2
  bind 127.0.0.1:{http2} proto h2
  server service 127.0.0.1:{port} proto h2
""")
    proxy = subprocess.Popen(["haproxy", "-q", "-f", str(config)])
    try:
        listens(http)
        url = f"http://127.0.0.1:{http}"
        expect("HAProxy, curl killed", port, "work begun", "work saved: disconnect", 5,
               killed(["curl", "-sN", f"{url}/work"], 5))
        expect("HAProxy, half an upload", port, "upload begun", "upload failed", 5,
               killed(["curl", "-sN", "-X", "POST", "-T", "-", f"{url}/upload"], 5),
               "upload committed")
        with_grpcio(port, " through HAProxy", f"127.0.0.1:{http2}")
    finally:
        proxy.terminate()
        proxy.wait()


def main():
    os.environ["GRPC_VERBOSITY"] = "NONE"
    service, port = start(sys.argv[1])
    url = f"http://127.0.0.1:{port}"
    try:
        with_curl(port, "", url)
        with_deadlines(port, url)
        with_load(url)
        with_httpx(port, url)
        with_grpcio(port, "", f"127.0.0.1:{port}")
        with_grpc_deadlines(port, f"127.0.0.1:{port}")
        for behind in [behind_nginx, behind_haproxy]:
            with tempfile.TemporaryDirectory() as folder:
                os.chmod(folder, 0o755)
                behind(port, pathlib.Path(folder))
        print(counts(port))
    finally:
        service.kill()


main()
