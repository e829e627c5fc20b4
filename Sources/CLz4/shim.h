#include <lz4.h>
// For the list of error codes; no function beyond the stable ones is used.
#define LZ4F_STATIC_LINKING_ONLY
#include <lz4frame.h>
