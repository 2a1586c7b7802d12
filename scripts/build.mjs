// Builds dist/: types and modules by tsc, then the command line bundled into few files, since each module costs
// a program that runs for half a second about a millisecond (docs/decisions/bundled-cli.md).
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);

// Built aside and then moved, so that whoever runs the program meanwhile always finds a whole one.
const made = `temp/build-${process.pid}`;
const tsc = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json', '--outDir', made], {
  stdio: 'inherit',
});
if (tsc.status !== 0) {
  rmSync(made, { recursive: true, force: true });
  process.exit(tsc.status ?? 1);
}

// All files land in dist/cli itself: what they find by a path relative to themselves (data/, package.json, threads)
// is as far away as from dist/<room>/.
const bundle = await rolldown({
  input: { main: `${made}/cli/main.js`, 'solver-thread': `${made}/pipeline/solver-thread.js` },
  platform: 'node',
  // Native code and its loader; the pool, which starts its own files as threads; what ships no licence to copy along;
  // what only those need who name a Redis server, and which finds its scripts by its own folder.
  external: [/^(?:sharp|tinypool|fits-reader|saxes|bullmq|ioredis)(?:\/|$)/],
});
const { output } = await bundle.generate({ format: 'esm', chunkFileNames: '[name]-[hash].js' });
await bundle.close();
rmSync(`${made}/cli`, { recursive: true });
mkdirSync(`${made}/cli`);
const packages = new Set();
for (const chunk of output) {
  if (chunk.type !== 'chunk') continue;
  writeFileSync(`${made}/cli/${chunk.fileName}`, chunk.code);
  for (const id of chunk.moduleIds) {
    const name = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(id)?.[1];
    if (name !== undefined) packages.add(name);
  }
}
chmodSync(`${made}/cli/main.js`, 0o755);
// Whose code is in the bundle: their licences ask to be shipped along.
for (const name of packages) {
  const licence = readdirSync(`node_modules/${name}`).find((file) => /^licen[cs]e(?:\.|$)/i.test(file));
  if (licence === undefined) throw new Error(`${name} is in the bundle and ships no licence`);
  copyFileSync(`node_modules/${name}/${licence}`, `${made}/cli/${name.replace('/', '-')}.LICENSE`);
}

if (existsSync('dist')) renameSync('dist', `${made}-old`);
renameSync(made, 'dist');
rmSync(`${made}-old`, { recursive: true, force: true });
