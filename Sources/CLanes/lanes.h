// Operations on vectors that Swift does one lane at a time (and that the optimiser does not always put together again), or
// for which it has no way to ask for AVX-512 in one function alone: here they are the compiler's vector operations. Same
// results to the bit.
#ifndef LAB_LANES_H
#define LAB_LANES_H

typedef double lab_lanes __attribute__((ext_vector_type(8)));

#define LAB_LANES static inline __attribute__((always_inline, const))

/// a·b + c, rounded once.
LAB_LANES lab_lanes lab_fused(lab_lanes a, lab_lanes b, lab_lanes c) { return __builtin_elementwise_fma(a, b, c); }

/// √a, correctly rounded.
LAB_LANES lab_lanes lab_square_root(lab_lanes a) { return __builtin_elementwise_sqrt(a); }

// --- places among sorted numbers -----------------------------------------------------------------------------------

/// How many of sixteen numbers are less than a value (not for NaN).
static inline __attribute__((always_inline)) long lab_count_below(const double *numbers, double value) {
    typedef double four __attribute__((ext_vector_type(4), aligned(8)));
    typedef long counts __attribute__((ext_vector_type(4)));
    const four *part = (const four *)numbers;
    // A comparison is -1 where it holds.
    counts found = (part[0] < value) + (part[1] < value) + (part[2] < value) + (part[3] < value);
    return -(found[0] + found[1] + found[2] + found[3]);
}

/// Codes a column: how many of 256 ascending cuts are less than each value (infinities as the greatest finite numbers),
/// 255 for NaN; and the smallest and largest value of each code. First which sixteenth of the cuts, then the place in it.
///
/// `sixteenths` is every sixteenth cut from the fifteenth on; row i has `values[rows[i]·columns]` and `codes[i·columns]`.
#define LAB_CODE_LOOP(COARSE, FINE)                                            \
    for (long i = 0; i < count; i++) {                                         \
        double value = values[rows[i] * columns];                              \
        if (value > __DBL_MAX__) value = __DBL_MAX__;                          \
        if (value < -__DBL_MAX__) value = -__DBL_MAX__;                        \
        if (value != value) {                                                  \
            codes[i * columns] = 255;                                          \
            continue;                                                          \
        }                                                                      \
        long part = 16 * COARSE;                                               \
        const double *sixteen = cuts + part;                                   \
        long code = part + FINE;                                               \
        if (value < low[code]) low[code] = value;                              \
        if (value > high[code]) high[code] = value;                            \
        codes[i * columns] = (unsigned char)code;                              \
    }

static inline void lab_codes_narrow(
    const double *values, long columns, const int *rows, long count, const double *sixteenths, const double *cuts,
    double *low, double *high, unsigned char *codes) {
    LAB_CODE_LOOP(lab_count_below(sixteenths, value), lab_count_below(sixteen, value))
}

#if defined(__x86_64__)
static inline int lab_has_wide_vectors(void) { return __builtin_cpu_supports("avx512f") != 0; }

typedef double lab_eight __attribute__((vector_size(64), aligned(8)));

/// Less than, by masks of AVX-512.
#define LAB_COUNT_WIDE(first, second)                                                                        \
    __builtin_popcount(                                                                                      \
        (unsigned)(unsigned char)__builtin_ia32_cmppd512_mask(first, every, 1, (unsigned char)-1, 4)         \
        | (unsigned)(unsigned char)__builtin_ia32_cmppd512_mask(second, every, 1, (unsigned char)-1, 4) << 8)

