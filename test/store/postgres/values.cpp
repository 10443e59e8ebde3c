// Values on their way to the server and back.
#include "store/postgres/served.hpp"

#include "store/postgres/wire.hpp"

#include <boost/test/data/test_case.hpp>

#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace unipile::store::postgres;
using namespace unipile::store::postgres::test;
using std::chrono::milliseconds;
using unipile::wall_time;

namespace {

constexpr std::int64_t numbers[] = {0,
                                    1,
                                    -1,
                                    255,
                                    -256,
                                    1'700'000'000'123,
                                    std::numeric_limits<std::int64_t>::max(),
                                    std::numeric_limits<std::int64_t>::min()};

const std::string texts[] = {"",
                             "a",
                             "with \"quotes\", {braces}, \\ and '",
                             "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
                             "NULL",
                             "line\nline\ttab",
                             std::string(3'000'000, 'x')};

}  // namespace

BOOST_AUTO_TEST_SUITE(postgres_values)

BOOST_AUTO_TEST_CASE(numbers_come_back)
{
    connection c = connection_to(shared_server());
    for (const auto n : numbers) {
        const rows got = c.run(query("SELECT $1, $1 + 0").add(n));
        BOOST_TEST(got.count() == 1);
        BOOST_TEST(got.columns() == 2);
        BOOST_TEST(got.integer(0, 0) == n);
        BOOST_TEST(got.integer(0, 1) == n);
    }
    const rows small = c.run(query("SELECT (-7)::smallint, (-70000)::int, NULL::bigint"));
    BOOST_TEST(small.integer(0, 0) == -7);
    BOOST_TEST(small.integer(0, 1) == -70000);
    BOOST_TEST(small.integer(0, 2) == 0);
    BOOST_TEST(small.null(0, 2));
    BOOST_TEST(!small.null(0, 1));
}

BOOST_AUTO_TEST_CASE(texts_bytes_booleans_and_times_come_back)
{
    connection c = connection_to(shared_server());
    for (const auto& t : texts) {
        const rows got = c.run(query("SELECT $1, $2").add(t).add(bytes{t}));
        BOOST_TEST((got.text(0, 0) == t));
        BOOST_TEST((got.bytes(0, 1) == t));
    }
    const std::string all_bytes(
        "\0\xff\x80"
        "a\0",
        5);
    BOOST_TEST((c.run(query("SELECT $1").add(bytes{all_bytes})).bytes(0, 0) == all_bytes));
    for (const bool b : {false, true}) BOOST_TEST(c.run(query("SELECT $1").add(b)).boolean(0, 0) == b);
    for (const std::int64_t ms : {0L, 1'700'000'000'123L, -1L, 946'684'800'000L, 946'684'799'999L}) {
        const wall_time t{milliseconds(ms)};
        const rows got =
            c.run(query("SELECT $1, (extract(epoch FROM $1) * 1000)::bigint, to_timestamp($2::float8 / 1000)")
                      .add(t)
                      .add(ms));
        BOOST_TEST((got.time(0, 0) == t));
        BOOST_TEST(got.integer(0, 1) == ms);
        BOOST_TEST((got.time(0, 2) == t));
    }
    BOOST_TEST((c.run(query("SELECT 'x'::name, 'y'::varchar(3)")).string(0, 1) == "y"));
}

BOOST_AUTO_TEST_CASE(absent_values_are_null)
{
    connection c = connection_to(shared_server());
    query q("SELECT $1::bigint, $2::text, $3, $4::timestamptz, $5::bytea, $6::boolean");
    q.add(std::nullopt).add(std::optional<std::string>()).add(std::optional<std::int64_t>(5));
    q.add(std::optional<wall_time>()).add(std::nullopt).add(std::nullopt);
    BOOST_TEST(q.parameters() == 6u);
    const rows got = c.run(q);
    for (const int column : {0, 1, 3, 4, 5}) BOOST_TEST(got.null(0, column));
    BOOST_TEST(got.integer(0, 2) == 5);
    BOOST_TEST((got.text(0, 1).empty() && got.bytes(0, 4).empty() && !got.boolean(0, 5) && !got.time(0, 3)));
}

