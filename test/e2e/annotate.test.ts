import { copyFileSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeEach, describe, expect, test } from 'vitest';
import { fixture, run, runJson, scratchFolder, start } from './program.ts';

const scratch = scratchFolder();
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(scratch, 'night '));
});

const ORION = 'synthetic/dev01_orion_2p5.fits';
const JPEG = 'real/jusas_ngc7331.jpg';
const timeout = 60_000;

function put(name: string, as = name.split('/').at(-1)!): string {
  copyFileSync(fixture(name), join(folder, as));
  return join(folder, as);
}

describe('--annotate', () => {
  test('draws over the image, beside it', { timeout }, async () => {
    const path = put(JPEG, 'galaxy.jpg');
    expect(await run(['--annotate', path])).toMatchObject({ code: 0 });
    expect(readdirSync(folder).sort()).toEqual(['galaxy.annotated.png', 'galaxy.jpg']);
    const drawn = join(folder, 'galaxy.annotated.png');
    expect(await sharp(drawn).metadata()).toMatchObject({ format: 'png', width: 1381, height: 1024, channels: 3 });
    // The photograph shows between the lines, in its colours.
    const [ours, theirs] = await Promise.all([drawn, path].map((file) => sharp(file).raw().toBuffer()));
    let same = 0;
    for (let i = 0; i < ours!.length; i++) if (Math.abs(ours![i]! - theirs![i]!) <= 1) same++;
    expect(same / ours!.length).toBeGreaterThan(0.9);
    expect(same / ours!.length).toBeLessThan(0.999);
  });

  test('writes SVG if the name says so, of FITS images too', { timeout }, async () => {
    const path = put(ORION);
    expect(await run(['--annotate', join(folder, 'a.svg'), path])).toMatchObject({ code: 0 });
    const svg = readFileSync(join(folder, 'a.svg'), 'utf8');
    expect(svg).toMatch(/^<svg [^>]*width="900" height="600"/);
    for (const name of ['M 42  Orion Nebula', 'M 43  Mairan&apos;s', 'NGC 1977']) {
      expect(svg).toContain(name.replace('&apos;', "'"));
    }
    expect(svg).toContain('href="data:image/jpeg;base64,');
  });

  test('draws the same where no font is installed', { timeout }, async () => {
    const path = put(ORION);
    const empty = join(folder, 'fonts.conf');
    writeFileSync(empty, '<?xml version="1.0"?><fontconfig></fontconfig>');
    await run(['--annotate', join(folder, 'with.png'), path]);
    const without = start(['--annotate', join(folder, 'without.png'), path], { env: { FONTCONFIG_FILE: empty } });
    expect(await without.ending).toMatchObject({ code: 0 });
    expect(readFileSync(join(folder, 'without.png'))).toEqual(readFileSync(join(folder, 'with.png')));
  });

  test('replaces its own drawings, but no photograph', { timeout }, async () => {
    const path = put(ORION);
    const [drawing, photograph] = [join(folder, 'a.png'), join(folder, 'b.png')];
    await sharp({ create: { width: 9, height: 9, channels: 3, background: '#123' } })
      .png()
      .toFile(photograph);
    const before = readFileSync(photograph);
    expect(await run(['--annotate', drawing, path])).toMatchObject({ code: 0 });
    expect((await run(['--annotate', drawing, path])).err).toContain('a.png is there already');
    expect(await run(['--overwrite', '--annotate', drawing, path])).toMatchObject({ code: 0 });
    const refused = await run(['--overwrite', '--annotate', photograph, path]);
    expect(refused.code).toBe(3);
    expect(refused.err).toContain('b.png is a picture that --annotate has not made: it stays');
    expect(readFileSync(photograph)).toEqual(before);
  });

  test('is not taken for an image of the folder afterwards', { timeout }, async () => {
    put(ORION, 'm42.fits');
    await run(['--annotate', folder]);
    expect(readdirSync(folder).sort()).toEqual(['m42.annotated.png', 'm42.fits']);
    const { answers } = await runJson([folder]);
    expect(answers.map(({ file }) => file)).toEqual([join(folder, 'm42.fits')]);
  });

  test('writes nothing of an image without a solution', { timeout }, async () => {
    const path = put('negative/neg_noise.fits');
    expect(await run(['--annotate', path])).toMatchObject({ code: 1 });
    expect(readdirSync(folder)).toEqual(['neg_noise.fits']);
  });
});

describe('--objects', () => {
  test('lists what lies in the field', { timeout }, async () => {
    const { out, code } = await run(['--objects', fixture(ORION)]);
    expect(code).toBe(0);
    const [answer, ...objects] = out.trimEnd().split('\n');
    expect(answer).toContain('solved');
    expect(objects[0]).toMatch(
      /^ {4}M 42 +cluster-with-nebula +05h35m16\.5s -05d23m23s +4\.0 mag +90\.0' x 60\.0' +x [\d.]+ y [\d.]+ +Orion Nebula, Great Orion Nebula$/,
    );
    expect(objects.some((line) => /^ {4}Trapezium +star /.test(line))).toBe(true);
  });

  test('is an array in JSON', { timeout }, async () => {
    const { answers } = await runJson(['--objects', fixture(ORION)]);
    const objects = answers[0]!['objects'] as Record<string, unknown>[];
    expect(objects.find(({ name }) => name === 'M 43')).toMatchObject({
      designations: ['M 43', 'NGC 1982'],
      commonNames: ["Mairan's Nebula"],
      centreInside: true,
      ra: expect.closeTo(83.88, 1) as number,
      dec: expect.closeTo(-5.27, 1) as number,
    });
  });

  test('is left out unless it is asked for', { timeout }, async () => {
    const { answers } = await runJson([fixture(ORION)]);
    expect(answers[0]).not.toHaveProperty('objects');
  });
});