static inline __attribute__((target("avx512f,popcnt"), noinline)) void lab_codes_wide(
    const double *values, long columns, const int *rows, long count, const double *sixteenths, const double *cuts,
    double *low, double *high, unsigned char *codes) {
    typedef double vector __attribute__((vector_size(64)));
    const vector first = (vector)*(const lab_eight *)sixteenths, second = (vector)*(const lab_eight *)(sixteenths + 8);
#define LAB_EVERY (vector){value, value, value, value, value, value, value, value}
    LAB_CODE_LOOP(
        ({ const vector every = LAB_EVERY; LAB_COUNT_WIDE(first, second); }),
        ({
            const vector every = LAB_EVERY;
            LAB_COUNT_WIDE((vector)*(const lab_eight *)sixteen, (vector)*(const lab_eight *)(sixteen + 8));
        }))
#undef LAB_EVERY
}
#else
static inline int lab_has_wide_vectors(void) { return 0; }
static inline void lab_codes_wide(
    const double *values, long columns, const int *rows, long count, const double *sixteenths, const double *cuts,
    double *low, double *high, unsigned char *codes) {
    lab_codes_narrow(values, columns, rows, count, sixteenths, cuts, low, high, codes);
}
#endif

// --- a tile of a matrix product in AVX-512 ------------------------------------------------------------------------
// Twelve rows by thirty-two columns fill 24 of the 32 registers with sums. Every sum runs over the depth in order with
// fused multiply-add, as in the tiles written in Swift, so that the results are the same.

#if defined(__x86_64__)
#define LAB_WIDE __attribute__((target("avx512f"), noinline))
typedef float lab_wide __attribute__((ext_vector_type(16), aligned(4)));

/// c = start + a·b for 12 × 32 numbers. Element (i, k) of `a` is `a[i·aRow + k·aDepth]`; `start` may be null for zero.
static inline LAB_WIDE void lab_wide_tile(
    const float *a, long aRow, long aDepth, const float *b, long bRow, long depth, const float *start, long startRow,
    float *c, long cRow) {
    lab_wide sums[12][2];
    for (int row = 0; row < 12; row++) {
        sums[row][0] = start ? *(const lab_wide *)(start + row * startRow) : (lab_wide)0;
        sums[row][1] = start ? *(const lab_wide *)(start + row * startRow + 16) : (lab_wide)0;
    }
    // Four pointers, three rows behind each: more would not fit into the registers for addresses.
    const float *first = a, *fourth = a + 3 * aRow, *seventh = a + 6 * aRow, *tenth = a + 9 * aRow;
#define LAB_ROW(number, place)                                                         \
    {                                                                                  \
        lab_wide x = (lab_wide)(place);                                                \
        sums[number][0] = __builtin_elementwise_fma(x, left, sums[number][0]);         \
        sums[number][1] = __builtin_elementwise_fma(x, right, sums[number][1]);        \
    }
    for (long k = 0; k < depth; k++) {
        lab_wide left = *(const lab_wide *)b, right = *(const lab_wide *)(b + 16);
        LAB_ROW(0, first[0])
        LAB_ROW(1, first[aRow])
        LAB_ROW(2, first[2 * aRow])
        LAB_ROW(3, fourth[0])
        LAB_ROW(4, fourth[aRow])
        LAB_ROW(5, fourth[2 * aRow])
        LAB_ROW(6, seventh[0])
        LAB_ROW(7, seventh[aRow])
        LAB_ROW(8, seventh[2 * aRow])
        LAB_ROW(9, tenth[0])
        LAB_ROW(10, tenth[aRow])
        LAB_ROW(11, tenth[2 * aRow])
        first += aDepth;
        fourth += aDepth;
        seventh += aDepth;
        tenth += aDepth;
        b += bRow;
    }
#undef LAB_ROW
    for (int row = 0; row < 12; row++) {
        *(lab_wide *)(c + row * cRow) = sums[row][0];
        *(lab_wide *)(c + row * cRow + 16) = sums[row][1];
    }
}
#else
static inline void lab_wide_tile(
    const float *a, long aRow, long aDepth, const float *b, long bRow, long depth, const float *start, long startRow,
    float *c, long cRow) {
    (void)a, (void)aRow, (void)aDepth, (void)b, (void)bRow, (void)depth, (void)start, (void)startRow, (void)c, (void)cRow;
}
#endif

#endif
