# Language, warnings and instrumentation, on one interface target that every module links.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)

configure_file(${PROJECT_SOURCE_DIR}/include/mnist_dist/version.h.in
               ${PROJECT_BINARY_DIR}/include/mnist_dist/version.h @ONLY)

add_library(md_options INTERFACE)
target_include_directories(md_options INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>
  $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(md_options INTERFACE m)

# How this tree is compiled; programs that link the installed libraries choose for themselves.
add_library(md_strict INTERFACE)
target_compile_definitions(md_strict INTERFACE _GNU_SOURCE)
target_compile_options(md_strict INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla
  $<$<C_COMPILER_ID:Clang>:-Wenum-float-conversion>
  # No errno from sqrt lets the compiler vectorise the optimizer. Contraction is off since each
  # compiler fuses other operations: what is to be fused says so (src/nn/kernels/set.h).
  -fno-math-errno -ffp-contract=off)
target_link_libraries(md_options INTERFACE $<BUILD_INTERFACE:md_strict>)

if(MD_WERROR)
  target_compile_options(md_strict INTERFACE -Werror)
endif()
if(MD_SANITIZE)
  target_compile_options(md_strict INTERFACE -fsanitize=address,undefined
                         -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(md_strict INTERFACE -fsanitize=address,undefined)
endif()
if(MD_FUZZ)
  # fuzzer-no-link counts edges in the modules; each target links the fuzzer's main (tests/fuzz).
  target_compile_options(md_strict INTERFACE -fsanitize=fuzzer-no-link,address,undefined
                         -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(md_strict INTERFACE -fsanitize=address,undefined)
endif()
if(MD_COVERAGE)
  target_compile_options(md_strict INTERFACE --coverage)
  target_link_options(md_strict INTERFACE --coverage)
endif()

# md_add_module(NAME [EXCEPT paths...]): the static library md_NAME of all .c files in this folder
# and those below, so that adding a layer or a reducer is adding its file. EXCEPT leaves out files and
# folders.
function(md_add_module name)
  cmake_parse_arguments(M "" "" "EXCEPT" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} *.c)
  foreach(path ${M_EXCEPT})
    list(FILTER sources EXCLUDE REGEX "^${path}(/|$)")
  endforeach()
  add_library(md_${name} STATIC ${sources})
  target_include_directories(md_${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(md_${name} PUBLIC md_options)
endfunction()
