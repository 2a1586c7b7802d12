import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { drawDeepField, drawPatches } from '../../bench/deep-sky.mjs';
import { seededRandom } from '../../bench/sky.mjs';
import { fixture, scratchFolder } from './program.ts';
import { NO_TERMINAL, runOnTerminal } from './pseudo-terminal.ts';
import { newUser } from './user.ts';

if (NO_TERMINAL !== undefined) console.warn(`SKIPPED: ${NO_TERMINAL}`);

const scratch = scratchFolder();
const user = newUser();
const list = join(scratch, 'stars.csv');
const built = join(scratch, 'built');

let server: Server;
let mirror: string;
/** Bytes that go out before the line is cut; then all. */
let cuts: number[] = [];
let asked: string[] = [];

beforeAll(async () => {
  const stars = drawPatches(1, 2, 0.6);
  const rows = [...stars.magnitude].map(
    (mag, i) => `${stars.ra[i]!.toFixed(7)},${stars.dec[i]!.toFixed(7)},${mag.toFixed(3)}`,
  );
  writeFileSync(list, `ra,dec,mag\n${rows.join('\n')}\n`);
  server = createServer((request, response) => {
    asked.push(`${request.url}${request.headers.range === undefined ? '' : ` ${request.headers.range}`}`);
    const name = request.url?.split('/').pop() ?? '';
    const wanted = /^index-5203-\d\d\.fits$/.test(name) ? join(built, 'index-stars-03.fits') : '';
    if (wanted === '' || !existsSync(wanted)) return void response.writeHead(404).end();
    const body = readFileSync(wanted);
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.writeHead(from > 0 ? 206 : 200, {
      'content-length': body.length - from,
      etag: '"one"',
      ...(from > 0 ? { 'content-range': `bytes ${from}-${body.length - 1}/${body.length}` } : {}),
    });
    const cut = cuts.shift();
    if (cut === undefined) return void response.end(body.subarray(from));
    response.write(body.subarray(from, from + cut), () => setTimeout(() => response.destroy(), 50));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  mirror = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mirror`;
  const made = await user.solve(['index', 'build', list, '--preset', '2,3', '--out-dir', built]);
  expect(made).toMatchObject({ code: 0, err: '' });
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const jsonLines = (text: string): Record<string, unknown>[] =>
  text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Record<string, unknown>]));

describe('solve index build', () => {
  test('makes a file for each scale, which list and check know', async () => {
    expect(readdirSync(built)).toEqual(['index-stars-02.fits', 'index-stars-03.fits']);
    const listed = jsonLines((await user.solve(['index', 'list', '--index-dir', built, '--json'])).out);
    expect(listed.map(({ scale }) => scale)).toEqual([2, 3]);
    expect(listed[0]).toMatchObject({ quadsArcmin: [4, 5.6], searched: true, starsPerQuad: 4 });
    const text = await user.solve(['index', 'list', '--index-dir', built]);
    expect(text.out).toMatch(/2 files, [\d.]+ .B\n {2}scale 02 {2}quads 4' to 5.6'/);
    expect(await user.solve(['index', 'check', built])).toMatchObject({ code: 0, err: '' });
  });

  test('replaces nothing unless told to, and says what is wrong with a list', async () => {
    const again = ['index', 'build', list, '--preset', '2', '--out-dir', built];
    expect(await user.solve(again)).toMatchObject({ code: 3, err: expect.stringContaining('already there') });
    expect((await user.solve([...again, '--overwrite'])).code).toBe(0);
    const bad = join(scratch, 'bad.csv');
    writeFileSync(bad, 'ra,dec,mag\n1,2,3\n4,north,5\n');
    const failed = await user.solve(['index', 'build', bad]);
    expect(failed).toMatchObject({ code: 3, err: expect.stringContaining('bad.csv: line 3') });
    expect((await user.solve(['index', 'build', join(scratch, 'none.csv')])).code).toBe(3);
  });

  test('takes sizes in arcmin, and makes one file for each tile that has stars', async () => {
    const out = join(scratch, 'tiles');
    const ended = await user.solve([
      'index',
      'build',
      list,
      '--scale',
      '6-9',
      '--tiles',
      '1',
      '--out-dir',
      out,
      '--json',
    ]);
    expect(ended.code).toBe(0);
    const made = jsonLines(ended.out);
    expect(made.length).toBeGreaterThan(1);
    expect(made.map(({ path }) => path)).toEqual(readdirSync(out).map((name) => join(out, name)));
    for (const { path } of made) expect(path).toMatch(/index-stars-6-9-\d\d\.fits$/);
  });
});

test('solve index check tells each broken file and why, and ends with 3', async () => {
  const folder = mkdtempSync(join(scratch, 'broken-'));
  const bytes = readFileSync(join(built, 'index-stars-02.fits'));
  copyFileSync(join(built, 'index-stars-02.fits'), join(folder, 'index-good.fits'));
  writeFileSync(join(folder, 'index-cut.fits'), bytes.subarray(0, bytes.length - 30_000));
  writeFileSync(join(folder, 'index-page.fits'), '<html>sorry</html>');
  // Stars moved: sizes and tables are right, codes are not.
  const moved = Buffer.from(bytes);
  const at = Math.ceil((moved.indexOf("TTYPE1  = 'kdtree_data_stars'") + 1) / 2880) * 2880;
  for (let i = 0; i < 4000; i++) moved[at + 12 * i + 2]! ^= 255;
  writeFileSync(join(folder, 'index-moved.fits'), moved);
  const ended = await user.solve(['index', 'check', folder, '--json']);
  expect(ended.code).toBe(3);
  const told = Object.fromEntries(jsonLines(ended.out).map((line) => [String(line['path']).replace(/.*\//, ''), line]));
  expect(told['index-good.fits']).toMatchObject({ status: 'ok' });
  for (const [name, fact] of [
    ['index-cut.fits', /ends at byte \d+, the file has \d+|cut/],
    ['index-page.fits', /FITS header/],
    ['index-moved.fits', /have codes that their stars do not have/],
  ] as const) {
    expect(told[name]).toMatchObject({
      status: 'broken',
      error: { code: 'INDEX_CORRUPT', message: expect.stringMatching(fact) },
    });
  }
  const text = await user.solve(['index', 'check', join(folder, 'index-page.fits')]);
  expect(text).toMatchObject({ code: 3, out: '', err: expect.stringContaining('index-page.fits: ') });
});

describe('solve index recommend', () => {
  test('names the files that a field needs, of its part of the sky alone', async () => {
    const args = [
      'index',
      'recommend',
      '--fov',
      '0.3',
      '--ra',
      '10.68',
      '--dec',
      '41.27',
      '--index-dir',
      built,
      '--json',
    ];
    const [all] = jsonLines((await user.solve(args)).out) as [
      { scales: { scale: number; published: { files: string[] }[] }[] },
    ];
    const third = all.scales.find(({ scale }) => scale === 3)!;
    expect(third.published.map(({ files }) => files)).toEqual([['index-5203-01.fits'], ['index-4203-01.fits']]);
  });

  test('ends with 1 where files are missing and with 0 where they are there or not needed', async () => {
    const empty = mkdtempSync(join(scratch, 'empty-'));
    const missing = await user.solve(['index', 'recommend', '--fov', '0.3', '--index-dir', empty]);
    expect(missing).toMatchObject({ code: 1, out: expect.stringContaining('is missing') });
    expect(missing.err).toContain('solve index install --fov 0.3');
    expect((await user.solve(['index', 'recommend', '--fov', '0.3', '--index-dir', built])).code).toBe(0);
    expect((await user.solve(['index', 'recommend', '--fov', '3', '--index-dir', empty])).code).toBe(0);
  });

  test('takes width and place from an image', async () => {
    const ended = await user.solve([
      'index',
      'recommend',
      '--like',
      fixture('synthetic/dev30_portrait_seestar.fits.gz'),
      '--json',
    ]);
    if (ended.code === 2) expect(ended.err).toContain('give --fov DEG');
    else expect(jsonLines(ended.out)[0]).toMatchObject({ bundled: true });
  });
});

describe('solve index install', () => {
  const install = (out: string, ...more: string[]) =>
    user.solve(['index', 'install', '5203-19', '--mirror', mirror, '--out-dir', out, ...more]);

  test('fetches nothing without consent', async () => {
    asked = [];
    const out = join(scratch, 'unasked');
    expect(await install(out)).toMatchObject({ code: 2, err: expect.stringContaining('--yes') });
    expect(asked).toEqual([]);
    expect(existsSync(out)).toBe(false);
  });

  test.skipIf(NO_TERMINAL !== undefined).each([
    ['no', 2, false],
    ['y', 0, true],
  ] as const)('asks on a terminal: %s', async (answer, code, there) => {
    const out = join(scratch, `asked-${answer}`);
    cuts = [];
    const args = ['index', 'install', '5203-19', '--mirror', mirror, '--out-dir', out];
    const ended = await runOnTerminal(args, { question: '[y/N]', answer: `${answer}\r` }, { HOME: user.home });
    expect(ended).toMatchObject({ code, showsAfter: true });
    expect(ended.shown).toContain('index-5203-19.fits, about 51 MB');
    expect(existsSync(join(out, 'index-5203-19.fits'))).toBe(there);
  });

  test('fetches, goes on where the line was cut, checks, and does not fetch twice', async () => {
    asked = [];
    cuts = [70_000, 70_000];
    const out = join(scratch, 'installed');
    const ended = await install(out, '--yes', '--json');
    expect(ended.code).toBe(0);
    expect(jsonLines(ended.out)).toEqual([
      expect.objectContaining({ file: 'index-5203-19.fits', status: 'installed' }),
    ]);
    expect(readdirSync(out)).toEqual(['index-5203-19.fits']);
    expect(readFileSync(join(out, 'index-5203-19.fits')).equals(readFileSync(join(built, 'index-stars-03.fits')))).toBe(
      true,
    );
    expect(asked.filter((line) => / bytes=[1-9]/.test(line)).length).toBeGreaterThan(0);
    expect(asked).toContain('/mirror/5200/SHA256SUMS');
    asked = [];
    expect(await install(out, '--yes')).toMatchObject({
      code: 0,
      err: expect.stringContaining('all 1 files are there'),
    });
    expect(asked).toEqual([]);
  });

  test('goes on in a later run with what an interrupted one has got', async () => {
    const out = join(scratch, 'interrupted');
    mkdirSync(out);
    const args = ['index', 'install', '5203-19', '--mirror', mirror, '--out-dir', out, '--yes'];
    // The line stays open after the first bytes: what has come is on the disk, and Ctrl-C ends the rest.
    const slow = createServer((request, response) => {
      if (request.url?.endsWith('SUMS')) return void response.writeHead(404).end();
      const body = readFileSync(join(built, 'index-stars-03.fits'));
      response.writeHead(200, { 'content-length': body.length, etag: '"one"' });
      response.write(body.subarray(0, 90_000));
    });
    const address = await new Promise<string>((resolve) =>
      slow.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(slow.address() as AddressInfo).port}/mirror`)),
    );
    const run = user.begin([...args.slice(0, 4), address, ...args.slice(5)]);
    const part = join(out, 'index-5203-19.fits.part');
    await expect.poll(() => existsSync(part) && readFileSync(part).length, { timeout: 20_000 }).toBe(90_000);
    run.child.kill('SIGINT');
    expect((await run.ending).code).toBe(130);
    slow.closeAllConnections();
    slow.close();
    expect(readdirSync(out).toSorted()).toEqual(['index-5203-19.fits.part', 'index-5203-19.fits.part.json']);
    // The same place on the web is another port here.
    const note = join(out, 'index-5203-19.fits.part.json');
    writeFileSync(note, readFileSync(note, 'utf8').replace(address, mirror));
    asked = [];
    expect((await user.solve(args)).code).toBe(0);
    expect(asked).toContain('/mirror/5200/index-5203-19.fits bytes=90000-');
    expect(readdirSync(out)).toEqual(['index-5203-19.fits']);
  });

  test('tells what a mirror does not have, and goes on with the rest', async () => {
    const out = join(scratch, 'partly');
    const ended = await user.solve([
      'index',
      'install',
      '5202-19',
      '5203-19',
      '--mirror',
      mirror,
      '--out-dir',
      out,
      '--yes',
      '--json',
    ]);
    expect(ended.code).toBe(5);
    expect(jsonLines(ended.out)).toEqual([
      expect.objectContaining({
        file: 'index-5202-19.fits',
        status: 'error',
        error: expect.objectContaining({ code: 'NOT_ON_SERVER' }),
      }),
      expect.objectContaining({ file: 'index-5203-19.fits', status: 'installed' }),
    ]);
  });
});

