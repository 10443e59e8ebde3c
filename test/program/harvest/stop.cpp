// What a failure that ended a whole harvest means.
#include "program/harvest/stop.hpp"

#include "program/command.hpp"

#include <unipile/errc.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

namespace {

using namespace unipile;
using namespace unipile::program;

failure because(errc code, failure_scope scope)
{
    failure::details d;
    d.scope = scope;
    return failure(code, std::move(d));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(harvest_stops)

BOOST_AUTO_TEST_CASE(each_kind_has_an_exit_code)
{
    struct row {
        errc code;
        failure_scope scope;
        int exit;
    };
    for (const auto& [code, scope, exit] :
         {row{errc::api_key_refused, failure_scope::key, 3}, row{errc::accounts_unknown, failure_scope::key, 2},
          row{errc::identifiers_refused, failure_scope::key, 2}, row{errc::server_unavailable, failure_scope::key, 4},
          row{errc::not_from_api, failure_scope::key, 4}, row{errc::connect_failed, failure_scope::passing, 4},
          row{errc::certificate_rejected, failure_scope::key, 1}}) {
        const failure why = because(code, scope);
        BOOST_TEST(exit_code_of_stop(why) == exit, why.what());
        const std::string line = stopped_line(why);
        BOOST_TEST(line.starts_with(exit == 4 ? "unipile: stopped by an outage: " : "unipile: stopped: "), line);
        BOOST_TEST(line.ends_with(exit == 2 ? "; nothing is lost: with that put right, the same command goes on"
                                            : "; nothing is lost: the same command goes on"),
                   line);
    }
}

BOOST_AUTO_TEST_SUITE_END()
