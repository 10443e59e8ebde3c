#include "program/output/minify.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace {

using unipile::program::append_minified;

std::string minified(std::string_view json)
{
    std::string out;
    append_minified(out, json);
    return out;
}

// Everything that has to stay as it is, white space inside strings and escaped quotes above all.
const std::vector<std::string_view> tokens{"{",
                                           R"("a b")",
                                           ":",
                                           "[",
                                           "1.0",
                                           ",",
                                           "1e400",
                                           ",",
                                           "-0",
                                           ",",
                                           R"("\"")",
                                           ",",
                                           R"(" \\")",
                                           ",",
                                           R"("\\\" : , ")",
                                           ",",
                                           R"("")",
                                           ",",
                                           "true",
                                           ",",
                                           "null",
                                           ",",
                                           "{",
                                           "}",
                                           ",",
                                           "[",
                                           "]",
                                           "]",
                                           ",",
                                           R"("\u0020\n	")",
                                           ":",
                                           "12345678901234567890123",
                                           "}"};

BOOST_AUTO_TEST_SUITE(minify)

BOOST_AUTO_TEST_CASE(white_space_at_every_gap_goes)
{
    std::string tight;
    for (const auto t : tokens) tight += t;
    BOOST_TEST(minified(tight) == tight);

    for (const std::string_view space : {" ", "\n", "\r\n", "\t", " \n\t\r  "}) {
        std::string everywhere{space};
        for (const auto t : tokens) (everywhere += t) += space;
        BOOST_TEST(minified(everywhere) == tight);
        for (std::size_t gap = 0; gap <= tokens.size(); ++gap) {
            std::string one;
            for (std::size_t i = 0; i < tokens.size(); ++i) (one += i == gap ? space : "") += tokens[i];
            if (gap == tokens.size()) one += space;
            BOOST_TEST(minified(one) == tight);
        }
    }
}

BOOST_AUTO_TEST_CASE(what_was_there_stays)
{
    std::string out = "before ";
    append_minified(out, " { } ");
    BOOST_TEST(out == "before {}");
}

BOOST_AUTO_TEST_CASE(cut_json_stays_as_it_is)
{
    for (const std::string_view cut : {R"({ "open )", R"( "\")", "\""}) BOOST_TEST(minified(cut) == cut);
    BOOST_TEST(minified("").empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
