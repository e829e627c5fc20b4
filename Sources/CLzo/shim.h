#include <lzo/lzoconf.h>
#include <lzo/lzo1x.h>
