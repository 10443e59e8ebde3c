"""What the measurements share: the server, the corpus, the clients, the machine's description."""
import contextlib
import datetime
import gzip
import json
import os
import pathlib
import platform
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time

BENCHMARKS = pathlib.Path(__file__).resolve().parent.parent
RESULTS = BENCHMARKS / "results"
KEY = "benchmark-key"
GZIP_LEVEL = 6


def say(text):
    print(text, file=sys.stderr, flush=True)


def output(*command):
    """The command's output, stripped; empty if it can't be run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return (done.stdout or done.stderr).strip()


# ---- certificates, corpus, server ------------------------------------------------------------------------------------

def certificates(folder):
    """A CA and a certificate for localhost; ECDSA, as most servers have."""
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "server.pem").exists():
        return folder

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl("req", "-x509", *curve, "-days", "365", "-subj", "/CN=unipile-asio benchmarks", "-keyout", "ca.key",
            "-out", "ca.pem")
    openssl("req", *curve, "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr")
    (folder / "extensions").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "365",
            "-extfile", "extensions", "-out", "server.pem")
    return folder


def corpus(build, folder, prefix, listings, pages):
    """Generates listings as files; what is there already is kept. Gives what is true of each listing."""
    truth_file = folder / f"truth-{prefix}-{listings}-{pages}.json"
    program = build / "benchmarks/harvest/bench_corpus"
    if not truth_file.exists() or truth_file.stat().st_mtime < program.stat().st_mtime:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        done = subprocess.run([program, folder, str(listings), str(pages), prefix], check=True, capture_output=True,
                              text=True)
        truth_file.write_text(done.stdout)
    return json.loads(truth_file.read_text())


def compress(folder):
    """Puts the compressed form beside each page, as a server's cache has it; what is there already is kept."""
    for page in folder.glob("*/*.json"):
        compressed = page.with_name(page.name + ".gz")
        if not compressed.exists():
            part = page.with_name(page.name + ".part")
            part.write_bytes(gzip.compress(page.read_bytes(), GZIP_LEVEL))
            part.rename(compressed)


def expected(truth, identifiers):
    """The sums over these identifiers; an identifier is its listing's name, a dash and a number."""
    sums = {"pages": 0, "posts": 0, "ids": 0, "counters": 0, "bytes": 0, "text": {}}
    for identifier in identifiers:
        listing = truth[identifier.split("-")[0]]
        for key in ("pages", "posts", "ids", "counters", "bytes"):
            sums[key] += listing[key]
        for unit, value in listing["text"].items():
            sums["text"][unit] = sums["text"].get(unit, 0) + value
    return sums


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


# The server has the last core to itself, as if it were another machine, and a client with one thread the others: where
# both share a core, they take turns at driving each other's data out of its cache.
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORES, CLIENT_CORES = (CORES[-1:], CORES[:-1]) if len(CORES) > 1 else (CORES, CORES)

NGINX = """
worker_processes 1;
daemon off;
{user}
pid {work}/nginx.pid;
error_log {work}/error.log warn;
worker_rlimit_nofile 8192;
events {{ worker_connections 4096; }}
http {{
  types {{ application/json json; }}
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  gzip_static {gzip};
  open_file_cache max=8192 inactive=1h;
  open_file_cache_valid 1h;
  client_body_temp_path {work}/t1; proxy_temp_path {work}/t2; fastcgi_temp_path {work}/t3;
  uwsgi_temp_path {work}/t4; scgi_temp_path {work}/t5;
  map $http_x_api_key $refused {{ default 1; "{key}" 0; }}
  map $arg_cursor $page {{ "" first; default $arg_cursor; }}
  server {{
    listen 127.0.0.1:{port} ssl backlog=4096;
    server_name localhost;
    ssl_certificate {certificates}/server.pem;
    ssl_certificate_key {certificates}/server.key;
    ssl_protocols TLSv1.3;
    root {root};
    location ~ ^/api/v1/users/([a-z]+[0-9]+)-[0-9]+/posts$ {{
      if ($refused) {{
        return 401 '{{"status":401,"type":"errors/missing_credentials","title":"Missing credentials"}}';
      }}
      if ($arg_account_id = "") {{
        return 400 '{{"status":400,"type":"errors/missing_parameters","title":"Missing parameters"}}';
      }}
      try_files /$1/$page.json =404;
    }}
    location / {{ return 404; }}
  }}
}}
"""


