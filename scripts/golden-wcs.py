"""What astropy.wcs says about world coordinate systems, for test/wcs/astropy.golden.test.ts.

    python3 scripts/golden-wcs.py make > fixtures/wcs/astropy.json   (writes the stored answers anew; seeded)
    python3 scripts/golden-wcs.py answer < cases.json                (answers the cases of a running test)

A case is {"cards": {...}} or {"header": "text of header blocks"}, with 0-based pixels "x" and "y". Its answer adds
"ra" and "dec" (degrees) and, with AP and BP, "backX" and "backY": the pixels that these polynomials lead back to.
Needs astropy (Debian: python3-astropy).
"""

import json
import random
import sys
import warnings

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

warnings.simplefilter("ignore")


def answer(case):
    if "header" in case:
        header = fits.Header.fromstring(case["header"])
    else:
        header = fits.Header()
        for key, value in case["cards"].items():
            header[key] = value
    wcs = WCS(header, naxis=2)
    x, y = np.array(case["x"], float), np.array(case["y"], float)
    ra, dec = wcs.all_pix2world(x, y, 0)
    result = dict(case, ra=ra.tolist(), dec=dec.tolist())
    if wcs.sip is not None and wcs.sip.ap is not None:
        focal = wcs.sip_pix2foc(x, y, 0)
        # pix2foc is relative to the reference pixel, foc2pix takes that and gives a pixel
        back = wcs.sip_foc2pix(focal[0], focal[1], 0)
        result["backX"], result["backY"] = back[0].tolist(), back[1].tolist()
    return result


def make(seed=20260):
    dice = random.Random(seed)
    cases = []
    for number in range(48):
        width, height = dice.choice([(1000, 800), (640, 480), (3000, 2000), (300, 900)])
        scale = 10 ** dice.uniform(-1, np.log10(300)) / 3600  # 0.1 to 300 arcsec per pixel
        scale = min(scale, 60 / max(width, height))
        rotation = np.radians(dice.uniform(-180, 180))
        flip = dice.choice([1, -1])
        dec = [dice.uniform(-90, 90), 90.0, -90.0, 89.999, dice.uniform(-2, 2)][number % 5]
        ra = [dice.uniform(0, 360), 0.0, 359.99999, dice.uniform(0, 360)][number % 4]
        sin, cos = float(np.sin(rotation)), float(np.cos(rotation))
        cards = {
            "WCSAXES": 2,
            "CTYPE1": "RA---TAN",
            "CTYPE2": "DEC--TAN",
            "CRVAL1": ra,
            "CRVAL2": dec,
            "CRPIX1": width * dice.uniform(-0.2, 1.2),
            "CRPIX2": height * dice.uniform(-0.2, 1.2),
        }
        spelling = number % 3
        if spelling == 0:
            cards.update(CD1_1=flip * scale * cos, CD1_2=-scale * sin, CD2_1=flip * scale * sin, CD2_2=scale * cos)
        elif spelling == 1:
            cards.update(CDELT1=flip * scale, CDELT2=1.1 * scale, PC1_1=cos, PC1_2=-sin, PC2_1=sin, PC2_2=cos)
        else:
            cards.update(CDELT1=flip * scale, CDELT2=scale, CROTA2=float(np.degrees(rotation)))
        if number % 7 == 3:
            cards["LONPOLE"] = dice.uniform(-180, 180)
        if number % 2 == 1 and spelling != 2:
            order = 2 + number % 4
            cards.update(CTYPE1="RA---TAN-SIP", CTYPE2="DEC--TAN-SIP", A_ORDER=order, B_ORDER=order)
            for name in "AB":
                for p in range(order + 1):
                    for q in range(order + 1 - p):
                        if p + q >= 2:
                            cards[f"{name}_{p}_{q}"] = dice.uniform(-1, 1) * 0.01 * max(width, height) ** (1 - p - q)
        points = [(dice.uniform(-0.5, width - 0.5), dice.uniform(-0.5, height - 0.5)) for _ in range(8)]
        cases.append(answer({"cards": cards, "x": [p[0] for p in points], "y": [p[1] for p in points]}))
    return cases


if sys.argv[1:] == ["make"]:
    print("[" + ",\n".join(json.dumps(case) for case in make()) + "]")
elif sys.argv[1:] == ["answer"]:
    json.dump([answer(case) for case in json.load(sys.stdin)], sys.stdout)
else:
    sys.exit(__doc__)
