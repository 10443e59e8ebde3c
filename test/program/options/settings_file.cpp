// Configuration files: what they may have, and the line of each mistake.
#include "program/options/settings_file.hpp"

#include <boost/test/unit_test.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace unipile::program;
using strings = std::vector<std::string>;

std::string complaint(std::string_view text)
{
    try {
        read_settings(text, "a.toml");
    } catch (const std::invalid_argument& e) {
        return e.what();
    }
    return {};
}

BOOST_AUTO_TEST_SUITE(settings_file)

BOOST_AUTO_TEST_CASE(values_of_each_kind)
{
    const std::vector<setting> read = read_settings(
        "\xef\xbb\xbf# first\n"
        "store = \"a \\\"b\\\" \\\\ \\t#\"  # behind it\r\n"
        "\n"
        "path='C:\\x'\n"
        "max_posts = 1_000\n"
        "share = 0.25\n"
        "since = 2024-05-31T12:00:00Z\n"
        "quiet = true\n"
        " [ harvest ] # section\n"
        "\"max-posts\" = 7\n"
        "fault = [\"a\", 'b',  # first two\n"
        "  3,\n"
        "]\n"
        "none = []\n"
        "last = false",
        "a.toml");
    const std::vector<setting> expected{
        {"", "store", {"a \"b\" \\ \t#"}, 2},
        {"", "path", {"C:\\x"}, 4},
        {"", "max-posts", {"1000"}, 5},
        {"", "share", {"0.25"}, 6},
        {"", "since", {"2024-05-31T12:00:00Z"}, 7},
        {"", "quiet", {"true"}, 8},
        {"harvest", "max-posts", {"7"}, 10},
        {"harvest", "fault", {"a", "b", "3"}, 11},
        {"harvest", "none", {}, 14},
        {"harvest", "last", {"false"}, 15},
    };
    BOOST_TEST((read == expected));
    BOOST_TEST(read_settings("", "a").empty());
    BOOST_TEST(read_settings("# nothing", "a").empty());
}

BOOST_AUTO_TEST_CASE(each_mistake_has_its_line)
{
    const std::vector<std::pair<std::string, std::string>> all{
        {"\n\nlimit", "a.toml:3: write key = value"},
        {"= 3", "a.toml:1: write key = value"},
        {"limit = ", "a.toml:1: the value is no number"},
        {"pace = 5/day", "a.toml:1: the value is no number"},
        {"wait = 90s", "a.toml:1: the value is no number"},
        {"a = -", "a.toml:1: the value is no number"},
        {"a = 1 2", "a.toml:1: the line goes on behind its value"},
        {"a = \"x\" y", "a.toml:1: the line goes on behind its value"},
        {"a = \"x\nb = 2", "a.toml:1: a quote is not closed"},
        {"a = 'x", "a.toml:1: the file ends within a value"},
        {"a = \"x\\", "a.toml:1: the file ends within a value"},
        {"a = [1, 2", "a.toml:1: the file ends within a value"},
        {"a = [1 2]", "a.toml:1: the values of an array stand between commas"},
        {"a = [[1]]", "a.toml:1: the value is no number"},
        {"a = \"\\u0041\"", "a.toml:1: of escapes there are"},
        {"a = \"\x1b\"", "a.toml:1: there is a control character"},
        {"a = \"\xff\"", "a.toml:1: the text is not in UTF-8"},
        {"a.b = 1", "a.toml:1: write key = value"},
        {"[a.b]", "a.toml:1: a section is a name in brackets"},
        {"[a", "a.toml:1: a section is a name in brackets"},
        {"[]", "a.toml:1: write key = value"},
        {"[a]\n[b]\n[a]", "a.toml:3: section [a] comes twice"},
        {"a_b = 1\n\na-b = 2", "a.toml:3: a-b is set in line 1, too"},
        {"[s]\na = [1,\n 2]\na = 2", "a.toml:4: a is set in line 2, too"},
    };
    for (const auto& [text, begins] : all)
        BOOST_TEST(complaint(text).starts_with(begins), text << ": " << complaint(text));
}

// Whatever a file has, it is read or refused.
BOOST_AUTO_TEST_CASE(a_file_that_ends_anywhere_or_has_any_byte_anywhere)
{
    const std::string whole = "a = \"x\\\"y\" # c\n[harvest]\nb_c = [1, 'z', true]\n";
    for (std::size_t end = 0; end <= whole.size(); ++end) complaint(whole.substr(0, end));
    for (std::size_t at = 0; at < whole.size(); ++at)
        for (int byte = 0; byte < 256; ++byte) {
            std::string other = whole;
            other[at] = static_cast<char>(byte);
            const std::string text = complaint(other);
            BOOST_REQUIRE((text.empty() || text.starts_with("a.toml:")));
            BOOST_REQUIRE(text.find('\n') == std::string::npos);
        }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
