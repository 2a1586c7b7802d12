import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from 'vitest';
import { fixture, run, runJson, scratchFolder, start } from './program.ts';

const scratch = scratchFolder();
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(scratch, 'night '));
});

const ORION = 'synthetic/dev01_orion_2p5.fits';
const JPEG = 'real/jusas_ngc7331.jpg';
const GZIPPED = 'synthetic/dev02_clean_5deg.fits.gz';

function put(name: string, as = name.split('/').at(-1)!): string {
  copyFileSync(fixture(name), join(folder, as));
  return join(folder, as);
}

const timeout = 60_000;
const ALL = ['--wcs', '--new-fits', '--sources', '--corr', '--rdls', '--stars', '--ini'];
const ENDINGS = ['axy', 'corr', 'ini', 'new', 'rdls', 'stars.csv', 'wcs'];

test(
  'all files of an image have the names of solve-field, and a second run writes none of them',
  { timeout },
  async () => {
    const path = put(ORION, 'm42.fits');
    const first = await run([...ALL, path]);
    expect(first).toMatchObject({ code: 0 });
    expect(readdirSync(folder).sort()).toEqual(['m42.fits', ...ENDINGS.map((ending) => `m42.${ending}`)].sort());
    const before = ENDINGS.map((ending) => readFileSync(join(folder, `m42.${ending}`)).toString('latin1'));
    const second = await run([...ALL, path]);
    expect(second.code).toBe(3);
    expect(second.err).toMatch(/m42\.\S+ is there already/);
    const third = await run([...ALL, '--overwrite', path]);
    expect(third.code).toBe(0);
    expect(ENDINGS.map((ending) => readFileSync(join(folder, `m42.${ending}`)).toString('latin1'))).toEqual(before);
  },
);

test('names may be given, and go to --out-dir', { timeout }, async () => {
  const path = put(JPEG);
  const { code } = await run([
    '--stars',
    'pairs.json',
    '--new-fits=galaxy.fits',
    '--corr',
    '--out-dir',
    join(folder, 'out'),
    path,
  ]);
  expect(code).toBe(0);
  expect(readdirSync(join(folder, 'out')).sort()).toEqual(['galaxy.fits', 'jusas_ngc7331.corr', 'pairs.json']);
  const pairs = JSON.parse(readFileSync(join(folder, 'out/pairs.json'), 'utf8')) as {
    matched: number;
    stars: object[];
  };
  expect(pairs.stars).toHaveLength(pairs.matched);
});

test(
  'two products under one name, one over an image, and one name for several images are refused',
  { timeout },
  async () => {
    const path = put(ORION, 'a.fits');
    const [twice, over, several] = await Promise.all([
      run(['--wcs=x', '--corr=x', path]),
      run([`--new-fits=${path}`, path]),
      run(['--ini', 'x.ini', path, put(ORION, 'b.fits')]),
    ]);
    expect([twice, over, several].map(({ code }) => code)).toEqual([2, 2, 2]);
    expect(twice.err).toContain('--wcs and --corr name one file');
    expect(over.err).toContain('--new-fits would be written over the image');
    expect(several.err).toContain('--ini names one file, x.ini, for 2 images');
    expect(readdirSync(folder).sort()).toEqual(['a.fits', 'b.fits']);
  },
);

test('our xylist is solved in place of the image, to the same place', { timeout }, async () => {
  const path = put(ORION, 'm42.fits');
  await run(['--sources', path]);
  const { answers } = await runJson([path, join(folder, 'm42.axy')]);
  const [image, list] = ['m42.fits', 'm42.axy'].map((name) => answers.find(({ file }) => file.endsWith(name))!);
  expect(list).toMatchObject({ status: 'solved', width: 900, height: 600 });
  expect(list!['ra']).toBeCloseTo(image!['ra'] as number, 5);
  expect(list!['matched']).toBe(image!['matched']);
});

test('what cannot be read has an .ini that says why', { timeout }, async () => {
  writeFileSync(join(folder, 'x.fits'), 'nothing');
  expect((await run([...ALL, join(folder, 'x.fits')])).code).toBe(3);
  expect(readdirSync(folder).sort()).toEqual(['x.fits', 'x.ini']);
  expect(readFileSync(join(folder, 'x.ini'), 'utf8')).toMatch(/^PLTSOLVD=F\r\nCMDLINE=.*\r\nERROR=.*x\.fits: is /);
});

