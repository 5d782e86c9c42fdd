// The benchmark rows with sockets and processes in Node.
//
// usage: node node_io.mjs serve      prints its port, and echoes until it is killed
//        node node_io.mjs ROW N      prints one line of JSON
//
// The same programs as the other files here; see ../README.md for what each row is.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';

const AT_A_TIME = 8;
const BIG = 2 ** 30;

function serve() {
  const server = createServer({ noDelay: true }, (socket) => socket.pipe(socket));
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
}

// Each row gives a function, which is measured; it does n operations.

async function spawnOneByOne(n) {
  for (let i = 0; i < n; i++) {
    const [code] = await once(spawn('true', { stdio: 'inherit' }), 'exit');
    if (code !== 0) throw new Error('true has failed');
  }
}

const rows = {
  sub_seq: () => spawnOneByOne,

  sub_8: () => (n) => Promise.all(Array.from({ length: AT_A_TIME }, () => spawnOneByOne(Math.floor(n / AT_A_TIME)))),

  sub_capture: () => async (n) => {
    const child = spawn('head', ['-c', String(n), '/dev/zero'], { stdio: ['inherit', 'pipe', 'inherit'] });
    const chunks = [];
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    await once(child, 'close');
    if (Buffer.concat(chunks).length !== n) throw new Error('output is missing');
  },

  sub_big: () => {
    const ballast = Buffer.alloc(BIG, 'x');
    return async (n) => {
      await spawnOneByOne(n);
      if (ballast.length !== BIG) throw new Error('the ballast is gone');
    };
  },
};

async function measure(name, n) {
  const run = rows[name]();
  const wallStart = process.hrtime.bigint();
  const cpuStart = process.cpuUsage();
  await run(n);
  const { user, system } = process.cpuUsage(cpuStart);
  const wall = Number(process.hrtime.bigint() - wallStart);
  console.log(JSON.stringify({ row: name, n, cpu_ns: ((user + system) * 1e3) / n, wall_ns: wall / n }));
}

const [name, count] = process.argv.slice(2);
if (name === 'serve') {
  serve();
} else if (name in rows && Number(count) > 0) {
  await measure(name, Number(count));
} else {
  console.error(`usage: node node_io.mjs serve, or ROW N\nrows: ${Object.keys(rows).join(' ')}`);
  process.exit(1);
}
