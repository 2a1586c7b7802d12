import { describe, expect, test } from 'vitest';
import { type Header, parseHeader } from '../../src/fits/header.ts';
import { headerHints } from '../../src/image/header-hints.ts';
import { precessToJ2000 } from '../../src/math/precession.ts';

/** Header cards as they stand in a file, one per line. */
function cards(text: string): Header {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return parseHeader(Buffer.from(lines.map((line) => line.trimStart().padEnd(80)).join(''), 'latin1'));
}

function positions(text: string, width = 1000, height = 800): { from: string; raDeg: number; decDeg: number }[] {
  return headerHints(cards(text), width, height).flatMap((hint) => (hint.kind === 'position' ? [hint] : []));
}

function scales(text: string): { from: string; scaleArcsec: number }[] {
  return headerHints(cards(text), 1000, 800).flatMap((hint) => (hint.kind === 'scale' ? [hint] : []));
}

describe('capture programs', () => {
  test('NINA: RA and DEC of the mount in degrees, target as text, pixel size with binning in it', () => {
    const header = `
      XBINNING=                    2 / X axis binning factor
      XPIXSZ  =                 7.52 / [um] Pixel X axis size
      FOCALLEN=                530.0 / [mm] Focal length
      RA      =     202.482322020833 / [deg] RA of telescope
      DEC     =      47.187222222222 / [deg] Declination of telescope
      OBJCTRA = '13 29 52'           / [H M S] RA of imaged object
      OBJCTDEC= '+47 11 42'          / [D M S] Declination of imaged object
      OBJCTROT=                  0.0 / [deg] planned rotation of imaged object
      EQUINOX =               2000.0 / Equinox of celestial coordinate system`;
    const found = positions(header);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ kind: 'position', from: 'RA, DEC', raDeg: 202.482322020833 });
    const [first, ...others] = scales(header);
    expect(first!.from).toBe('FOCALLEN, XPIXSZ');
    expect(first!.scaleArcsec).toBeCloseTo(2.9266, 3);
    expect(others.map((hint) => hint.scaleArcsec / first!.scaleArcsec)).toEqual([2, 0.5]);
    expect(others.map((hint) => hint.from)).toEqual([
      'FOCALLEN, XPIXSZ, binning 2 on top',
      'FOCALLEN, XPIXSZ, without binning 2',
    ]);
  });

  test('NINA: the target is listed too when the mount stands elsewhere', () => {
    const found = positions(`
      RA      =              210.802 / [deg] RA of telescope
      DEC     =               54.349 / [deg] Declination of telescope
      OBJCTRA = '13 29 52'           / [H M S] RA of imaged object
      OBJCTDEC= '+47 11 42'          / [D M S] Declination of imaged object`);
    expect(found.map((hint) => hint.from)).toEqual(['RA, DEC', 'OBJCTRA, OBJCTDEC']);
    expect(found[1]!.raDeg).toBeCloseTo(202.46667, 4);
    expect(found[1]!.decDeg).toBeCloseTo(47.195, 4);
  });

  test('INDI and Ekos: SCALE, unbinned PIXSIZE1, binned XPIXSZ, and a WCS that is a guess', () => {
    const header = `
      ROWORDER= 'TOP-DOWN'           / Row Order
      PIXSIZE1=                 3.76 / Pixel Size 1 (microns)
      XBINNING=                    2 / Binning factor in width
      XPIXSZ  =                 7.52 / X binned pixel size in microns
      FOCALLEN=                 714. / Focal Length (mm)
      SCALE   =              2.17283 / arcsecs per pixel
      OBJCTRA = ' 0 42 44.33'        / Object J2000 RA in Hours
      OBJCTDEC= '+41 16 07.50'       / Object J2000 DEC in Degrees
      RA      =         1.068471E+01 / Object J2000 RA in Degrees
      DEC     =         4.126875E+01 / Object J2000 DEC in Degrees
      EQUINOX =                 2000 / Equinox
      CRVAL1  =     1.0684708333E+01 / CRVAL1
      CRVAL2  =     4.1268750000E+01 / CRVAL2
      RADECSYS= 'FK5     '           / RADECSYS
      CTYPE1  = 'RA---TAN'           / CTYPE1
      CTYPE2  = 'DEC--TAN'           / CTYPE2
      CRPIX1  =     5.0000000000E+02 / CRPIX1
      CRPIX2  =     4.0000000000E+02 / CRPIX2
      SECPIX1 =     2.1728300000E+00 / SECPIX1
      SECPIX2 =     2.1728300000E+00 / SECPIX2
      CDELT1  =     6.0356388889E-04 / CDELT1
      CDELT2  =     6.0356388889E-04 / CDELT2
      CROTA1  =     0.0000000000E+00 / CROTA1
      CROTA2  =     0.0000000000E+00 / CROTA2`;
    const found = positions(header);
    expect(found).toHaveLength(1);
    expect(found[0]!.raDeg).toBeCloseTo(10.68471, 5);
    const all = scales(header);
    expect(all[0]!.scaleArcsec).toBeCloseTo(2.17283, 5);
    expect(all.map((hint) => Math.round(hint.scaleArcsec * 100) / 100)).toEqual([2.17, 4.34, 1.09]);
  });

  test('SharpCap: coordinates of the date are brought to J2000', () => {
    const found = positions(`
      SWCREATE= 'SharpCap v4.1.12000.0, 64 bit' / Capture software
      DATE-OBS= '2025-06-20T22:10:33.1234567'
      EQUINOX = 'JNOW'               / Equinox
      RA      = 250.7                / Right ascension
      DEC     = 36.41                / Declination`);
    const year = 2025 + 5.5 / 12;
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ from: 'RA, DEC, equinox 2025.5', ...precessToJ2000(250.7, 36.41, year) });
    expect(found[0]!.raDeg).toBeLessThan(250.6);
  });

  test('a numeric EQUINOX and B1950 precess as well; ICRS beside it does not', () => {
    const at = (equinox: string): number =>
      positions(`
        ${equinox}
        RA      =                250.7
        DEC     =                36.41`)[0]!.raDeg;
    expect(at('EQUINOX =               2025.5')).toBeCloseTo(precessToJ2000(250.7, 36.41, 2025.5).raDeg, 9);
    expect(at("EQUINOX = 'B1950.0'")).toBeCloseTo(precessToJ2000(250.7, 36.41, 1950).raDeg, 9);
    expect(at("EQUINOX = 'J2000'")).toBe(250.7);
    expect(at('EQUINOX =               2000.0')).toBe(250.7);
    expect(at('EQUINOX =                    0')).toBe(250.7);
    expect(at("EQUINOX = 'JNOW'")).toBe(250.7); // no date to precess from
  });

  test('MaxIm DL and SGP: target as text only', () => {
    const header = `
      XPIXSZ  =   18.000000000000000 /Pixel Width in microns (after binning)
      XBINNING=                    2 /Binning factor in width
      FOCALLEN=   2032.0000000000000 /Focal length of telescope in mm
      OBJCTRA = '05 35 17'           / Nominal Right Ascension of center of image
      OBJCTDEC= '-05 23 28'          / Nominal Declination of center of image`;
    const found = positions(header);
    expect(found).toHaveLength(1);
    expect(found[0]!.from).toBe('OBJCTRA, OBJCTDEC');
    expect(found[0]!.raDeg).toBeCloseTo(83.820833, 5);
    expect(found[0]!.decDeg).toBeCloseTo(-5.391111, 5);
    expect(scales(header)[0]!.scaleArcsec).toBeCloseTo(1.8271, 3);
  });

  test('Seestar and Dwarf: decimal degrees, also below 24', () => {
    const header = `
      FOCALLEN=                  150 / mm
      XPIXSZ  =                    2 / um
      RA      =               13.109
      DEC     =                56.57`;
    expect(positions(header)).toEqual([
      { kind: 'position', from: 'RA, DEC', raDeg: 13.109, decDeg: 56.57 },
      { kind: 'position', from: 'RA, DEC (as hours)', raDeg: expect.closeTo(196.635, 9), decDeg: 56.57 },
    ]);
    expect(scales(header)).toEqual([
      { kind: 'scale', from: 'FOCALLEN, XPIXSZ', scaleArcsec: expect.closeTo(2.7502, 4) },
    ]);
  });

  test('PRISM: pixel sizes under names of its own', () => {
    const header = `
      FOCALLEN=                  910 / [mm] Telescope focal length
      XPIXELSZ=                 7.52 / [um] X pixel size
      CDELTM1 =              0.00752 / [mm] X pixel size
      XPIXSZ  =                 7.52 / [um] X pixel size with binning
      BINX    =                    2 / Binning X
      RA      = '20 58 47.1'
      DEC     = '+44 19 48'`;
    expect(positions(header)[0]!.raDeg).toBeCloseTo(314.69625, 5);
    expect(scales(header).map((hint) => hint.from)).toEqual([
      'FOCALLEN, XPIXSZ',
      'FOCALLEN, XPIXELSZ, binning 2 on top',
      'FOCALLEN, XPIXSZ, without binning 2',
    ]);
    expect(scales('FOCALLEN= 910\nCDELTM1 = 0.00752')[0]!.scaleArcsec).toBeCloseTo(1.7045, 3);
  });

  test('scanned plates: arcsec per millimetre', () => {
    const [first] = scales('PLTSCALE=                67.20\nXPIXELSZ=             25.28445');
    expect(first).toMatchObject({ from: 'PLTSCALE, XPIXELSZ' });
    expect(first!.scaleArcsec).toBeCloseTo(1.6991, 3);
  });
});