class Nginx:
    """nginx over TLS 1.3 on loopback, one worker, the corpus as files, which were compressed beforehand if they are to be."""

    def __init__(self, work, root, compressed=False):
        self.work, self.root, self.compressed = work / ("nginx-gzip" if compressed else "nginx"), root, compressed
        if compressed:
            compress(root)
        self.certificates = certificates(work / "certificates")
        self.program = shutil.which("nginx") or "/usr/sbin/nginx"

    def __enter__(self):
        self.work.mkdir(parents=True, exist_ok=True)
        for _ in range(5):
            port = free_port()
            user = "user root;" if os.geteuid() == 0 else ""
            (self.work / "nginx.conf").write_text(NGINX.format(
                user=user, work=self.work, key=KEY, port=port, root=self.root, certificates=self.certificates,
                gzip="on" if self.compressed else "off"))
            self.process = subprocess.Popen([self.program, "-p", self.work, "-c", self.work / "nginx.conf"],
                                            stderr=subprocess.DEVNULL,
                                            preexec_fn=lambda: os.sched_setaffinity(0, SERVER_CORES))
            if wait_for(port, self.process):
                self.url = f"https://localhost:{port}"
                return self
            self.stop()
        raise RuntimeError(f"nginx did not start; see {self.work}/error.log")

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.process.terminate()
        self.process.wait()

    @property
    def environment(self):
        ca = str(self.certificates / "ca.pem")
        return {"BENCH_URL": self.url, "BENCH_CA": ca, "NODE_EXTRA_CA_CERTS": ca, "UNIPILE_API_KEY": KEY}


def wait_for(port, process):
    """Until the port accepts connections; false if the process ends before."""
    while process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        time.sleep(0.05)
    return False


# ---- clients ---------------------------------------------------------------------------------------------------------

class Client:
    def __init__(self, name, command, missing=None, native=False, touches=True):
        self.name = name
        self.command = [str(part) for part in command]
        self.missing = missing      # why it can't run, or None
        self.native = native        # C++: its allocations can be counted
        self.touches = touches      # False: pages only, nothing is parsed

    def run(self, environment, jobs_file, cores=CLIENT_CORES, **settings):
        variables = {f"BENCH_{key.upper()}": str(value) for key, value in settings.items()}
        done = subprocess.run(self.command, capture_output=True, text=True, timeout=900,
                              preexec_fn=lambda: os.sched_setaffinity(0, cores),
                              env={**os.environ, **environment, **variables, "BENCH_JOBS": str(jobs_file)})
        if done.returncode != 0:
            raise RuntimeError(f"{self.name} failed:\n{done.stderr[-2000:]}")
        return json.loads(done.stdout.strip().splitlines()[-1])

    def check(self, result, truth):
        """No client may have seen less than all."""
        pairs = [("pages", truth["pages"])]
        if self.touches:
            pairs += [(key, truth[key]) for key in ("posts", "ids", "counters")]
            pairs.append(("text", truth["text"][result["text_unit"]]))
        for key, wanted in pairs:
            if result[key] != wanted:
                raise RuntimeError(f"{self.name}: {key} is {result[key]}, not {wanted}")


def python_with_httpx():
    for python in (sys.executable, "/usr/bin/python3"):
        if output(python, "-c", "import httpx; print(httpx.__version__)")[:1].isdigit():
            return python
    return None


