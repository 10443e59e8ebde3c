# What every target of this project shares: warnings, sanitizers, the way Asio is compiled.

add_library(unipile_settings INTERFACE)
target_compile_options(unipile_settings INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow
  # Files that are compiled together see the names of each other.
  $<$<BOOL:${CMAKE_UNITY_BUILD}>:-Wno-shadow>
  $<$<AND:$<BOOL:${CMAKE_UNITY_BUILD}>,$<CXX_COMPILER_ID:GNU>>:-Wno-subobject-linkage>
  # g++ 12 sees overlapping copies where strings are joined (GCC bug 105651).
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>
  $<$<BOOL:${UNIPILE_WARNINGS_AS_ERRORS}>:-Werror>)
target_include_directories(unipile_settings INTERFACE ${PROJECT_SOURCE_DIR}/src)
target_compile_definitions(unipile_settings INTERFACE BOOST_ASIO_NO_DEPRECATED)
if(CMAKE_SIZEOF_VOID_P EQUAL 4)
  # Outputs and stores may grow beyond 2 GiB.
  target_compile_definitions(unipile_settings INTERFACE _FILE_OFFSET_BITS=64)
endif()
if(UNIPILE_SANITIZE)
  target_compile_options(unipile_settings INTERFACE -fsanitize=${UNIPILE_SANITIZE} -fno-omit-frame-pointer
                         -fno-sanitize-recover=all)
  target_link_options(unipile_settings INTERFACE -fsanitize=${UNIPILE_SANITIZE})
endif()

set(separate_compilation BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION)
# What the users of the public headers need too: unipile_public_usage(TARGET PUBLIC|INTERFACE).
function(unipile_public_usage target scope)
  target_compile_features(${target} ${scope} cxx_std_20)
  target_include_directories(${target} ${scope}
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${target} ${scope} Boost::headers Threads::Threads)
  # Asio's objects are within reach of a static library's users only. Those of an installed one choose for themselves.
  if(UNIPILE_SEPARATE_COMPILATION AND NOT BUILD_SHARED_LIBS)
    target_compile_definitions(${target} ${scope} "$<BUILD_INTERFACE:${separate_compilation}>")
  endif()
endfunction()
add_library(unipile_public INTERFACE)
unipile_public_usage(unipile_public INTERFACE)
if(UNIPILE_SEPARATE_COMPILATION)
  target_compile_definitions(unipile_public INTERFACE ${separate_compilation})
endif()

# unipile_runpath(TARGET FOLDER...): where an installed target looks for shared libraries. It is the same in the build tree:
# CMake ends a path that it is going to rewrite on installing with an empty entry, and that means the current folder.
function(unipile_runpath target)
  if(CMAKE_SKIP_INSTALL_RPATH)  # for the system's own folders
    return()
  endif()
  set_target_properties(${target} PROPERTIES
    BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH "${ARGN}" INSTALL_RPATH_USE_LINK_PATH ON)
endfunction()

# unipile_library(TARGET): what a library has beside its objects. A shared one exports names of this project only: what it
# has of Asio, Beast and Boost.JSON stays inside, beside the versions that its users may have.
function(unipile_library target)
  set_target_properties(${target} PROPERTIES
    LINKER_LANGUAGE CXX
    VERSION ${PROJECT_VERSION}
    # Before 1.0 every minor version may change the interface.
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  if(BUILD_SHARED_LIBS)
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:unipile_asio>)
  endif()
  if(BUILD_SHARED_LIBS AND NOT APPLE)
    set(exports ${PROJECT_SOURCE_DIR}/src/cmake/exports.map)
    target_link_options(${target} PRIVATE LINKER:--version-script=${exports})
    set_target_properties(${target} PROPERTIES LINK_DEPENDS ${exports})
  endif()
endfunction()

# unipile_module(NAME sources... ) : one folder of the library as an object library that tests can link alone.
function(unipile_module name)
  cmake_parse_arguments(M "" "" "SOURCES;LINK" ${ARGN})
  if(M_SOURCES)
    add_library(unipile_${name} OBJECT ${M_SOURCES})
    target_link_libraries(unipile_${name} PRIVATE unipile_settings PUBLIC unipile_public ${M_LINK})
    # Public headers make what they declare visible.
    set_target_properties(unipile_${name} PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  endif()
endfunction()

# unipile_pc(LIBRARY DESCRIPTION [REQUIRES text] [PRIVATE text] [LIBS flags...]): its pkg-config file. PRIVATE and LIBS are what
# a static library leaves to its users.
function(unipile_pc library description)
  cmake_parse_arguments(pc "" "REQUIRES;PRIVATE" "LIBS" ${ARGN})
  if(BUILD_SHARED_LIBS)  # it finds what it needs itself
    set(pc_PRIVATE)
    set(pc_LIBS)
  endif()
  # It finds the prefix from its own place, so that the installed tree can be moved.
  file(RELATIVE_PATH prefix_from_pc /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
  set(pc_prefix "\${pcfiledir}/${prefix_from_pc}")
  # An absolute folder, as some distributions want it, is no part of a prefix and can't be moved.
  if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
    set(pc_prefix ${CMAKE_INSTALL_PREFIX})
  endif()
  foreach(dir INCLUDEDIR LIBDIR)
    set(pc_${dir} "\${prefix}/${CMAKE_INSTALL_${dir}}")
    if(IS_ABSOLUTE "${CMAKE_INSTALL_${dir}}")
      set(pc_${dir} ${CMAKE_INSTALL_${dir}})
    endif()
  endforeach()
  list(JOIN pc_LIBS " " pc_LIBS)
  set(pc_library ${library})
  string(REPLACE _ - pc_name ${library})
  set(pc_description ${description})
  configure_file(${PROJECT_SOURCE_DIR}/src/cmake/unipile.pc.in ${CMAKE_CURRENT_BINARY_DIR}/${pc_name}.pc @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${pc_name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
          COMPONENT development)
endfunction()

# What tests are compiled with behind the warnings. g++ 15 and newer see an ambiguous conversion in each BOOST_TEST(condition, text).
add_library(unipile_test_settings INTERFACE)
target_compile_options(unipile_test_settings INTERFACE
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_GREATER_EQUAL:$<CXX_COMPILER_VERSION>,15>>:-Wno-conversion>)

# unipile_test(NAME SOURCES ... LINK ... [TIMEOUT s]) : one Boost.Test program, one CTest test.
function(unipile_test name)
  cmake_parse_arguments(T "" "TIMEOUT" "SOURCES;LINK;ARGS" ${ARGN})
  add_executable(test_${name} ${T_SOURCES})
  target_compile_definitions(test_${name} PRIVATE BOOST_TEST_DYN_LINK)
  # What is tested is optimised; the tests themselves compile in half the time without.
  target_compile_options(test_${name} PRIVATE -O0)
  target_include_directories(test_${name} PRIVATE ${PROJECT_SOURCE_DIR}/test)
  target_link_libraries(test_${name} PRIVATE unipile_settings unipile_test_settings unipile_test_main ${T_LINK} Boost::unit_test_framework
                        $<$<BOOL:${BUILD_SHARED_LIBS}>:unipile_asio>)
  add_test(NAME ${name} COMMAND test_${name} ${T_ARGS})
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 300)
  endif()
  # What may take long begins first, so that no core waits for it at the end.
  set_tests_properties(${name} PROPERTIES TIMEOUT ${T_TIMEOUT} COST ${T_TIMEOUT})
endfunction()
