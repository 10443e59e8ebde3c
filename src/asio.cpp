// Asio, compiled once for the whole project. TLS and Beast have files of their own, so that a program with its own copy
// of one of them links only the others from the static library.
#ifdef BOOST_ASIO_SEPARATE_COMPILATION
#include <boost/asio/impl/src.hpp>
#endif
