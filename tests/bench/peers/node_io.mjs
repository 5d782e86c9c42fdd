// The benchmark rows with sockets and processes in Node.
//
// usage: node node_io.mjs serve      prints its port, and echoes until it is killed
//        node node_io.mjs http       the same, and answers HTTP
//        node node_io.mjs ROW N      prints one line of JSON
//
// The same programs as the other files here; see ../README.md for what each row is.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { Worker } from 'node:worker_threads';

const AT_A_TIME = 8;
const BIG = 2 ** 30;

const echoServer = () => createServer({ noDelay: true }, (socket) => socket.pipe(socket));

// Node has a server of its own for that; nobody writes one by hand.
const httpServer = () =>
  createHttpServer((request, response) => {
    const found = request.method === 'GET' && request.url === '/';
    const body = found ? 'Hello, world!\n' : 'Not found\n';
    response.writeHead(found ? 200 : 404, { 'Content-Type': 'text/plain', 'Content-Length': body.length });
    response.end(body);
  });

function serve(server) {
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
}

// Each row gives a function, which is measured; it does n operations.

async function spawnOneByOne(n) {
  for (let i = 0; i < n; i++) {
    const [code] = await once(spawn('true', { stdio: 'inherit' }), 'exit');
    if (code !== 0) throw new Error('true has failed');
  }
}

// A worker that computes as many steps as each message says; 0 is answered at once.
const COMPUTING = `
  const { parentPort } = require('node:worker_threads');
  parentPort.on('message', (n) => {
    let x = 1;
    for (let i = 0; i < n; i++) x = (x * 16807) % 2147483647;
    parentPort.postMessage(n + 1);
  });`;

async function ask(worker, n) {
  worker.postMessage(n);
  const answer = await new Promise((resolve) => worker.once('message', resolve));
  if (answer !== n + 1) throw new Error('wrong answer');
}

const withBallast = (size) => () => {
  const ballast = Buffer.alloc(size, 'x');
  return async (n) => {
    await spawnOneByOne(n);
    if (ballast.length !== size) throw new Error('the ballast is gone');
  };
};

const rows = {
  offload: async () => {
    const worker = new Worker(COMPUTING, { eval: true });
    worker.unref();
    await ask(worker, 0); // which waits until it runs
    return async (n) => {
      for (let i = 0; i < n; i++) await ask(worker, 0);
    };
  },

  parallel2: () => async (n) => {
    const workers = [0, 1].map(() => new Worker(COMPUTING, { eval: true }));
    await Promise.all(workers.map((worker) => ask(worker, 1e6)));
    const begun = process.hrtime.bigint();
    await ask(workers[0], n);
    const one = process.hrtime.bigint();
    await Promise.all(workers.map((worker) => ask(worker, n)));
    const two_to_one = Number(process.hrtime.bigint() - one) / Number(one - begun);
    for (const worker of workers) await worker.terminate();
    return { two_to_one };
  },

  sub_seq: () => spawnOneByOne,

  sub_8: () => (n) => Promise.all(Array.from({ length: AT_A_TIME }, () => spawnOneByOne(Math.floor(n / AT_A_TIME)))),

  sub_capture: () => async (n) => {
    const child = spawn('head', ['-c', String(n), '/dev/zero'], { stdio: ['inherit', 'pipe', 'inherit'] });
    const chunks = [];
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    await once(child, 'close');
    if (Buffer.concat(chunks).length !== n) throw new Error('output is missing');
  },

  sub_big: withBallast(BIG),
  sub_big100m: withBallast(100 * 2 ** 20),
  sub_big10m: withBallast(10 * 2 ** 20),
};

// The most bytes that were ever resident; null where there is no /proc.
function peak() {
  try {
    return Number(readFileSync('/proc/self/status', 'ascii').match(/VmHWM:\s*(\d+) kB/)[1]) * 1024;
  } catch {
    return null;
  }
}

async function measure(name, n) {
  const run = await rows[name]();
  const wallStart = process.hrtime.bigint();
  const cpuStart = process.cpuUsage();
  const more = await run(n);
  const { user, system } = process.cpuUsage(cpuStart);
  const wall = Number(process.hrtime.bigint() - wallStart);
  const result = { row: name, n, cpu_ns: ((user + system) * 1e3) / n, wall_ns: wall / n, peak_rss: peak(), ...more };
  console.log(JSON.stringify(result));
}

const [name, count] = process.argv.slice(2);
if (name === 'serve') {
  serve(echoServer());
} else if (name === 'http') {
  serve(httpServer());
} else if (name in rows && Number(count) > 0) {
  await measure(name, Number(count));
} else {
  console.error(`usage: node node_io.mjs serve, or ROW N\nrows: ${Object.keys(rows).join(' ')}`);
  process.exit(1);
}
