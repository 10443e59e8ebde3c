// unipile-node-sdk as its documentation shows it. NODE_EXTRA_CA_CERTS names the CA.
import { createRequire } from 'node:module';
import { run, task } from './client.mjs';

const { UnipileClient } = createRequire(process.env.BENCH_NODE_MODULES + '/')('unipile-node-sdk');
const client = new UnipileClient(task.url, task.key);

await run((identifier, cursor) =>
  client.users.getAllPosts({ account_id: 'account', identifier, limit: 100, ...(cursor ? { cursor } : {}) }));
