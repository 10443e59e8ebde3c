// Lines that change at the bottom of a terminal, on a small model of one.
#include "program/terminal/live_block.hpp"

#include "program/terminal/columns.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace unipile::program;
using strings = std::vector<std::string>;

/// Understands what a block sends. ASCII only. Wraps like xterm, and like most others wraps anew when its width
/// changes.
class terminal {
public:
    terminal(std::size_t columns, std::size_t rows) : size_{columns, rows} {}

    terminal_size size() const { return size_; }

    void put(std::string_view text)
    {
        while (!text.empty()) {
            const char c = text.front();
            if (c == '\x1b') {
                text.remove_prefix(escape(text));
                continue;
            }
            text.remove_prefix(1);
            if (c == '\r')
                column_ = 0;
            else if (c == '\n')
                next_row(false);
            else
                put_character(c);
        }
    }

    void resize(std::size_t columns, std::size_t rows)
    {
        strings logical;
        for (std::size_t i = 0; i < rows_.size(); ++i) {
            if (i == 0 || !wrapped_[i])
                logical.push_back(rows_[i]);
            else
                logical.back() += rows_[i];
        }
        size_ = {columns, rows};
        rows_.clear();
        wrapped_.clear();
        for (const auto& line : logical) {
            for (std::size_t at = 0; at == 0 || at < line.size(); at += columns) {
                rows_.push_back(line.substr(at, columns));
                wrapped_.push_back(at > 0);
            }
        }
        row_ = rows_.size() - 1;
        column_ = rows_.back().size();
    }

    /// Everything, with what has scrolled away, without empty rows at the end.
    strings shown() const
    {
        strings out = rows_;
        while (!out.empty() && out.back().empty()) out.pop_back();
        return out;
    }

private:
    std::size_t top() const { return rows_.size() > size_.rows ? rows_.size() - size_.rows : 0; }

    void next_row(bool wraps)
    {
        column_ = 0;
        if (++row_ < rows_.size()) return;
        rows_.emplace_back();
        wrapped_.push_back(wraps);
    }

    void put_character(char c)
    {
        BOOST_TEST_REQUIRE((c >= 0x20 && c < 0x7f), +c);
        if (column_ == size_.columns) next_row(true);
        std::string& row = rows_[row_];
        if (row.size() <= column_) row.resize(column_ + 1, ' ');
        row[column_++] = c;
    }

    std::size_t escape(std::string_view text)
    {
        BOOST_TEST_REQUIRE(text.starts_with("\x1b["));
        std::size_t at = 2;
        while (std::isdigit(static_cast<unsigned char>(text.at(at))) != 0) ++at;
        const std::size_t n = at == 2 ? 1 : std::strtoul(text.data() + 2, nullptr, 10);
        const char what = text.at(at);
        if (what == 'A') {
            row_ -= std::min(n, row_ - top());
        } else if (what == 'K') {
            rows_[row_].resize(std::min(rows_[row_].size(), column_));
        } else {
            BOOST_TEST_REQUIRE(what == 'J');
            rows_[row_].resize(std::min(rows_[row_].size(), column_));
            rows_.resize(row_ + 1);
            wrapped_.resize(row_ + 1);
        }
        return at + 1;
    }

    terminal_size size_;
    strings rows_{""};
    std::vector<bool> wrapped_{false};
    std::size_t row_ = 0, column_ = 0;
};

BOOST_AUTO_TEST_SUITE(live_blocks)

BOOST_AUTO_TEST_CASE(one_line_is_drawn_over_itself)
{
    live_block b;
    BOOST_TEST(!b.shown());
    BOOST_TEST(b.draw({"one"}, {}) == "\r\x1b[Kone");
    BOOST_TEST(b.shown());
    BOOST_TEST(b.draw({"two"}, {}) == "\r\x1b[Ktwo");
    BOOST_TEST(b.above("stays", {}) == "\r\x1b[Kstays\n\r\x1b[Ktwo");
    BOOST_TEST(b.erase({}) == "\r\x1b[K");
    BOOST_TEST(!b.shown());
    BOOST_TEST(b.erase({}) == "");
    BOOST_TEST(b.draw({}, {}) == "");
    BOOST_TEST(b.above("plain", {}) == "plain\n");
}