describe('hours or degrees', () => {
  test('a number that OBJCTRA shows to be hours is hours', () => {
    const found = positions(`
      RA      =                8.674
      DEC     =                19.68
      OBJCTRA = '08 40 24'
      OBJCTDEC= '+19 40 12'`);
    expect(found[0]).toMatchObject({ from: 'RA, DEC (as hours)', raDeg: expect.closeTo(130.11, 9) });
    expect(found.every((hint) => hint.raDeg > 100)).toBe(true);
  });

  test('a comment decides', () => {
    expect(positions('RA      = 8.674 / hours\nDEC     = 19.68')).toMatchObject([{ raDeg: expect.closeTo(130.11, 9) }]);
    expect(positions('RA      = 8.674 / degrees\nDEC     = 19.68')).toMatchObject([{ raDeg: 8.674 }]);
    expect(positions('RA      = 38.674 / hours\nDEC     = 19.68')).toEqual([]);
  });

  test('a quoted number is a number, quoted fields are hours', () => {
    expect(positions("RA      = '130.1'\nDEC     = '19.67'")).toMatchObject([{ raDeg: 130.1, decDeg: 19.67 }]);
    expect(positions("RA      = '08:40:24'\nDEC     = '19:40:12'")).toMatchObject([
      { raDeg: expect.closeTo(130.1, 9), decDeg: expect.closeTo(19.67, 9) },
    ]);
  });

  test('minus zero degrees is south', () => {
    expect(positions("OBJCTRA = '05 30 00'\nOBJCTDEC= '-00 30 00'")[0]!.decDeg).toBe(-0.5);
  });
});