test.each([
  [['index'], /takes one of list/],
  [['index', 'lits'], /Did you mean list\?/],
  [['index', 'list', 'x'], /takes no names/],
  [['index', 'list', '--fov', '3'], /index list takes no --fov/],
  [['index', 'recommend'], /--like IMAGE or --fov DEG/],
  [['index', 'recommend', '--fov', '0.2', '--ra', '10'], /--dec/],
  [['index', 'install'], /names, or --like/],
  [['index', 'install', '9999'], /'9999' is no published index/],
  [['index', 'install', '5203', '--mirror', 'ftp://x', '--yes'], /--mirror takes an address/],
  [['index', 'build'], /one list of stars/],
  [['index', 'build', 'x', '--preset', '20'], /--preset takes a whole number from 0 to 19/],
  [['index', 'build', 'x', '--scale', '9-6'], /LOW must be below HIGH/],
  [['index', 'build', 'x', '--tiles', '3'], /1, 2, 4 or 8/],
])('wrong usage: %j', async (args, message) => {
  expect(await user.solve(args)).toMatchObject({ code: 2, out: '', err: expect.stringMatching(message) });
});

/** A 16-bit FITS picture of a field. */
function picture({ sources }: NonNullable<ReturnType<typeof drawDeepField>>): Buffer {
  const random = seededRandom(7);
  const { width, height, x, y, flux } = sources;
  const pixels = Float32Array.from(
    { length: width * height },
    () => 1000 + 12 * (random() + random() + random() - 1.5),
  );
  x.forEach((at, k) => {
    const peak = Math.max(300, (20_000 * flux[k]!) / flux[0]!);
    for (let v = Math.max(0, Math.ceil(y[k]! - 7)); v <= Math.min(height - 1, y[k]! + 7); v++) {
      for (let u = Math.max(0, Math.ceil(at - 7)); u <= Math.min(width - 1, at + 7); u++) {
        pixels[v * width + u]! += peak * Math.exp(-((u - at) ** 2 + (v - y[k]!) ** 2) / 4);
      }
    }
  });
  const cards = ['SIMPLE  =                    T', 'BITPIX  =                   16', 'NAXIS   =                    2'];
  cards.push(`NAXIS1  = ${String(width).padStart(20)}`, `NAXIS2  = ${String(height).padStart(20)}`, 'END');
  const head = Buffer.from(
    cards
      .map((card) => card.padEnd(80))
      .join('')
      .padEnd(2880),
  );
  const data = Buffer.alloc(Math.ceil((2 * pixels.length) / 2880) * 2880);
  pixels.forEach((value, i) => data.writeInt16BE(Math.min(32_767, Math.round(value)), 2 * i));
  return Buffer.concat([head, data]);
}

