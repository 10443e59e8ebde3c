// The server of the stores of tests, whose log has all statements.
#pragma once

#include "support/postgres_server.hpp"

namespace unipile::store::test {

unipile::test::postgres_server& store_server();

}  // namespace unipile::store::test
