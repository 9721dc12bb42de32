#include "distance.h"

#include <math.h>

double md_relative_distance(const float *a, const double *b, size_t count)
{
    double difference = 0.0, size = 0.0;
    for (size_t i = 0; i < count; i++) {
        difference += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
        size += b[i] * b[i];
    }
    return sqrt(size > 0.0 ? difference / size : difference);
}
