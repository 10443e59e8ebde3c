// A program's own copy of Asio, compiled once, beside what the library has of it.
#include <boost/asio/impl/src.hpp>
