// For ZSTD_decompressBound and ZSTD_d_stableOutBuffer.
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>
#include <zstd_errors.h>

// A macro for a macro, which Swift cannot import.
static const ZSTD_dParameter CZstd_stableOutput = ZSTD_d_stableOutBuffer;
