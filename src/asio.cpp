// Asio, compiled once for the whole project. TLS and Beast have files of their own, so that a program with its own copy
// of one of them links only the others from the static library.
// Programs that use what Asio calls deprecated link these objects too, and its functions would return nothing to them.
#undef BOOST_ASIO_NO_DEPRECATED
#ifdef BOOST_ASIO_SEPARATE_COMPILATION
#include <boost/asio/impl/src.hpp>
#endif
