/* The kind of counting that the server is made with: leash's, or, for comparison, one atomic counter an object.  (Every
 * source of the server includes this file and not <leash/leash.h>, so that the same sources can be made with either.) */
#ifndef COUNTED_H
#define COUNTED_H

#ifdef SERVER_NAIVE
#include "naive/counted.h"
#define SERVER_NAME     "leash-server-naive"
#define SERVER_COUNTING "naive"
#else
#include <leash/leash.h>
#define SERVER_NAME     "leash-server"
#define SERVER_COUNTING "leash"
#endif

#endif
