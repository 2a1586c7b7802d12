import { readFileSync } from 'node:fs';
import type { NovaServer, SeenUpload } from './nova-server.ts';
import { recording } from './recordings.ts';

/** The picture of the recorded job 3: the Big Dipper, a JPEG of 719 x 507 pixels. */
export const PICTURE: string = new URL('../../fixtures/nova/products/image_1.bin', import.meta.url).pathname;

/** What the recorded server said of that job. */
export const CALIBRATION = JSON.parse(
  recording('job_results').find(({ path }) => path === '/api/jobs/3/calibration/')!.body,
) as Readonly<Record<'ra' | 'dec' | 'radius' | 'pixscale' | 'orientation' | 'parity' | 'width_arcsec', number>>;

/** Uploads become a job that is solved as the recorded job 3 was. */
export function solveLikeRecorded(nova: NovaServer, statuses?: readonly string[]): void {
  nova.onUpload = ({ subid, options }: SeenUpload) => {
    const job = subid + 100;
    nova.solve(subid, job, statuses);
    nova.script(`/api/jobs/${job}/calibration`, CALIBRATION);
    nova.script(`/api/jobs/${job}/info`, {
      objects_in_field: [],
      machine_tags: [],
      tags: [],
      status: 'success',
      original_filename: typeof options['url'] === 'string' ? options['url'].split('/').at(-1) : 'json-xy',
    });
    const contentType = 'application/fits';
    nova.files.set(`/wcs_file/${job}`, { contentType, bytes: product('wcs_file_3.fits') });
    nova.files.set(`/corr_file/${job}`, { contentType, bytes: product('corr_file_3.fits'), needsReferer: true });
  };
}

function product(name: string): Buffer {
  return readFileSync(new URL(`../../fixtures/nova/products/${name}`, import.meta.url));
}