BOOST_AUTO_TEST_CASE(arrays_are_columns_of_many_rows)
{
    connection c = connection_to(shared_server());
    array ids(type_id::bigint);
    array names(type_id::text);
    array blobs(type_id::bytes);
    array flags(type_id::boolean);
    array times(type_id::timestamp);
    for (const auto n : numbers) ids.add(n);
    for (const auto& t : texts) names.add(t);
    names.add(std::nullopt);
    for (std::size_t i = 0; i < ids.size(); ++i) {
        blobs.add(bytes{std::string_view("\0\1", 2)});
        flags.add(i % 2 == 0);
        times.add(i % 3 == 0 ? std::optional<wall_time>() : wall_time{milliseconds(i)});
    }
    BOOST_TEST(names.bytes_used() > 3'000'000u);
    query q("SELECT * FROM unnest($1, $2, $3, $4, $5)");
    q.add(std::move(ids)).add(std::move(names)).add(std::move(blobs)).add(std::move(flags)).add(std::move(times));
    const rows got = c.run(q);
    BOOST_TEST_REQUIRE(got.count() == 8);
    BOOST_TEST(got.affected() == 8);
    for (int i = 0; i < 8; ++i) {
        BOOST_TEST(got.integer(i, 0) == numbers[i]);
        BOOST_TEST(got.null(i, 1) == (i == 7));
        if (i < 7) BOOST_TEST((got.text(i, 1) == texts[i]));
        BOOST_TEST((got.bytes(i, 2) == std::string_view("\0\1", 2)));
        BOOST_TEST(got.boolean(i, 3) == (i % 2 == 0));
        BOOST_TEST(got.time(i, 4).has_value() == (i % 3 != 0));
    }
}

BOOST_AUTO_TEST_CASE(arrays_may_be_empty_and_be_cast)
{
    connection c = connection_to(shared_server());
    for (const auto type : {type_id::boolean, type_id::bytes, type_id::bigint, type_id::text, type_id::timestamp})
        BOOST_TEST(c.run(query("SELECT unnest($1)").add(array(type))).count() == 0);
    const std::vector<std::int64_t> wanted{3, 5};
    const rows got =
        c.run(query("SELECT n::int FROM generate_series(1, 9) n WHERE n = ANY($1::smallint[])").add_array(wanted));
    BOOST_TEST_REQUIRE(got.count() == 2);
    BOOST_TEST(got.integer(1, 0) == 5);
}

BOOST_AUTO_TEST_CASE(text_that_postgresql_cannot_store_is_refused_before_it_is_sent)
{
    const std::string bad[] = {
        std::string("a\0b", 3), std::string(1, '\0'), "\xff", "a\xc3", "\xed\xa0\x80", "\xc0\x80"};
    for (const auto& text : bad) {
        for (const auto& work : std::initializer_list<std::function<void()>>{[&] { query("SELECT $1").add(text); },
                                                                             [&] { array(type_id::text).add(text); }}) {
            const outcome result = outcome_of(work);
            BOOST_TEST(result.failed);
            BOOST_TEST(result.kind == error_kind::data);
            BOOST_TEST((result.reason == unipile::store::store_errc::bad_value));
        }
    }
}

BOOST_AUTO_TEST_CASE(mixed_types_and_absent_places_are_mistakes)
{
    BOOST_CHECK_THROW(array(type_id::text).add(1), std::logic_error);
    BOOST_CHECK_THROW(array(type_id::bigint).add("x"), std::logic_error);
    BOOST_CHECK_THROW(array(type_id::bigint).add(true), std::logic_error);
    BOOST_CHECK_THROW(array(type_id::bigint).add(bytes{"x"}), std::logic_error);
    BOOST_CHECK_THROW(array(type_id::bigint).add(wall_time{}), std::logic_error);
    connection c = connection_to(shared_server());
    const rows got = c.run(query("SELECT 1"));
    BOOST_CHECK_THROW(got.text(0, 0), std::logic_error);
    for (const auto& [row, column] : {std::pair(-1, 0), std::pair(1, 0), std::pair(0, -1), std::pair(0, 1)})
        BOOST_CHECK_THROW(got.integer(row, column), std::logic_error);
}

BOOST_AUTO_TEST_CASE(the_time_before_2000_is_negative)
{
    BOOST_TEST(microseconds_of(wall_time{milliseconds(946'684'800'001)}) == 1000);
    BOOST_TEST((time_of(-1) == wall_time{milliseconds(946'684'799'999)}));
}

BOOST_AUTO_TEST_SUITE_END()
