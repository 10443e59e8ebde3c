// Skips the program where no server can run.
#include "support/postgres_server.hpp"

#include <boost/test/unit_test.hpp>

namespace {

struct skip {
    skip() { unipile::test::postgres_server::skip_if_unavailable(); }
};

}  // namespace

BOOST_TEST_GLOBAL_FIXTURE(skip);
