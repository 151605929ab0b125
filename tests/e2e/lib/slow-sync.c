/* Preloaded: a disk that does not answer. While the file that SLOW_SYNC names is there, no sync returns. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

#define LOOK_MICROS 5000

static void wait_for_disk(void)
{
    const char *held = getenv("SLOW_SYNC");
    while (held && access(held, F_OK) == 0)
        usleep(LOOK_MICROS);
}

int fdatasync(int fd)
{
    int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    wait_for_disk();
    return next(fd);
}

int fsync(int fd)
{
    int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    wait_for_disk();
    return next(fd);
}
