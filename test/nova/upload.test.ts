import { createHash, randomBytes } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { UploadDamagedError, type UploadInput, upload } from '../../src/nova/upload.ts';
import { UploadUncertainError } from '../../src/session/faults.ts';
import { sessionOf, startNova } from '../session/set-up.ts';

const scratch = mkdtempSync(join(tmpdir(), 'starfix upload '));
afterAll(() => rmSync(scratch, { recursive: true }));

const BYTES = randomBytes(300_001);
// Data that ends in CR loses that byte where a form is put together carelessly.
BYTES[BYTES.length - 1] = 13;
const SHA1 = createHash('sha1').update(BYTES).digest('hex');

function file(name: string, bytes: Uint8Array = BYTES): string {
  const path = join(scratch, name);
  writeFileSync(path, bytes);
  return path;
}

async function* pieces(bytes: Uint8Array, size = 10_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** How many file descriptors this process has open on files in the scratch folder. */
function openFiles(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(scratch);
    } catch {
      return false;
    }
  }).length;
}

describe('what arrives is what was sent', () => {
  const INPUTS: readonly (readonly [string, () => UploadInput, string])[] = [
    ['a path', () => file('m 31.fits'), 'm 31.fits'],
    ['a file URL', () => pathToFileURL(file('ø#%.fits')), 'ø#%.fits'],
    ['bytes', () => BYTES, 'image'],
    ['bytes with a name', () => ({ bytes: BYTES, name: '../../etc/a"b.fits' }), 'a"b.fits'],
    ['a stream', () => ({ stream: pieces(BYTES), length: BYTES.length, name: 's.fits' }), 's.fits'],
    [
      'a stream that can be opened again',
      () => ({ stream: () => pieces(BYTES, 7), length: BYTES.length, name: 'x' }),
      'x',
    ],
    ['a name of dots', () => ({ bytes: BYTES, name: '..' }), 'image'],
    ['a name with a line end', () => ({ bytes: BYTES, name: 'a\r\nb: c.fits' }), 'a__b: c.fits'],
    ['a backslash', () => ({ bytes: BYTES, name: 'C:\\night\\m31.fits' }), 'C:_night_m31.fits'],
  ];

  test.each(INPUTS)('%s', async (_what, make, name) => {
    const nova = await startNova();
    const submission = await upload(sessionOf(nova.url), make());
    const [seen] = nova.uploads as [(typeof nova.uploads)[number]];
    expect(seen.sha1).toBe(SHA1);
    expect(seen.filename).toBe(name);
    expect(submission).toMatchObject({ id: 1, sha1: SHA1, files: [name] });
    expect(seen.options).toEqual({ publicly_visible: 'n', allow_commercial_use: 'd', allow_modifications: 'd' });
    const request = nova.requests.find(({ kind }) => kind === 'upload')!;
    expect(Number(request.headers['content-length'])).toBe(request.bodyLength);
    expect(request.headers['transfer-encoding']).toBeUndefined();
    expect(nova.requests.map(({ kind }) => kind)).toEqual(['login', 'upload']);
  });

  test('a long name keeps its ending', async () => {
    const nova = await startNova();
    await upload(sessionOf(nova.url), { bytes: BYTES, name: `${'long'.repeat(100)}.fits.gz` });
    expect(nova.uploads[0]!.filename).toMatch(/^(?:long)+l?o?n?\.fits\.gz$/);
    expect(nova.uploads[0]!.filename!.length).toBeLessThanOrEqual(200);
  });

  test('progress grows, and ends at the whole', async () => {
    const nova = await startNova();
    const seen: [number, number][] = [];
    await upload(sessionOf(nova.url), file('p.fits'), { onProgress: (...now) => seen.push(now) });
    const total = nova.requests.find(({ kind }) => kind === 'upload')!.bodyLength;
    expect(seen.length).toBeGreaterThan(3);
    expect(seen.every(([sent, of], i) => of === total && sent > (seen[i - 1]?.[0] ?? -1))).toBe(true);
    expect(seen.at(-1)).toEqual([total, total]);
  });

  test('several files go as one archive, in which the system’s tar finds them under names of their own', async () => {
    const nova = await startNova();
    const long = `${'ü'.repeat(60)}.fits`;
    const inputs = [
      file('a.fits'),
      { bytes: BYTES.subarray(0, 700), name: 'A.FITS' },
      { bytes: BYTES.subarray(0, 512), name: long },
      { stream: () => pieces(BYTES), length: BYTES.length, name: 'with space.fits.gz' },
    ];
    const submission = await upload(sessionOf(nova.url), inputs);
    const archive = file('archive.tar', nova.uploads[0]!.bytes);
    const out = join(scratch, 'out');
    mkdirSync(out);
    execFileSync('tar', ['-xf', archive, '-C', out]);
    expect(submission.files).toHaveLength(4);
    expect(readdirSync(out).toSorted()).toEqual([...submission.files].toSorted());
    expect(new Set(submission.files.map((name) => name.toLowerCase())).size).toBe(4);
    expect(submission.files[1]).toBe('A-2.FITS');
    expect(readFileSync(join(out, 'a.fits')).equals(BYTES)).toBe(true);
    expect(readFileSync(join(out, 'A-2.FITS')).equals(BYTES.subarray(0, 700))).toBe(true);
    expect(readFileSync(join(out, 'with space.fits.gz')).equals(BYTES)).toBe(true);
    expect(nova.uploads[0]!.filename).toBe('images.tar');
  });

  test('of a URL the address goes, to where the server fetches it', async () => {
    const nova = await startNova();
    const submission = await upload(sessionOf(nova.url), new URL('https://example.org/a b.fits?x=1'));
    expect(nova.requests.map(({ kind }) => kind)).toEqual(['login', 'url_upload']);
    expect(nova.uploads[0]!.options['url']).toBe('https://example.org/a%20b.fits?x=1');
    expect(submission.sha1).toBeUndefined();
  });

  test('of a source list its positions go, counted from 1', async () => {
    const nova = await startNova();
    await upload(sessionOf(nova.url), { width: 100, height: 80, x: [0, 9.5], y: [79, 3] });
    expect(nova.uploads[0]!.options).toMatchObject({ x: [1, 10.5], y: [80, 4], image_width: 100, image_height: 80 });
  });
});

