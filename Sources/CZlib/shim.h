// zlib's macros, as functions that Swift can import.
#ifndef B2WATCH_CZLIB_H
#define B2WATCH_CZLIB_H

#include <zlib.h>

static inline int b2_inflate_init(z_stream *stream, int window_bits) {
    return inflateInit2(stream, window_bits);
}

static inline int b2_deflate_init(z_stream *stream, int level, int window_bits) {
    return deflateInit2(stream, level, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY);
}

#endif
