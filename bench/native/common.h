/* What the clients and the broadcaster share. All times are nanoseconds of CLOCK_MONOTONIC, as in Node's hrtime. */
#ifndef COMMON_H
#define COMMON_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static inline int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline void die(const char *what) {
  perror(what);
  exit(1);
}

/* The value of `--name value`; the last resort is `otherwise`. */
static inline const char *option(int argc, char **argv, const char *name, const char *otherwise) {
  for (int i = 1; i + 1 < argc; i++)
    if (strncmp(argv[i], "--", 2) == 0 && strcmp(argv[i] + 2, name) == 0) return argv[i + 1];
  return otherwise;
}

static inline long number_option(int argc, char **argv, const char *name, const char *otherwise) {
  return strtol(option(argc, argv, name, otherwise), NULL, 10);
}

/* Nothing here may run for longer than `--seconds`, whatever happens to the program that started it. */
static inline void *check_memory(void *memory) {
  if (memory == NULL) die("memory");
  return memory;
}

#endif
