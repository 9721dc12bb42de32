# Language, warnings and instrumentation, on one interface target that every module links.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_FLAGS_RELEASE "-O3 -DNDEBUG")
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

add_library(md_options INTERFACE)
target_include_directories(md_options INTERFACE ${PROJECT_SOURCE_DIR}/include)
target_compile_definitions(md_options INTERFACE _GNU_SOURCE)
target_compile_options(md_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla
  # No errno from sqrt lets the compiler vectorise the optimizer; contraction is switched on only
  # where bits need not agree between instruction sets (src/nn/CMakeLists.txt).
  -fno-math-errno -ffp-contract=off)
target_link_libraries(md_options INTERFACE m)

if(MD_WERROR)
  target_compile_options(md_options INTERFACE -Werror)
endif()
if(MD_SANITIZE)
  target_compile_options(md_options INTERFACE -fsanitize=address,undefined
                         -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(md_options INTERFACE -fsanitize=address,undefined)
endif()
if(MD_COVERAGE)
  target_compile_options(md_options INTERFACE --coverage)
  target_link_options(md_options INTERFACE --coverage)
endif()

# md_add_module(NAME sources...): the static library md_NAME.
function(md_add_module name)
  add_library(md_${name} STATIC ${ARGN})
  target_link_libraries(md_${name} PUBLIC md_options)
endfunction()