test('what is not solved has sources and an .ini that says why, and nothing else', { timeout }, async () => {
  const path = put('negative/neg_random_points.fits', 'x.fits');
  const { code } = await run([...ALL, path]);
  expect(code).toBe(1);
  expect(readdirSync(folder).sort()).toEqual(['x.axy', 'x.fits', 'x.ini']);
  expect(readFileSync(join(folder, 'x.ini'), 'utf8')).toMatch(/^PLTSOLVD=F\r\nCMDLINE=solve .*\r\nERROR=\S.*\r\n$/);
});

describe('--csv', () => {
  test('has a line for each image, whatever came of it, and is not written over', { timeout }, async () => {
    put(ORION, 'a, "good" one.fits');
    writeFileSync(join(folder, 'b.fits'), 'nothing');
    const table = join(folder, 'night.csv');
    const { code } = await run(['--csv', table, folder]);
    expect(code).toBe(3);
    const lines = readFileSync(table, 'utf8').split('\r\n');
    expect(lines).toHaveLength(4);
    expect(lines[0]).toMatch(/^file,status,engine,width/);
    expect(lines.find((line) => line.includes('good'))).toMatch(
      /^".*a, ""good"" one\.fits",solved,embedded,900,600,83\.8/,
    );
    expect(lines.find((line) => line.includes('b.fits'))).toMatch(/,error,/);
    const again = await run(['--csv', table, folder]);
    expect(again.code).toBe(3);
    expect(again.err).toContain('already there');
  });
});

