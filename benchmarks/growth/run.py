"""What a store costs as it grows: bytes written, speed, disk, memory, status, export, and coming back to a million jobs."""
import argparse
import contextlib
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from common import chart, lab  # noqa: E402
from postgres.run import Server  # noqa: E402
from program.run import Lab as Program  # noqa: E402

AGAIN = 200_000          # posts that are read once more, with nothing changed
POSTGRES_MOST = 200_000  # as DuckDB: both are slower
BYTES = 2_274            # of a post

GOALS = {"written": 3.0, "pace": 0.9, "disk": 1.1, "status": 0.5, "export": 1.0, "first": 0.5, "again": 0.2, "resume": 2.0}


class Growth:
    def __init__(self, arguments, build):
        self.arguments, self.build = arguments, build
        self.folder = build / "benchmarks/work/growth"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.store = self.folder / "posts.db"
        self.tool = build / "benchmarks/growth/bench_growth"
        self.program = build / "src/program/unipile"
        self.timeline = ""  # of a listing that was read to its end

    def remove(self, name="posts.db"):
        for file in self.folder.glob(name + "*"):
            file.unlink()

    def call(self, *command):
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=7200)
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]} failed:\n{done.stderr[-2000:]}")
        return json.loads(done.stdout)

    def seconds(self, *command):
        began = time.monotonic()
        done = subprocess.run([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode not in (0, 1):  # 1: `status` of an unfinished harvest
            raise RuntimeError(f"{command[0]} failed:\n{done.stderr[-2000:]}")
        return time.monotonic() - began

    def ours(self, posts):
        self.remove()
        row = self.call(self.tool, "feed", self.store, posts, AGAIN)
        row["disk"] = self.store.stat().st_size
        with contextlib.closing(sqlite3.connect(self.store)) as db:
            self.timeline = db.execute("SELECT timeline FROM jobs LIMIT 1").fetchone()[0]
        row["status"] = min(self.seconds(self.program, "status", "--store", self.store) for _ in range(3))
        # In turns: where the store is larger than the memory, both read it from the disk.
        export, shell = [], []
        for _ in range(1 if posts > 3_000_000 else 3):
            shell.append(self.seconds("sqlite3", "-readonly", self.store, "SELECT json FROM posts"))
            export.append(self.seconds(self.program, "export", "--format", "ndjson", "--store",
                                       self.store))
        row["export"], row["shell"] = min(export), min(shell)
        self.remove()
        return row

    def bare(self, posts):
        self.remove()
        row = self.call(self.tool, "bare", self.store, posts)
        row["disk"] = self.store.stat().st_size
        self.remove()
        return row

    def duckdb(self, posts):
        modules = self.build / "benchmarks/npm/node_modules"
        if not (modules / "@duckdb/node-api").is_dir() or not shutil.which("node"):
            lab.say("DuckDB is left out: npm could not install @duckdb/node-api")
            return None
        texts = self.folder / "texts"
        subprocess.run([self.tool, "texts", texts, "1000"], check=True)
        self.remove("posts.duckdb")
        row = self.call("env", f"BENCH_NODE_MODULES={modules}", "node", lab.BENCHMARKS / "growth/peers/duckdb.mjs",
                        self.folder / "posts.duckdb", posts, texts)
        row["disk"] = (self.folder / "posts.duckdb").stat().st_size
        self.remove("posts.duckdb")
        return row

    def postgres(self, posts):
        if not list(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres")):
            lab.say("PostgreSQL is left out: it is not installed")
            return None
        with Server() as server:
            database = server.fresh()
            server.sql("CHECKPOINT")
            place = server.sql("SELECT pg_current_wal_lsn()")[0][0]
            empty = int(server.sql("SELECT pg_database_size('bench')")[0][0])
            row = self.call(self.tool, "feed", database, posts, 0)
            server.sql("CHECKPOINT")
            wal = int(server.sql(f"SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '{place}')::bigint")[0][0])
            row["disk"] = int(server.sql("SELECT pg_database_size('bench')")[0][0]) - empty
            # What a server writes at least: its log, and each page of its tables once.
            row["written"] = wal + row["disk"]
        return row


# ---- a million jobs --------------------------------------------------------------------------------------------------

def settle_all(file, timeline):
    """As if every job were done: its listing whole, with a timeline as long as that of a listing of ten pages."""
    with contextlib.closing(sqlite3.connect(file)) as db:
        now = int(time.time() * 1000)
        db.execute("UPDATE jobs SET state = 3, end_reason = 'null_cursor', posts = 1000, pages = 10, requests = 10, whole = 1, "
                   "harvested = ?, tried = ?, timeline = ?", (now, now, timeline))
        db.execute("UPDATE runs SET ended = ?, outcome = 'complete'", (now,))
        db.commit()


def resume(growth, count):
    """Seconds until the first request: of a new store, of an unfinished run, of the next run with everything done, and of
    that with one job more."""
    program = Program(growth.arguments, growth.build)
    program.folder, program.store = growth.folder, growth.folder / "jobs.db"
    jobs = program.jobs(count, 1000)
    program.fresh_store()
    row = {"jobs": count, "import": program.prepare(jobs), "resume": program.prepare(jobs)}
    settle_all(program.store, growth.timeline)
    row["nothing new"] = program.prepare(jobs, "--base-url-changed")  # each has a port of its own
    row["status"] = min(growth.seconds(growth.program, "status", "--store", program.store) for _ in range(3))
    settle_all(program.store, growth.timeline)
    longer = program.jobs(count + 1, 1000)
    row["changed"] = program.prepare(longer, "--base-url-changed")
    program.fresh_store()
    jobs.unlink()
    longer.unlink()
    return row


# ---- the report ------------------------------------------------------------------------------------------------------

def pace(row, key="first"):
    return row[key]["posts"] / row[key]["wall"]


def tables(rows):
    header = ["", "posts", "JSON", "written, × JSON", "posts/s", "by tenth", "disk, × JSON", "peak RSS"]
    growth = header, [[
        name, f"{posts:,}", f"{r['json'] / 1e9:.2f} GB", f"{r['written'] / r['json']:.2f}", f"{pace(r):,.0f}",
        " ".join(f"{t / 1000:.0f}k" for t in r["first"]["tenths"]), f"{r['disk'] / r['json']:.3f}",
        f"{r['rss_kb'] / 1024:.0f} MB"] for name, posts, r in rows]
    ours = [(posts, r) for name, posts, r in rows if name == "store"]
    cost = ["posts", "store's thread a page: first", "everything known", "posts/s, everything known", "`status`", "`export`",
            "sqlite3 shell"], [[
                f"{posts:,}", f"{r['first']['cpu_ms_page']:.2f} ms", f"{r['again']['cpu_ms_page']:.2f} ms",
                f"{pace(r, 'again'):,.0f}", f"{r['status']:.2f} s", f"{r['export']:.2f} s", f"{r['shell']:.2f} s"]
                for posts, r in ours]
    return growth, cost


def jobs_table(row):
    names = ("import", "resume", "nothing new", "changed")
    return ["jobs", "import", "unfinished run", "all done, same file", "all done, one job more", "peak RSS", "`status`"], [[
        f"{row['jobs']:,}", *(f"{row[name][0]:.2f} s" for name in names), f"{max(row[name][1] for name in names):.0f} MB",
        f"{row['status']:.2f} s"]]


def reaches(rows, jobs):
    ours = [(posts, r) for name, posts, r in rows if name == "store"]
    small, (most, large) = ours[0][1], ours[-1]
    result = [
        ["written at any size", f"≤ {GOALS['written']} × JSON", f"{max(r['written'] / r['json'] for _, r in ours):.2f}"],
        [f"posts/s at {most:,}, against {ours[0][0]:,}", f"≥ {GOALS['pace']}", f"{pace(large) / pace(small):.2f}"],
        [f"disk at {most:,}", f"≤ {GOALS['disk']} × JSON", f"{large['disk'] / large['json']:.3f}"],
        [f"`status` at {most:,}", f"≤ {GOALS['status']} s", f"{large['status']:.2f} s"],
        [f"`export` at {most:,}, × the speed of the sqlite3 shell", f"≥ {GOALS['export']}", f"{large['shell'] / large['export']:.2f}"],
        ["store's thread, first harvest", f"≤ {GOALS['first']} ms a page", f"{large['first']['cpu_ms_page']:.2f} ms"],
        ["store's thread, everything known", f"≤ {GOALS['again']} ms a page", f"{large['again']['cpu_ms_page']:.2f} ms"],
    ]
    if jobs:
        slowest = max(jobs["resume"][0], jobs["nothing new"][0])
        result.append([f"until the first request, {jobs['jobs']:,} known jobs, same file", f"≤ {GOALS['resume']} s", f"{slowest:.2f} s"])
    return ["", "goal", "measured"], result


def draw(rows):
    limit = GOALS["written"]
    bars = [(f"{name}, {posts:,} posts", r["written"] / r["json"], f"{r['written'] / r['json']:.2f}", f"{pace(r):,.0f} posts/s",
             "best" if name == "store" else "bar") for name, posts, r in rows]
    bars.append(("goal, at any size", limit, f"{limit:.0f}", "", "limit"))
    (lab.RESULTS / "growth.svg").write_text(chart.bars(
        "Bytes written for a byte of JSON", "first harvest into an empty store, 2 MB a transaction, every commit synchronised",
        "shorter is better", bars))


ABOUT = (
    "Posts of {bytes:,.0f} bytes with random ids go through the writer of the library into a new store: 64 listings at a time, the "
    "next page of each by turns, each with its account's ledger. No network is needed to measure a store, and none is in it. A "
    "transaction has 2 MB, which is what a harvest of 20,000 posts a second writes in the 50 ms after which the program commits; so "
    "the bytes written depend little on the machine's speed. They are what the kernel counts for the process (`write_bytes`). The "
    "bare loop and DuckDB's appender insert the same columns with the same unique key and transactions of the same size, and do "
    "nothing else. For PostgreSQL they are its log and its tables once.")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--posts", type=int, nargs="+", default=[50_000, 2_000_000], help="sizes, 50,000 to 10,000,000")
    parser.add_argument("--peers-to", type=int, default=2_000_000, help="the largest size for the bare loop")
    parser.add_argument("--jobs", type=int, default=1_000_000, help="known when a run begins; 0: not measured")
    parser.add_argument("--no-results", action="store_true", help="print only")
    arguments = parser.parse_args()
    growth = Growth(arguments, arguments.build.resolve())
    free = shutil.disk_usage(growth.folder).free
    if free < max(arguments.posts) * BYTES * 1.4:
        parser.error(f"{max(arguments.posts):,} posts need {max(arguments.posts) * BYTES * 1.4 / 1e9:.0f} GB of disk")
    load = lab.quiet()
    rows = []

    def measure(name, posts, what):
        if row := what(posts):
            rows.append((name, posts, row))
            lab.say(f"{name}, {posts:,} posts: {row['written'] / row['json']:.2f} × JSON written, {pace(row):,.0f} posts/s")

    for posts in sorted(arguments.posts):
        measure("store", posts, growth.ours)
    for posts in sorted(arguments.posts):
        if posts <= arguments.peers_to:
            measure("bare inserts", posts, growth.bare)
        if posts <= min(POSTGRES_MOST, arguments.peers_to):
            measure("DuckDB's appender", posts, growth.duckdb)
            measure("PostgreSQL", posts, growth.postgres)
    jobs = resume(growth, arguments.jobs) if arguments.jobs else None
    growth_table, cost = tables(rows)
    goals = reaches(rows, jobs)
    parts = [("", growth_table), ("A page, and reading", cost)]
    if jobs:
        parts.append(("Coming back: seconds until the first request", jobs_table(jobs)))
    parts.append(("Goals", goals))
    print(*(lab.plain(*table) for _, table in parts), sep="\n\n")
    if arguments.no_results:
        return
    text = f"# Growth\n\n{ABOUT.format(bytes=rows[0][2]['json'] / rows[0][1])}\n"
    for title, table in parts:
        text += (f"\n## {title}\n" if title else "") + f"\n{lab.markdown(*table)}"
    text += f"\n- load when it began: {load:.1f}; with more than 1, posts/s and seconds are those of a busy machine\n"
    text += f"- SQLite: {lab.output('sqlite3', '--version').split(' ')[0]}\n"
    text += "\n".join(f"- {name}: {value}" for name, value in lab.machine(growth.build)) + "\n"
    lab.RESULTS.mkdir(exist_ok=True)
    (lab.RESULTS / "growth.md").write_text(text)
    draw(rows)


main()
