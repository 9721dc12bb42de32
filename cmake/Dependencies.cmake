# Every library the project uses, each found once and linked by the modules that need it.
find_package(MPI REQUIRED COMPONENTS C)
if(NOT DEFINED HDF5_PREFER_PARALLEL)
  set(HDF5_PREFER_PARALLEL OFF)
endif()
find_package(HDF5 REQUIRED COMPONENTS C)
if(HDF5_IS_PARALLEL) # Its hdf5.h wants mpi.h.
  target_link_libraries(hdf5::hdf5 INTERFACE MPI::MPI_C)
endif()
find_package(ZLIB REQUIRED)
find_package(PNG REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(ZIP REQUIRED IMPORTED_TARGET libzip)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)

# Any CBLAS will do; OpenBLAS is what Debian installs and what was measured.
set(MD_CBLAS openblas CACHE STRING "CBLAS library to link")
find_library(MD_CBLAS_LIBRARY NAMES ${MD_CBLAS} REQUIRED)
find_path(MD_CBLAS_INCLUDE NAMES cblas.h REQUIRED)
add_library(md_cblas INTERFACE IMPORTED)
target_link_libraries(md_cblas INTERFACE ${MD_CBLAS_LIBRARY})
target_include_directories(md_cblas INTERFACE ${MD_CBLAS_INCLUDE})

find_path(MD_RANDOM123_INCLUDE NAMES Random123/philox.h REQUIRED)
