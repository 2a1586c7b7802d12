// Uploads to a server in another process, which counts and hashes and keeps nothing: memory for a large file, speed
// beside curl, bytes of a source list beside those of the image.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { quantile, table } from './report.mjs';

const GB = 2 ** 30;
const MB = 2 ** 20;

/** A server that takes uploads as nova does. */
const SERVER = `
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
const server = createServer(async (request, response) => {
  // The file of a form: what stands behind the second empty line and before the last boundary.
  const edge = Buffer.byteLength('\\r\\n--' + /boundary=(.*)/.exec(request.headers['content-type'] ?? '')?.[1] + '--\\r\\n');
  const hash = createHash('sha1');
  let left = Number(request.headers['content-length']);
  let head = Buffer.alloc(0);
  let inside = false;
  for await (const chunk of request) {
    left -= chunk.length;
    let piece = chunk;
    if (!inside) {
      head = Buffer.concat([head, chunk]);
      const at = head.indexOf('\\r\\n\\r\\n', head.indexOf('name="file"'));
      if (head.indexOf('name="file"') < 0 || at < 0) continue;
      inside = true;
      piece = head.subarray(at + 4);
    }
    const over = Math.max(0, edge - left);
    hash.update(over > 0 ? piece.subarray(0, Math.max(0, piece.length - over)) : piece);
  }
  const answer = request.url === '/api/login'
    ? { status: 'success', message: 'authenticated user: bench', session: 'abcdefghijklmnopqrstuvwxyz012345' }
    : { status: 'success', subid: 1, hash: hash.digest('hex') };
  response.writeHead(200, { 'content-type': 'text/plain' });
  response.end(JSON.stringify(answer));
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
`;

/** Uploads a file, or only gets ready to, and tells the peak of its memory. */
const CLIENT = `
import { Session, upload } from 'starfix';
const [server, file] = process.argv.slice(1);
const session = new Session({ apiKey: 'benchbenchbench0', server });
await session.login();
const start = performance.now();
if (file) await upload(session, file);
console.log(JSON.stringify({ ms: performance.now() - start, kb: process.resourceUsage().maxRSS }));
`;

const root = fileURLToPath(new URL('..', import.meta.url));

function client(server, ...file) {
  const args = ['--input-type=module', '-e', CLIENT, server, ...file];
  return JSON.parse(execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' }));
}

/** @param images pairs of a name and a path */
export async function uploads(images) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', SERVER], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const folder = mkdtempSync(path.join(tmpdir(), 'starfix-bench-'));
  try {
    const port = await new Promise((resolve) => child.stdout.once('data', (text) => resolve(String(text).trim())));
    const server = `http://127.0.0.1:${port}`;
    console.log('\n## Memory of an upload (peak RSS of a process, 3 runs)\n');
    const large = path.join(folder, 'large.fits');
    writeFileSync(large, '');
    truncateSync(large, 2 * GB);
    const idle = [];
    const busy = [];
    for (let i = 0; i < 3; i++) {
      idle.push(client(server).kb / 1024);
      busy.push(client(server, large).kb / 1024);
    }
    const mb = (value) => value.toFixed(0);
    table(
      ['process', 'MB'],
      [
        ['logged in, and nothing else', mb(quantile(idle, 0.5))],
        ['2 GB uploaded', mb(quantile(busy, 0.5))],
        ['more', mb(quantile(busy, 0.5) - quantile(idle, 0.5))],
      ],
    );
    rmSync(large);
    speed(server, folder);
    await bytesOnTheWire(images);
  } finally {
    child.kill();
    rmSync(folder, { recursive: true });
  }
}

function speed(server, folder) {
  console.log('\n## Speed of an upload beside `curl -F` (512 MB to the same server, 5 runs in turn)\n');
  if (spawnSync('curl', ['--version']).status !== 0)
    return console.log('curl is not installed: nothing to compare with');
  const file = path.join(folder, 'half.fits');
  writeFileSync(file, Buffer.alloc(512 * MB, 7));
  const ours = [];
  const curl = [];
  for (let i = 0; i < 5; i++) {
    ours.push(client(server, file).ms);
    const form = ['-s', '-o', '/dev/null', '-w', '%{time_total}', '-F', 'request-json={}', '-F', `file=@${file}`];
    curl.push(1000 * Number(execFileSync('curl', [...form, `${server}/api/upload`], { encoding: 'utf8' })));
  }
  const rate = (times) => ((512 * 1000) / quantile(times, 0.5)).toFixed(0);
  table(
    ['program', 'MB/s (median)'],
    [
      ['starfix', rate(ours)],
      ['curl', rate(curl)],
      ['ratio', (quantile(curl, 0.5) / quantile(ours, 0.5)).toFixed(2)],
    ],
  );
}

async function bytesOnTheWire(images) {
  const { findSources } = await import('../dist/index.js');
  const { encodeSources } = await import('../dist/nova/source-fields.js');
  console.log('\n## Bytes of a source list beside those of the image\n');
  const rows = [];
  for (const [name, file] of images) {
    const list = await findSources(file);
    const bytes = JSON.stringify(encodeSources(list)).length;
    rows.push([name, statSync(file).size, bytes]);
  }
  table(
    ['image', 'image kB', 'sources kB', 'part'],
    rows.map(([name, image, list]) => [
      name,
      (image / 1000).toFixed(0),
      (list / 1000).toFixed(1),
      `${((100 * list) / image).toFixed(1)} %`,
    ]),
  );
  const parts = rows.map(([, image, list]) => list / image);
  console.log(`\na source list has ${(100 * quantile(parts, 0.5)).toFixed(1)} % of the bytes of the image (median)`);
}
