import { execFile, spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { FAULTS } from '../../src/errors.ts';
import { recordedServer } from '../helpers/recorded-server.ts';
import { NO_REDIS, RedisServer } from '../helpers/redis-server.ts';
import { PICTURE, solveLikeRecorded } from '../helpers/solved-job.ts';
import { API_KEY } from '../session/set-up.ts';
import { fixture, ROOT, run, scratchFolder } from './program.ts';

const exec = promisify(execFile);
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');

/** The blocks of code in one language. */
function blocks(language: string): string[] {
  return [...README.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\``, 'gm'))].map((match) => match[1]!);
}

/** Runs a line of shell as a user would. */
async function shell(
  line: string,
  cwd: string,
  env: NodeJS.ProcessEnv = {},
): Promise<{ stdout: string; stderr: string }> {
  return exec('bash', ['-c', line], {
    cwd,
    env: { ...process.env, npm_config_prefer_offline: 'true', npm_config_yes: 'true', ...env },
  });
}

/** The snippets, in the order of the README. */
const [FIRST, TESTS, USE, FILES, PICTURES, SERVER, NIGHT, MACHINES, INDEXES, TROUBLE, COMPLETION] = blocks('sh') as [
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
];

test('every shell snippet is one of those that run below', () => {
  expect(blocks('sh')).toHaveLength(11);
});

test('the first command solves a photograph and prints what the README shows', { timeout: 120_000 }, async () => {
  const install = 'npm ci && ';
  expect(FIRST.startsWith(install)).toBe(true);
  // npm ci has been done, or this test would not run; it would pull the ground from under the others.
  const { stdout } = await shell(FIRST.slice(install.length), ROOT);
  const image = FIRST.trim().split(' ').at(-1)!;
  expect(existsSync(join(ROOT, image))).toBe(true);
  const [shown] = blocks('text');
  const name = image.split('/').at(-1)!;
  // A pipe gets one line where the README shows the block for a terminal: the centre is in both.
  const [ra, dec] = /([\d.]+) ([+-][\d.]+) deg \(ICRS\)/.exec(shown!)!.slice(1).map(Number);
  const printed = /ra ([\d.]+) dec ([+-][\d.]+)/.exec(stdout)!.slice(1).map(Number);
  expect(stdout).toContain(`${name}: solved`);
  expect(printed[0]).toBeCloseTo(ra!, 2);
  expect(printed[1]).toBeCloseTo(dec!, 2);
});

test('the test command is what CI runs', () => {
  expect(TESTS).toBe('npm ci && npm test\n');
  expect(readFileSync(join(ROOT, '.ci/run'), 'utf8')).toContain(`{ ${TESTS.trim()}; }`);
});

const home = scratchFolder();

beforeAll(async () => {
  writeFileSync(join(home, 'package.json'), '{ "name": "somebody", "private": true, "type": "module" }');
  copyFileSync(fixture('synthetic/dev03_flip_1p5.fits'), join(home, 'm31.fits'));
  mkdirSync(join(home, 'night'));
  copyFileSync(fixture('real/cedar_orion2.jpg'), join(home, 'night/a.jpg'));
  copyFileSync(fixture('real/pocs_unsolved.fits'), join(home, 'night/b.fits'));
  const { stdout } = await exec('npm', ['pack', '--ignore-scripts', '--pack-destination', home], { cwd: ROOT });
  const tarball = stdout.trim().split('\n').at(-1)!;
  const [install] = USE.split('\n');
  expect(install).toBe('npm install starfix');
  await shell(install!.replace('starfix', `./${tarball} --no-audit --no-fund`), home);
}, 180_000);

test('the commands run in a project that has the package installed', { timeout: 180_000 }, async () => {
  for (const line of USE.split('\n')
    .slice(1)
    .filter((command) => command !== '')) {
    const { stderr } = await shell(line, home);
    expect(stderr.replaceAll(/^npm .*\n/gm, ''), line).toBe('');
  }
  expect(existsSync(join(home, 'm31.wcs'))).toBe(true);
  const night = readFileSync(join(home, 'night.jsonl'), 'utf8').trim().split('\n');
  expect(night.map((line) => (JSON.parse(line) as { status: string }).status)).toEqual(['solved', 'solved']);
  await shell(COMPLETION, home);
});

