# Every library the project uses, each found once and linked by the modules that need it.
# Debian's MPIs stand side by side, as mpicc.mpich with mpiexec.mpich: one word chooses both.
if(MPI_C_COMPILER MATCHES "mpicc(\\.[a-z]+)$")
  find_program(MPIEXEC_EXECUTABLE NAMES mpiexec${CMAKE_MATCH_1})
endif()
find_package(MPI REQUIRED COMPONENTS C)
if(NOT DEFINED HDF5_PREFER_PARALLEL)
  set(HDF5_PREFER_PARALLEL OFF)
endif()
find_package(HDF5 REQUIRED COMPONENTS C)
if(HDF5_IS_PARALLEL) # Its hdf5.h wants mpi.h.
  target_link_libraries(hdf5::hdf5 INTERFACE MPI::MPI_C)
endif()
find_package(ZLIB REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(ZIP REQUIRED IMPORTED_TARGET libzip)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(LEPTONICA REQUIRED IMPORTED_TARGET lept)
pkg_check_modules(EXIF REQUIRED IMPORTED_TARGET libexif)
find_path(CSV_INCLUDE_DIR csv.h REQUIRED) # libcsv brings no description of itself
find_library(CSV_LIBRARY csv REQUIRED)
add_library(MD::CSV UNKNOWN IMPORTED)
set_target_properties(MD::CSV PROPERTIES IMPORTED_LOCATION ${CSV_LIBRARY}
                                         INTERFACE_INCLUDE_DIRECTORIES ${CSV_INCLUDE_DIR})
