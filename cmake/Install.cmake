# Where things go with `cmake --install`, and the Debian package of `cpack -G DEB`.
set(MD_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/mnist_dist)
set(MD_SHARE_DIR ${CMAKE_INSTALL_DATADIR}/mnist_dist)

install(TARGETS mnist_dist RUNTIME)
if(TARGET mnist_dist_bench)
  install(TARGETS mnist_dist_bench RUNTIME)
endif()
install(DIRECTORY configs jobs DESTINATION ${MD_SHARE_DIR} USE_SOURCE_PERMISSIONS)
install(PROGRAMS data/fetch_mnist.sh DESTINATION ${MD_SHARE_DIR}/data)
install(FILES doc/mnist_dist.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES completions/mnist_dist.bash RENAME mnist_dist
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)

# The trainer as a library: find_package(mnist_dist), then link mnist_dist::train, or just the
# module that is wanted. The package looks for its libraries with the same file as this build.
foreach(module ${MD_MODULES})
  set_target_properties(md_${module} PROPERTIES EXPORT_NAME ${module} OUTPUT_NAME mnist_dist_${module})
  list(APPEND libraries md_${module})
endforeach()
set_target_properties(md_options PROPERTIES EXPORT_NAME options)
install(TARGETS ${libraries} md_options EXPORT mnist_dist ARCHIVE)
install(DIRECTORY include/mnist_dist ${PROJECT_BINARY_DIR}/include/mnist_dist
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN *.h)
install(EXPORT mnist_dist NAMESPACE mnist_dist:: FILE mnist_dist-targets.cmake
        DESTINATION ${MD_PACKAGE_DIR})
include(CMakePackageConfigHelpers)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/mnist_dist-config-version.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES cmake/mnist_dist-config.cmake cmake/Dependencies.cmake
        ${PROJECT_BINARY_DIR}/mnist_dist-config-version.cmake DESTINATION ${MD_PACKAGE_DIR})

set(CPACK_PACKAGE_NAME mnist-dist)
set(CPACK_PACKAGE_CONTACT "mnist_dist maintainers <mnist_dist@localhost>")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# The launcher is called, not linked; everything below `Suggests` is for find_package(mnist_dist).
if(MPI_C_LIBRARIES MATCHES mpich)
  set(CPACK_DEBIAN_PACKAGE_DEPENDS mpich)
  set(mpi_headers libmpich-dev)
else()
  set(CPACK_DEBIAN_PACKAGE_DEPENDS openmpi-bin)
  set(mpi_headers libopenmpi-dev)
endif()
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "gnuplot-nox | gnuplot, curl")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS
    "cmake, pkg-config, ${mpi_headers}, libhdf5-dev, libyaml-dev, libjansson-dev, libzip-dev, libcsv-dev, libxxhash-dev, libssl-dev, libleptonica-dev, libexif-dev, zlib1g-dev")
include(CPack)
