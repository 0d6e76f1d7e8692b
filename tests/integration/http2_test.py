"""TLS, and HTTP/2 over it, against nginx; what arrives there is handed to the receiver."""

import base64
import hashlib
import subprocess

import pytest

from cluster import free_port
from support.receiver import Receiver
from support.wait import until

NGINX = """\
daemon off; master_process off; pid {dir}/pid; error_log {dir}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/fastcgi;
    uwsgi_temp_path {dir}/uwsgi; scgi_temp_path {dir}/scgi;
    upstream receiver {{ server 127.0.0.1:{receiver}; keepalive 64; }}
    server {{
        listen 127.0.0.1:{port} ssl http2;
        ssl_certificate {certificate}; ssl_certificate_key {key}; ssl_protocols {protocols};
        client_max_body_size 8m;
        location / {{
            proxy_pass http://receiver;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header X-Protocol $server_protocol;
            proxy_set_header X-Tls $ssl_protocol;
            proxy_set_header X-Connection $connection;
        }}
    }}
}}
"""


@pytest.fixture
def nginx(tmp_path, receiver, certificate):
    """nginx(protocols) → its address, https://localhost:PORT"""
    started = []

    def start(protocols="TLSv1.2 TLSv1.3"):
        port = free_port()
        path = tmp_path / "nginx.conf"
        path.write_text(
            NGINX.format(
                dir=tmp_path, receiver=receiver.port, port=port, protocols=protocols,
                certificate=certificate[0], key=certificate[1],
            )
        )
        process = subprocess.Popen(["/usr/sbin/nginx", "-c", str(path), "-e", str(tmp_path / "error.log")])
        started.append(process)
        until(lambda: (tmp_path / "pid").exists() and process.poll() is None, "nginx")
        return f"https://localhost:{port}"

    yield start
    for process in started:
        process.terminate()
        process.wait()


def test_http_2_where_a_subscription_asks_for_it(
    topics, orders, names, receiver, nginx, certificate, subscribe, grapnel
):
    url = nginx()
    grapnel(
        subscribe(orders, f"{url}/hook", tls={"ca_file": str(certificate[0])}, delivery={"http": 2, "in_flight": 32})
    )
    events = ['{"n":%d,"x":"%s"}' % (n, "x" * 2000) for n in range(300)]
    topics.produce(orders, *events)
    requests = receiver.wait(300, "/hook")
    assert {r.header("x-protocol") for r in requests} == {"HTTP/2.0"}
    assert len({r.header("x-connection") for r in requests}) <= 4  # they share connections
    assert sorted(r.body.decode() for r in requests) == sorted(events)
    topics.wait_committed(names.group, orders)


def test_http_1_is_the_default_over_tls_too(topics, orders, receiver, nginx, certificate, subscribe, grapnel):
    url = nginx()
    grapnel(subscribe(orders, f"{url}/hook", tls={"ca_file": str(certificate[0])}))
    topics.produce(orders, "{}")
    [request] = receiver.wait(1, "/hook")
    assert request.header("x-protocol") == "HTTP/1.1"


def test_a_pinned_key_is_held_to(topics, orders, names, nginx, receiver, certificate, subscribe, grapnel, dead_letters):
    url = nginx()
    public = subprocess.run(
        ["openssl", "x509", "-in", str(certificate[0]), "-pubkey", "-noout"], check=True, capture_output=True
    ).stdout
    der = subprocess.run(
        ["openssl", "pkey", "-pubin", "-outform", "DER"], input=public, check=True, capture_output=True
    ).stdout
    pin = "sha256//" + base64.b64encode(hashlib.sha256(der).digest()).decode()
    wrong = "sha256//" + base64.b64encode(b"\0" * 32).decode()
    never = {"retry": {"schedule": []}}
    tls = {"ca_file": str(certificate[0])}
    right = subscribe(orders, f"{url}/right", tls={**tls, "pinned_public_key": pin})
    other = subscribe(orders, f"{url}/wrong", tls={**tls, "pinned_public_key": wrong}, delivery=never)
    grapnel(right, {**other, "name": f"{names.subscription}-wrong"})
    topics.produce(orders, "{}")
    receiver.wait(1, "/right")
    [letter] = dead_letters(1)
    assert dict(letter.headers())["grapnel-reason"] == b"tls"
    assert receiver.requests("/wrong") == []


def test_the_least_version_of_tls_is_held_to(topics, orders, names, nginx, receiver, certificate, subscribe, grapnel, dead_letters):
    url = nginx("TLSv1.2")
    tls = {"ca_file": str(certificate[0])}
    old = subscribe(orders, f"{url}/1-2", tls={**tls, "min_version": "1.2"})
    new = subscribe(orders, f"{url}/1-3", tls={**tls, "min_version": "1.3"}, delivery={"retry": {"schedule": []}})
    grapnel(old, {**new, "name": f"{names.subscription}-new"})
    topics.produce(orders, "{}")
    [request] = receiver.wait(1, "/1-2")
    assert request.header("x-tls") == "TLSv1.2"
    [letter] = dead_letters(1)
    assert dict(letter.headers())["grapnel-reason"] == b"tls"


def test_no_handshake_where_there_is_no_tls(topics, orders, subscribe, grapnel, dead_letters):
    plain = Receiver()
    try:
        url = plain.url("/hook").replace("http:", "https:")
        grapnel(subscribe(orders, url, delivery={"retry": {"schedule": []}, "timeout": "3s"}))
        topics.produce(orders, "{}")
        [letter] = dead_letters(1)
        assert dict(letter.headers())["grapnel-reason"] in (b"tls", b"timeout")
    finally:
        plain.close()
