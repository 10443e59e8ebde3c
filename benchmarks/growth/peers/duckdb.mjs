// DuckDB's appender with the same columns, key and size of transaction: node duckdb.mjs FILE POSTS TEXTS
// TEXTS: a file with a post in each line.
import fs from 'node:fs';
import { createRequire } from 'node:module';

const { DuckDBInstance } = createRequire(process.env.BENCH_NODE_MODULES + '/')('@duckdb/node-api');

const [file, count, texts] = process.argv.slice(2);
const posts = Number(count);
const groupBytes = 2 * 1024 * 1024;
const lines = fs.readFileSync(texts, 'utf8').trimEnd().split('\n');
const parts = lines.map((line) => line.split(JSON.parse(line).id));

function field(name, key) {
  return Number(new RegExp(`^${key}:\\s*(\\d+)`, 'm').exec(fs.readFileSync(`/proc/self/${name}`, 'utf8'))[1]);
}

// Spreads ids over the same range, each once.
function idOf(number) {
  return String(7000000000000000000n + ((BigInt(number) * 0x9e3779b97f4a7c15n) & 0xffffffffffffffffn) % 400000000000000000n);
}

const before = field('io', 'write_bytes');
const db = await DuckDBInstance.create(file, { threads: '1' });
const connection = await db.connect();
await connection.run(`CREATE TABLE posts(provider TEXT NOT NULL, id TEXT NOT NULL, account TEXT NOT NULL,
  identifier TEXT NOT NULL, published BIGINT, first_seen BIGINT, last_seen BIGINT, json TEXT NOT NULL, UNIQUE(id, provider))`);
const tenths = [];
const began = performance.now();
let mark = began;
let bytes = 0;
let group = 0;
let appender;
for (let i = 0; i < posts; ++i) {
  if (group === 0) {
    await connection.run('BEGIN');
    appender = await connection.createAppender('posts');
  }
  const id = idOf(i);
  const json = parts[i % parts.length].join(id);
  appender.appendVarchar('LINKEDIN');
  appender.appendVarchar(id);
  appender.appendVarchar('account');
  appender.appendVarchar('identifier');
  for (let k = 0; k < 3; ++k) appender.appendBigInt(1700000000000n);
  appender.appendVarchar(json);
  appender.endRow();
  bytes += json.length;
  group += json.length;
  if (group >= groupBytes || i + 1 === posts) {
    appender.closeSync();
    await connection.run('COMMIT');
    group = 0;
  }
  while (tenths.length < 10 && i + 1 >= (posts * (tenths.length + 1)) / 10) {
    const now = performance.now();
    tenths.push(Math.round(posts / 10 / ((now - mark) / 1000)));
    mark = now;
  }
}
const wall = (performance.now() - began) / 1000;
await connection.run('CHECKPOINT');
connection.closeSync();
db.closeSync();
console.log(JSON.stringify({ first: { posts, wall, tenths }, json: bytes, written: field('io', 'write_bytes') - before,
  rss_kb: field('status', 'VmHWM') }));