describe('--update', () => {
  test('writes the WCS into the file, keeps its mode, and leaves alone what has it already', { timeout }, async () => {
    const path = put(ORION, 'm42.fits');
    chmodSync(path, 0o640);
    const old = readFileSync(path);
    expect((await run(['--update', path])).code).toBe(0);
    const now = readFileSync(path);
    expect(statSync(path).mode & 0o777).toBe(0o640);
    const blocks = now.indexOf('END'.padEnd(80));
    expect(now.subarray(0, blocks).toString('latin1')).toMatch(/CRVAL1 {2}= +83\.8/);
    const dataBytes = 900 * 600 * 2;
    const dataAt = (bytes: Buffer): number => Math.ceil((bytes.indexOf(`END${' '.repeat(77)}`) + 80) / 2880) * 2880;
    expect(
      now.subarray(dataAt(now), dataAt(now) + dataBytes).equals(old.subarray(dataAt(old), dataAt(old) + dataBytes)),
    ).toBe(true);
    const { mtimeMs, ino } = statSync(path);
    expect((await run(['--update', '--backup', path])).code).toBe(0);
    expect(statSync(path)).toMatchObject({ mtimeMs, ino });
    expect(readdirSync(folder)).toEqual(['m42.fits']);
  });

  test('--dry-run tells the cards and writes nothing; --backup keeps each old file', { timeout }, async () => {
    const path = put(ORION, 'm42.fits');
    const old = readFileSync(path);
    const dry = await run(['--update', '--dry-run', '--wcs', path]);
    expect(dry.code).toBe(0);
    expect(dry.out).toMatch(/^[^\n]*solved[^\n]*\n$/);
    expect(dry.notes.some((line) => /m42\.fits: \+ CRVAL1 {2}= +83\.8/.test(line))).toBe(true);
    expect(readdirSync(folder)).toEqual(['m42.fits']);
    expect(readFileSync(path).equals(old)).toBe(true);

    writeFileSync(`${path}.bak`, 'of somebody else');
    expect((await run(['--update', '--backup', path])).code).toBe(0);
    expect(readdirSync(folder).sort()).toEqual(['m42.fits', 'm42.fits.bak', 'm42.fits.bak.2']);
    expect(readFileSync(`${path}.bak`, 'utf8')).toBe('of somebody else');
    expect(readFileSync(`${path}.bak.2`).equals(old)).toBe(true);
  });

  test('follows a link to its target, and packs what was packed', { timeout }, async () => {
    mkdirSync(join(folder, 'data'));
    const path = put(GZIPPED, 'data/m51.fits.gz');
    symlinkSync('data/m51.fits.gz', join(folder, 'link.fits.gz'));
    expect((await run(['--update', join(folder, 'link.fits.gz')])).code).toBe(0);
    expect(lstatSync(join(folder, 'link.fits.gz')).isSymbolicLink()).toBe(true);
    expect(readlinkSync(join(folder, 'link.fits.gz'))).toBe('data/m51.fits.gz');
    expect(gunzipSync(readFileSync(path)).toString('latin1')).toMatch(/CRVAL1 {2}= +201\.3/);
  });

  test('is refused for what is no FITS file, for a read-only one, and for standard input', { timeout }, async () => {
    const jpeg = put(JPEG);
    const locked = put(ORION, 'locked.fits');
    chmodSync(locked, 0o444);
    const before = readFileSync(locked);
    const ended = await runJson(['--update', jpeg, locked, '-'], { stdin: before });
    const messageOf = (name: string): unknown => ended.answers.find(({ file }) => file.endsWith(name))?.error;
    expect(messageOf('.jpg')).toMatchObject({
      code: 'FORMAT_UNSUPPORTED',
      message: expect.stringContaining('no FITS file') as string,
    });
    expect(messageOf('locked.fits')).toMatchObject({
      code: 'FILE_UNWRITABLE',
      message: expect.stringContaining('read-only') as string,
    });
    expect(messageOf('-')).toMatchObject({ code: 'BAD_OPTION' });
    expect(readFileSync(locked).equals(before)).toBe(true);
    const alone = await run(['--dry-run', jpeg]);
    expect(alone).toMatchObject({ code: 2 });
  });

  test('of many images, a resumed run solves none a second time', { timeout }, async () => {
    for (const name of ['a.fits', 'b.fits']) put(ORION, name);
    put('synthetic/dev03_flip_1p5.fits', 'c.fits');
    expect((await run(['--update', folder])).code).toBe(0);
    const { answers, code } = await runJson(['--update', '--resume', folder]);
    expect(code).toBe(0);
    expect(answers.map((answer) => answer['resumed'])).toEqual([true, true, true]);
  });

  test('in a watched folder each image is solved once', { timeout }, async () => {
    put(ORION, 'a.fits');
    put('synthetic/dev03_flip_1p5.fits', 'b.fits');
    const args = [
      'watch',
      '--json',
      '--settle',
      '0.2',
      '--update',
      '--backup',
      '--new-fits',
      '--csv',
      join(folder, 't.csv'),
      folder,
    ];
    const watch = start(args);
    const events = linesOf(watch.child.stdout!);
    expect(await untilSolved(events, 2)).toHaveLength(2);
    put('synthetic/dev13_bayer_rggb.fits', 'c.fits');
    // Whatever was written to before came before this one.
    expect(await untilSolved(events, 1)).toEqual([join(folder, 'c.fits')]);
    put('synthetic/dev27_rice_fz.fits.fz', 'd.fits');
    expect(await untilSolved(events, 1)).toEqual([join(folder, 'd.fits')]);
    watch.child.kill('SIGINT');
    expect(await watch.ending).toMatchObject({ code: 0 });
    expect(existsSync(join(folder, 'a.new'))).toBe(true);
    expect(readFileSync(join(folder, 't.csv'), 'utf8').split('\r\n')).toHaveLength(6);

    const again = start(args);
    const later = linesOf(again.child.stdout!);
    for await (const line of later) if (line['event'] === 'ready') break;
    again.child.kill('SIGINT');
    const { out } = await again.ending;
    expect(out).not.toContain('"status":"solved"');
    expect(out).toMatch(/"event":"summary".*"solved":0,"unsolved":0,"failed":0,"known":4/);
    expect(readFileSync(join(folder, 't.csv'), 'utf8').split('\r\n')).toHaveLength(6);
  });
});

async function* linesOf(stream: NodeJS.ReadableStream): AsyncGenerator<Record<string, unknown>> {
  const { createInterface } = await import('node:readline');
  for await (const line of createInterface({ input: stream })) yield JSON.parse(line) as Record<string, unknown>;
}

/** The files of the next answers. */
async function untilSolved(events: AsyncGenerator<Record<string, unknown>>, count: number): Promise<unknown[]> {
  const files: unknown[] = [];
  while (files.length < count) {
    const { value, done } = await events.next();
    if (done === true) break;
    if (value['status'] !== undefined) files.push(value['file']);
  }
  return files;
}