describe('what cannot be meant is refused before anything is sent', () => {
  test.each<[string, UploadInput]>([
    ['FILE_NOT_FOUND', '/no/such/file.fits'],
    ['FILE_NOT_REGULAR', '/tmp'],
    ['FILE_NOT_FOUND', 'nul\u0000in a name'],
    ['FILE_EMPTY', new Uint8Array(0)],
    ['FILE_EMPTY', { bytes: new Uint8Array(0), name: 'a.fits' }],
    ['BAD_ARGUMENT', { stream: pieces(BYTES), length: Number.NaN, name: 'a.fits' }],
    ['BAD_ARGUMENT', []],
    ['BAD_ARGUMENT', new URL('ftp://example.org/a.fits')],
    ['BAD_ARGUMENT', new URL('https://me:secret@example.org/a.fits')],
    ['BAD_ARGUMENT', { width: 10, height: 10, x: [1], y: [] }],
  ])('%s', async (code, input) => {
    const nova = await startNova();
    const failing = upload(sessionOf(nova.url), input);
    await expect(failing).rejects.toMatchObject({ code });
    await expect(failing).rejects.not.toThrow('secret');
    expect(nova.count('upload') + nova.count('url_upload')).toBe(0);
  });

  test('settings too, by name', async () => {
    const nova = await startNova();
    const settings = { position: { raDeg: 1, decDeg: 2, radiusDeg: 0 } };
    await expect(upload(sessionOf(nova.url), BYTES, { settings })).rejects.toMatchObject({
      code: 'BAD_ARGUMENT',
      message: expect.stringContaining('settings.position.radiusDeg') as string,
    });
    expect(nova.requests).toEqual([]);
  });
});

describe('a file that is not the same any more is told, and the server has nothing', () => {
  const CHANGES: readonly (readonly [string, (path: string) => void])[] = [
    ['grows', (path) => appendFileSync(path, 'more')],
    ['shrinks', (path) => truncateSync(path, 1_000_000)],
    ['is written to', (path) => utimesSync(path, new Date(), new Date(Date.now() + 5000))],
    ['vanishes', (path) => rmSync(path)],
    [
      'is replaced',
      (path) => {
        writeFileSync(`${path}.new`, Buffer.alloc(4_000_000));
        renameSync(`${path}.new`, path);
      },
    ],
  ];

  test.each(CHANGES)('it %s', async (_how, change) => {
    const nova = await startNova();
    const path = file('changing.fits', Buffer.alloc(4_000_000, 7));
    let changed = false;
    const uploading = upload(sessionOf(nova.url), path, {
      onProgress: (sent) => {
        if (sent < 500_000 || changed) return;
        changed = true;
        change(path);
      },
    });
    await expect(uploading).rejects.toMatchObject({
      code: 'FILE_CHANGED',
      message: expect.stringContaining(path) as string,
    });
    expect(nova.uploads).toEqual([]);
    expect(openFiles()).toBe(0);
  });

  test('a stream that gives more or less than was said', async () => {
    const nova = await startNova();
    for (const length of [BYTES.length - 1, BYTES.length + 1]) {
      const stream = { stream: () => pieces(BYTES), length, name: 's.fits' };
      await expect(upload(sessionOf(nova.url), stream)).rejects.toMatchObject({ code: 'FILE_CHANGED' });
    }
    expect(nova.uploads).toEqual([]);
  });
});

