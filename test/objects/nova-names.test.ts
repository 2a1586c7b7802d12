// What nova.astrometry.net says lies in a field, and what we say: the recorded jobs are facts.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { objectsIn } from '../../src/annotate/object-data.ts';
import { parseHeader } from '../../src/fits/header.ts';
import { DEGREE } from '../../src/math/sphere.ts';
import type { FieldObject, SolvedImage } from '../../src/objects/field-objects.ts';
import { headerToWcs } from '../../src/wcs/header.ts';
import type { Wcs } from '../../src/wcs/wcs.ts';
import { recording } from '../helpers/recordings.ts';

interface Annotation {
  readonly type: string;
  readonly names: readonly string[];
  readonly pixelx: number;
  readonly pixely: number;
  readonly radius: number;
}

const reply = (name: string, path: string): unknown =>
  JSON.parse(recording(name).findLast((exchange) => exchange.path === path && exchange.status === 200)!.body);

function namesOf(name: string, job: number): string[] {
  const said = reply(name, `/api/jobs/${job}/info/`) as { objects_in_field: string[] };
  return said.objects_in_field;
}

const annotationsOf = (name: string, job: number): readonly Annotation[] =>
  (reply(name, `/api/jobs/${job}/annotations/`) as { annotations: Annotation[] }).annotations;

function wcsFile(job: number): SolvedImage {
  const bytes = readFileSync(new URL(`../../fixtures/nova/products/wcs_file_${job}.fits`, import.meta.url));
  const header = parseHeader(bytes);
  const number = (key: string): number => header.get(key) as number;
  return { wcs: headerToWcs((key) => header.get(key))!, width: number('IMAGEW'), height: number('IMAGEH') };
}

/**
 * The field of a job whose WCS file was not kept: by its calibration, which says for a JPEG 180 degrees less the
 * orientation.
 */
function calibrated(name: string, job: number, width: number, height: number): SolvedImage {
  const { calibration } = reply(name, `/api/jobs/${job}/info/`) as { calibration: Record<string, number> };
  const { ra, dec, pixscale, orientation } = calibration as Record<'ra' | 'dec' | 'pixscale' | 'orientation', number>;
  const [s, angle] = [pixscale / 3600, (180 - orientation) * DEGREE];
  const [sin, cos] = [s * Math.sin(angle), s * Math.cos(angle)];
  // Parity 1: east is a quarter turn from north the other way round than in a FITS image.
  const wcs: Wcs = { crval: [ra, dec], crpix: [(width - 1) / 2, (height - 1) / 2], cd: [cos, sin, -sin, cos] };
  return { wcs, width, height };
}

/** NGC, IC and Messier numbers among names. */
const catalogued = (names: readonly string[]): string[] => names.filter((name) => /^(?:NGC|IC|M) \d/.test(name)).sort();

/** Nova's rule: the centre lies in the image, and the longer axis is at least 2 % of the shorter side. */
async function likeNova(image: SolvedImage): Promise<FieldObject[]> {
  const shortSide = Math.min(image.width, image.height);
  const found = await objectsIn(image);
  return found.filter(({ centreInside, majorPx = 0 }) => centreInside && majorPx >= 0.02 * shortSide);
}

const designations = (objects: readonly FieldObject[]): string[] =>
  catalogued(objects.flatMap((object) => object.designations));

describe('the NGC, IC and Messier names of nova', () => {
  test('job 3 of job_results: the Big Dipper, where nothing is large enough', async () => {
    expect(catalogued(namesOf('job_results', 3))).toEqual([]);
    expect(designations(await likeNova(wcsFile(3)))).toEqual([]);
  });

  test('job 4 of job_results: a drawn field beside the Milky Way', async () => {
    expect(catalogued(namesOf('job_results', 4))).toEqual([]);
    expect(designations(await likeNova(wcsFile(4)))).toEqual([]);
  });

  test('job 19 of phases: the belt of Orion, eleven nebulae and clusters', async () => {
    const names = catalogued(namesOf('phases', 19));
    expect(names).toHaveLength(11);
    expect(designations(await likeNova(calibrated('phases', 19, 800, 600)))).toEqual(names);
  });

  test('all recorded jobs that were solved are of these fields', () => {
    const seen = new Set<string>();
    for (const name of ['job_results', 'products', 'option_effects', 'phases', 'archives', 'anonymous']) {
      for (const { path, body, status } of recording(name)) {
        if (status !== 200 || !/\/(?:info|objects_in_field)\/?$/.test(path)) continue;
        const { objects_in_field: names = [] } = JSON.parse(body) as { objects_in_field?: string[] };
        seen.add(catalogued(names).join());
      }
    }
    expect([...seen].sort()).toEqual(['', catalogued(namesOf('phases', 19)).join()]);
  });
});

describe('the names of stars', () => {
  test('are among ours, whole: nova tears them at the slash', async () => {
    const ours = (await objectsIn(wcsFile(3))).flatMap(({ designations: d, commonNames: c }) => [...d, ...c]);
    const torn = namesOf('job_results', 3)
      .filter((name) => !/constellation/.test(name))
      .flatMap((name) => name.replace('The star ', '').replace(')', '').split(' ('));
    expect(torn.length).toBeGreaterThan(30);
    for (const name of torn) expect(ours).toContain(name);
  });
});

describe('the places of annotations', () => {
  test('of every star of job 3 are ours, counting pixels from 1', async () => {
    const image = wcsFile(3);
    const ours = await objectsIn(image);
    const stars = annotationsOf('job_results', 3);
    let compared = 0;
    const missing: string[] = [];
    for (const { names, pixelx, pixely } of stars) {
      const first = names[0]!.split(' / ')[0]!;
      const found = ours.find(({ designations: d, commonNames: c }) => d.includes(first) || c.includes(first));
      if (found === undefined) {
        missing.push(first);
        continue;
      }
      // Nova goes from sky to pixels by the approximate inverse polynomials of the file, ours is exact.
      expect(Math.hypot(found.x + 1 - pixelx, found.y + 1 - pixely), first).toBeLessThan(0.3);
      compared++;
    }
    // Both lie on the far side of the sky, in Cygnus: nova's distortion polynomial folds them into the image.
    expect(missing).toEqual(['39 Cyg', '69 Cyg']);
    expect(compared).toBe(57);
  });

  test('and sizes of the nebulae of job 19 are ours', async () => {
    const image = calibrated('phases', 19, 800, 600);
    const ours = await objectsIn(image);
    for (const { type, names, pixelx, pixely, radius } of annotationsOf('phases', 19)) {
      if (type === 'bright') continue;
      const found = ours.find((object) => object.designations.includes(names[0]!))!;
      // The distortion, which the calibration leaves out, is some pixels in the corners.
      expect(Math.hypot(found.x + 1 - pixelx, found.y + 1 - pixely), names[0]).toBeLessThan(12);
      expect(Math.abs((found.majorPx ?? 0) / 2 - radius), names[0]).toBeLessThan(0.03 * radius + 0.1);
    }
  });
});
