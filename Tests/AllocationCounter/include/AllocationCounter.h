// Counts what the calling thread allocates, so that tests can hold hot paths to allocating nothing.

#ifndef ALLOCATION_COUNTER_H
#define ALLOCATION_COUNTER_H

/// Blocks that the calling thread has allocated so far; -1 where allocations cannot be counted (no GNU C library).
long allocationsOfThisThread(void);

#endif
