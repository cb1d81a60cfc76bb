// OpenBLAS' C interfaces: CBLAS for products, LAPACKE for factorisations, openblas_config for the kernel's name.
#ifndef LAB_COPENBLAS_SHIM_H
#define LAB_COPENBLAS_SHIM_H
#include <cblas.h>
#include <openblas_config.h>
#include <lapacke.h>
#endif
