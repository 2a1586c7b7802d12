import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { productFile, recordedServer } from '../helpers/recorded-server.ts';
import { CALIBRATION } from '../helpers/solved-job.ts';
import { startNova } from '../session/set-up.ts';
import { NO_TERMINAL, runOnTerminal } from './pseudo-terminal.ts';
import { newUser } from './user.ts';

const WCS = productFile('wcs_file_3.fits');

test('writes the WCS, or what is named, and says what it wrote', async () => {
  const nova = await recordedServer();
  const { home, solve } = newUser();
  expect(await solve(['fetch', '3', '--server', nova.url])).toMatchObject({
    code: 0,
    out: `3.wcs  ${WCS.length} bytes\n`,
    err: '',
  });
  expect(readFileSync(join(home, '3.wcs'))).toEqual(WCS);
  const words = ['fetch', '3', 'corr_file', 'annotated', 'calibration', 'corr', '--out-dir', 'a folder/deep', '--json'];
  const { code, out, err } = await solve([...words, '--server', nova.url]);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(jsonLines(out)).toEqual([
    { job: 3, product: 'corr', path: 'a folder/deep/3.corr', bytes: 14400 },
    { job: 3, product: 'annotated', path: 'a folder/deep/3.annotated.jpg', bytes: 95696 },
    { job: 3, product: 'calibration', path: 'a folder/deep/3.calibration.json', bytes: expect.any(Number) as number },
  ]);
  expect(readFileSync(join(home, 'a folder/deep/3.annotated.jpg'))).toEqual(productFile('annotated_display_3.jpg'));
  expect(nova.count('login')).toBe(0);
});

test('what goes by other numbers than that of the job is found by the submission', async () => {
  const nova = await recordedServer();
  const { home, solve } = newUser();
  const words = ['fetch', '3', 'image', 'sky-plot-0', '--server', nova.url];
  const without = await solve(words);
  expect(without).toMatchObject({ code: 2, out: '' });
  expect(without.notes[0]).toContain('image goes by the number of the image: --submission SUBID finds it');
  expect((await solve([...words, '--submission', '2'])).out).toMatch(
    /^3\.image {2}\d+ bytes\n3\.sky-0\.png {2}\d+ bytes\n$/,
  );
  expect(readFileSync(join(home, '3.image'))).toEqual(productFile('image_1.bin'));
  nova.script('/api/jobs/4', { status: 'success' });
  const other = await solve(['fetch', '4', 'image', '--submission', '2', '--server', nova.url]);
  expect(other.code).toBe(2);
  expect(other.notes[0]).toContain('submission 2 has no job 4');
});

describe('standard output', () => {
  test('takes one product, text or not', async () => {
    const nova = await recordedServer();
    const { home, begin, solve } = newUser();
    const { out } = await solve(['fetch', '3', 'calibration', '-o', '-', '--server', nova.url]);
    expect(JSON.parse(out)).toMatchObject({ ra: CALIBRATION.ra, pixelScale: CALIBRATION.pixscale });
    const { child, ending } = begin(['fetch', '3', 'annotated', '--out', '-', '--server', nova.url]);
    const pieces: Buffer[] = [];
    // Set to text by then: what is compared are the bytes.
    child.stdout!.setEncoding('latin1').on('data', (text: string) => pieces.push(Buffer.from(text, 'latin1')));
    expect(await ending).toMatchObject({ code: 0, err: '' });
    expect(Buffer.concat(pieces)).toEqual(productFile('annotated_display_3.jpg'));
    expect(readdirSync(home)).toEqual([]);
  });

  test('a reader that goes away ends it without a word', async () => {
    const nova = await recordedServer();
    const { child, ending } = newUser().begin(['fetch', '3', 'annotated', '--out', '-', '--server', nova.url]);
    child.stdout!.destroy();
    expect(await ending).toMatchObject({ err: '', signal: null });
  });

  test('no file that is no text goes to a terminal', async (context) => {
    if (NO_TERMINAL !== undefined) context.skip(NO_TERMINAL);
    const nova = await recordedServer();
    const talk = { question: 'nothing is asked', answer: '' };
    const { code, shown } = await runOnTerminal(['fetch', '3', '--out', '-', '--server', nova.url], talk, {});
    expect(code).toBe(2);
    expect(shown).toContain('wcs is no text for a terminal');
    expect(shown).not.toContain('SIMPLE');
  });
});

test.each([
  [['fetch'], 'fetch needs the number of a job'],
  [['fetch', 'm31'], "fetch: 'm31' is no number of a job"],
  [['fetch', '1.5'], "'1.5' is no number"],
  [['fetch', '3', 'wsc'], "there is no product 'wsc'; did you mean wcs?"],
  [['fetch', '3', 'newfits'], 'did you mean new-fits?'],
  [['fetch', '3', 'anotated'], 'did you mean annotated?'],
  [['fetch', '3', 'spectrum'], 'there are wcs, new-fits, rdls'],
  [['fetch', '3', 'wcs', 'corr', '--out', 'x'], '--out names one file, x, for 2 products'],
  [['fetch', '3', '--out', 'x', '--out-dir', 'y'], 'not both'],
  [['fetch', '3', '--out', '-', '--json'], 'not both'],
])('wrong usage: solve %j', async (words, message) => {
  const { code, out, notes } = await newUser().solve([...words, '--server', 'http://127.0.0.1:1']);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(notes).toHaveLength(1);
  expect(notes[0]).toContain(message);
});

