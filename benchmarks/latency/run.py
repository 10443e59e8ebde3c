"""Time until the first post of a page is there, while the page arrives at 10 Mbit/s, as a share of its arrival."""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from common import chart, lab  # noqa: E402

LISTINGS, PAGES = 8, 6


class PacedServer:
    def __init__(self, work, root, bits_per_second):
        folder = lab.certificates(work / "certificates")
        self.process = subprocess.Popen(
            [sys.executable, lab.BENCHMARKS / "common/paced_server.py", root, folder, lab.KEY, str(bits_per_second)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, lab.SERVER_CORES))
        ca = str(folder / "ca.pem")
        self.environment = {"BENCH_URL": f"https://localhost:{self.process.stdout.readline().strip()}", "BENCH_CA": ca,
                            "NODE_EXTRA_CA_CERTS": ca, "UNIPILE_API_KEY": lab.KEY, "BENCH_FIRST": "1"}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.terminate()
        self.process.wait()


def shares(first_ms, sizes, bits_per_second):
    """Each page's share; the first page is left out, its time has the handshake in it."""
    return [ms / (1000 * size * 8 / bits_per_second) for ms, size in list(zip(first_ms, sizes))[1:]]


def page_sizes(folder):
    """The sizes of a listing's pages in the order of its cursors."""
    import json
    sizes, name = [], "first"
    while name:
        text = (folder / f"{name}.json").read_bytes()
        sizes.append(len(text))
        name = json.loads(text)["cursor"]
    return sizes


def measure(arguments, build, work):
    root = work / "corpus-q"
    truth = lab.corpus(build, root, "q", LISTINGS, PAGES)
    rate = arguments.mbit * 1e6
    able = [c for c in lab.clients(build) if not c.missing and c.touches]
    results = {c.name: [] for c in able}
    lab.quiet()
    with PacedServer(work, root, rate) as server:
        for turn in range(arguments.rounds):
            listing = f"q{turn % (LISTINGS - 1)}"
            jobs_file = lab.jobs(work, "latency", [f"{listing}-0"])
            sizes = page_sizes(root / listing)
            for c in able:
                result = c.run(server.environment, jobs_file, connections=1)
                c.check(result, lab.expected(truth, [f"{listing}-0"]))
                results[c.name].extend(zip(result["first_ms"][1:], shares(result["first_ms"], sizes, rate)))
            lab.say(f"round {turn + 1} of {arguments.rounds}")
    rows = [(name, statistics.median(ms for ms, _ in seen), statistics.median(share for _, share in seen),
             max(share for _, share in seen)) for name, seen in results.items()]
    return sorted(rows, key=lambda row: row[2])


def write(rows, arguments, facts):
    header = ["client", "first post after", "share of the page's arrival", "worst page"]
    table = [[name, f"{ms:.1f} ms", f"{100 * share:.1f} %", f"{100 * worst:.1f} %"] for name, ms, share, worst in rows]
    print(lab.plain(header, table))
    marked = [[f"**{c}**" for c in row] if row[0] == "unipile-asio" else row for row in table]
    text = (f"# First post\n\nTime from asking for a page of 100 posts to holding its first post, typed, while the page "
            f"arrives at {arguments.mbit:g} Mbit/s over TLS 1.3 on a connection that is already open; medians over "
            f"{arguments.rounds} rounds of {PAGES - 1} pages.\n\n" + lab.markdown(header, marked) + "\n" +
            "\n".join(f"- {name}: {value}" for name, value in facts) + "\n")
    (lab.RESULTS / "latency.md").write_text(text)
    facts = dict(facts)
    (lab.RESULTS / "latency.svg").write_text(chart.bars(
        "Time to the first post of a page", f"A page of 100 posts arriving at {arguments.mbit:g} Mbit/s over TLS 1.3; "
        "lower is better", f"{facts['date']} · {facts['machine'].split(', Linux')[0]}",
        [(name, ms, f"{ms:.1f} ms", f"{100 * share:.0f} % of the arrival", "best" if name == "unipile-asio" else "bar")
         for name, ms, share, _ in rows]))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--mbit", type=float, default=10)
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    work = build / "benchmarks/work"
    work.mkdir(parents=True, exist_ok=True)
    write(measure(arguments, build, work), arguments, lab.machine(build))


main()
