"""How fast a harvest becomes durable, against a bare loop of prepared inserts; what a long queue costs the store."""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from common import lab  # noqa: E402

# A harvest does more for each row than an insert: it must keep this share of the bare loop's pace.
TARGET = 0.7


def turn(build, what, count):
    folder = build / "benchmarks/work"
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run([build / "benchmarks/store/bench_store", what, folder, str(count)], check=True,
                          capture_output=True, text=True, timeout=1800)
    return json.loads(done.stdout)


def posts_table(turns, count):
    names = {"bare": "bare prepared inserts", "first": "store, first harvest", "again": "store, nothing has changed"}
    rows = []
    for key, name in names.items():
        rates = [count / t[key]["wall"] for t in turns]
        cpu = statistics.median(t[key]["cpu"] for t in turns) / count * 1e6
        ratios = [t["bare"]["wall"] / t[key]["wall"] for t in turns]
        rows.append([name, f"{statistics.median(rates):,.0f}", f"{cpu:.1f} µs", f"{statistics.median(ratios):.2f}",
                     f"{min(ratios):.2f} to {max(ratios):.2f}"])
    return ["", "posts/s", "CPU per post", "× bare, median of the turns", "from turn to turn"], rows


def jobs_table(build, counts):
    rows = []
    for count in counts:
        r = turn(build, "jobs", count)
        rows.append([f"{count:,}", f"{r['add_s']:.2f} s", f"{r['claim_us']:.1f} µs", f"{r['count_ms']:.1f} ms",
                     f"{r['rss_kb'] / 1024:.1f} MB"])
    return ["jobs", "added in", "a claim", "counted in", "peak RSS"], rows


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--posts", type=int, default=50_000)
    parser.add_argument("--jobs", type=int, default=1_000_000, help="in the long queue")
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    lab.quiet()
    turns = []
    for number in range(arguments.rounds):
        turns.append(turn(build, "posts", arguments.posts))
        lab.say(f"round {number + 1} of {arguments.rounds}: {turns[-1]['bare']['wall'] / turns[-1]['first']['wall']:.2f}")
    posts = posts_table(turns, arguments.posts)
    jobs = jobs_table(build, (1_000, arguments.jobs))
    ratio = statistics.median(t["bare"]["wall"] / t["first"]["wall"] for t in turns)
    size = turns[0]["bytes"] / arguments.posts
    speed = statistics.median(t["bytes"] / t["fingerprints"] for t in turns) / 1e6
    print(lab.plain(*posts), lab.plain(*jobs), f"first harvest against bare: {ratio:.2f}", sep="\n\n")
    text = (
        f"# Store\n\n## Posts\n\n{arguments.posts:,} posts of {size:,.0f} bytes, {arguments.rounds} rounds in turns, into a "
        "new SQLite file each. The bare loop inserts the same rows with the same key, durability, page size and size of "
        "transaction, and does nothing else; the store hashes each post, keeps where its listing has it, and moves the "
        f"job on with every page. At least {TARGET} of the bare pace is wanted; it is **{ratio:.2f}**.\n\n"
        f"{lab.markdown(*posts)}\n## Jobs\n\nA queue of jobs of 1,000 accounts, added 50,000 at a time, sorted by account, as the program does.\n\n"
        f"{lab.markdown(*jobs)}\n- hashes: {speed:,.0f} MB/s\n- SQLite: {turns[0]['sqlite']}\n" +
        "\n".join(f"- {name}: {value}" for name, value in lab.machine(build)) + "\n")
    lab.RESULTS.mkdir(exist_ok=True)
    (lab.RESULTS / "store.md").write_text(text)


main()