test('a narrow picture is solved as soon as the files it needs are in their usual place', async () => {
  const field = drawDeepField(drawPatches(1, 2, 0.6), 11, 0, 0.25)!;
  const image = join(scratch, 'narrow.fits');
  writeFileSync(image, picture(field));
  const owner = newUser();
  const args = ['--json', '--fov', '0.25', image];
  const before = await owner.solve(args);
  expect(before.code).toBe(1);
  expect(jsonLines(before.out)[0]).toMatchObject({ reasonCode: 'no-index' });
  const usual = join(owner.home, '.local/share/kstars/astrometry');
  mkdirSync(usual, { recursive: true });
  copyFileSync(join(built, 'index-stars-02.fits'), join(usual, 'index-5202.fits'));
  const after = await owner.solve(args, { XDG_DATA_HOME: '' });
  expect(after.code).toBe(0);
  const [answer] = jsonLines(after.out) as [{ ra: number; dec: number }];
  expect(answer.dec).toBeCloseTo(field.truth.dec, 3);
  expect(((answer.ra - field.truth.ra + 540) % 360) - 180).toBeCloseTo(0, 3);
});

test('solve --index-dir takes several folders, tells broken files once, and refuses what is not there', async () => {
  const folder = mkdtempSync(join(scratch, 'bad-'));
  writeFileSync(join(folder, 'index-bad.fits'), 'nothing');
  const image = fixture('synthetic/dev01_orion_2p5.fits');
  const ended = await user.solve(['--index-dir', built, '--index-dir', folder, image, image]);
  expect(ended.code).toBe(0);
  expect(ended.notes.filter((line) => line.includes('index-bad.fits'))).toHaveLength(1);
  const nowhere = await user.solve(['--index-dir', join(scratch, 'nowhere'), image]);
  expect(nowhere).toMatchObject({ code: 3, err: expect.stringContaining('no such folder') });
});