describe('what says nothing', () => {
  test.each([
    ['zeros', 'RA = 0.0\nDEC = 0.0'],
    ['zeros as text', "OBJCTRA = '00 00 00'\nOBJCTDEC= '+00 00 00'"],
    ['empty text', "OBJCTRA = ''\nOBJCTDEC= ''"],
    ['half a pair', 'RA = 120.0'],
    ['RA out of range', 'RA = 361.0\nDEC = 10.0'],
    ['Dec out of range', 'RA = 120.0\nDEC = 99.9'],
    ['a sentinel', 'RA = -999.0\nDEC = -999.0'],
    ['not a number', 'RA = NaN\nDEC = NaN'],
    ['words', "RA = 'unknown'\nDEC = 'unknown'"],
    ['24 hours', "OBJCTRA = '24 00 00'\nOBJCTDEC= '+10 00 00'"],
    ['truth values', 'RA = T\nDEC = F'],
    ['no value', 'RA      =\nDEC     ='],
  ])('%s', (_, text) => {
    expect(positions(text.replace(/^(\w+) =/gm, (_all, name: string) => `${name.padEnd(8)}=`))).toEqual([]);
  });

  test.each([
    ['focal length zero', 'FOCALLEN= 0\nXPIXSZ  = 3.76'],
    ['pixel size zero', 'FOCALLEN= 500\nXPIXSZ  = 0'],
    ['negative', 'FOCALLEN= -500\nXPIXSZ  = 3.76'],
    ['focal length alone', 'FOCALLEN= 500'],
    ['scale zero', 'SCALE   = 0'],
    ['scale too small', 'PIXSCALE= 0.001'],
    ['scale too large', 'PIXSCALE= 5000'],
    ['the default CDELT', 'CDELT1  = 1.0\nCDELT2  = 1.0'],
    ['a matrix without area', 'CD1_1   = 0.001\nCD1_2   = 0.001\nCD2_1   = 0.001\nCD2_2   = 0.001'],
    ['a spectrum', "CTYPE1  = 'WAVE'\nCDELT1  = 0.001\nCDELT2  = 0.001"],
    ['words', "SCALE   = 'large'\nFOCALLEN= 'long'\nXPIXSZ  = 'small'"],
  ])('%s', (_, text) => {
    expect(scales(text)).toEqual([]);
  });

  test('an empty header', () => {
    expect(headerHints(cards(''), 100, 100)).toEqual([]);
  });
});

