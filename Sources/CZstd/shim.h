// For ZSTD_decompressBound, ZSTD_d_stableOutBuffer and ZSTD_c_literalCompressionMode.
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>
#include <zstd_errors.h>

// Macros for macros, which Swift cannot import.
static const ZSTD_dParameter CZstd_stableOutput = ZSTD_d_stableOutBuffer;
static const ZSTD_cParameter CZstd_literals = ZSTD_c_literalCompressionMode;
static const int CZstd_packed = ZSTD_ps_enable;
static const int CZstd_plain = ZSTD_ps_disable;
