import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createNovaSolver } from '../../src/engines/nova.ts';
import { solve } from '../../src/engines/solve.ts';
import { myJobs } from '../../src/nova/account.ts';
import { Job } from '../../src/nova/job.ts';
import { Submission } from '../../src/nova/submission.ts';
import { upload } from '../../src/nova/upload.ts';
import { SYSTEM_CLOCK } from '../../src/session/clock.ts';
import type { Session } from '../../src/session/session.ts';
import { pixelToSky } from '../../src/wcs/transform.ts';
import { PICTURE, solveLikeRecorded } from '../helpers/solved-job.ts';
import { sessionOf, startNova } from '../session/set-up.ts';

// Against our own server always, and against a real one where STARFIX_NOVA_URL and STARFIX_NOVA_KEY name it.
const { STARFIX_NOVA_URL: url, STARFIX_NOVA_KEY: apiKey } = process.env;

async function ownServer(): Promise<Session> {
  const nova = await startNova();
  solveLikeRecorded(nova);
  return sessionOf(nova.url, { clock: SYSTEM_CLOCK });
}

const SERVERS: readonly (readonly [string, () => Promise<Session>])[] = [
  ['our test server', ownServer],
  ...(url && apiKey
    ? [['the live server', async () => sessionOf(url, { apiKey, clock: SYSTEM_CLOCK, maxPerSecond: 10 })] as const]
    : []),
];

const TIMEOUT = { timeout: 600_000 };

test.each(SERVERS)(
  '%s solves a picture, by its sources and by itself, where we solve it',
  TIMEOUT,
  async (_name, open) => {
    const session = await open();
    const here = await solve(PICTURE);
    for (const what of ['sources', 'image'] as const) {
      const outcome = await createNovaSolver(session, { upload: what, intervalMs: 500 }).solve(PICTURE, {
        fieldWidth: { lowDeg: 20, highDeg: 50 },
      });
      if (outcome.status !== 'solved' || here.status !== 'solved')
        throw new Error(`${what}: ${JSON.stringify(outcome)}`);
      const { width, height, wcs, calibration, matches, rowOrder } = outcome.solution;
      expect({ width, height, rowOrder }).toEqual({ width: 719, height: 507, rowOrder: 'top-down' });
      for (const [x, y] of [
        [359, 253],
        [100, 100],
        [600, 400],
      ] as const) {
        const [ra, dec] = pixelToSky(wcs, x, y);
        const [ownRa, ownDec] = pixelToSky(here.solution.wcs, x, y);
        const off = Math.hypot((ra - ownRa) * Math.cos((dec * Math.PI) / 180), dec - ownDec);
        // Two pixels of 169 arcsec.
        expect(off * 3600).toBeLessThan(340);
      }
      expect(calibration.parity).toBe(1);
      expect(matches.x.length).toBeGreaterThan(10);
    }
  },
);

test.each(SERVERS)('%s gives every answer and file of a job, to another session too', TIMEOUT, async (_name, open) => {
  const session = await open();
  const submission = await upload(session, PICTURE, {
    settings: { scale: { units: 'degwidth', lower: 20, upper: 50 } },
  });
  expect(submission.sha1).toMatch(/^[0-9a-f]{40}$/);
  const [first] = await Submission.attach(session, submission.id).until({ intervalMs: 500 });
  expect(first!.status).toBe('success');
  const job = Job.attach(session, first!.id);
  expect(await job.calibration()).toMatchObject({ parity: 1 });
  expect((await job.info()).status).toBe('success');
  expect((await job.wcs()).wcs.crval[1]).toBeGreaterThan(20);
  const folder = mkdtempSync(join(tmpdir(), 'starfix-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  expect((await job.save('corr', join(folder, 'a.corr'))) % 2880).toBe(0);
  expect(await myJobs(session)).toContain(url === session.server ? job.id : submission.id);
});

test.runIf(url && apiKey)('the live server says what it cannot use', TIMEOUT, async () => {
  const submission = await upload(sessionOf(url ?? '', { apiKey: apiKey ?? '', clock: SYSTEM_CLOCK }), {
    bytes: new TextEncoder().encode('this is no picture\n'),
    name: 'text.fits',
  });
  await expect(submission.until({ intervalMs: 500 })).rejects.toMatchObject({ code: 'SUBMISSION_FAILED' });
});

test.skipIf(url && apiKey)(
  'no live server: set STARFIX_NOVA_URL and STARFIX_NOVA_KEY to run these tests against one',
  (context) => {
    context.skip('STARFIX_NOVA_URL and STARFIX_NOVA_KEY are not set');
  },
);
