"""What the program's harvest costs as a whole: memory with a long queue, its two threads, coming back to a store."""
import argparse
import contextlib
import itertools
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from common import lab  # noqa: E402

FEW, MANY = 1_000, 1_000_000
LISTINGS, PAGES = 200, 10
TICKS = os.sysconf("SC_CLK_TCK")


# ---- running the program ---------------------------------------------------------------------------------------------

def peak_mb(pid):
    """The peak of the program's own memory. `getrusage` would begin with that of the process that started it."""
    with contextlib.suppress(OSError):
        found = re.search(r"VmHWM:\s*(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text())
        return int(found.group(1)) / 1024 if found else 0
    return 0


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def thread_seconds(pid):
    """The CPU that each thread has used, by name."""
    seconds = {}
    for thread in pathlib.Path(f"/proc/{pid}/task").glob("*"):
        with contextlib.suppress(OSError):
            name = (thread / "comm").read_text().strip()
            seconds[name] = int((thread / "schedstat").read_text().split()[0]) / 1e9
    return seconds


class Program:
    """One run of `unipile`; watched until it ends."""

    def __init__(self, program, arguments, environment, folder):
        self.errors = folder / "stderr"
        self.began = time.monotonic()
        self.peak = 0
        self.threads, self.sampled = {}, 0
        with open(self.errors, "wb") as err, open(folder / "stdout", "wb") as out:
            self.process = subprocess.Popen([program, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=out,
                                            stderr=err, env={**os.environ, **environment})

    def look(self):
        """How long it has run; its peak so far goes to `peak`, what its threads have used to `threads`."""
        self.peak = max(self.peak, peak_mb(self.process.pid))
        ran = time.monotonic() - self.began
        if ran - self.sampled > 0.01:
            self.sampled = ran
            self.threads.update(thread_seconds(self.process.pid))
        return ran

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)

    def wait(self, codes=(0,), stop_after=None):
        """Until it ends; interrupts it after so many seconds."""
        interrupted = False
        while os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            if self.look() > (stop_after or 3600) and not interrupted:
                self.interrupt()
                interrupted = True
            time.sleep(0.002)
        self.wall = time.monotonic() - self.began
        _, status, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        self.cpu = usage.ru_utime + usage.ru_stime
        self.text = self.errors.read_text(errors="replace")
        if self.process.returncode not in codes:
            raise RuntimeError(f"{self.process.args} ended with {self.process.returncode}:\n{self.text[-2000:]}")
        return self

    def seconds_of(self, thread):
        """What the thread of that name has used."""
        return self.threads.get(thread, 0)

    def told(self, pattern):
        """A number from the summary."""
        found = re.search(pattern, self.text)
        return int(found.group(1).replace(",", "")) if found else 0

    @property
    def pages(self):
        return self.told(r"traffic: ([\d,]+) page")

    @property
    def new_posts(self):
        return self.told(r"of which ([\d,]+) new")


class SilentServer:
    """Accepts the first connection and says nothing: what comes before it is the program's preparation."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setblocking(False)
        self.environment = {"UNIPILE_DSN": f"http://127.0.0.1:{self.listener.getsockname()[1]}",
                            "UNIPILE_API_KEY": lab.KEY}

    def reached(self):
        with contextlib.suppress(BlockingIOError):
            self.listener.accept()
            return True
        return False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()


# ---- memory and coming back ------------------------------------------------------------------------------------------

class Lab:
    def __init__(self, arguments, build):
        self.arguments = arguments
        self.program = build / "src/program/unipile"
        self.work = build / "benchmarks/work"
        self.folder = self.work / "program"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.disk = self.store = self.folder / "posts.db"
        self.memory = pathlib.Path(f"/dev/shm/unipile-benchmark-{os.getpid()}.db")

    def jobs(self, count, accounts):
        """As long as real ones: identifiers of 39 characters, account ids of 22."""
        path = self.folder / f"jobs-{count}-{accounts}.csv"
        if not path.exists():
            with open(path, "w") as out:
                out.write("account,identifier\n")
                for i in range(count):
                    out.write(f"account-{i % accounts:014d},t{i % LISTINGS}-{i:036d}\n")
        return path

    def fresh_store(self):
        for end in ("", "-wal", "-shm", ".lock"):
            pathlib.Path(f"{self.store}{end}").unlink(missing_ok=True)

    def run(self, environment, *arguments):
        return Program(self.program, arguments, environment, self.folder)

    def harvest(self, environment, jobs_file, *options):
        return self.run(environment, "harvest", jobs_file, "--store", self.store, "--pace", "none", *options)

    def prepare(self, jobs_file, *options):
        """Until the first request: seconds and MB; the store has the jobs then."""
        with SilentServer() as server:
            run = self.harvest(server.environment, jobs_file, *options)
            while not server.reached():
                seconds = run.look()
                if run.process.poll() is not None:
                    raise RuntimeError(run.errors.read_text())
                time.sleep(0.002)
            peak = run.peak
            run.interrupt()
            time.sleep(0.2)
            run.interrupt()
            run.wait(codes=(130, 4))  # 4: both signals came as one
        return seconds, peak


def nginx_environment(server):
    return {"UNIPILE_DSN": server.url, "UNIPILE_API_KEY": lab.KEY}


def queue_case(bench, server, count, accounts):
    jobs_file = bench.jobs(count, accounts)
    environment = nginx_environment(server)
    ca = ("--ca-file", server.certificates / "ca.pem")
    dry = bench.run({}, "harvest", jobs_file, "--store", bench.folder / "none.db", "--dry-run").wait()
    bench.fresh_store()
    imported = bench.prepare(jobs_file)
    again = bench.prepare(jobs_file)
    run = bench.harvest(environment, jobs_file, *ca).wait(codes=(0, 130), stop_after=again[0] + bench.arguments.seconds)
    status = bench.run({}, "status", "--store", bench.store).wait(codes=(0, 1))
    lab.say(f"  {count:,} jobs: {run.peak:.1f} MB, {run.pages:,} pages")
    return {"count": count, "accounts": accounts, "dry": dry, "imported": imported, "again": again, "run": run,
            "status": status}


def by_queue(bench, server):
    cases = [queue_case(bench, server, count, accounts) for count, accounts in
             ((FEW, FEW), (bench.arguments.jobs, FEW), (bench.arguments.jobs, 10 * FEW))]
    base = cases[0]["run"].peak
    header = ["jobs", "accounts", "import", "its peak", "resume", "its peak", "harvest's peak", "beyond the first row",
              "pages read", "`--dry-run`", "its peak", "`status`", "its peak"]
    return header, [[
        f"{c['count']:,}", f"{c['accounts']:,}", f"{c['imported'][0]:.2f} s", f"{c['imported'][1]:.1f} MB",
        f"{c['again'][0]:.2f} s", f"{c['again'][1]:.1f} MB", f"{c['run'].peak:.1f} MB",
        f"{c['run'].peak - base:.1f} MB", f"{c['run'].pages:,}", f"{c['dry'].wall:.2f} s", f"{c['dry'].peak:.1f} MB",
        f"{c['status'].wall:.2f} s", f"{c['status'].peak:.1f} MB"] for c in cases]


# ---- the two threads -------------------------------------------------------------------------------------------------

def server_cpu(server):
    """Of nginx's master and its worker."""
    master = server.process.pid
    children = pathlib.Path(f"/proc/{master}/task/{master}/children").read_text().split()
    return sum(cpu_seconds(pid) for pid in (master, *children))


def measured(bench, server, jobs_file, *options):
    before = server_cpu(server)
    run = bench.harvest(nginx_environment(server), jobs_file, "--ca-file", server.certificates / "ca.pem", "--connections",
                        16, *options).wait()
    if run.pages < LISTINGS:
        raise RuntimeError(f"only {run.pages} pages came:\n{run.text[-2000:]}")
    return {"pages": run.pages, "new": run.new_posts, "pages_s": run.pages / run.wall,
            "cpu_ms": 1000 * run.cpu / run.pages,
            "store_ms": 1000 * run.seconds_of("unipile-store") / run.pages,
            "net_ms": 1000 * run.seconds_of("unipile") / run.pages,
            "most_s": run.pages / max(run.threads.values()),
            "server_ms": 1000 * (server_cpu(server) - before) / run.pages,
            "cores": run.cpu / run.wall, "server_cores": (server_cpu(server) - before) / run.wall, "mb": run.peak}


def by_place(bench, servers, truth):
    jobs_file = bench.folder / "jobs.csv"
    names = lab.identifiers("t", LISTINGS, LISTINGS)
    jobs_file.write_text("account,identifier\n" + "".join(f"account{i % 64},{name}\n" for i, name in enumerate(names)))
    wanted = lab.expected(truth, names)
    places = {"on disk": bench.disk, "in memory": bench.memory}
    kinds = {"first harvest": (), "everything again": ("--full",)}
    results = {key: [] for key in itertools.product(servers, places, kinds)}
    for turn in range(bench.arguments.rounds):
        for pages, place in itertools.product(servers, places):
            bench.store = places[place]
            bench.fresh_store()
            for kind, options in kinds.items():
                row = measured(bench, servers[pages], jobs_file, *options)
                new = 0 if options else wanted["posts"]
                if (row["pages"], row["new"]) != (wanted["pages"], new):
                    raise RuntimeError(f"{kind}: {row['pages']} pages and {row['new']} new posts, not "
                                       f"{wanted['pages']} and {new}")
                results[pages, place, kind].append(row)
            bench.fresh_store()
        lab.say(f"  round {turn + 1} of {bench.arguments.rounds}")
    rows = {key: lab.medians(each) for key, each in results.items()}
    header = ["", "store", "harvest", "pages/s", "a core for each", "CPU per page", "store's thread",
              "network's thread", "cores busy", "nginx: CPU per page", "cores busy", "peak RSS"]
    return header, [[
        *key, f"{r['pages_s']:,.0f}", f"{r['most_s']:,.0f}",
        f"{r['cpu_ms']:.2f} ms", f"{r['store_ms']:.2f} ms", f"{r['net_ms']:.2f} ms", f"{r['cores']:.2f}",
        f"{r['server_ms']:.2f} ms", f"{r['server_cores']:.2f}", f"{r['mb']:.1f} MB"] for key, r in rows.items()]


# ---- the report ------------------------------------------------------------------------------------------------------

ABOUT_QUEUE = (
    "Import is what passes from the program's start until its first request: reading the jobs file and queuing all of it "
    "in a new store. Resume is the same command again, with the store as it was left. The harvest runs for {seconds:g} s "
    "beyond that, over 8 connections and without a pace, and is interrupted. More accounts have more listings open, up to "
    "10,000 in all. Peaks are VmHWM.")
ABOUT_THREADS = (
    "{listings} listings of {pages} pages through 64 accounts over 16 connections; medians of {rounds} rounds in turns. "
    "The store is written on a thread of its own, one page after the other and durably. With gzip the server sends what "
    "was compressed beforehand: it costs next to nothing, as if it had a machine of its own, and inflating is work for the "
    "network's thread. `--full` is what reads everything again. CPU is user + system of the program's process, with what "
    "the two threads have of it; server and program share the cores. With a core for each thread, the busiest one would "
    "allow that many pages/s.")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=MANY, help="in the long queue")
    parser.add_argument("--seconds", type=float, default=20, help="that a harvest of a queue may take")
    parser.add_argument("--parts", default="01", help="which of the two tables")
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    bench = Lab(arguments, build)
    truth = lab.corpus(build, bench.work / "corpus-t", "t", LISTINGS, PAGES)
    lab.quiet()
    text = "# The program\n\n`unipile harvest` against nginx over TLS 1.3 on loopback, pages of 100 posts.\n"
    pages = bench.work / "corpus-t"
    with lab.Nginx(bench.work, pages) as server, lab.Nginx(bench.work, pages, compressed=True) as compressing:
        parts = [
            ("A long queue", ABOUT_QUEUE.format(seconds=arguments.seconds), lambda: by_queue(bench, server)),
            ("Threads", ABOUT_THREADS.format(listings=LISTINGS, pages=PAGES, rounds=arguments.rounds),
             lambda: by_place(bench, {"gzip": compressing, "plain": server}, truth))]
        for index in arguments.parts:
            title, about, part = parts[int(index)]
            lab.say(title)
            header, rows = part()
            print(f"\n{title}\n{lab.plain(header, rows)}")
            text += f"\n## {title}\n\n{about}\n\n{lab.markdown(header, rows)}"
    bench.fresh_store()
    text += "\n" + "\n".join(f"- {name}: {value}" for name, value in lab.machine(build)) + "\n"
    if arguments.parts == "01" and arguments.jobs == MANY:
        lab.RESULTS.mkdir(exist_ok=True)
        (lab.RESULTS / "program.md").write_text(text)


if __name__ == "__main__":
    main()
