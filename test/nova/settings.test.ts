import { describe, expect, test } from 'vitest';
import { type UploadSettings, decodeSettings, encodeSettings } from '../../src/nova/settings.ts';
import { type Exchange, recording } from '../helpers/recordings.ts';

describe('what is sent', () => {
  test('is private, and nothing that was not asked for', () => {
    expect(encodeSettings()).toEqual({
      publicly_visible: 'n',
      allow_commercial_use: 'd',
      allow_modifications: 'd',
    });
  });

  test('stands where the server reads it, and is said so that it counts', () => {
    expect(
      encodeSettings({
        publiclyVisible: true,
        allowCommercialUse: 'no',
        allowModifications: 'share-alike',
        scale: { units: 'arcsecperpix', lower: 0, upper: 5 },
        position: { raDeg: -10, decDeg: 0, radiusDeg: 2 },
        parity: -1,
        tweakOrder: 0,
        downsampleFactor: 1,
        useSourceExtractor: true,
        crpixCenter: true,
        invert: true,
        positionalError: 2.5,
        album: 'Summer',
      }),
    ).toEqual({
      publicly_visible: 'y',
      allow_commercial_use: 'n',
      allow_modifications: 'sa',
      scale_units: 'arcsecperpix',
      scale_type: 'ul',
      scale_lower: 0,
      scale_upper: 5,
      center_ra: 350,
      // 0 is dropped by the server, and with it the whole position.
      center_dec: 1e-9,
      radius: 2,
      parity: 0,
      tweak_order: 0,
      downsample_factor: 1,
      use_sextractor: true,
      crpix_center: true,
      invert: true,
      positional_error: 2.5,
      album: 'Summer',
    });
    expect(encodeSettings({ scale: { units: 'focalmm', estimate: 50, errorPercent: 10 } })).toMatchObject({
      scale_units: 'focalmm',
      scale_type: 'ev',
      scale_est: 50,
      scale_err: 10,
    });
  });

  test.each<[string, object]>([
    ['settings.scale: lower is not below upper', { scale: { units: 'degwidth', lower: 3, upper: 2 } }],
    ['settings.scale.units', { scale: { units: 'parsec', lower: 1, upper: 2 } }],
    ['settings.scale.upper', { scale: { units: 'degwidth', lower: 1, upper: Number.NaN } }],
    ['settings.scale.upper', { scale: { units: 'degwidth', lower: 1 } }],
    ['settings.scale.errorPercent', { scale: { units: 'degwidth', estimate: 1, errorPercent: 0 } }],
    ['settings.position.radiusDeg', { position: { raDeg: 1, decDeg: 1 } }],
    ['settings.position.decDeg', { position: { raDeg: 1, decDeg: 91, radiusDeg: 1 } }],
    ['settings.parity', { parity: 2 }],
    ['settings.tweakOrder', { tweakOrder: 10 }],
    ['settings.downsampleFactor', { downsampleFactor: 1.5 }],
    ['settings.positionalError', { positionalError: 0 }],
    ['settings.album', { album: '' }],
    ['settings.publiclyVisible', { publiclyVisible: 'n' }],
    ['settings.allowModifications', { allowModifications: 'maybe' }],
    ['Unrecognized key: "downsample"', { downsample: 2 }],
  ])('a value that cannot be meant is refused: %s', (fact, settings) => {
    expect(() => encodeSettings(settings as UploadSettings)).toThrow(fact);
  });
});

const NEVER_MEANT =
  'what the real server takes, and then drops or fails at: a job that can only fail, or an option without effect';

describe('what a server makes of request-json', () => {
  const uploads = recording('option_types').filter(({ path, json }) => path === '/api/url_upload' && isJson(json));

  test.each(uploads.map((exchange) => [optionOf(exchange), exchange] as const))(
    '%s',
    (option, { status, body, json }) => {
      const refusedThere = status === 500 || body.includes('"status": "error"');
      const decode = (): UploadSettings => decodeSettings(JSON.parse(json!) as Record<string, unknown>);
      if (!refusedThere && !(option in REFUSED_HERE_ALONE)) expect(decode, option).not.toThrow();
      // An album and the size of a list are looked at elsewhere.
      else if (!/album|image_width/.test(option)) expect(decode, option).toThrow(/./);
    },
  );

  /** Options of which the job failed at once, or that cannot be kept: refused here although the server takes them. */
  const REFUSED_HERE_ALONE: Readonly<Record<string, string>> = {
    '{"scale_lower":-1}': NEVER_MEANT,
    // 1e999, which JSON cannot write again.
    '{"scale_upper":null}': NEVER_MEANT,
    '{"scale_units":"parsec"}': NEVER_MEANT,
    '{"scale_units":null}': NEVER_MEANT,
    '{"scale_units":"app"}': NEVER_MEANT,
    '{"scale_type":"xx"}': NEVER_MEANT,
    '{"scale_type":null}': NEVER_MEANT,
    '{"scale_type":"ev"}': NEVER_MEANT,
    '{"scale_type":"ev","scale_est":33}': NEVER_MEANT,
    '{"allow_commercial_use":"x"}': NEVER_MEANT,
    '{"allow_modifications":"maybe"}': NEVER_MEANT,
  };

  test('a position of which a part is missing or 0 does not count', () => {
    expect(decodeSettings({ center_ra: 0, center_dec: 56.7, radius: 30 }).position).toBeUndefined();
    expect(decodeSettings({ center_ra: 187, center_dec: 56.7 }).position).toBeUndefined();
    expect(decodeSettings({ center_ra: '187', center_dec: 56.7, radius: 3 }).position).toEqual({
      raDeg: 187,
      decDeg: 56.7,
      radiusDeg: 3,
    });
  });

  test('the default of who may see it is everybody, unlike ours', () => {
    expect(decodeSettings({}).publiclyVisible).toBe(true);
    expect(decodeSettings({ publicly_visible: 'n' }).publiclyVisible).toBe(false);
    expect(decodeSettings({ publicly_visible: true }).publiclyVisible).toBe(false);
  });

  test('numbers and truth are those of Python', () => {
    expect(decodeSettings({ parity: 1.9, tweak_order: 2.7, use_sextractor: 'false', invert: '' })).toMatchObject({
      parity: 1,
      tweakOrder: 2,
      useSourceExtractor: true,
      invert: false,
    });
  });
});

function isJson(text: string | undefined): boolean {
  try {
    JSON.parse(text ?? '');
    return true;
  } catch {
    return false;
  }
}

function optionOf({ json }: Exchange): string {
  const { session: _, url: __, ...option } = JSON.parse(json!) as Record<string, unknown>;
  return JSON.stringify(option);
}
