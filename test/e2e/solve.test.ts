import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { headerToWcs } from '../../src/wcs/header.ts';
import { pixelToSky } from '../../src/wcs/transform.ts';
import { fixture, run, runJson, scratchFolder } from './program.ts';
import type { JsonLine } from './program.ts';

const folder = scratchFolder();
const PHOTO = fixture('real/cedar_orion_belt.jpg');
const FITS = fixture('real/pocs_unsolved.fits');
const FRAME = fixture('synthetic/dev02_clean_5deg.fits.gz');

interface Truth {
  readonly file: string;
  readonly kind: string;
  readonly ra: number;
  readonly dec: number;
  readonly pixscale: number;
  readonly orientation: number;
  readonly parity: number;
  readonly width: number;
  readonly height: number;
}
const TRUTHS = (JSON.parse(readFileSync(fixture('truth.json'), 'utf8')) as { images: Truth[] }).images;
const truthOf = (path: string): Truth => TRUTHS.find(({ file }) => basename(file) === basename(path))!;

/** Angle between two directions, degrees. */
function separation(ra1: number, dec1: number, ra2: number, dec2: number): number {
  const r = Math.PI / 180;
  const h =
    Math.sin(((dec2 - dec1) * r) / 2) ** 2 +
    Math.cos(dec1 * r) * Math.cos(dec2 * r) * Math.sin(((ra2 - ra1) * r) / 2) ** 2;
  return (2 * Math.asin(Math.sqrt(h))) / r;
}

/** Checks an answer against what is known: half a percent of the scale, a pixel and a half at the centre, half a degree. */
function expectRight(answer: JsonLine | undefined, truth: Truth): void {
  expect(answer).toMatchObject({ status: 'solved', width: truth.width, height: truth.height, parity: truth.parity });
  const found = answer as unknown as Truth & { pixelScale: number; orientation: number };
  const off = separation(found.ra, found.dec, truth.ra, truth.dec) * 3600;
  expect(off / truth.pixscale, 'pixels off at the centre').toBeLessThan(1.5);
  expect(Math.abs(found.pixelScale / truth.pixscale - 1)).toBeLessThan(0.005);
  const turn = ((found.orientation - truth.orientation + 540) % 360) - 180;
  expect(Math.abs(turn)).toBeLessThan(0.5);
}

test('a photograph is solved, with every field of the contract', async () => {
  const { answers, code, err } = await runJson([PHOTO]);
  expect(code).toBe(0);
  expect(err).toBe('');
  expect(answers).toHaveLength(1);
  const [answer] = answers;
  expectRight(answer, truthOf(PHOTO));
  expect(Object.keys(answer!)).toEqual([
    'file',
    'status',
    'engine',
    'width',
    'height',
    'ra',
    'dec',
    'radius',
    'pixelScale',
    'orientation',
    'parity',
    'positionAngle',
    'mirrored',
    'fieldWidth',
    'fieldHeight',
    'matched',
    'rms',
    'logOdds',
    'wcs',
    'elapsedMs',
  ]);
  expect(answer).toMatchObject({ file: PHOTO, engine: 'embedded', mirrored: false });
  const cards = answer!['wcs'] as Record<string, unknown>;
  expect(cards['CTYPE1']).toMatch(/^RA---TAN(-SIP)?$/);
  for (const key of ['CRVAL1', 'CRVAL2', 'CRPIX1', 'CRPIX2', 'CD1_1', 'CD1_2', 'CD2_1', 'CD2_2']) {
    expect(typeof cards[key], key).toBe('number');
  }
  // The numbers and the cards tell the same.
  const wcs = headerToWcs((key) => cards[key])!;
  const [ra, dec] = pixelToSky(wcs, (truthOf(PHOTO).width - 1) / 2, (truthOf(PHOTO).height - 1) / 2);
  expect(separation(ra, dec, answer!['ra'] as number, answer!['dec'] as number)).toBeLessThan(1e-7);
});

test('every fixture with a known place is found there', { timeout: 300_000 }, async () => {
  const { answers, code } = await runJson(['-j', '3', fixture('real'), fixture('synthetic')]);
  expect(code).toBe(0);
  const known = TRUTHS.filter(({ kind }) => kind !== 'negative');
  expect(answers).toHaveLength(known.length);
  for (const answer of answers) {
    const truth = truthOf(answer.file);
    expect(answer, answer.file).toMatchObject({ status: 'solved', parity: truth.parity });
    const { ra, dec } = answer as unknown as Truth;
    const diagonal = Math.hypot(truth.width, truth.height);
    expect(separation(ra, dec, truth.ra, truth.dec) * 3600, answer.file).toBeLessThan(
      0.005 * diagonal * truth.pixscale,
    );
  }
});