BOOST_AUTO_TEST_CASE(lines_come_and_go)
{
    for (std::size_t before = 0; before < 6; ++before)
        for (std::size_t after = 0; after < 6; ++after) {
            terminal t{20, 8};
            live_block b;
            t.put("prompt\n");
            t.put(b.draw(strings(before, "before that"), t.size()));
            t.put(b.draw(strings(after, "after"), t.size()));
            strings expected{"prompt"};
            expected.insert(expected.end(), after, "after");
            BOOST_TEST(t.shown() == expected, boost::test_tools::per_element());
            t.put(b.above("said", t.size()));
            expected.insert(expected.begin() + 1, "said");
            BOOST_TEST(t.shown() == expected, boost::test_tools::per_element());
            t.put(b.erase(t.size()));
            BOOST_TEST(t.shown() == (strings{"prompt", "said"}), boost::test_tools::per_element());
        }
}

BOOST_AUTO_TEST_CASE(what_is_said_stays_when_the_terminal_scrolls)
{
    terminal t{12, 4};
    live_block b;
    strings expected;
    for (int i = 0; i < 30; ++i) {
        const std::string line = "line " + std::to_string(i);
        t.put(b.above(line, t.size()));
        t.put(b.draw({"a" + std::to_string(i), "b", "c"}, t.size()));
        expected.push_back(line);
    }
    t.put(b.above("a line that is longer than the terminal is wide", t.size()));
    for (const char* part : {"a line that ", "is longer th", "an the termi", "nal is wide"})
        expected.emplace_back(part);
    for (const char* line : {"a29", "b", "c"}) expected.emplace_back(line);
    BOOST_TEST(t.shown() == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_block_is_cut_at_the_terminal)
{
    for (std::size_t columns : {1u, 2u, 5u, 9u})
        for (std::size_t rows : {1u, 2u, 3u, 4u}) {
            terminal t{columns, rows};
            live_block b;
            const strings lines{"aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc"};
            // A terminal with one column wraps everything, and one with one row scrolls.
            if (columns == 1 || rows == 1) {
                BOOST_TEST(columns_of(b.draw(lines, t.size())) > 0u);
                continue;
            }
            t.put("top\n");
            const strings top = t.shown();
            for (int i = 0; i < 5; ++i) t.put(b.draw(lines, t.size()));
            const std::size_t high = std::min<std::size_t>(3, rows - 1);
            BOOST_TEST(t.shown().size() == top.size() + high);
            for (const auto& row : t.shown()) BOOST_TEST(row.size() <= columns);
            t.put(b.erase(t.size()));
            BOOST_TEST(t.shown() == top, boost::test_tools::per_element());
        }
}

BOOST_AUTO_TEST_CASE(nothing_is_left_over_when_the_width_changes)
{
    const strings prompt_and_block{"$", "x", "y"};
    for (std::size_t before = 4; before < 40; ++before)
        for (std::size_t after = 4; after < 40; ++after) {
            terminal t{before, 60};
            live_block b;
            t.put("$\n");
            t.put(b.draw({"the first line of them", "the second", ""}, t.size()));
            t.resize(after, 60);
            t.put(b.draw({"x", "y"}, t.size()));
            BOOST_TEST_CONTEXT(before << " to " << after)
            BOOST_TEST_REQUIRE(t.shown() == prompt_and_block, boost::test_tools::per_element());
        }
}

BOOST_AUTO_TEST_CASE(columns)
{
    BOOST_TEST(columns_of("") == 0u);
    BOOST_TEST(columns_of("abc") == 3u);
    BOOST_TEST(columns_of("Grüße") == 5u);
    BOOST_TEST(columns_of("日本語") == 6u);
    BOOST_TEST(columns_of("😀") == 2u);
    BOOST_TEST(fitted("abcdefgh", 8) == "abcdefgh");
    BOOST_TEST(fitted("abcdefgh", 7) == "abcd...");
    BOOST_TEST(fitted("abcdefgh", 5) == "abcde");
    BOOST_TEST(fitted("abcdefgh", 0) == "");
    BOOST_TEST(fitted("日本語", 5) == "日本");
    BOOST_TEST(fitted("日本語日本語", 8) == "日本...");
    const std::string all = "aé日😀";
    for (std::size_t n = 0; n < 10; ++n) BOOST_TEST(columns_of(fitted(all, n)) <= n);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
