"""Every client walks the same listings from nginx over TLS, in turns; medians as a table and a chart."""
import argparse
import json
import pathlib
import os
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from common import chart, lab  # noqa: E402

LISTINGS, PAGES = 16, 25


def allocations(client, environment, work, build, short, long, settings):
    """Allocations a post in the steady state: what a longer run needs more than a shorter one."""
    counter = build / "benchmarks/harvest/libbench_count_allocations.so"
    counts = []
    for jobs_file in (short, long):
        out = work / "allocations"
        preload = {**environment, "LD_PRELOAD": str(counter), "ALLOCATIONS_FILE": str(out)}
        result = client.run(preload, jobs_file, **settings)
        counts.append((int(out.read_text()), result["posts"]))
    (few, posts_few), (many, posts_many) = counts
    return (many - few) / (posts_many - posts_few) if posts_many > posts_few else None


def measure(arguments, build, work):
    truth = lab.corpus(build, work / "corpus-p", "p", LISTINGS, PAGES)
    names = lab.identifiers("p", LISTINGS, arguments.identifiers)
    wanted = lab.expected(truth, names)
    jobs_file = lab.jobs(work, "harvest", names)
    settings = {"connections": arguments.connections}
    able = [c for c in lab.clients(build) if not c.missing]
    able = [c for c in able if not arguments.only or any(word in c.name for word in arguments.only.split(","))]
    for c in lab.clients(build):
        if c.missing:
            lab.say(f"skipped: {c.name}: {c.missing}")

    results = {c.name: [] for c in able}
    load = lab.quiet()
    with lab.Nginx(work, work / "corpus-p") as server:
        for turn in range(arguments.rounds):
            for c in able:
                result = c.run(server.environment, jobs_file, **settings)
                c.check(result, wanted)
                result["cpu_ms"] = 1000 * (result["user"] + result["system"]) / result["pages"]
                result["pages_s"] = result["pages"] / result["wall"]
                results[c.name].append(result)
            lab.say(f"round {turn + 1} of {arguments.rounds}: " + ", ".join(
                f"{results[c.name][-1]['cpu_ms']:.3f}" for c in able))
        short = lab.jobs(work, "short", names[:LISTINGS])
        long = lab.jobs(work, "long", names[:2 * LISTINGS])
        counted = {c.name: allocations(c, server.environment, work, build, short, long, settings)
                   for c in able if c.native and c.touches}
    table = [{"name": c.name, "allocations": counted.get(c.name), "touches": c.touches, **lab.medians(results[c.name])}
             for c in able]
    return {"rows": table, "wanted": wanted, "load": load, "skipped": [
        {"name": c.name, "why": c.missing} for c in lab.clients(build) if c.missing],
        "rounds": arguments.rounds, "connections": arguments.connections, "identifiers": arguments.identifiers}


def lines(data):
    ours = data["rows"][0]["cpu_ms"]
    for row in sorted(data["rows"], key=lambda r: r["cpu_ms"]):
        yield row, [
            f"{row['cpu_ms']:.3f} ms", f"{row['cpu_ms'] / ours:.2f}", f"{row['pages_s']:,.0f}",
            f"{row['rss_kb'] / 1024:.0f} MB", f"{row['allocations']:.2f}" if row["allocations"] is not None else "–"]


def write(data, facts):
    header = ["client", "CPU per page", "× ours", "pages/s", "peak RSS", "allocations per post"]
    kilobytes = data["wanted"]["bytes"] / data["wanted"]["pages"] / 1000
    about = (f"{data['wanted']['pages']:,} pages of 100 posts ({kilobytes:.0f} KB each) of {data['identifiers']} "
             f"identifiers over {data['connections']} connections; nginx over TLS 1.3 on loopback, medians of "
             f"{data['rounds']} rounds taken in turns. CPU is user + system of the client's process, its start and its "
             "handshakes included.")
    marked = [([f"**{r['name']}**"] + [f"**{c}**" for c in cells]) if r["name"] == "unipile-asio" else [r["name"], *cells]
              for r, cells in lines(data)]
    text = "# Harvest\n\n" + about + "\n\n" + lab.markdown(header, marked)
    for skipped in data["skipped"]:
        text += f"\nSkipped: {skipped['name']} ({skipped['why']}).\n"
    text += "\n" + "\n".join(f"- {name}: {value}" for name, value in facts) + "\n"
    lab.RESULTS.mkdir(exist_ok=True)
    (lab.RESULTS / "harvest.md").write_text(text)

    ours = data["rows"][0]["cpu_ms"]
    rows = []
    for row, cells in lines(data):
        kind = "best" if row["name"] == "unipile-asio" else "bar" if row["touches"] else "limit"
        small = "" if kind == "best" else f"{row['cpu_ms'] / ours:.1f}×"
        label = row["name"] if row["touches"] else "bare OpenSSL loop (parses nothing)"
        rows.append((label, row["cpu_ms"], f"{row['cpu_ms']:.2f} ms", small, kind))
    facts = dict(facts)
    (lab.RESULTS / "harvest.svg").write_text(chart.bars(
        "CPU time to harvest a page of 100 posts", f"{kilobytes:.0f} KB of JSON over verified TLS 1.3, "
        f"{data['connections']} connections, nginx on loopback; lower is better",
        f"{facts['date']} · {facts['machine'].split(', Linux')[0]} · medians of {data['rounds']} rounds in turns", rows))
    print(lab.plain(header, [[r["name"], *cells] for r, cells in lines(data)]))
    print("\n".join(f"{name}: {value}" for name, value in facts.items()))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--identifiers", type=int, default=128)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--only", default="", help="comma-separated words that name clients")
    parser.add_argument("--keep", action="store_true", help="print only; leave the files in results/ alone")
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    work = build / "benchmarks/work"
    work.mkdir(parents=True, exist_ok=True)
    data = measure(arguments, build, work)
    if arguments.keep:
        print(lab.plain(["client", "CPU per page", "× ours", "pages/s", "peak RSS", "allocations per post"],
                        [[r["name"], *cells] for r, cells in lines(data)]))
        return
    write(data, lab.machine(build))
    (work / "harvest.json").write_text(json.dumps(data, indent=1))


main()
