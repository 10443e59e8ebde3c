# libFuzzer targets, and a bounded run of each as a test. clang only.
if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  message(FATAL_ERROR "UNIPILE_BUILD_FUZZERS needs clang")
endif()

# unipile_instrument(targets...): the libraries that are fuzzed, so that the fuzzer sees their branches.
function(unipile_instrument)
  foreach(target ${ARGN})
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
    target_link_options(${target} INTERFACE -fsanitize=fuzzer-no-link)
  endforeach()
endfunction()

# unipile_fuzzer(NAME SOURCES files... LINK libraries... [MAX_LEN bytes]): the program fuzz_NAME, and a test of that
# name that begins with the files in seeds/NAME. For a long run: fuzz_NAME -max_total_time=3600 FOLDER seeds/NAME.
function(unipile_fuzzer name)
  cmake_parse_arguments(PARSE_ARGV 1 f "" "MAX_LEN" "SOURCES;LINK")
  if(NOT f_MAX_LEN)
    set(f_MAX_LEN 4096)
  endif()
  add_executable(fuzz_${name} ${f_SOURCES})
  target_include_directories(fuzz_${name} PRIVATE ${PROJECT_SOURCE_DIR}/test)
  target_link_libraries(fuzz_${name} PRIVATE unipile_settings ${f_LINK})
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  set(found ${CMAKE_CURRENT_BINARY_DIR}/found_${name})
  file(MAKE_DIRECTORY ${found})
  add_test(NAME fuzz_${name}
           COMMAND fuzz_${name} -runs=20000 -seed=1 -max_len=${f_MAX_LEN} -timeout=60 -artifact_prefix=${found}/
                   ${found} ${CMAKE_CURRENT_SOURCE_DIR}/seeds/${name})
  set_tests_properties(fuzz_${name} PROPERTIES TIMEOUT 900)
endfunction()