describe('a server that answers as the recorded one', () => {
  const user = { HOME: home, XDG_CONFIG_HOME: '', ASTROMETRY_API_KEY: '', AN_API_KEY: '', ASTROMETRY_API_KEY_FILE: '' };

  async function startServer(): Promise<string> {
    const nova = await recordedServer();
    solveLikeRecorded(nova);
    copyFileSync(PICTURE, join(home, 'm31.jpg'));
    return nova.url;
  }

  test('is asked by the commands', { timeout: 180_000 }, async () => {
    const url = await startServer();
    const [login, ...lines] = SERVER.trim().split('\n');
    expect(login).toMatch(/^npx solve login +#/);
    await shell(`echo ${API_KEY} | npx solve login --server ${url}`, home, user);
    for (const line of lines) {
      const [command] = line.split('#');
      const { stdout, stderr } = await shell(`${command} --server ${url}`, home, user);
      expect(stderr.replaceAll(/^npm .*\n/gm, ''), line).toBe('');
      expect(stdout, line).not.toBe('');
    }
    expect(existsSync(join(home, 'products/3.corr'))).toBe(true);
  });

  test('is asked by the program', { timeout: 60_000 }, async () => {
    const url = await startServer();
    const program = blocks('js')[3]!.replace('new Session()', `new Session({ server: '${url}' })`);
    writeFileSync(join(home, 'client.js'), program);
    const { stdout } = await exec(process.execPath, ['client.js'], {
      cwd: home,
      env: { ...process.env, ...user, ASTROMETRY_API_KEY: API_KEY },
    });
    expect(stdout).toMatch(/^job \d+: [\d.]+ [\d.]+\n$/);
    expect(existsSync(join(home, 'm31.corr'))).toBe(true);
  });
});

test('the program in the README prints a centre', { timeout: 60_000 }, async () => {
  writeFileSync(join(home, 'example.js'), blocks('js')[0]!);
  const { stdout } = await exec(process.execPath, ['example.js'], { cwd: home });
  expect(stdout).toMatch(
    /^centre [\d.]+ -?[\d.]+, [\d.]+ arcsec\/pixel\n\d+ stars; the first pixel is at [\d.]+,-?[\d.]+\n$/,
  );
});

test('the commands for files write them', { timeout: 180_000 }, async () => {
  rmSync(join(home, 'm31.wcs'), { force: true });
  for (const line of FILES.trim().split('\n')) await shell(line, home);
  for (const name of ['m31.wcs', 'm31.new', 'm31.stars.csv', 'm31.fits.bak', 'night.csv', 'm31.axy']) {
    expect(existsSync(join(home, name)), name).toBe(true);
  }
  expect(readFileSync(join(home, 'night.csv'), 'utf8').trim().split('\n')).toHaveLength(3);
});

test('the commands for pictures draw them', { timeout: 180_000 }, async () => {
  copyFileSync(PICTURE, join(home, 'm31.jpg'));
  const told: string[] = [];
  for (const line of PICTURES.trim().split('\n')) told.push((await shell(line, home)).stdout);
  expect(readFileSync(join(home, 'm31.annotated.png')).subarray(1, 4).toString()).toBe('PNG');
  expect(readFileSync(join(home, 'm31.svg'), 'utf8')).toMatch(/^(?:<\?xml[^>]*>\s*)?<svg/);
  expect(told[2]).toContain('M 31');
  writeFileSync(join(home, 'pictures.js'), blocks('js')[2]!);
  const { stdout } = await exec(process.execPath, ['pictures.js'], { cwd: home });
  expect(stdout).toMatch(/^Alioth at [\d.]+, [\d.]+$/m);
  expect(existsSync(join(home, 'named.png')) && existsSync(join(home, 'overlay.svg'))).toBe(true);
});

test('the commands about index files and about trouble tell something', { timeout: 180_000 }, async () => {
  for (const line of [...INDEXES.trim().split('\n'), ...TROUBLE.trim().split('\n')]) {
    // Files that are missing are told by status 1.
    const { stdout } = await shell(line, home).catch((error: { code?: number; stdout: string; stderr: string }) => {
      if (error.code === 1 && line.includes('recommend')) return error;
      throw error;
    });
    expect(stdout, line).not.toBe('');
  }
});

test('the program for files writes them', { timeout: 60_000 }, async () => {
  writeFileSync(join(home, 'files.js'), blocks('js')[1]!);
  const { stdout } = await exec(process.execPath, ['files.js'], { cwd: home });
  expect(stdout).toMatch(/^\d+ cards went, \d+ came\n$/);
  for (const name of ['solved.fits', 'pairs.corr', 'stars.axy', 'stars.csv']) {
    expect(existsSync(join(home, name)), name).toBe(true);
  }
});

/** Runs a line that does not end by itself, until it has said something. Ends it as Ctrl-C does. */
async function until(line: string, said: RegExp, cwd: string): Promise<() => Promise<string>> {
  const child = spawn('bash', ['-c', `exec ${line.split('#')[0]}`], { cwd, detached: true });
  let err = '';
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.stdout.resume();
  await new Promise<void>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text;
      if (said.test(err)) resolve();
    });
    child.once('close', () => reject(new Error(`${line}: ${err}`)));
  });
  return async () => {
    process.kill(-child.pid!, 'SIGINT');
    await ended;
    return err;
  };
}

