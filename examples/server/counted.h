/* The kind of counting that the server is made with: leash's.  (Every source of the server includes this file and not
 * <leash/leash.h>, so that the same sources can be made with another.) */
#ifndef COUNTED_H
#define COUNTED_H

#include <leash/leash.h>

#endif
