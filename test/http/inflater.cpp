// Gzip bodies: every split, members, damage, and the cap.
#include "http/inflater.hpp"
#include "support/printing.hpp"

#include "support/scripted_server.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>

using namespace unipile;
using namespace unipile::http;
using unipile::test::gzipped;

namespace {

struct unpacking {
    std::string text;
    boost::system::error_code error;
    bool ended = false;
};

void feed(inflater& from, std::string_view part, std::size_t room, unpacking& to)
{
    std::string out(room, '\0');
    for (;;) {
        const std::size_t n = from.write(part, out.data(), out.size(), to.error);
        if (to.error) return;
        to.text.append(out, 0, n);
        if (n < room && part.empty()) return;
    }
}

unpacking unpack(const std::vector<std::string_view>& parts, std::size_t room = 1000,
                 std::uint64_t cap = std::numeric_limits<std::uint64_t>::max())
{
    inflater machine(cap);
    unpacking result;
    for (const auto part : parts) {
        feed(machine, part, room, result);
        if (result.error) return result;
    }
    result.ended = machine.at_end();
    return result;
}

const std::string text = [] {
    std::string t;
    for (int i = 0; i < 400; ++i) t += "post number " + std::to_string(i * 7919) + ";";
    return t;
}();

}  // namespace

BOOST_AUTO_TEST_SUITE(gzip)

BOOST_AUTO_TEST_CASE(every_split_and_room)
{
    const std::string packed = gzipped(text);
    for (std::size_t i = 0; i <= packed.size(); ++i) {
        const auto u = unpack({std::string_view(packed).substr(0, i), std::string_view(packed).substr(i)});
        BOOST_TEST((u.ended && u.text == text), "split at " << i);
    }
    for (const std::size_t room : {1u, 2u, 7u, 4096u, 100'000u}) {
        const auto u = unpack({packed}, room);
        BOOST_TEST((u.ended && u.text == text), "room " << room);
    }
}

BOOST_AUTO_TEST_CASE(members_follow_each_other)
{
    const std::string packed = gzipped("one ") + gzipped("") + gzipped("two");
    for (std::size_t i = 0; i <= packed.size(); ++i) {
        const auto u = unpack({std::string_view(packed).substr(0, i), std::string_view(packed).substr(i)}, 3);
        BOOST_TEST((u.ended && u.text == "one two"), "split at " << i);
    }
}

BOOST_AUTO_TEST_CASE(every_truncation_is_unfinished)
{
    const std::string packed = gzipped("short text, short text");
    BOOST_TEST(unpack({}).ended);
    for (std::size_t n = 1; n < packed.size(); ++n) {
        const auto u = unpack({std::string_view(packed).substr(0, n)});
        BOOST_TEST((!u.ended && !u.error), n);
    }
}

BOOST_AUTO_TEST_CASE(damage_is_found)
{
    const std::string packed = gzipped(text);
    BOOST_TEST(!unpack({packed + "x"}).ended);
    BOOST_TEST(unpack({packed + "xy"}).error == errc::bad_encoding);
    BOOST_TEST(unpack({packed + std::string(2, '\0')}).error == errc::bad_encoding);
    BOOST_TEST(unpack({"{\"object\":1}"}).error == errc::bad_encoding);
    BOOST_TEST(unpack({"\x78\x9c zlib, not gzip"}).error == errc::bad_encoding);
    // Each byte of the magic, the compressed data and the checksum counts.
    for (const std::size_t place :
         {std::size_t(0), std::size_t(1), std::size_t(2), packed.size() - 8, packed.size() - 1}) {
        std::string damaged = packed;
        damaged[place] = static_cast<char>(damaged[place] ^ 0x10);
        BOOST_TEST(unpack({damaged}).error == errc::bad_encoding, place);
    }
}

BOOST_AUTO_TEST_CASE(damage_is_remembered)
{
    inflater machine(1000);
    unpacking u;
    feed(machine, "no gzip", 100, u);
    BOOST_TEST(u.error == errc::bad_encoding);
    const std::string packed = gzipped("x");
    feed(machine, packed, 100, u);
    BOOST_TEST(u.error == errc::bad_encoding);
}

BOOST_AUTO_TEST_CASE(inflates_up_to_the_cap_and_no_further)
{
    const std::string bomb = gzipped(std::string(8'000'000, ' '));
    BOOST_TEST(bomb.size() < 20'000u);
    BOOST_TEST(unpack({bomb}, 65'536, 8'000'000).ended);
    const auto u = unpack({bomb}, 65'536, 7'999'999);
    BOOST_TEST(u.error == errc::inflated_too_large);
    BOOST_TEST(u.text.size() <= 7'999'999u);
    BOOST_TEST(unpack({gzipped("ab") + gzipped("cd")}, 100, 3).error == errc::inflated_too_large);
    BOOST_TEST(unpack({gzipped("ab") + gzipped("cd")}, 100, 4).ended);
    BOOST_TEST(unpack({gzipped("")}, 100, 0).ended);
}

BOOST_AUTO_TEST_SUITE_END()
