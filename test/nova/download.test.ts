import { execFile, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { fetchProduct, saveProduct } from '../../src/nova/download.ts';
import { Job } from '../../src/nova/job.ts';
import { PRODUCTS, type ProductName } from '../../src/nova/product.ts';
import { HtmlReplyError } from '../../src/session/faults.ts';
import type { NovaServer } from '../helpers/nova-server.ts';
import { type Exchange, recording, recordingNames, replay } from '../helpers/recordings.ts';
import { sessionOf, startNova } from '../session/set-up.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
const scratch = mkdtempSync(join(tmpdir(), 'starfix download '));
afterAll(() => rmSync(scratch, { recursive: true }));
let folder: string;
let count = 0;
beforeEach(() => {
  folder = join(scratch, String(count++));
  mkdirSync(folder);
});

/** The recorded files, and how the recorded server sends them. */
const FILES: readonly (readonly [ProductName, string, string, boolean])[] = [
  ['wcs', 'wcs_file_3.fits', 'application/fits', true],
  ['rdls', 'rdls_file_3.fits', 'application/fits', true],
  ['axy', 'axy_file_4.fits', 'application/fits', true],
  ['corr', 'corr_file_3.fits', 'application/fits', true],
  ['image-rdls', 'image_rd_file_4.fits', 'application/fits', true],
  ['annotated', 'annotated_display_3.jpg', 'image/jpeg', true],
  ['grid', 'grid_display_3.jpg', 'image/jpeg', true],
  // Without a length: a connection that breaks looks like the end.
  ['red-green', 'red_green_image_display_3.png', 'image/png', false],
  ['extraction', 'extraction_image_display_3.png', 'image/png', true],
];

function bytesOf(name: string): Buffer {
  return readFileSync(new URL(`../../fixtures/nova/products/${name}`, import.meta.url));
}

function serve(
  nova: NovaServer,
  product: ProductName,
  contentType: string,
  bytes: Uint8Array,
  withLength = true,
): void {
  nova.files.set(`/${PRODUCTS[product].path}/3`, { contentType, bytes, withLength, needsReferer: true });
}

describe('each recorded file', () => {
  test.each(FILES)('%s comes as it is, to memory and to the disk', async (product, name, contentType, withLength) => {
    const nova = await startNova();
    serve(nova, product, contentType, bytesOf(name), withLength);
    const session = sessionOf(nova.url);
    expect(Buffer.from(await fetchProduct(session, product, 3)).equals(bytesOf(name))).toBe(true);
    const path = join(folder, 'it');
    const progress: [number, number | undefined][] = [];
    const length = await saveProduct(session, product, 3, path, { onProgress: (...seen) => progress.push(seen) });
    expect(length).toBe(bytesOf(name).length);
    expect(readFileSync(path).equals(bytesOf(name))).toBe(true);
    expect(progress.at(-1)).toEqual([length, withLength ? length : undefined]);
    // Nobody logs in for what everybody may see.
    expect(nova.count('login')).toBe(0);
    expect(readdirSync(folder)).toEqual(['it']);
  });

  test('is asked for where the recorded server has it', () => {
    const paths = new Set(
      recordingNames().flatMap((name) =>
        recording(name).map(({ path }) => path.replace(/^\//, '').replace(/\/\d+\/?$/, '')),
      ),
    );
    const missing = Object.entries(PRODUCTS)
      .filter(([, { path }]) => !paths.has(path))
      .map(([name]) => name);
    expect(missing).toEqual([]);
  });
});

describe('every recorded answer to a product path', () => {
  const NAMES = ['products', 'products_sources', 'missing_referer', 'job_failures', 'sextractor', 'phases'];
  const kinds = Object.entries(PRODUCTS) as [ProductName, (typeof PRODUCTS)[ProductName]][];

  test.each(NAMES)('%s: a page or a complaint is never taken for the file', { timeout: 60_000 }, async (name) => {
    let met = 0;
    for (const exchange of recording(name)) {
      const found = kinds.find(([, { path }]) => new RegExp(`^/${path}/\\d+/?$`).test(exchange.path));
      const isPage = (exchange.headers['content-type'] ?? '').startsWith('text/html');
      if (found === undefined || exchange.method !== 'GET' || (exchange.status === 200 && !isPage)) continue;
      met++;
      const { url, close } = await replay(exchange);
      try {
        const error = await fetchProduct(sessionOf(url, { retries: 0 }), found[0], 3).then(
          () => undefined,
          (error: unknown) => error,
        );
        const code = {
          200: 'REPLY_HTML',
          302: 'HUMAN_CHECK',
          404: 'NOT_ON_SERVER',
          500: 'SERVER_ERROR',
          502: 'SERVER_ERROR',
        }[exchange.status];
        expect([exchange.path, exchange.status, error]).toEqual([
          exchange.path,
          exchange.status,
          expect.objectContaining({ code }),
        ]);
      } finally {
        await close();
      }
    }
    expect(met, name).toBeGreaterThanOrEqual(name === 'phases' || name === 'sextractor' ? 0 : 3);
  });
});

describe('a file that is not what it should be', () => {
  const FITS = bytesOf('wcs_file_3.fits');

  test.each([
    ['of another kind', 'application/fits', bytesOf('grid_display_3.jpg'), 'REPLY_INVALID', /is no fits file/],
    ['a complaint', 'text/html', Buffer.from('plot failed: no such file'), 'REPLY_HTML', /"plot failed: no such file"/],
    ['a page', 'text/html', Buffer.from('<html><title>Oops</title></html>'), 'REPLY_HTML', /"Oops" came instead/],
    [
      'a page that says it is a file',
      'application/fits',
      Buffer.from('<html><title>Oops</title>'),
      'REPLY_HTML',
      /Oops/,
    ],
    ['empty', 'application/fits', Buffer.alloc(0), 'NETWORK', /empty/],
    ['of a length that no FITS file has', 'application/fits', FITS.subarray(0, 5000), 'NETWORK', /no fits file ends/],
    ['shorter than its first bytes', 'application/fits', FITS.subarray(0, 4), 'REPLY_INVALID', /is no fits file/],
  ])('%s', async (_what, contentType, bytes, code, message) => {
    const nova = await startNova();
    serve(nova, 'wcs', contentType, bytes);
    const path = join(folder, '3.wcs');
    const saving = saveProduct(sessionOf(nova.url, { retries: 1 }), 'wcs', 3, path);
    await expect(saving).rejects.toMatchObject({ code, message: expect.stringMatching(message) as string });
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a picture without a length that is cut off is known by its end', async () => {
    const nova = await startNova();
    const png = bytesOf('red_green_image_display_3.png');
    serve(nova, 'red-green', 'image/png', png.subarray(0, png.length - 20), false);
    const saving = saveProduct(sessionOf(nova.url, { retries: 1 }), 'red-green', 3, join(folder, 'a.png'));
    await expect(saving).rejects.toMatchObject({ code: 'NETWORK' });
    expect(readdirSync(folder)).toEqual([]);
  });

  test('the notice that KMZ is switched off is told', async () => {
    const notice = recording('products').find(({ path }) => path.startsWith('/kml_file'))!;
    const { url, close } = await replay(notice);
    await expect(fetchProduct(sessionOf(url), 'kmz', 3)).rejects.toBeInstanceOf(HtmlReplyError);
    await close();
  });
});

describe('a network that breaks', () => {
  test.each([
    ['in the middle', { kind: 'cut', announced: true } as const],
    ['before the answer', { kind: 'reset', afterBytes: 0 } as const],
    ['with a bad gateway', { kind: 'status', status: 502 } as const],
  ])('%s: the file is fetched again from its start', async (_when, fault) => {
    const nova = await startNova();
    serve(nova, 'corr', 'application/fits', bytesOf('corr_file_3.fits'));
    nova.fail('product', fault, 2);
    const path = join(folder, '3.corr');
    await saveProduct(sessionOf(nova.url), 'corr', 3, path);
    expect(readFileSync(path).equals(bytesOf('corr_file_3.fits'))).toBe(true);
    expect(nova.count('product')).toBe(3);
    expect(readdirSync(folder)).toEqual(['3.corr']);
  });

  test('for good: the old file stays', async () => {
    const nova = await startNova();
    serve(nova, 'corr', 'application/fits', bytesOf('corr_file_3.fits'));
    nova.fail('product', { kind: 'cut', announced: true }, 99);
    const path = join(folder, '3.corr');
    writeFileSync(path, 'old');
    const saving = saveProduct(sessionOf(nova.url), 'corr', 3, path, { overwrite: true });
    await expect(saving).rejects.toMatchObject({ code: 'NETWORK' });
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['3.corr']);
  });
});

describe('a place that does not take the file', () => {
  async function serving(): Promise<NovaServer> {
    const nova = await startNova();
    serve(nova, 'wcs', 'application/fits', bytesOf('wcs_file_3.fits'));
    return nova;
  }

  test('one that is there is left alone, before anything is asked', async () => {
    const nova = await serving();
    const path = join(folder, '3.wcs');
    writeFileSync(path, 'mine');
    await expect(saveProduct(sessionOf(nova.url), 'wcs', 3, path)).rejects.toMatchObject({ code: 'FILE_EXISTS' });
    expect(nova.requests).toEqual([]);
    expect(readFileSync(path, 'utf8')).toBe('mine');
  });

  test.each([
    ['a folder that there is not', () => join(folder, 'no', 'such', '3.wcs')],
    ['the name of a folder', () => folder],
  ])('%s', async (_what, path) => {
    const nova = await serving();
    const saving = saveProduct(sessionOf(nova.url), 'wcs', 3, path(), { overwrite: true });
    await expect(saving).rejects.toMatchObject({ code: expect.stringMatching(/^FILE_/) as string });
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a link: what it points to is replaced or the link is, and nothing is half written', async () => {
    const nova = await serving();
    const target = join(folder, 'target');
    writeFileSync(target, 'old');
    symlinkSync(target, join(folder, '3.wcs'));
    await saveProduct(sessionOf(nova.url), 'wcs', 3, join(folder, '3.wcs'), { overwrite: true });
    expect(readFileSync(join(folder, '3.wcs')).equals(bytesOf('wcs_file_3.fits'))).toBe(true);
    expect(readdirSync(folder).toSorted()).toEqual(['3.wcs', 'target']);
  });

  const program =
    "import { Session, saveProduct } from 'starfix';" +
    'const [server, path] = process.argv.slice(1);' +
    'const session = new Session({ server, keyOptional: true, retries: 0 });' +
    "await saveProduct(session, 'axy', 3, path, { overwrite: true }).then(" +
    "  () => console.log('saved')," +
    '  (error) => console.log(error.code, error.message));';

  test('a disk that is full: the old file stays, and nothing else', { timeout: 30_000 }, async () => {
    const nova = await startNova();
    // 8 MB of FITS for a process that may write no file of more than 64 kB: what a full disk does, without being root.
    serve(nova, 'axy', 'application/fits', Buffer.concat([bytesOf('axy_file_4.fits'), Buffer.alloc(2880 * 2800)]));
    const path = join(folder, '3.axy');
    writeFileSync(path, 'old');
    const shell = `trap '' XFSZ; ulimit -f 64; exec "${process.execPath}" --input-type=module -e "$1" "$2" "$3"`;
    const { stdout } = await promisify(execFile)('bash', ['-c', shell, 'bash', program, nova.url, path], { cwd: ROOT });
    expect(stdout).toMatch(/^FILE_UNWRITABLE .*3\.axy/);
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['3.axy']);
  });

  test(
    'a process that is killed meanwhile leaves the old file, and does not hinder the next',
    { timeout: 30_000 },
    async () => {
      const nova = await startNova();
      const bytes = Buffer.concat([bytesOf('axy_file_4.fits'), Buffer.alloc(2880 * 10)]);
      serve(nova, 'axy', 'application/fits', bytes);
      nova.fail('product', { kind: 'drip', everyMs: 1 });
      const path = join(folder, '3.axy');
      writeFileSync(path, 'old');
      const child = spawn(process.execPath, ['--input-type=module', '-e', program, nova.url, path], { cwd: ROOT });
      await expect.poll(() => readdirSync(folder).length, { timeout: 10_000 }).toBe(2);
      child.kill('SIGKILL');
      await new Promise((resolve) => child.on('close', resolve));
      expect(readFileSync(path, 'utf8')).toBe('old');
      await saveProduct(sessionOf(nova.url), 'axy', 3, path, { overwrite: true });
      expect(readFileSync(path).equals(bytes)).toBe(true);
    },
  );
});

describe('a job', () => {
  test('is asked for its files only when it is solved', async () => {
    const nova = await startNova();
    nova.script('/api/jobs/3', { status: 'solving' }, { status: 'failure' });
    serve(nova, 'wcs', 'application/fits', bytesOf('wcs_file_3.fits'));
    serve(nova, 'axy', 'application/fits', bytesOf('axy_file_4.fits'));
    const job = Job.attach(sessionOf(nova.url), 3);
    await expect(job.bytes('wcs')).rejects.toThrow('job 3: is not solved yet (solving), so it has no wcs file');
    await expect(job.bytes('wcs')).rejects.toThrow('job 3: was not solved, so it has no wcs file');
    expect(await job.bytes('axy')).toHaveLength(14_400);
    expect(nova.count('product')).toBe(1);
  });

  test('tells what the recorded server tells', async () => {
    const results = recording('job_results').filter(({ method }) => method === 'GET');
    const nova = await startNova();
    for (const { path, body } of results) {
      const bare = path.replace(/\?.*/, '').replace(/\/$/, '');
      if (body.startsWith('{') && !path.includes('?')) nova.script(bare, JSON.parse(body));
    }
    nova.script('/api/jobs/3', { status: 'success' });
    const answer = (end: string): Record<string, unknown> => {
      const found = results.find(({ path }: Exchange) => path === `/api/jobs/3/${end}/`)!;
      return JSON.parse(found.body) as Record<string, unknown>;
    };
    const job = Job.attach(sessionOf(nova.url), 3);
    expect(await job.calibration()).toMatchObject({ ra: answer('calibration')['ra'], parity: 1 });
    expect(await job.tags()).toEqual(answer('tags')['tags']);
    expect(await job.machineTags()).toEqual(answer('machine_tags')['tags']);
    expect(await job.objectsInField()).toEqual(answer('objects_in_field')['objects_in_field']);
    expect((await job.info()).originalFilename).toBe(answer('info')['original_filename']);
    const [first] = answer('annotations')['annotations'] as [{ pixelx: number; names: string[] }];
    expect((await job.annotations())![0]).toMatchObject({ x: first.pixelx - 1, names: first.names });
    expect(existsSync(folder)).toBe(true);
  });
});