describe('WCS cards', () => {
  const wcs = `
    CTYPE1  = 'RA---TAN'
    CTYPE2  = 'DEC--TAN'
    CRVAL1  =                120.0
    CRVAL2  =                 60.0
    CRPIX1  =                  0.5
    CRPIX2  =                400.5
    CD1_1   =               -0.001
    CD1_2   =                  0.0
    CD2_1   =                  0.0
    CD2_2   =                0.001`;

  test('the centre of the image is told, not the reference pixel', () => {
    const [centre] = positions(wcs);
    // 0.5 degrees west along the tangent plane at declination 60.
    const xi = (0.5 * Math.PI) / 180;
    expect(centre!.raDeg).toBeCloseTo(120 - (Math.atan2(xi, Math.cos(Math.PI / 3)) * 180) / Math.PI, 9);
    expect(centre!.decDeg).toBeLessThan(60);
    expect(centre!.decDeg).toBeGreaterThan(59.99);
    expect(scales(wcs)[0]!.scaleArcsec).toBeCloseTo(3.6, 9);
  });

  test('a guessed WCS comes last, that of a solved image first', () => {
    const mount = 'RA      = 200.0\nDEC     = 10.0\nPIXSCALE= 1.5';
    expect(positions(`${mount}\n${wcs}`).map((hint) => hint.from)).toEqual(['RA, DEC', 'CRVAL1, CRVAL2']);
    expect(scales(`${mount}\n${wcs}`).map((hint) => hint.from)).toEqual(['PIXSCALE', 'CD1_1, CD1_2, CD2_1, CD2_2']);
    for (const solved of ['PLTSOLVD=                    T', 'A_ORDER =                    2']) {
      const header = `${solved}\n${mount}\n${wcs}`;
      expect(positions(header).map((hint) => hint.from)).toEqual(['CRVAL1, CRVAL2', 'RA, DEC']);
      expect(scales(header)[0]!.from).toBe('CD1_1, CD1_2, CD2_1, CD2_2');
    }
  });

  test('axes in the other order are understood, galactic ones left alone', () => {
    const swapped = "CTYPE1  = 'DEC--TAN'\nCTYPE2  = 'RA---TAN'\nCRVAL1  = 60.0\nCRVAL2  = 120.0";
    expect(positions(swapped)).toMatchObject([{ raDeg: 120, decDeg: 60 }]);
    expect(positions("CTYPE1  = 'GLON-CAR'\nCTYPE2  = 'GLAT-CAR'\nCRVAL1  = 60.0\nCRVAL2  = 10.0")).toEqual([]);
  });

  test('the reference point stands for the centre if the matrix cannot be meant', () => {
    const text = 'CRVAL1  = 120.0\nCRVAL2  = 60.0\nCRPIX1  = 0\nCRPIX2  = 0\nCDELT1  = 1\nCDELT2  = 1';
    expect(positions(text)).toMatchObject([{ raDeg: 120, decDeg: 60 }]);
  });

  test('CDELT with CROTA, and PC, give the same scale as CD', () => {
    const cdelt = 'CDELT1  = -0.001\nCDELT2  = 0.001';
    expect(scales(`${cdelt}\nCROTA2  = 33.0`)[0]!.scaleArcsec).toBeCloseTo(3.6, 9);
    expect(scales(`${cdelt}\nPC1_1   = 0.8\nPC1_2   = -0.6\nPC2_1   = 0.6\nPC2_2   = 0.8`)[0]).toMatchObject({
      from: 'CDELT1, CDELT2, PC',
      scaleArcsec: expect.closeTo(3.6, 9),
    });
  });
});

test('units behind a quoted number are allowed', () => {
  expect(scales("FOCALLEN= '400 mm'\nXPIXSZ  = '3.76 um'")[0]!.scaleArcsec).toBeCloseTo(1.9389, 3);
  expect(scales("PIXSCALE= '1.25 arcsec/pixel'")[0]!.scaleArcsec).toBe(1.25);
});

test('binning is found under its other names', () => {
  const sizes = (card: string): number => scales(`FOCALLEN= 400\nXPIXSZ  = 3.76\n${card}`).length;
  expect(sizes("CCDSUM  = '2 2'")).toBe(3);
  expect(sizes("BINNING = '2x2'")).toBe(3);
  expect(sizes('CCDXBIN = 2')).toBe(3);
  expect(sizes('XBINNING= 1')).toBe(1);
  expect(sizes('XBINNING= 0')).toBe(1);
});

test('every other name of a pointing is read', () => {
  for (const [ra, dec] of [
    ['OBJRA', 'OBJDEC'],
    ['RA_OBJ', 'DEC_OBJ'],
    ['TELRA', 'TELDEC'],
    ['CENTRA', 'CENTDEC'],
    ['RA-MNT', 'DEC-MNT'],
  ]) {
    const found = positions(`${ra!.padEnd(8)}= 130.1\n${dec!.padEnd(8)}= 19.67`);
    expect(found).toEqual([{ kind: 'position', from: `${ra}, ${dec}`, raDeg: 130.1, decDeg: 19.67 }]);
  }
});
