"""Writes TIFF files by libtiff: python3 libtiff.py FOLDER; prints a line for each: name, kind of numbers, width, height, channels."""
import ctypes
import ctypes.util
import sys

import numpy as np

lib = ctypes.CDLL('libtiff.so.6')
lib.TIFFOpen.restype = ctypes.c_void_p
lib.TIFFSetErrorHandler(None)
lib.TIFFSetWarningHandler(None)
W, H = 150, 75
KINDS = {'u8': '<u1', 'u16': '<u2', 'u32': '<u4', 'i8': '<i1', 'i16': '<i2', 'i32': '<i4', 'f32': '<f4', 'f64': '<f8'}


def values(kind, channels):
    y, x, c = np.mgrid[0:H, 0:W, 0:channels]
    return ((x * 31 + y * 17 + c * 5 + (x * y) % 7) % 101).astype(KINDS[kind])


def write(path, kind, channels, packing, predictor, tiled, planar, mode):
    dtype = np.dtype(KINDS[kind])
    data = values(kind, channels)
    tif = ctypes.c_void_p(lib.TIFFOpen(path.encode(), mode.encode()))
    assert tif.value

    def tag(number, value):
        assert lib.TIFFSetField(tif, number, ctypes.c_int(value)) == 1, number

    tag(256, W)
    tag(257, H)
    tag(258, dtype.itemsize * 8)
    tag(277, channels)
    tag(339, {'u': 1, 'i': 2, 'f': 3}[kind[0]])
    tag(262, 2 if channels == 3 else 1)
    tag(284, 2 if planar else 1)
    tag(259, packing)
    if predictor > 1:
        tag(317, predictor)
    if tiled:
        tag(322, 64)
        tag(323, 32)
    else:
        tag(278, 13)
    for plane in range(channels if planar else 1):
        part = data[:, :, plane:plane + 1] if planar else data
        if tiled:
            for top in range(0, H, 32):
                for left in range(0, W, 64):
                    tile = np.zeros((32, 64, part.shape[2]), dtype)
                    piece = part[top:top + 32, left:left + 64]
                    tile[:piece.shape[0], :piece.shape[1]] = piece
                    raw = tile.tobytes()
                    assert lib.TIFFWriteTile(tif, raw, left, top, 0, plane) == len(raw)
        else:
            for row in range(H):
                assert lib.TIFFWriteScanline(tif, part[row].tobytes(), row, plane) == 1
    lib.TIFFClose(tif)


folder = sys.argv[1]
for kind in KINDS:
    for channels in (1, 3):
        for packing in (1, 5, 8):
            predictors = [1] if packing == 1 else [1, 3 if kind[0] == 'f' else 2]
            for predictor in predictors:
                for tiled in (False, True):
                    for planar in (False, True) if channels == 3 else (False,):
                        for mode in ('wl', 'wb', 'wl8'):
                            if mode != 'wl' and (tiled or planar):
                                continue
                            # libtiff 4.5 swaps these before it takes differences, and cannot read them itself.
                            if mode == 'wb' and predictor == 3:
                                continue
                            name = f'{kind}-{channels}-{packing}-{predictor}-{int(tiled)}{int(planar)}-{mode}.tif'
                            write(f'{folder}/{name}', kind, channels, packing, predictor, tiled, planar, mode)
                            print(name, kind, channels)
