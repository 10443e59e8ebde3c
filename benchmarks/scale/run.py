"""What more listings, connections and threads cost: CPU per page and peak RSS."""
import argparse
import concurrent.futures
import pathlib
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from common import lab  # noqa: E402

LISTINGS, PAGES = 32, 3


class Scale:
    def __init__(self, arguments, build, work, servers, truth):
        self.arguments, self.work, self.servers, self.truth = arguments, work, servers, truth
        self.clients = {c.name: c for c in lab.clients(build) if not c.missing}

    def once(self, name, listings, processes=1, server=None, **settings):
        names = lab.identifiers("s", LISTINGS, listings)
        client = self.clients[name]
        server = server or self.servers[PLAIN]
        for shared in ("connections", "open"):
            settings[shared] //= processes

        def share(i):
            mine = names[i::processes]
            result = client.run(server.environment, lab.jobs(self.work, f"scale-{i}", mine), **settings)
            client.check(result, lab.expected(self.truth, mine))
            return result

        with concurrent.futures.ThreadPoolExecutor() as pool:
            results = list(pool.map(share, range(processes)))
        total = {key: sum(r[key] for r in results) for key in ("user", "system", "pages", "rss_kb")}
        return {"cpu_ms": 1000 * (total["user"] + total["system"]) / total["pages"], "mb": total["rss_kb"] / 1024,
                "pages_s": total["pages"] / max(r["wall"] for r in results)}

    def compare(self, cases):
        """`cases`: key → (client, listings, settings). In turns; medians."""
        results = {key: [] for key in cases}
        for turn in range(self.arguments.rounds):
            for key, (name, listings, settings) in cases.items():
                results[key].append(self.once(name, listings, **settings))
            lab.say(f"  round {turn + 1} of {self.arguments.rounds}")
        return {key: {what: statistics.median(r[what] for r in rows) for what in ("cpu_ms", "mb", "pages_s")}
                for key, rows in results.items()}


PLAIN, COMPRESSED = "plain", "compressed"
OURS, CURL = "unipile-asio", "curl multi + simdjson on-demand, typed"


def by_identifiers(scale):
    cases = {f"{count:,}": (OURS, max(count, scale.arguments.listings), {"connections": min(64, count), "open": count})
             for count in (1, 10, 100, 1000, 10000)}
    rows = scale.compare(cases)
    ten = rows["10"]["cpu_ms"]
    one = rows["1"]["mb"]
    return (["identifiers open at once", "CPU per page", "× that of 10", "peak RSS", "beyond one stream", "pages/s"],
            [[key, f"{r['cpu_ms']:.3f} ms", f"{r['cpu_ms'] / ten:.2f}", f"{r['mb']:.1f} MB", f"{r['mb'] - one:.1f} MB",
              f"{r['pages_s']:,.0f}"] for key, r in rows.items()])


def by_connections(scale):
    names = [name for name in (OURS, CURL) if name in scale.clients]
    cases = {(count, name): (name, max(4 * count, scale.arguments.listings), {"connections": count, "open": count})
             for count in (1, 2, 4, 8, 16, 32, 64, 128, 256) for name in names}
    rows = scale.compare(cases)
    return (["connections", "client", "CPU per page", "peak RSS", "pages/s"],
            [[str(count), name, f"{r['cpu_ms']:.3f} ms", f"{r['mb']:.1f} MB", f"{r['pages_s']:,.0f}"]
             for (count, name), r in rows.items()])


def by_threads(scale):
    """One thread; two of them; and, as what two threads are to be held against, two processes of one thread each."""
    shared = {"connections": 16, "open": 16, "cores": lab.CORES}
    ways = {"1 thread": {}, "2 threads": {"threads": 2}, "2 processes": {"processes": 2}}

    def row(pages, way, r):
        one, processes = rows[pages, "1 thread"], rows[pages, "2 processes"]
        growth = r["cpu_ms"] / one["cpu_ms"]
        return [pages, way, f"{r['cpu_ms']:.3f} ms", f"{growth:.2f}",
                f"{r['cpu_ms'] / processes['cpu_ms']:.2f}" if r is not one else "–", f"{int(way[0]) / growth:.2f}", f"{r['pages_s']:,.0f}", f"{r['pages_s'] / one['pages_s']:.2f}",
                f"{r['mb']:.1f} MB"]

    cases = {(pages, way): (OURS, scale.arguments.listings, {**shared, **more, "server": server})
             for pages, server in scale.servers.items() for way, more in ways.items()}
    rows = scale.compare(cases)
    return (["pages", "", "CPU per page", "× one thread", "× two processes", "speed-up by CPU", "pages/s", "× one thread",
             "peak RSS"], [row(*key, r) for key, r in rows.items()])


PARTS = [
    ("Listings open at once", "Over at most 64 connections, one thread. Each listing is three pages; as one ends, the "
     "next is opened.", by_identifiers),
    ("Connections", "One listing at a time on each, one thread.", by_connections),
    ("Threads", "16 connections in all, both cores for the client, a client object a thread. nginx has its core from "
     "before, which is a client's too now. Plain pages keep it about as busy as the client, so that pages a second say "
     "little there; pages that were compressed beforehand cost the server less. What counts is that CPU per page doesn't "
     "grow: the speed-up by CPU is what threads on cores of their own come to, and two processes are what two threads "
     "are held against.", by_threads),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--listings", type=int, default=1000, help="walked in each run, at least")
    parser.add_argument("--parts", default="012", help="which of the three tables")
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    work = build / "benchmarks/work"
    work.mkdir(parents=True, exist_ok=True)
    truth = lab.corpus(build, work / "corpus-s", "s", LISTINGS, PAGES)
    lab.quiet()
    text = (f"# Scale\n\nPages of 100 posts from nginx over TLS 1.3 on loopback; medians of {arguments.rounds} rounds "
            "taken in turns. CPU is user + system of the client's process.\n")
    pages = work / "corpus-s"
    with lab.Nginx(work, pages) as plain, lab.Nginx(work, pages, compressed=True) as compressed:
        scale = Scale(arguments, build, work, {PLAIN: plain, COMPRESSED: compressed}, truth)
        for index in arguments.parts:
            title, about, part = PARTS[int(index)]
            lab.say(title)
            header, rows = part(scale)
            print(f"\n{title}\n{lab.plain(header, rows)}")
            text += f"\n## {title}\n\n{about}\n\n{lab.markdown(header, rows)}"
    text += "\n" + "\n".join(f"- {name}: {value}" for name, value in lab.machine(build)) + "\n"
    if arguments.parts == "012":
        lab.RESULTS.mkdir(exist_ok=True)
        (lab.RESULTS / "scale.md").write_text(text)


main()