def clients(build):
    """Ours first, then the peers from the fastest down; those that can't run say why."""
    programs = build / "benchmarks/harvest"
    peers = BENCHMARKS / "harvest/peers"
    modules = build / "benchmarks/npm/node_modules"

    def native(name, program, **more):
        path = programs / program
        return Client(name, [path], None if path.exists() else "not built", native=True, **more)

    def node(name, script, module):
        why = None if shutil.which("node") else "no node"
        why = why or (None if (modules / module).is_dir() else f"npm could not install {module}")
        return Client(name, ["env", f"BENCH_NODE_MODULES={modules}", "node", peers / script], why)

    go = build / "benchmarks/go/harvest"
    python = python_with_httpx()
    return [
        native("unipile-asio", "bench_unipile_asio"),
        native("bare OpenSSL loop, nothing parsed", "bench_openssl_loop", touches=False),
        native("curl multi + simdjson on-demand, typed", "bench_curl_simdjson"),
        native("curl multi + Boost.JSON DOM", "bench_curl_boost_json"),
        node("undici + JSON.parse", "undici.mjs", "undici"),
        Client("Go net/http + encoding/json", [go], None if go.exists() else "no go"),
        Client("Python httpx", [python or "python3", peers / "httpx_client.py"], None if python else "no httpx"),
        node("unipile-node-sdk", "sdk.mjs", "unipile-node-sdk"),
    ]


def jobs(work, name, identifiers):
    path = work / f"{name}.jobs"
    path.write_text("\n".join(identifiers) + "\n")
    return path


def identifiers(prefix, listings, count):
    return [f"{prefix}{i % listings}-{i}" for i in range(count)]


def medians(rows):
    return {key: statistics.median(row[key] for row in rows) for key in rows[0]
            if isinstance(rows[0][key], (int, float))}


# ---- the machine -----------------------------------------------------------------------------------------------------

def cache_entry(build, name):
    match = re.search(rf"^{name}:[^=]*=(.*)$", (build / "CMakeCache.txt").read_text(), re.M)
    return match.group(1) if match else ""


def first_line(text):
    return text.splitlines()[0] if text else ""


def module_version(build, module):
    try:
        return json.loads((build / f"benchmarks/npm/node_modules/{module}/package.json").read_text())["version"]
    except OSError:
        return ""


def machine(build):
    """What the numbers depend on, as (name, value) pairs."""
    cpu = first_line(re.sub(r"^model name\s*:\s*", "", output("sh", "-c", "grep -m1 'model name' /proc/cpuinfo")))
    compiler = cache_entry(build, "CMAKE_CXX_COMPILER")
    boost = re.search(r'BOOST_LIB_VERSION "([^"]+)"', pathlib.Path("/usr/include/boost/version.hpp").read_text())
    versions = [
        ("OpenSSL", output("openssl", "version").split(" (")[0].replace("OpenSSL ", "")),
        ("Boost", boost.group(1).replace("_", ".") if boost else ""),
        ("libcurl", output("curl-config", "--version").replace("libcurl ", "")),
        ("simdjson", output("pkg-config", "--modversion", "simdjson")),
        ("nginx", output("/usr/sbin/nginx", "-v").replace("nginx version: nginx/", "")),
        ("Node.js", output("node", "--version")),
        ("undici", module_version(build, "undici")),
        ("unipile-node-sdk", module_version(build, "unipile-node-sdk")),
        ("Go", output("go", "version").replace("go version go", "").split(" ")[0]),
        ("Python", output(python_with_httpx() or "python3", "--version").replace("Python ", "")),
        ("httpx", output(python_with_httpx() or "python3", "-c", "import httpx; print(httpx.__version__)")),
    ]
    return [
        ("date", datetime.date.today().isoformat()),
        ("machine", f"{cpu}, {os.cpu_count()} cores, {platform.system()} {platform.release()}"),
        ("compiler", f"{first_line(output(compiler, '--version'))}, {cache_entry(build, 'CMAKE_BUILD_TYPE')}"),
        ("versions", ", ".join(f"{name} {version}" for name, version in versions if version[:1].strip("v").isdigit()
                               or version[1:2].isdigit())),
    ]


def quiet():
    """Warns when something else is running, which CPU times feel too."""
    load = os.getloadavg()[0]
    if load > 0.7:
        say(f"warning: the load is {load:.1f}; numbers are better on a quiet machine")
    return load


# ---- tables ----------------------------------------------------------------------------------------------------------

def markdown(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "|".join("---" if i == 0 else "---:" for i in range(len(header))) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def plain(header, rows):
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    return "\n".join("  ".join(cell.ljust(w) if i == 0 else cell.rjust(w)
                               for i, (cell, w) in enumerate(zip(row, widths))) for row in [header, *rows])