test('one line an image where nobody watches', async () => {
  const { out, err, code } = await run([FITS, FRAME]);
  expect(code).toBe(0);
  expect(err).toBe('');
  const lines = out.trimEnd().split('\n');
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(
    /^.*pocs_unsolved\.fits: solved: ra \d+\.\d{6} dec [+-]\d+\.\d{6}, field [\d.]+ x [\d.]+ deg, scale [\d.]+ arcsec\/px, up [\d.]+ deg E of N, parity -1, \d+ stars, rms [\d.]+ px, embedded [\d.]+ s$/,
  );
});

test('--verbose tells sources and stages on standard error, and leaves the answer alone', async () => {
  const { answers, notes } = await runJson(['--verbose', FRAME]);
  expect(answers).toHaveLength(1);
  expect(notes.join('\n')).toMatch(/\d+ sources, fwhm [\d.]+ px/);
  expect(notes.at(-1)).toMatch(/stages: read \d+ ms, .*\d+ ms/);
});

test('what comes through standard input is solved like a file', async () => {
  const { answers, code } = await runJson(['-'], { stdin: readFileSync(FITS) });
  expect(code).toBe(0);
  expect(answers[0]?.file).toBe('-');
  expectRight(answers[0], truthOf(FITS));
  const nothing = await runJson(['-']);
  expect(nothing.answers[0]?.error?.code).toBe('FILE_EMPTY');
  expect(nothing.code).toBe(3);
});

test('--wcs writes a header beside the image, in --out-dir or under a name, and never over anything', async () => {
  const home = join(folder, 'wcs');
  mkdirSync(home);
  copyFileSync(FITS, join(home, 'm 42.fits'));
  const beside = await runJson(['--wcs', 'm 42.fits'], { cwd: home });
  expect(beside.code).toBe(0);
  const text = readFileSync(join(home, 'm 42.wcs'), 'latin1');
  expect(text.length % 2880).toBe(0);
  expect(text.startsWith('SIMPLE  =                    T')).toBe(true);
  expect(text).toMatch(/CRVAL1 {2}= /);

  const again = await runJson(['--wcs', 'm 42.fits'], { cwd: home });
  expect(again.answers[0]?.error).toMatchObject({ code: 'FILE_EXISTS', message: expect.stringContaining('m 42.wcs') });
  expect(again.code).toBe(3);
  expect((await run(['--wcs', '--overwrite', 'm 42.fits'], { cwd: home })).code).toBe(0);

  expect((await run(['m 42.fits', '--wcs', 'named.wcs', '--out-dir', 'deep/er'], { cwd: home })).code).toBe(0);
  expect(readdirSync(join(home, 'deep/er'))).toEqual(['named.wcs']);
  const image = readFileSync(join(home, 'm 42.fits'));
  const over = await runJson(['--wcs=m 42.fits', '--overwrite', 'm 42.fits'], { cwd: home });
  expect(over.answers[0]?.error?.code).toBe('BAD_OPTION');
  expect(readFileSync(join(home, 'm 42.fits')).equals(image)).toBe(true);
  // Nothing temporary is left.
  expect(readdirSync(home).toSorted()).toEqual(['deep', 'm 42.fits', 'm 42.wcs']);
});

test('two images of one stem do not write one file', async () => {
  const home = join(folder, 'stems');
  mkdirSync(join(home, 'a'), { recursive: true });
  mkdirSync(join(home, 'b'));
  copyFileSync(FITS, join(home, 'a/x.fits'));
  copyFileSync(FITS, join(home, 'b/x.fits'));
  const { answers, code } = await runJson(['a', 'b', '--wcs', '--out-dir', 'out'], { cwd: home });
  expect(answers.map(({ file, status }) => [file, status])).toEqual([
    ['a/x.fits', 'solved'],
    ['b/x.fits', 'error'],
  ]);
  expect(answers[1]?.error?.message).toContain('a/x.fits');
  expect(code).toBe(3);
});

