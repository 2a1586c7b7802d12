// A batch that is killed again and again, and called again each time: what is lost, what is solved or uploaded twice?
// node bench/kill.mjs [--frames 300] [--kills 50] [--seed 1]
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { rolldown } from 'rolldown';
import { decodeLine } from '../dist/pipeline/journal-line.js';
import { writeFrame } from './frames.mjs';
import { table } from './report.mjs';
import { seededRandom } from './sky.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = path.join(root, 'dist/cli/main.js');

/** Makes frames that are solved here: each of another place. */
export async function drawFrames(folder, count) {
  mkdirSync(folder, { recursive: true });
  for (let i = 0; i < count; i++) await writeFrame(path.join(folder, `${String(i).padStart(5, '0')}.fits`), i);
}

/** Makes pictures that a server is asked about: one picture, each with a number behind its end. */
export function copyPictures(folder, count, picture) {
  mkdirSync(folder, { recursive: true });
  const bytes = readFileSync(picture);
  for (let i = 0; i < count; i++) {
    writeFileSync(path.join(folder, `${String(i).padStart(5, '0')}.jpg`), Buffer.concat([bytes, Buffer.from(`${i}`)]));
  }
}

/** One run. It is killed after so many answers and then so many milliseconds; never, if that is left out. */
async function runOnce({ words, env, afterAnswers = Infinity, thenMs = 0 }) {
  const child = spawn(process.execPath, [bin, ...words], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const answers = [];
  let messages = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (messages += text));
  let timer;
  const arm = () => {
    if (timer === undefined && answers.length >= afterAnswers) timer = setTimeout(() => child.kill('SIGKILL'), thenMs);
  };
  arm();
  createInterface({ input: child.stdout }).on('line', (line) => {
    // A line that was cut off by the kill was not given.
    try {
      answers.push(JSON.parse(line));
    } catch {
      return;
    }
    arm();
  });
  const [exitCode, signal] = await new Promise((resolve) => child.on('close', (...how) => resolve(how)));
  clearTimeout(timer);
  return { answers, messages, exitCode, killed: signal === 'SIGKILL' };
}

/**
 * Calls `solve --json --resume` over a folder, kills it at random moments, and in the end lets it finish.
 *
 * @param {{ night: string, state: string, kills: number, seed: number, args: readonly string[], env?: NodeJS.ProcessEnv,
 *   uploads?: () => readonly { subid: number, sha1?: string | undefined }[] }} options `uploads`: what the server has got so far
 * @returns figures; all but `uncertain` and `again` are 0 if nothing is wrong
 */
export async function storm({ night, state, kills, seed, args, env = {}, uploads = () => [] }) {
  const random = seededRandom(seed);
  const files = readdirSync(night).map((name) => path.join(night, name));
  const words = ['--json', '--resume', ...args, night];
  const environment = { ...process.env, ...env, XDG_STATE_HOME: state };
  /** Files that were answered without being known before, over all runs. */
  const fresh = new Map();
  // A journal may be written anew without lines that count no more, so they are gathered after each run.
  const lines = new Set();
  const look = () => {
    const folder = path.join(state, 'starfix', 'journals');
    for (const name of readdirSync(folder).filter((entry) => entry.endsWith('.journal'))) {
      for (const line of readFileSync(path.join(folder, name), 'latin1').split('\n')) lines.add(line);
    }
  };
  const count = (answers) => {
    for (const { file, resumed } of answers) if (resumed !== true) fresh.set(file, (fresh.get(file) ?? 0) + 1);
  };
  const start = performance.now();
  let killed = 0;
  for (let i = 0; i < kills; i++) {
    // By an answer, so that there is progress on a machine of any speed; or at once, while the program starts.
    const known = fresh.size;
    const early = random() < 0.25;
    const ran = await runOnce({
      words,
      env: environment,
      afterAnswers: early ? 0 : known + Math.floor(1 + random() * (files.length / kills) * 1.5),
      thenMs: random() * (early ? 400 : 60),
    });
    count(ran.answers);
    if (ran.killed) killed++;
    try {
      look();
    } catch (error) {
      // Killed before there was one.
      if (error.code !== 'ENOENT') throw error;
    }
  }
  const last = await runOnce({ words, env: environment });
  count(last.answers);
  look();
  const given = new Map();
  for (const { file } of last.answers) given.set(file, (given.get(file) ?? 0) + 1);
  const records = [...lines].map((line) => decodeLine(Buffer.from(line, 'latin1'))).filter(Boolean);
  return {
    frames: files.length,
    kills: killed,
    seconds: (performance.now() - start) / 1000,
    exitCode: last.exitCode,
    messages: last.messages,
    lost: files.filter((file) => given.get(file) !== 1).length,
    statuses: Object.fromEntries(
      [...new Set(last.answers.map(({ status }) => status))].map((status) => [
        status,
        last.answers.filter((answer) => answer.status === status).length,
      ]),
    ),
    /** Images whose answer was found, recorded, and found once more. */
    twice: moreThanOne(records, ({ type }) => type === 'solved' || type === 'unsolved'),
    /** Images that were given as new by more than one run. */
    givenTwice: [...fresh.values()].filter((times) => times > 1).length,
    /** Images that were begun more than once: killed at work. */
    again: moreThanOne(records, ({ type }) => type === 'running'),
    ...uploadFigures(files, records, uploads()),
  };
}

