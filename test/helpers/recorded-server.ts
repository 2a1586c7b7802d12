import { readFileSync } from 'node:fs';
import { startNova } from '../session/set-up.ts';
import type { NovaServer } from './nova-server.ts';
import { recording } from './recordings.ts';
import { CALIBRATION } from './solved-job.ts';

/** What the recorded server said of job 3 at once. */
export const INFO = JSON.parse(
  recording('job_results').find(({ path }) => path === '/api/jobs/3/info/')!.body,
) as Readonly<Record<string, unknown>>;

/** A server that lives as long as the test, and has the recorded job 3 of submission 2, with its answers and files. */
export async function recordedServer(): Promise<NovaServer> {
  const nova = await startNova();
  nova.script('/api/jobs/3', { status: 'success' });
  nova.script('/api/jobs/3/info', INFO);
  nova.script('/api/jobs/3/calibration', CALIBRATION);
  nova.script('/api/submissions/2', {
    user: 1001,
    processing_started: '2026-11-20 23:31:29.738690',
    processing_finished: '2026-11-20 23:31:30',
    user_images: [2],
    images: [1],
    jobs: [3],
    job_calibrations: [[3, 16]],
  });
  for (const [path, name, contentType, needsReferer] of [
    ['wcs_file/3', 'wcs_file_3.fits', 'application/fits', false],
    ['corr_file/3', 'corr_file_3.fits', 'application/fits', true],
    ['rdls_file/3', 'rdls_file_3.fits', 'application/fits', false],
    ['annotated_display/3', 'annotated_display_3.jpg', 'image/jpeg', true],
    ['image/1', 'image_1.bin', undefined, true],
    ['sky_plot/zoom0/16', 'extraction_image_display_3.png', 'image/png', true],
  ] as const) {
    nova.files.set(`/${path}`, { contentType, needsReferer, bytes: productFile(name) });
  }
  return nova;
}

/** A product of the recorded server. */
export function productFile(name: string): Buffer {
  return readFileSync(new URL(`../../fixtures/nova/products/${name}`, import.meta.url));
}
