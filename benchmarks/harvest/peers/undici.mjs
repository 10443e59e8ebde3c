// undici + JSON.parse.
import { createRequire } from 'node:module';
import { run, task } from './client.mjs';

const { Pool } = createRequire(process.env.BENCH_NODE_MODULES + '/')('undici');
const pool = new Pool(task.url, { connections: task.connections, pipelining: 1, connect: { ca: task.ca } });
const headers = { 'x-api-key': task.key, accept: 'application/json' };

await run(async (identifier, cursor) => {
  const query = `account_id=account&limit=100${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`;
  const path = `/api/v1/users/${encodeURIComponent(identifier)}/posts?${query}`;
  const { statusCode, body } = await pool.request({ method: 'GET', path, headers });
  if (statusCode !== 200) throw new Error(`status ${statusCode}`);
  return JSON.parse(await body.text());
});