test('names with spaces, newlines, other alphabets and a leading dash are only names', async () => {
  const home = join(folder, 'names');
  mkdirSync(home);
  const names = ['two words.fits', 'zwei\nzeilen.fits', 'Ωρίων.fits', '-v.fits', 'login', '$(id).fits'];
  for (const name of names) copyFileSync(FITS, join(home, name));
  const args = [names[0]!, names[1]!, names[2]!, './login', names[5]!, '--', '-v.fits'];
  const { answers, code } = await runJson(args, { cwd: home });
  expect(code).toBe(0);
  expect(answers.map(({ file }) => file)).toEqual(args.filter((name) => name !== '--'));
  const plain = await run([names[1]!, '\u001b[2Jmissing.fits'], { cwd: home });
  expect(plain.out).toMatch(/^zwei\\nzeilen\.fits: solved: [^\n]*\n$/);
  expect(plain.err).toBe('\\x1b[2Jmissing.fits: no such file. Check the spelling and the folder.\n');
});

test('a folder is its images, in order of name, once each, and deeper with -r', async () => {
  const home = join(folder, 'folder');
  mkdirSync(join(home, 'deeper'), { recursive: true });
  copyFileSync(FITS, join(home, 'b.fits'));
  copyFileSync(PHOTO, join(home, 'a.JPG'));
  copyFileSync(FITS, join(home, 'deeper/c.fit'));
  writeFileSync(join(home, 'notes.txt'), 'clear until two');
  writeFileSync(join(home, '.hidden.fits'), '');
  const flat = await runJson([home, join(home, 'b.fits')]);
  expect(flat.answers.map(({ file }) => basename(file))).toEqual(['a.JPG', 'b.fits']);
  const deep = await runJson(['-r', home]);
  expect(deep.answers.map(({ file }) => basename(file))).toEqual(['a.JPG', 'b.fits', 'c.fit']);
});

test('-j solves on threads with the same answers', { timeout: 120_000 }, async () => {
  const images = [FITS, FRAME, PHOTO, fixture('negative/neg_text.fits'), 'missing.fits', '-'];
  const stdin = readFileSync(FITS);
  const alone = await runJson(images, { stdin });
  const together = await runJson(['-j', '4', ...images], { stdin });
  const strip = (answers: readonly JsonLine[]): object[] =>
    answers.map((answer) => ({ ...answer, elapsedMs: 0 })).toSorted((a, b) => (a.file < b.file ? -1 : 1));
  expect(strip(together.answers)).toEqual(strip(alone.answers));
  expect(together.code).toBe(3);
});

test('hints are taken in every spelling, and a wrong one does not lose the solution', async () => {
  const { ra, dec, pixscale, width } = truthOf(FRAME);
  const spellings = [
    ['--ra', String(ra), '--dec', String(dec), '--radius', '3'],
    ['--ra', '13:25:12', '--dec', '+47d12m', '--parity', 'pos', '--fov', '5'],
    ['--scale-low', String(pixscale * 0.9), '--scale-high', String(pixscale * 1.1), '--scale-units', 'app'],
    ['--scale-low', '4', '--scale-high', '6', '--scale-units', 'dw'],
    ['--scale-low', '270', '--scale-high', '330', '--scale-units', 'aw'],
    ['--ra', '10', '--dec', '-60', '--parity', 'neg', '--fov', '20', '--no-hints'],
  ];
  expect(width).toBe(900);
  for (const hints of spellings) expectRight((await runJson([...hints, FRAME])).answers[0], truthOf(FRAME));
});

test('--tweak-order 0 is a plain TAN, and --crpix-center puts the reference pixel in the middle', async () => {
  const plain = await runJson(['--tweak-order', '0', FRAME]);
  expect((plain.answers[0]!['wcs'] as Record<string, unknown>)['CTYPE1']).toBe('RA---TAN');
  const centred = await runJson(['--crpix-center', FRAME]);
  expect(centred.answers[0]!['wcs']).toMatchObject({ CRPIX1: 450.5, CRPIX2: 300.5 });
  expectRight(centred.answers[0], truthOf(FRAME));
});

test('--extension takes the HDU named, and says which one holds no image', async () => {
  const two = fixture('synthetic/dev21_8bit_ext.fits');
  expectRight((await runJson(['--extension', '1', two])).answers[0], truthOf(two));
  const none = await runJson(['--extension', '0', two]);
  expect(none.answers[0]?.status).toBe('error');
  expect(none.code).toBe(3);
});

test('--timeout gives up with a reason', async () => {
  const { answers, code } = await runJson(['--timeout', '0.02', fixture('negative/neg_random_points.fits')]);
  expect(answers[0]).toMatchObject({ status: 'unsolved', reasonCode: 'time-limit' });
  expect(code).toBe(1);
});
