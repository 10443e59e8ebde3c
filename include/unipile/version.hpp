// The library's version, for the preprocessor and for programs. The build reads it here.
#pragma once

#include <boost/version.hpp>

#if BOOST_VERSION < 108100
#error "unipile needs Boost 1.81 or newer"
#endif

#define UNIPILE_VERSION_MAJOR 0
#define UNIPILE_VERSION_MINOR 1
#define UNIPILE_VERSION_PATCH 0
/// `major * 10000 + minor * 100 + patch`, to be compared.
#define UNIPILE_VERSION_NUMBER (UNIPILE_VERSION_MAJOR * 10000 + UNIPILE_VERSION_MINOR * 100 + UNIPILE_VERSION_PATCH)
