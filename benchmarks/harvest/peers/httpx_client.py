"""Python httpx, asyncio, one client with a pool; pages through the standard library's json."""
import asyncio
import json
import os
import resource
import ssl
import time

import httpx

STARTED = time.monotonic()
URL = os.environ["BENCH_URL"]
CONNECTIONS = int(os.environ.get("BENCH_CONNECTIONS", "8"))
FIRST_MS = []
SEEN = {"pages": 0, "posts": 0, "ids": 0, "text": 0, "counters": 0}


def touch(page):
    ids = text = counters = 0
    for post in page["items"]:
        if post["provider"] == "INSTAGRAM":
            identity = post["provider_id"]
            caption = post.get("caption")
            text += len(caption["text"]) if caption else 0
            counters += post["like_count"] + post["comment_count"]
        else:
            identity = post["id"]
            text += len(post["text"])
            counters += post["reaction_counter"] + post["comment_counter"] + post["repost_counter"]
        ids += len(identity) * 256 + ord(identity[-1])
    SEEN["pages"] += 1
    SEEN["posts"] += len(page["items"])
    SEEN["ids"] += ids
    SEEN["text"] += text
    SEEN["counters"] += counters


async def walk(client, identifiers):
    for identifier in identifiers:
        params = {"account_id": "account", "limit": "100"}
        while True:
            asked = time.monotonic()
            answer = await client.get(f"/api/v1/users/{identifier}/posts", params=params)
            answer.raise_for_status()
            page = json.loads(answer.content)
            FIRST_MS.append(1000 * (time.monotonic() - asked))
            touch(page)
            if not page["cursor"]:
                break
            params["cursor"] = page["cursor"]


def peak_rss_kb():
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))


async def main():
    with open(os.environ["BENCH_JOBS"], encoding="utf-8") as jobs:
        identifiers = iter([line.strip() for line in jobs if line.strip()])
    context = ssl.create_default_context(cafile=os.environ["BENCH_CA"])
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS, keepalive_expiry=60)
    headers = {"X-API-KEY": os.environ["UNIPILE_API_KEY"], "Accept": "application/json"}
    async with httpx.AsyncClient(base_url=URL, verify=context, limits=limits, headers=headers, timeout=60) as client:
        await asyncio.gather(*(walk(client, identifiers) for _ in range(CONNECTIONS)))
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({**SEEN, "text_unit": "code_points", "user": usage.ru_utime, "system": usage.ru_stime,
                      "wall": time.monotonic() - STARTED, "rss_kb": peak_rss_kb(),
                      **({"first_ms": FIRST_MS} if os.environ.get("BENCH_FIRST") else {})}))


asyncio.run(main())
