#!/usr/bin/python3
"""Makes the Astrometry.net index files in fixtures/skyindex: run it in that folder.

Needs Debian's astrometry.net (build-astrometry-index), python3-astrometry (its k-d trees), python3-astropy and
astrometry-data-tycho2-10-19 (the stars: Tycho-2, see fixtures/skyindex/README.md).

four.fits   quads of four stars, integer trees with splitting planes, as in the files that are published
three.fits  the same with three stars
boxes.fits  three.fits with its trees made anew of doubles, permuted: codes by planes, stars by bounding boxes
"""

import os
import subprocess

import numpy as np
from astrometry.libkd import spherematch_c
from astropy.io import fits

SOURCE = '/usr/share/astrometry/index-tycho2-11.littleendian.fits'
# Ten degrees around a place five degrees from the north pole: holds the pole and all right ascensions.
CENTRE = np.array([0, np.cos(np.radians(85)), np.sin(np.radians(85))])
RADIUS = np.radians(10)


def tables(hdus):
    return {hdu.columns[0].name: hdu for hdu in hdus[1:]}


def points(hdus, tree, dtype, dimensions):
    """The points of an integer tree, as the comments of its range table say."""
    named = tables(hdus)
    scaling = np.frombuffer(named['kdtree_range_' + tree].data.tobytes(), '<f8')
    data = np.frombuffer(named['kdtree_data_' + tree].data.tobytes(), dtype).reshape(-1, dimensions)
    return scaling[:dimensions] + data / scaling[-1]


def write_catalogue(path):
    with fits.open(SOURCE) as hdus:
        vectors = points(hdus, 'stars', '<u4', 3)
        magnitude = tables(hdus)['MAG_VT'].data['MAG_VT']
    inside = vectors @ CENTRE > np.cos(RADIUS)
    x, y, z = vectors[inside].T
    columns = [
        fits.Column('RA', 'D', array=np.degrees(np.arctan2(y, x)) % 360),
        fits.Column('DEC', 'D', array=np.degrees(np.arctan2(z, np.hypot(x, y)))),
        fits.Column('MAG_VT', 'E', array=magnitude[inside]),
    ]
    fits.BinTableHDU.from_columns(columns).writeto(path, overwrite=True)


def build(stars, preset, path):
    command = ['build-astrometry-index', '-i', 'stars.fits', '-o', path, '-d', str(stars), '-P', str(preset)]
    command += ['-S', 'MAG_VT', '-E', '-M', '-I', '9000']
    subprocess.run(command, check=True, capture_output=True)


def hdu_bytes(path, hdu, cards=()):
    """Header and data blocks of an HDU as they stand in the file, with cards added: astropy would not write 0A columns."""
    place = hdu.fileinfo()
    for card in cards:
        hdu.header.append(card, end=True)
    with open(path, 'rb') as file:
        file.seek(place['datLoc'])
        data = file.read(place['datSpan'])
    return hdu.header.tostring().encode() + data


def remake_tree(hdus, tree, values, **layout):
    """The HDUs of a new tree of doubles over these points, with the cards the old tree's header had besides."""
    made = spherematch_c.KdTree(np.ascontiguousarray(values), nleaf=8, **layout)
    made.set_name(tree)
    made.write('tree.fits')
    old = tables(hdus)['kdtree_header_' + tree].header.cards
    extra = [card for card in old if card.keyword in ('CXDX', 'CXDXLT1', 'CIRCLE')]
    with fits.open('tree.fits') as new:
        parts = [hdu_bytes('tree.fits', hdu, extra if i == 0 else ()) for i, hdu in enumerate(new[1:])]
    os.remove('tree.fits')
    return b''.join(parts)


def write_boxes(path):
    with fits.open('three.fits') as hdus, open(path, 'wb') as file:
        named = tables(hdus)
        file.write(hdu_bytes('three.fits', hdus[0]))
        file.write(hdu_bytes('three.fits', named['quads']))
        file.write(remake_tree(hdus, 'codes', points(hdus, 'codes', '<u2', 2), bbox=False, split=True))
        file.write(remake_tree(hdus, 'stars', points(hdus, 'stars', '<u4', 3), bbox=True, split=False))
        file.write(hdu_bytes('three.fits', named['sweep']))
        file.write(hdu_bytes('three.fits', named['MAG_VT']))


write_catalogue('stars.fits')
build(4, 11, 'four.fits')
build(3, 13, 'three.fits')
write_boxes('boxes.fits')
os.remove('stars.fits')
