"""How fast a harvest into PostgreSQL becomes durable, against bare upserts and COPY; what it writes where nothing is new."""
import argparse
import contextlib
import json
import os
import pathlib
import pwd
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from common import lab  # noqa: E402

GOALS = {"upserts": 0.7, "copy": 0.5, "latency": 0.8, "wal": 4096, "rows": 3, "transactions": 0.6, "hot": 95,
         "takeover": 2, "memory": 50, "second": 1.8}
LARGE = {"posts": 2_000_000, "jobs": 1_000_000, "accounts": 10_000}
ACCOUNTS, IDENTIFIERS = 400, 1_200


class Server:
    """A PostgreSQL server of the newest version that is here, with its defaults but for the size of its cache."""

    def __init__(self):
        versions = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: int(p.parts[-3]))
        self.programs = versions[-1].parent
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="unipile-bench-"))

    def run(self, program, *arguments):
        user = {"user": "postgres"} if os.geteuid() == 0 else {}
        if user:
            user["group"] = pwd.getpwnam("postgres").pw_gid
        subprocess.run([self.programs / program, *arguments], check=True, cwd="/", stdout=subprocess.DEVNULL, **user)

    def __enter__(self):
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
        self.run("initdb", "-D", self.folder / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C")
        with open(self.folder / "data/postgresql.auto.conf", "a") as settings:
            settings.write(f"listen_addresses = ''\nunix_socket_directories = '{self.folder}'\n"
                           "shared_buffers = 256MB\nmax_wal_size = 4GB\ncheckpoint_timeout = 30min\n")
        self.run("pg_ctl", "-D", self.folder / "data", "-l", self.folder / "log", "-w", "start")
        return self

    def __exit__(self, *_):
        self.run("pg_ctl", "-D", self.folder / "data", "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def sql(self, text, database="bench"):
        done = subprocess.run(["psql", "-h", self.folder, "-U", "postgres", "-d", database, "-AtF", ",", "-c", text],
                              check=True, capture_output=True, text=True)
        return [line.split(",") for line in done.stdout.splitlines()]

    def fresh(self):
        for text in ("DROP DATABASE IF EXISTS bench WITH (FORCE)", "CREATE DATABASE bench"):
            self.sql(text, "postgres")
        return f"host={self.folder} user=postgres dbname=bench"

    @property
    def version(self):
        return self.sql("SHOW server_version", "postgres")[0][0]


def bench(build, *arguments):
    done = subprocess.run([build / "benchmarks/postgres/bench_postgres", *map(str, arguments)], check=True,
                          capture_output=True, text=True, timeout=600)
    return json.loads(done.stdout)


def latency(build, server, posts, turn):
    server.fresh()
    for name in ("near", "far"):
        (server.folder / name).mkdir(exist_ok=True)
    result = bench(build, "latency", "user=postgres dbname=bench", posts, server.folder / ".s.PGSQL.5432", server.folder,
                   turn)
    return result["near"] / result["far"]


@contextlib.contextmanager
def simulator(build, folder, accounts=ACCOUNTS, identifiers=IDENTIFIERS):
    """The stand-in API, which takes some 300 ms for each answer."""
    log = folder / "simulator"
    with open(log, "wb") as out:
        process = subprocess.Popen([build / "src/program/unipile", "simulate", "--accounts", str(accounts), "--identifiers",
                                    str(identifiers), "--posts", "40", "--latency", "200-400", "--write-jobs",
                                    folder / "jobs.csv"], stdout=out, stderr=out)
    try:
        while not (found := re.search(r"https?://\S+", log.read_text())):
            time.sleep(0.05)
        yield found.group(0)
    finally:
        process.terminate()
        process.wait()


def counted(server):
    rows = server.sql("SELECT relname, n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables "
                      "WHERE schemaname = 'unipile' ORDER BY 1")
    transactions = server.sql("SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = 'bench'")
    requests = server.sql("SELECT coalesce(sum(requests), 0) FROM unipile.jobs")
    return {row[0]: (int(row[1]), int(row[2])) for row in rows}, int(transactions[0][0]), int(requests[0][0])


def paced(build, server, seconds, held):
    """A harvest of about 20 requests a second. `held`: beside it, a transaction keeps old rows."""
    address = server.fresh()
    work = server.folder / "work"
    work.mkdir(exist_ok=True)
    with simulator(build, work) as url:
        environment = {**os.environ, "UNIPILE_DSN": url, "UNIPILE_API_KEY": "simulated-key"}
        harvest = subprocess.Popen([build / "src/program/unipile", "harvest", work / "jobs.csv", "--store", address,
                                    "--pace", "1/20s, gap 10s-30s", "--limit", "20", "--connections", "64", "--quiet"],
                                   env=environment, stderr=subprocess.DEVNULL)
        # The first request of each account, and the transactions that a start may make at once, are over then.
        time.sleep(25)
        holder = None
        if held:
            holder = subprocess.Popen(["psql", "-h", server.folder, "-U", "postgres", "-d", "bench", "-qc",
                                       "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1; SELECT pg_sleep(600)"],
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(2)
        before = counted(server)
        time.sleep(seconds)
        after = counted(server)
        harvest.kill()
        harvest.wait()
        if holder:
            holder.kill()
            holder.wait()
    requests = after[2] - before[2]
    hot = {}
    for table in after[0]:
        updates = after[0][table][0] - before[0][table][0]
        if updates >= 5:
            hot[table] = 100 * (after[0][table][1] - before[0][table][1]) / updates
    return {"rate": requests / seconds, "transactions": (after[1] - before[1]) / max(requests, 1), "hot": hot}


def worker(build, address, url, *arguments):
    environment = {**os.environ, "UNIPILE_DSN": url, "UNIPILE_API_KEY": "simulated-key"}
    return subprocess.Popen([build / "src/program/unipile", "work", "--store", address, "--connections", "8", "--limit", "20",
                             "--quiet", *arguments], env=environment, stderr=subprocess.DEVNULL)


def end(*processes):
    for process in processes:
        process.kill()
        process.wait()


def import_jobs(build, server, address, url, jobs, pace):
    """Reads a list of jobs into the store. Workers keep to its pace."""
    environment = {**os.environ, "UNIPILE_DSN": url, "UNIPILE_API_KEY": "simulated-key"}
    harvest = subprocess.Popen([build / "src/program/unipile", "harvest", jobs, "--store", address, "--pace", pace,
                                "--limit", "20", "--quiet"], env=environment, stderr=subprocess.DEVNULL)
    while True:
        time.sleep(1)
        with contextlib.suppress(subprocess.CalledProcessError):
            if server.sql("SELECT 1 FROM unipile.runs WHERE listed > 0 AND NOT EXISTS (SELECT 1 FROM unipile.store "
                          "WHERE name = 'open_import')"):
                break
    harvest.terminate()
    harvest.wait()


def megabytes(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024


def memory(build, server):
    """Megabytes of a worker that waits for jobs, and of one that has the jobs and accounts of a large store."""
    found = {}
    work = server.folder / "work"
    work.mkdir(exist_ok=True)
    for name, accounts, jobs in (("idle", 1, 1), ("busy", LARGE["accounts"], LARGE["jobs"])):
        address = server.fresh()
        with simulator(build, work, accounts, jobs) as url:
            import_jobs(build, server, address, url, work / "jobs.csv", "1/20s, gap 10s-30s")
            process = worker(build, address, url, "--wait")
            time.sleep(40)
            found[name] = megabytes(process)
            end(process)
    return found


def second_worker(build, server, seconds):
    """Requests a second of one worker and of two, which wait for the API most of the time."""
    rates = []
    work = server.folder / "work"
    work.mkdir(exist_ok=True)
    for count in (1, 2):
        address = server.fresh()
        with simulator(build, work, ACCOUNTS, 20 * IDENTIFIERS) as url:
            import_jobs(build, server, address, url, work / "jobs.csv", "none")
            workers = [worker(build, address, url) for _ in range(count)]
            time.sleep(20)
            before = counted(server)[2], time.monotonic()
            time.sleep(seconds)
            rates.append((counted(server)[2] - before[0]) / (time.monotonic() - before[1]))
            end(*workers)
    return rates


def sizes(posts, again, large):
    """What stores of some sizes take, by what was measured."""
    a_post = (posts["posts"] + posts["sightings"] + posts["changes"]) / posts["count"]
    rows = []
    for accounts in (1_000, 10_000, 100_000, 1_000_000):
        per_second = accounts * 100 / 86_400
        stored = accounts * 100 * 100
        rows.append([f"{accounts:,}", f"{stored / 1e6:,.0f} M", f"{per_second:,.1f}", f"{per_second * 50:,.0f}",
                     f"{per_second * again['grouped']['wal'] / 1e3:,.1f} KB/s",
                     f"{stored * a_post / 1e9:,.0f} GB", f"{accounts * 100 * large['job'] / 1e9:,.1f} GB",
                     f"{accounts * large['account'] / 1e9:,.2f} GB"])
    return ["accounts", "posts", "requests/s", "posts/s, first harvest", "WAL, nothing new", "posts take", "jobs",
            "accounts"], rows


def first_harvests(build, server, arguments):
    turns, far = [], []
    for number in range(arguments.rounds):
        turns.append(bench(build, "posts", server.fresh(), arguments.posts, number))
        far.append(latency(build, server, arguments.posts // 2, number))
        lab.say(f"round {number + 1} of {arguments.rounds}: {turns[-1]['upserts'] / turns[-1]['first']:.2f} of the "
                f"upserts, {turns[-1]['copy'] / turns[-1]['first']:.2f} of COPY, {far[-1]:.2f} with latency")
    return {"turns": turns, "far": far, "posts": arguments.posts, "version": server.version}


PARTS = {
    "first": first_harvests,
    "again": lambda build, server, _: bench(build, "again", server.fresh(), 1_000),
    "paced": lambda build, server, a: {name: paced(build, server, a.seconds, name == "held") for name in ("calm", "held")},
    "large": lambda build, server, _: bench(build, "large", server.fresh(), *LARGE.values()),
    "memory": lambda build, server, _: memory(build, server),
    "second": lambda build, server, a: second_worker(build, server, a.seconds),
}


def measured(build, arguments):
    """What was asked for, and what earlier calls have measured with this build."""
    kept = build / "benchmarks/postgres/measured.json"
    found = json.loads(kept.read_text()) if arguments.parts and kept.exists() else {}
    for name in arguments.parts or PARTS:
        with Server() as server:
            found[name] = PARTS[name](build, server, arguments)
        if name != "first":
            lab.say(f"{name}: {found[name]}")
        kept.write_text(json.dumps(found))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--posts", type=int, default=40_000)
    parser.add_argument("--seconds", type=int, default=30, help="of the paced harvests")
    parser.add_argument("--parts", nargs="+", choices=PARTS, help="measure only these; the results are written once "
                        "all parts were measured with this build")
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    lab.quiet()
    found = measured(build, arguments)
    if missing := PARTS.keys() - found.keys():
        return lab.say(f"not measured yet: {', '.join(sorted(missing))}")
    turns, far, posts_each, version = (found["first"][key] for key in ("turns", "far", "posts", "version"))
    again, large, used = found["again"], found["large"], found["memory"]
    calm, held = found["paced"]["calm"], found["paced"]["held"]
    one, two = found["second"]
    names = {"first": "harvest", "upserts": "bare upserts of the same rows", "copy": "COPY of the posts alone"}
    posts = ["", "posts/s", "the harvest's share", "from turn to turn"], [
        [name, f"{statistics.median(posts_each / t[key] for t in turns):,.0f}",
         f"{statistics.median(t[key] / t['first'] for t in turns):.2f}",
         f"{min(t[key] / t['first'] for t in turns):.2f} to {max(t[key] / t['first'] for t in turns):.2f}"]
        for key, name in names.items()]
    shares = {key: statistics.median(t[key] / t["first"] for t in turns) for key in ("upserts", "copy")}

    def share(run, name):
        return f"{run['hot'][name]:.0f} %" if name in run["hot"] else "–"

    goals = ["", "goal", "measured"], [
        ["first harvest, share of bare upserts", f"≥ {GOALS['upserts']}", f"{shares['upserts']:.2f}"],
        ["first harvest, share of COPY", f"≥ {GOALS['copy']}", f"{shares['copy']:.2f}"],
        ["first harvest with 1 ms of latency", f"≥ {GOALS['latency']}", f"{statistics.median(far):.2f}"],
        ["WAL of a page without news, alone · 8 in a transaction", f"≤ {GOALS['wal']:,} B",
         f"{again['alone']['wal']:,.0f} B · {again['grouped']['wal']:,.0f} B"],
        ["the same right after a checkpoint, whose page images are shared by 1,000 pages", "",
         f"{again['after_checkpoint']['wal']:,.0f} B"],
        ["rows that a page without news inserts, updates and deletes, if it ends its job", f"≤ {GOALS['rows']}", f"{again['grouped']['rows']:.1f}"],
        [f"transactions a request at {calm['rate']:.0f} requests/s", f"≤ {GOALS['transactions']}",
         f"{calm['transactions']:.2f}"],
        ["the first request of a takeover of 10,000 accounts is admitted after · one of each account",
         f"≤ {GOALS['takeover']} s", f"{large['first']:.2f} s · {large['all']:.2f} s"],
        ["a worker of 10,000 accounts and a million open jobs, over an idle one", f"≤ {GOALS['memory']} MB",
         f"{used['busy'] - used['idle']:.0f} MB ({used['busy']:.0f} - {used['idle']:.0f})"],
        ["two workers that wait for the API, against one", f"≥ {GOALS['second']}",
         f"{two / one:.2f} ({two:.0f} and {one:.0f} requests/s)"],
        ["`status` of 2 million posts and a million jobs · by counting rows", "", f"{large['status']:.0f} ms · "
         f"{large['scans']:,.0f} ms"],
        ["jobs counted for the line of progress", "", f"{large['count']:.0f} ms"],
    ] + [[f"updates of `{table}` that write no index · beside a long transaction", f"≥ {GOALS['hot']} %",
          f"{share(calm, table)} · {share(held, table)}"] for table in sorted({*calm["hot"], *held["hot"]})]
    first = {**turns[0], "count": posts_each}
    table = sizes(first, again, large)
    print(lab.plain(*posts), lab.plain(*goals), lab.plain(*table), sep="\n\n")
    text = (
        f"# PostgreSQL\n\n{posts_each:,} posts of {first['bytes'] / posts_each:,.0f} bytes, {len(turns)} rounds in turns, "
        "server and client on one machine, `fsync` on, 32 pages a transaction. The bare upserts write the same rows of posts, "
        "sightings and changes with the same keys and settings, and do nothing else; COPY writes the posts alone. The paced "
        f"harvests are of {ACCOUNTS:,} accounts with a request in 20 s each.\n\n{lab.markdown(*posts)}\n## Goals\n\n{lab.markdown(*goals)}\n"
        "## Sizes on paper\n\n100 requests an account and day, 100 posts an identifier, 100 identifiers an account; bytes as measured "
        f"above.\n\n{lab.markdown(*table)}\n- a post with its sighting and its entry in the feed: "
        f"{(first['posts'] + first['sightings'] + first['changes']) / posts_each:,.0f} B stored, of which the post "
        f"{first['posts'] / posts_each:,.0f} B\n- a job that waits: {large['job']:,.0f} B; an account: {large['account']:,.0f} B; "
        f"{LARGE['jobs'] / large['import']:,.0f} jobs imported a second\n- PostgreSQL: {version}\n" +
        "\n".join(f"- {name}: {value}" for name, value in lab.machine(build)) + "\n")
    lab.RESULTS.mkdir(exist_ok=True)
    (lab.RESULTS / "postgres.md").write_text(text)


if __name__ == "__main__":
    main()
