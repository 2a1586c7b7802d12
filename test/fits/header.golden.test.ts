import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { formatHeader } from '../../src/fits/header.ts';
import { hasAstropy, python } from './python.ts';

const READ = `
import json, sys, warnings
warnings.simplefilter('error')
from astropy.io import fits
with fits.open(sys.argv[1]) as hdus:
    hdus.verify('exception')
    print(json.dumps([[c.keyword, c.value, c.comment] for c in hdus[0].header.cards]))
`;

test.skipIf(!hasAstropy)('astropy reads the cards that are written here, without a warning', () => {
  const long = `${"it's ".repeat(40)}the end`;
  const bytes = formatHeader([
    { keyword: 'SIMPLE', value: true, comment: 'standard' },
    { keyword: 'BITPIX', value: 8 },
    { keyword: 'NAXIS', value: 0 },
    { keyword: 'CRVAL1', value: 83.6330812345679, comment: 'degrees' },
    { keyword: 'CD1_1', value: -1.2345678901234567e-105 },
    { keyword: 'OBJECT', value: "Barnard's / star" },
    { keyword: 'LONGTEXT', value: long },
    { keyword: 'ESO TEL ALT', value: 45.5, comment: 'deg' },
    { keyword: 'COMMENT', comment: 'words' },
  ]);
  const folder = mkdtempSync(join(tmpdir(), 'fits-'));
  try {
    const path = join(folder, 'header.fits');
    writeFileSync(path, bytes);
    expect(JSON.parse(python('-c', READ, path))).toEqual([
      ['SIMPLE', true, 'standard'],
      ['BITPIX', 8, ''],
      ['NAXIS', 0, ''],
      ['CRVAL1', 83.6330812345679, 'degrees'],
      ['CD1_1', -1.2345678901234567e-105, ''],
      ['OBJECT', "Barnard's / star", ''],
      ['LONGTEXT', long, ''],
      ['ESO TEL ALT', 45.5, 'deg'],
      ['COMMENT', 'words', ''],
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