describe('what the server says it got', () => {
  test('is not what was sent: the number of the submission is told', async () => {
    const nova = await startNova();
    nova.script(
      '/api/upload',
      { status: 'success', subid: 77, hash: 'ab'.repeat(20) },
      { status: 'success', subid: 78 },
    );
    for (const submissionId of [77, 78]) {
      const uploading = upload(sessionOf(nova.url), BYTES);
      await expect(uploading).rejects.toBeInstanceOf(UploadDamagedError);
      await expect(uploading).rejects.toMatchObject({ code: 'UPLOAD_DAMAGED', submissionId });
    }
  });

  test('is in capitals: that is the same', async () => {
    const nova = await startNova();
    nova.script('/api/upload', { status: 'success', subid: 5, hash: SHA1.toUpperCase() });
    expect((await upload(sessionOf(nova.url), BYTES)).sha1).toBe(SHA1);
  });
});

describe('a connection or a session that is lost', () => {
  test('in the middle: the file is read again from its start, and one submission is made', async () => {
    const nova = await startNova();
    nova.fail('upload', { kind: 'reset', afterBytes: 100_000 }, 2);
    await upload(sessionOf(nova.url), file('again.fits'));
    expect(nova.uploads.map(({ sha1 }) => sha1)).toEqual([SHA1]);
    expect(openFiles()).toBe(0);
  });

  test('after the last byte: it is not sent again', async () => {
    const nova = await startNova();
    nova.fail('upload', { kind: 'reset-after-body' });
    await expect(upload(sessionOf(nova.url), file('once.fits'))).rejects.toBeInstanceOf(UploadUncertainError);
    expect(nova.uploads).toHaveLength(1);
  });

  test('with a stream that was read: the fault is told, and half a stream is never sent', async () => {
    const nova = await startNova();
    nova.fail('upload', { kind: 'reset', afterBytes: 100_000 });
    const once = { stream: pieces(BYTES), length: BYTES.length, name: 's.fits' };
    await expect(upload(sessionOf(nova.url), once)).rejects.toMatchObject({ code: 'NETWORK' });
    expect(nova.uploads).toEqual([]);
    const session = sessionOf(nova.url);
    await session.login();
    nova.expireSessions();
    const again = { stream: pieces(BYTES), length: BYTES.length, name: 's.fits' };
    await expect(upload(session, again)).rejects.toThrow('the stream was read already');
    expect(nova.uploads).toEqual([]);
  });

  test.each(['expire', 'forget'] as const)(
    'among 50 uploads at once: one more login, and each file arrives once (%s)',
    { timeout: 60_000 },
    async (how) => {
      const nova = await startNova();
      const session = sessionOf(nova.url);
      const bytes = Array.from({ length: 50 }, (_, i) => Buffer.alloc(50_000, i + 1));
      let done = 0;
      await Promise.all(
        bytes.map(async (content, i) => {
          await upload(session, i % 2 === 0 ? content : file(`${how}${i}.fits`, content));
          if (++done !== 20) return;
          if (how === 'expire') nova.expireSessions();
          else nova.forgetSessions();
        }),
      );
      expect(nova.count('login')).toBe(2);
      expect(nova.uploads).toHaveLength(50);
      const hashes = bytes.map((content) => createHash('sha1').update(content).digest('hex'));
      expect(new Set(nova.uploads.map(({ sha1 }) => sha1))).toEqual(new Set(hashes));
      expect(openFiles()).toBe(0);
    },
  );

  test('when it is cancelled: at once, with the reason, and nothing stays open', async () => {
    const nova = await startNova();
    const path = file('cancelled.fits', Buffer.alloc(20_000_000, 3));
    const abort = new AbortController();
    const uploading = upload(sessionOf(nova.url), path, {
      signal: abort.signal,
      onProgress: (sent) => {
        if (sent > 1_000_000) abort.abort(new Error('enough'));
      },
    });
    await expect(uploading).rejects.toThrow('enough');
    // The system closes it a moment later.
    await expect.poll(openFiles).toBe(0);
    expect(nova.uploads).toEqual([]);
  });
});