function moreThanOne(records, isSo) {
  const counts = new Map();
  for (const record of records) if (isSo(record)) counts.set(record.id, (counts.get(record.id) ?? 0) + 1);
  return [...counts.values()].filter((times) => times > 1).length;
}

/**
 * Of each image the server has the uploads in their order, and the journal the numbers that it was told. Nothing may be sent
 * once a number is on the disk, so the one number in the journal is that of the last upload; those before it came to the
 * server, and the process was killed before the reply or before the line was on the disk.
 */
function uploadFigures(files, records, uploads) {
  const recorded = new Map();
  const contents = new Map();
  for (const record of records) {
    if (record.type === 'queued') contents.set(record.sha256, record.id);
    if (record.type !== 'uploaded') continue;
    if (!recorded.has(record.id)) recorded.set(record.id, new Set());
    recorded.get(record.id).add(record.submissionId);
  }
  let repeated = 0;
  let uncertain = 0;
  for (const file of uploads.length === 0 ? [] : files) {
    const bytes = readFileSync(file);
    const sha1 = createHash('sha1').update(bytes).digest('hex');
    const id = contents.get(createHash('sha256').update(bytes).digest('hex'));
    const sent = uploads.filter((upload) => upload.sha1 === sha1).map(({ subid }) => subid);
    const known = recorded.get(id) ?? new Set();
    if (known.size !== 1 || !known.has(sent.at(-1))) repeated++;
    uncertain += sent.length - 1;
  }
  return { uploads: uploads.length, repeated, uncertain };
}

/** The test server: it is written in TypeScript. */
async function startNova(folder) {
  const bundle = await rolldown({
    input: ['nova-server', 'solved-job'].map((name) => path.join(root, `test/helpers/${name}.ts`)),
    platform: 'node',
    logLevel: 'silent',
  });
  await bundle.write({ dir: folder, entryFileNames: '[name].mjs' });
  const load = (name) => import(pathToFileURL(path.join(folder, name)).href);
  return (await load('nova-server.mjs')).NovaServer.start();
}

/** The measurement of the README. */
export async function kills({ frames = 300, kills: wanted = 50, seed = 1 } = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), 'starfix-bench-'));
  const threads = String(Math.min(4, availableParallelism()));
  console.log(`\n## Batches that are killed again and again (load ${loadavg()[0].toFixed(1)})\n`);
  try {
    await drawFrames(path.join(folder, 'here'), frames);
    const here = await storm({
      night: path.join(folder, 'here'),
      state: path.join(folder, 'state here'),
      kills: wanted,
      seed,
      args: ['-j', threads, '--engine', 'embedded'],
    });
    const nova = await startNova(folder);
    nova.onUpload = ({ subid }) => nova.solve(subid, subid + 100_000, ['solving', 'failure']);
    // Long enough for a kill to come between an upload and its reply.
    nova.latencyMs = 40;
    copyPictures(path.join(folder, 'nova'), frames, path.join(root, 'fixtures/nova/products/image_1.bin'));
    const keyFile = path.join(folder, 'key');
    writeFileSync(keyFile, 'novatestkeyabcde', { mode: 0o600 });
    const asked = ['--engine', 'nova', '--upload', 'image', '--server', nova.url, '--api-key-file', keyFile];
    const there = await storm({
      night: path.join(folder, 'nova'),
      state: path.join(folder, 'state nova'),
      kills: wanted,
      seed,
      args: [...asked, '--poll', '0.05', '-j', '3'],
      env: { XDG_CACHE_HOME: path.join(folder, 'cache') },
      uploads: () => nova.uploads,
    });
    await nova.close();
    table(
      [
        'engine',
        'images',
        'kills',
        'lost',
        'answered twice',
        'begun again',
        'uploads',
        'repeated, number known',
        'repeated, number unknown',
        's',
      ],
      [
        ['embedded', here],
        ['nova', there],
      ].map(([name, ran]) => [
        name,
        ran.frames,
        ran.kills,
        ran.lost,
        ran.twice + ran.givenTwice,
        ran.again,
        ran.uploads,
        ran.repeated,
        ran.uncertain,
        ran.seconds.toFixed(0),
      ]),
    );
    for (const { messages } of [here, there]) if (messages !== '') console.log(`\n${messages.trimEnd()}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const number = { type: 'string' };
  const { values } = parseArgs({ options: { frames: number, kills: number, seed: number } });
  const { frames = 300, kills: wanted = 50, seed = 1 } = values;
  await kills({ frames: Number(frames), kills: Number(wanted), seed: Number(seed) });
  process.exit();
}
