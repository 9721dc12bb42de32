/* The HDF5 library in use, for those who need no more of it. Local. */
#ifndef MNIST_DIST_HDF5_HDF5_VERSION_H
#define MNIST_DIST_HDF5_HDF5_VERSION_H

const char *md_hdf5_version(void); /* "1.10.8" */

#endif
