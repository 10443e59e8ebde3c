# Lists every file that <unipile/client.hpp> includes, and fails if one belongs to Beast, TLS or a parser.
file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})
set(source ${CMAKE_CURRENT_BINARY_DIR}/headers_are_light.cpp)
file(WRITE ${source} "#include <unipile/client.hpp>\n")
execute_process(COMMAND ${COMPILER} -std=c++20 -I${INCLUDE} -M ${source}
                OUTPUT_VARIABLE files COMMAND_ERROR_IS_FATAL ANY)
if(NOT files MATCHES "boost/asio/awaitable.hpp")
  message(FATAL_ERROR "the list of included files is not one: ${files}")
endif()
foreach(heavy boost/beast boost/asio/ssl openssl/ boost/json boost/url simdjson zlib.h sqlite3.h boost/asio/ip/tcp.hpp)
  if(files MATCHES "([^ \n]*${heavy}[^ \n]*)")
    message(SEND_ERROR "<unipile/client.hpp> includes ${CMAKE_MATCH_1}")
  endif()
endforeach()