test('leaves a file alone that is there, unless told otherwise, and fetches the others', async () => {
  const nova = await recordedServer();
  const { home, solve } = newUser();
  writeFileSync(join(home, '3.wcs'), 'mine');
  const kept = await solve(['fetch', '3', 'wcs', 'corr', '--server', nova.url]);
  expect(kept).toMatchObject({ code: 3, out: '3.corr  14400 bytes\n' });
  expect(kept.notes).toEqual([expect.stringContaining('3.wcs: already there') as string]);
  expect(nova.requests.map(({ path }) => path)).toEqual(['/api/jobs/3', '/corr_file/3']);
  expect(readFileSync(join(home, '3.wcs'), 'utf8')).toBe('mine');
  expect((await solve(['fetch', '3', '--overwrite', '--server', nova.url])).code).toBe(0);
  expect(readFileSync(join(home, '3.wcs'))).toEqual(WCS);
});

test('a job that was not solved: what it has is fetched, what it lacks is said once', async () => {
  const nova = await recordedServer();
  const { home, solve } = newUser();
  nova.script('/api/jobs/4', { status: 'failure' });
  nova.files.set('/axy_file/4', { contentType: 'application/fits', bytes: productFile('axy_file_4.fits') });
  const wcs = await solve(['fetch', '4', '--server', nova.url]);
  expect(wcs).toMatchObject({ code: 1, out: '' });
  expect(wcs.notes).toEqual([
    'solve: job 4: was not solved, so it has no wcs. Of such a job there are axy, extraction, info and log.',
  ]);
  const some = await solve(['fetch', '4', 'wcs', 'axy', 'corr', '--server', nova.url]);
  expect(some.code).toBe(1);
  expect(some.notes).toEqual([expect.stringContaining('so it has no wcs, corr.') as string]);
  expect(readdirSync(home)).toEqual(['4.axy']);
  const json = await solve(['fetch', '4', '--json', '--server', nova.url]);
  expect(jsonLines(json.out)).toMatchObject([{ job: 4, product: 'wcs', error: { code: 'NOT_ON_SERVER' } }]);
});

test('a job that is not solved yet, one that there is not, and the number of a submission', async () => {
  const nova = await recordedServer();
  const { home, solve } = newUser();
  nova.script('/api/jobs/5', { status: 'solving' });
  const early = await solve(['fetch', '5', '--server', nova.url]);
  expect(early.code).toBe(1);
  expect(early.notes[0]).toContain(
    'job 5: is not solved yet (solving), so it has no wcs. Try again when it is solved.',
  );
  const mistaken = await solve(['fetch', '2', '--server', nova.url]);
  expect(mistaken.code).toBe(5);
  expect(mistaken.notes[0]).toContain('2 is no job, but there is a submission of this number, with the job 3');
  const unknown = await solve(['fetch', '404', '--server', nova.url]);
  expect(unknown.code).toBe(5);
  expect(unknown.notes[0]).toContain('/api/jobs/404: HTTP 404');
  expect(readdirSync(home)).toEqual([]);
});

test('all: what the server cannot make does not stop the others', async () => {
  const nova = await recordedServer();
  const { home, solve } = newUser();
  nova.files.set('/new_fits_file/3', { contentType: 'text/html', bytes: Buffer.from('plot failed: no such file') });
  const { code, out, notes } = await solve(['fetch', '3', 'all', '--server', nova.url]);
  expect(code).toBe(5);
  expect(out.split('\n')).toEqual([
    '3.wcs  11520 bytes',
    expect.stringMatching(/^3\.rdls/) as string,
    '3.corr  14400 bytes',
    '3.annotated.jpg  95696 bytes',
    '',
  ]);
  expect(notes.find((note) => note.includes('new_fits_file'))).toContain('plot failed: no such file');
  expect(notes.filter((note) => note.includes('HTTP 404')).length).toBe(9);
  expect(notes.some((note) => note.includes('kml'))).toBe(false);
  expect(readdirSync(home)).toHaveLength(4);
});

test('Ctrl-C in the middle of a file ends it with 130 and leaves nothing half written', async () => {
  const nova = await recordedServer();
  const { home, begin } = newUser();
  nova.fail('product', { kind: 'drip', everyMs: 5 }, 9);
  const { child, ending } = begin(['fetch', '3', '--server', nova.url]);
  await expect.poll(() => readdirSync(home).length, { timeout: 10_000 }).toBe(1);
  child.kill('SIGINT');
  expect(await ending).toMatchObject({ code: 130, out: '', err: '' });
  expect(readdirSync(home)).toEqual([]);
});

test('the time limit is for all of it, and says what was met', async () => {
  const nova = await startNova();
  const { solve } = newUser();
  const { url } = nova;
  await nova.close();
  const { code, notes } = await solve(['fetch', '3', '--timeout', '0.4', '--server', url]);
  expect(code).toBe(5);
  expect(notes[0]).toMatch(/\/api\/jobs\/3: not done after 0\.4 s; last: the connection was refused \(ECONNREFUSED\)/);
});

test('a folder that cannot be made is said in one line', async () => {
  const nova = await recordedServer();
  const { code, notes } = await newUser().solve(['fetch', '3', '--out-dir', '/proc/nowhere/x', '--server', nova.url]);
  expect(code).toBe(3);
  expect(notes).toHaveLength(1);
  expect(existsSync('/proc/nowhere')).toBe(false);
});

function jsonLines(text: string): unknown[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}
