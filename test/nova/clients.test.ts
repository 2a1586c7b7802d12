import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { client } from '../../src/nova/clients.ts';
import { Job } from '../../src/nova/job.ts';
import { PRODUCTS } from '../../src/nova/product.ts';
import { Submission } from '../../src/nova/submission.ts';
import { init, reset } from '../../src/session/default-session.ts';
import { testFolder } from '../session/folder.ts';
import { API_KEY, sessionOf, startNova } from '../session/set-up.ts';

afterEach(reset);

const WCS = readFileSync(new URL('../../fixtures/nova/products/wcs_file_3.fits', import.meta.url));

test('each API of a server is reached by its name, with the session', async () => {
  const nova = await startNova();
  nova.files.set('/wcs_file/3', { contentType: 'application/fits', bytes: WCS });
  const session = sessionOf(nova.url);
  const submission = await session.client('uploads').upload(new TextEncoder().encode('an image'));
  expect(submission.id).toBe(1);
  await session.client('uploads').uploadUrl('https://images.example/m31.jpg');
  expect(nova.uploads[1]!.options['url']).toBe('https://images.example/m31.jpg');
  expect(await session.client('jobs').mine()).toEqual([1, 2]);
  nova.script('/api/jobs/9', { status: 'success' });
  expect(await session.client('jobs').attach(9).refresh()).toBe('success');
  nova.script('/api/jobs_by_tag', { job_ids: [4, 4, 9] });
  expect(await session.client('jobs').byTag('m31')).toEqual([4, 9]);
  expect(session.client('submissions').attach(1)).toBeInstanceOf(Submission);
  const products = session.client('products');
  expect(products.kinds).toBe(PRODUCTS);
  expect(WCS.equals(await products.fetch('wcs', 3))).toBe(true);
  expect(await products.save('wcs', 3, join(testFolder(), '3.wcs'))).toBe(WCS.length);
  expect(nova.count('login')).toBe(1);
});

test('without a session it is that of init, for jobs and submissions too', async () => {
  const nova = await startNova();
  nova.script('/api/jobs/9', { status: 'solving' });
  await init({ apiKey: API_KEY, server: nova.url, cache: false });
  expect(await client('jobs').mine()).toEqual([]);
  expect(await Job.attach(9).refresh()).toBe('solving');
  expect(Submission.attach(4).id).toBe(4);
  expect(await client('jobs', sessionOf(nova.url)).attach(9).refresh()).toBe('solving');
});

test('another name is an error that tells the names there are', () => {
  expect(() => sessionOf('http://127.0.0.1:9').client('stars' as 'jobs')).toThrow(
    expect.objectContaining({
      code: 'BAD_ARGUMENT',
      message: "client: 'stars' is none of uploads, submissions, jobs, products",
    }),
  );
});
