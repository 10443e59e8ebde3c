# libFuzzer targets, and a bounded run of each as a test. clang only.
if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  message(FATAL_ERROR "UNIPILE_BUILD_FUZZERS needs clang")
endif()

# unipile_fuzzer(NAME sources...)
function(unipile_fuzzer name)
  add_executable(fuzz_${name} ${ARGN})
  target_include_directories(fuzz_${name} PRIVATE ${PROJECT_SOURCE_DIR}/test)
  target_link_libraries(fuzz_${name} PRIVATE unipile_settings unipile_decode unipile_values)
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  set(found ${CMAKE_CURRENT_BINARY_DIR}/found_${name})
  file(MAKE_DIRECTORY ${found})
  add_test(NAME fuzz_${name}
           COMMAND fuzz_${name} -runs=20000 -seed=1 -max_len=4096 -timeout=60 -artifact_prefix=${found}/
                   ${found} ${CMAKE_CURRENT_SOURCE_DIR}/seeds/${name})
  set_tests_properties(fuzz_${name} PROPERTIES TIMEOUT 900)
endfunction()

# The decoder itself has to be instrumented for the fuzzer to see its branches.
target_compile_options(unipile_decode PRIVATE -fsanitize=fuzzer-no-link)
target_link_options(unipile_decode INTERFACE -fsanitize=fuzzer-no-link)
unipile_fuzzer(page fuzz_page.cpp describe.cpp)
unipile_fuzzer(error_body fuzz_error_body.cpp)
