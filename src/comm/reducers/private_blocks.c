#include <stdlib.h>

#include "comm_internal.h"
#include "reducer_internal.h"

md_status md_private_create(md_reducer *reducer, size_t tail, md_error *err)
{
    size_t state = md_reducer_state_floats(reducer);
    void *blocks;
    md_status status = md_allocate(&blocks, state + reducer->stride + tail, sizeof(float),
                                   "parameters, moments and gradient", err);
    if (status)
        return status;
    reducer->parameters = blocks;
    reducer->gradient = reducer->parameters + state;
    reducer->slices = &reducer->private_slice;
    reducer->slice_count = 1;
    reducer->own_slice = 0;
    reducer->count = reducer->params.parameters;
    return MD_OK;
}

void md_private_destroy(md_reducer *reducer)
{
    free(reducer->parameters);
}

md_status md_private_spread(md_reducer *reducer, md_error *err)
{
    return md_comm_broadcast(reducer->comm, reducer->parameters,
                             md_reducer_state_floats(reducer) * sizeof(float), 0, err);
}
