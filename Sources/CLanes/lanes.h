// Operations on eight doubles that Swift's own vectors do one lane at a time (and that the optimiser does not always put
// together again): here they are the compiler's vector operations. Same results to the bit.
#ifndef LAB_LANES_H
#define LAB_LANES_H

typedef double lab_lanes __attribute__((ext_vector_type(8)));

#define LAB_LANES static inline __attribute__((always_inline, const))

/// a·b + c, rounded once.
LAB_LANES lab_lanes lab_fused(lab_lanes a, lab_lanes b, lab_lanes c) { return __builtin_elementwise_fma(a, b, c); }

/// √a, correctly rounded.
LAB_LANES lab_lanes lab_square_root(lab_lanes a) { return __builtin_elementwise_sqrt(a); }

#endif
