# How every folder of the operator is built: marea_library(NAME SOURCES ... USES ...)
# and marea_test(NAME SOURCES ... USES ...). A library sees only what it USES.

set(MAREA_SANITIZE "" CACHE STRING "Sanitizers for the whole build, as -fsanitize= takes them")
option(MAREA_HARDEN "Hardening flags for release binaries" OFF)

add_library(marea_flags INTERFACE)
target_compile_options(marea_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor -Woverloaded-virtual
  -Werror -fno-omit-frame-pointer)
target_include_directories(marea_flags INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/operator)
if(MAREA_SANITIZE)
  # g++ 12 warns of uninitialised members inside std::variant and std::regex when it adds its own checks.
  target_compile_options(marea_flags INTERFACE
    -fsanitize=${MAREA_SANITIZE} -fno-sanitize-recover=all -Wno-maybe-uninitialized)
  target_link_options(marea_flags INTERFACE -fsanitize=${MAREA_SANITIZE})
  if(MAREA_SANITIZE MATCHES "thread")
    # Boost.Asio's fences, which the sanitizer does not model; what they order goes through mutexes as well.
    target_compile_options(marea_flags INTERFACE -Wno-tsan)
  endif()
endif()
if(MAREA_HARDEN)
  target_compile_options(marea_flags INTERFACE
    -D_FORTIFY_SOURCE=2 -D_GLIBCXX_ASSERTIONS -fstack-protector-strong -fstack-clash-protection -fcf-protection -fPIE)
  target_link_options(marea_flags INTERFACE -pie -Wl,-z,relro,-z,now,-z,noexecstack)
endif()

function(marea_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;USES" ${ARGN})
  if(arg_SOURCES)
    add_library(marea_${name} STATIC ${arg_SOURCES})
    target_link_libraries(marea_${name} PUBLIC marea_flags)
    set(scope PUBLIC)
  else()
    add_library(marea_${name} INTERFACE)
    target_link_libraries(marea_${name} INTERFACE marea_flags)
    set(scope INTERFACE)
  endif()
  foreach(used IN LISTS arg_USES)
    if(used MATCHES "^[a-z_]+$" AND TARGET marea_${used})
      target_link_libraries(marea_${name} ${scope} marea_${used})
    else()
      target_link_libraries(marea_${name} ${scope} ${used})
    endif()
  endforeach()
endfunction()

# Catch2's main, compiled once for all test programs.
file(WRITE ${CMAKE_BINARY_DIR}/catch_main.cpp "#define CATCH_CONFIG_MAIN\n#include <catch2/catch.hpp>\n")
add_library(marea_catch_main STATIC ${CMAKE_BINARY_DIR}/catch_main.cpp)

# The test program <name>_test, run by ctest and by `make unit`.
function(marea_test name)
  cmake_parse_arguments(arg "" "" "SOURCES;USES" ${ARGN})
  add_executable(${name}_test ${arg_SOURCES})
  target_link_libraries(${name}_test PRIVATE marea_catch_main marea_flags)
  foreach(used IN LISTS arg_USES)
    if(TARGET marea_${used})
      target_link_libraries(${name}_test PRIVATE marea_${used})
    else()
      target_link_libraries(${name}_test PRIVATE ${used})
    endif()
  endforeach()
  target_compile_definitions(${name}_test PRIVATE MAREA_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  add_test(NAME ${name} COMMAND ${name}_test)
  if(MAREA_SANITIZE MATCHES "thread")
    set_tests_properties(${name} PROPERTIES ENVIRONMENT
      "TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/cmake/tsan.supp")
  endif()
  set_target_properties(${name}_test PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
endfunction()
