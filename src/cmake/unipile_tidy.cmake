# Checks of the sources: `tidy` (clang-tidy 19), `check_format` and `format` (clang-format 19), where the tools are.
if(NOT PROJECT_IS_TOP_LEVEL)
  return()
endif()
find_program(UNIPILE_CLANG_FORMAT clang-format-19)
find_program(UNIPILE_RUN_CLANG_TIDY run-clang-tidy-19)
file(GLOB_RECURSE formatted CONFIGURE_DEPENDS LIST_DIRECTORIES false
     include/*.hpp src/*.hpp src/*.cpp test/*.hpp test/*.cpp examples/*.cpp benchmarks/*.hpp benchmarks/*.cpp)
if(UNIPILE_CLANG_FORMAT)
  add_custom_target(check_format COMMAND ${UNIPILE_CLANG_FORMAT} --dry-run --Werror ${formatted}
                    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} VERBATIM)
  add_custom_target(format COMMAND ${UNIPILE_CLANG_FORMAT} -i ${formatted}
                    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} VERBATIM)
endif()
if(UNIPILE_RUN_CLANG_TIDY)
  # Files that are compiled together are checked together, in a fifth of the time.
  set(run_tidy ${UNIPILE_RUN_CLANG_TIDY} -quiet -p ${PROJECT_BINARY_DIR}
      "-header-filter=^${PROJECT_SOURCE_DIR}/(include|src|test|examples|benchmarks)/")
  set(sources "^(${PROJECT_SOURCE_DIR}/X/|${PROJECT_BINARY_DIR}/X/.*/Unity/)")
  string(REPLACE X "test" tests "${sources}")
  string(REPLACE X "(src|examples|benchmarks)" sources "${sources}")
  add_custom_target(tidy
                    COMMAND ${run_tidy} "${sources}"
                    # Tests join texts and fill vectors as it reads best.
                    COMMAND ${run_tidy} "-checks=-performance-inefficient-*" "${tests}"
                    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} USES_TERMINAL VERBATIM)
endif()