test('the commands for a night solve it, and tell what became of it', { timeout: 180_000 }, async () => {
  const [watch, ...lines] = NIGHT.trim().split('\n');
  const stop = await until(watch!, /looked at; waiting for more/, home);
  // Two were answered by the batch above; their files are written all the same.
  copyFileSync(fixture('real/cedar_orion_belt.jpg'), join(home, 'night/c.jpg'));
  await expect.poll(() => readdirSync(join(home, 'solved')).length, { timeout: 60_000 }).toBe(3);
  expect(await stop()).toMatch(/^night: watched for .*: 1 solved .*, 2 answered before/m);
  const told: string[] = [];
  for (const line of lines) told.push(Object.values(await shell(line, home)).join(''));
  expect(told[0]).toMatch(/night: 3 solved\n {2}last run: solve watch .*, ended /);
  expect(told[1]).toContain('night: nothing to try again');
  expect(told[2]).toContain('no run was interrupted');
});

test.skipIf(NO_REDIS !== undefined)('the commands for many machines share a queue', { timeout: 180_000 }, async () => {
  const redis = await RedisServer.start();
  try {
    const [work, submit] = MACHINES.replaceAll('redis://127.0.0.1:6379', redis.url).trim().split('\n');
    const stop = await until(work!, /starfix/, home);
    const { stdout } = await shell(submit!, home);
    expect(stdout.match(/: solved: /g)).toHaveLength(3);
    expect(await stop()).toMatch(/c\.jpg: solved: /);
  } finally {
    await redis.close();
  }
});

test('the line of JSON in the README has the fields that are printed', async () => {
  const shown = JSON.parse(blocks('json')[0]!) as Record<string, unknown>;
  const { out } = await run(['--json', '--tweak-order', '0', fixture('real/cedar_orion_belt.jpg')]);
  expect(Object.keys(shown)).toEqual(Object.keys(JSON.parse(out) as object));
});

test('the table of faults is that of the code', () => {
  const table = /<!-- faults[^>]*-->([^]*?)<!-- \/faults -->/.exec(README)![1]!;
  const rows = [...table.matchAll(/^\| `(\w+)` +\| (\d+) +\| (.*?) +\|$/gm)].map(([, ...cells]) => cells);
  expect(rows).toEqual(Object.entries(FAULTS).map(([code, { exit, remedy }]) => [code, String(exit), remedy]));
});

test('the public surface is documented throughout', () => {
  const report = readFileSync(join(ROOT, 'docs/starfix.api.md'), 'utf8').split('\n');
  expect(report.filter((_, i) => report[i - 1]?.includes('(undocumented)'))).toEqual([]);
});

test('links between the documents lead somewhere', () => {
  for (const [, target] of README.matchAll(/\]\((?!https?:)([^)#]+)/g)) {
    expect(existsSync(join(ROOT, target!)), target).toBe(true);
  }
});
