// Files that are packed, divided and sorted.
#include "program/output/packing.hpp"

#include "program/export/state_file.hpp"
#include "program/jobs_folder.hpp"
#include "program/output/file_output.hpp"
#include "program/output/sorted_lines.hpp"
#include "program/output/unpacked.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>

namespace {

using namespace unipile::program;

struct packed_files : jobs_folder {
    std::string content(const std::string& name) const
    {
        std::ifstream in{file(name.c_str()), std::ios::binary};
        return unpacked(name, std::string{std::istreambuf_iterator<char>{in}, {}});
    }
};

std::string some_text(std::size_t size)
{
    std::mt19937 dice{3};
    std::string text(size, ' ');
    for (char& c : text) c = static_cast<char>('a' + dice() % 20);
    return text;
}

BOOST_FIXTURE_TEST_SUITE(packed_output, packed_files)

BOOST_AUTO_TEST_CASE(what_is_packed_is_unpacked)
{
    for (const char* name : {"a.gz", "a.zst", "a"}) {
        for (const std::size_t size : {0U, 1U, 100'000U, 3'000'000U}) {
            const std::string text = some_text(size);
            std::unique_ptr<packing> p;
            try {
                p = packing_named(name);
            } catch (const std::invalid_argument&) {
                continue;  // built without zstd
            }
            std::string packed = text;
            if (p) {
                packed.clear();
                p->add(text.substr(0, size / 3), packed);
                p->add(text.substr(size / 3), packed);
                p->finish(packed);
            }
            BOOST_TEST((unpacked(name, packed) == text), name << ' ' << size);
            if (!p) continue;
            BOOST_CHECK_THROW(unpacked(name, packed.substr(0, packed.size() - 1)), std::runtime_error);
            BOOST_CHECK_THROW(unpacked(name, packed + 'x'), std::runtime_error);
            packed[packed.size() / 2] = static_cast<char>(packed[packed.size() / 2] ^ 0x55);
            BOOST_CHECK_THROW(unpacked(name, packed), std::runtime_error);
        }
    }
    BOOST_TEST(unpacked_name("a.csv.gz") == "a.csv");
    BOOST_TEST(unpacked_name("a.csv.zst") == "a.csv");
    BOOST_TEST(unpacked_name("a.csv") == "a.csv");
}

BOOST_AUTO_TEST_CASE(parts_have_whole_lines_and_a_header_each)
{
    BOOST_TEST(part_name("a/posts.csv.gz", 7) == "a/posts-0007.csv.gz");
    BOOST_TEST(part_name("posts", 12345) == "posts-12345");
    BOOST_TEST(part_name(".posts.csv", 1) == ".posts-0001.csv");
    BOOST_TEST(is_part_name("a/posts.csv", "a/posts-0001.csv"));
    BOOST_TEST(is_part_name("posts", "./posts-12345"));
    for (const char* other : {"a/posts.csv", "b/posts-0001.csv", "a/posts-.csv", "a/posts-1x.csv", "a/posts-1.db", ""})
        BOOST_TEST(!is_part_name("a/posts.csv", other), other);
    for (const char* name : {"x.csv", "x.csv.gz"}) {
        const std::string line = some_text(99) + '\n';
        file_output::options o;
        o.path = file(name);
        o.rotate_at = 100'000;
        o.header = "header\n";
        o.to_disk = true;
        file_output out{std::move(o)};
        for (int i = 0; i < 5'000; ++i) BOOST_REQUIRE(out.write(line));
        BOOST_TEST(out.finish());
        std::string all;
        for (unsigned n = 1; n <= out.files(); ++n) {
            const std::string part = content(part_name(name, n));
            BOOST_TEST(part.starts_with("header\n"));
            BOOST_TEST(part.ends_with('\n'));
            all += part.substr(7);
        }
        BOOST_TEST(all.size() == 5'000 * line.size());
        BOOST_TEST((out.files() > 3) == (std::string{name} == "x.csv"), out.files());
    }
}

BOOST_AUTO_TEST_CASE(without_a_line_there_is_the_header)
{
    std::ofstream{file("x.csv")} << "old";
    file_output::options o;
    o.path = file("x.csv");
    o.header = "header\n";
    file_output out{std::move(o)};
    BOOST_TEST(content("x.csv") == "old");
    BOOST_TEST(out.finish());
    BOOST_TEST(content("x.csv") == "header\n");
}

BOOST_AUTO_TEST_CASE(lines_are_sorted_in_memory_and_in_files)
{
    for (const std::size_t memory : {std::size_t{1}, std::size_t{2'000}, std::size_t{1'000'000}}) {
        std::mt19937 dice{5};
        std::multimap<std::int64_t, std::string> wanted;  // of equal keys, the older first
        sorted_lines lines{memory};
        for (int i = 0; i < 300; ++i) {
            const std::int64_t key = static_cast<std::int64_t>(dice() % 20) - 10;
            const auto at = wanted.emplace(key, std::string(dice() % 30, 'x') + std::to_string(i));
            lines.add(key, at->second);
        }
        std::size_t n = 0;
        lines.read([&, at = wanted.begin()](std::string_view line) mutable {
            BOOST_TEST(line == (at++)->second);
            return ++n < 250;
        });
        BOOST_TEST(n == 250u);
    }
    sorted_lines none;
    none.read([](std::string_view) { return false; });
}

BOOST_AUTO_TEST_CASE(a_state_is_replaced_in_one_step)
{
    BOOST_TEST(read_state(file("state")) == "");
    write_state(file("state"), "one");
    BOOST_TEST(read_state(file("state")) == "one");
    std::filesystem::create_symlink(file("state"), file("link"));
    write_state(file("link"), "two");
    BOOST_TEST(read_state(file("state")) == "two");
    BOOST_TEST(std::filesystem::is_symlink(file("link")));
    BOOST_TEST(!std::filesystem::exists(file("state.new")));
    std::ofstream{file("empty")} << "";
    BOOST_TEST(read_state(file("empty")) == "");
    std::ofstream{file("none")} << "1\n2\n";
    std::ofstream{file("blank")} << "\n";
    std::ofstream{file("long")} << std::string(100'000, 'x');
    for (const char* other : {"none", "blank", "long", ""})
        BOOST_CHECK_THROW(read_state(file(other)), std::invalid_argument);
    BOOST_CHECK_THROW(write_state(file("no/such/folder"), "x"), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
