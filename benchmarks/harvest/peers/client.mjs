// What every Node.js client shares: the task, the sums, the report.
import { readFileSync } from 'node:fs';

export const task = {
  url: process.env.BENCH_URL,
  ca: readFileSync(process.env.BENCH_CA),
  key: process.env.UNIPILE_API_KEY,
  identifiers: readFileSync(process.env.BENCH_JOBS, 'utf8').split('\n').filter(Boolean),
  connections: Number(process.env.BENCH_CONNECTIONS ?? 8),
};

const started = process.hrtime.bigint();
const firstMs = [];
const seen = { pages: 0, posts: 0, ids: 0, text: 0, counters: 0 };

function id(value) {
  seen.ids += value.length * 256 + value.charCodeAt(value.length - 1);
}

export function touch(page) {
  seen.pages += 1;
  for (const post of page.items) {
    seen.posts += 1;
    if (post.provider === 'INSTAGRAM') {
      id(post.provider_id);
      seen.text += post.caption ? post.caption.text.length : 0;
      seen.counters += post.like_count + post.comment_count;
    } else {
      id(post.id);
      seen.text += post.text.length;
      seen.counters += post.reaction_counter + post.comment_counter + post.repost_counter;
    }
  }
}

// `fetchPage(identifier, cursor)` gives a parsed page; one walker a connection.
export async function run(fetchPage) {
  let next = 0;
  const walker = async () => {
    while (next < task.identifiers.length) {
      const identifier = task.identifiers[next++];
      let cursor;
      do {
        const asked = performance.now();
        const page = await fetchPage(identifier, cursor);
        firstMs.push(performance.now() - asked);
        touch(page);
        cursor = page.cursor;
      } while (cursor);
    }
  };
  await Promise.all(Array.from({ length: task.connections }, walker));
  const usage = process.resourceUsage();
  const report = {
    ...seen,
    text_unit: 'utf16',
    user: usage.userCPUTime / 1e6,
    system: usage.systemCPUTime / 1e6,
    wall: Number(process.hrtime.bigint() - started) / 1e9,
    rss_kb: Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]),
    ...(process.env.BENCH_FIRST ? { first_ms: firstMs } : {}),
  };
  process.stdout.write(JSON.stringify(report) + '\n', () => process.exit(0));
}
