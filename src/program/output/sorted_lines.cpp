#include "program/output/sorted_lines.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <tuple>

namespace unipile::program {
namespace {

// A line in a file: its key, its size, its text.
using head = std::array<std::uint64_t, 2>;

[[noreturn]] void fail() { throw std::system_error{errno, std::generic_category(), "a temporary file can't be used"}; }

void write_all(std::FILE* f, const void* data, std::size_t size)
{
    if (size > 0 && std::fwrite(data, 1, size, f) != size) fail();
}

/// A sorted file that is read.
struct reading {
    std::FILE* file = nullptr;
    std::int64_t key = 0;
    std::string line{};

    /// Returns false at the end.
    bool next()
    {
        head h{};
        if (std::fread(h.data(), 1, sizeof h, file) != sizeof h) {
            if (std::ferror(file) != 0) fail();
            return false;
        }
        key = static_cast<std::int64_t>(h[0]);
        line.resize(static_cast<std::size_t>(h[1]));
        if (std::fread(line.data(), 1, line.size(), file) != line.size()) fail();
        return true;
    }
};

}  // namespace

void sorted_lines::add(std::int64_t key, std::string_view line)
{
    entries_.push_back({key, text_.size(), line.size()});
    text_ += line;
    if (text_.size() + entries_.size() * sizeof(entry) >= memory_) spill();
}

void sorted_lines::sort()
{
    std::sort(entries_.begin(), entries_.end(),
              [](const entry& a, const entry& b) { return std::tie(a.key, a.begin) < std::tie(b.key, b.begin); });
}

void sorted_lines::spill()
{
    sort();
    file run{std::tmpfile()};
    if (!run) fail();
    for (const entry& e : entries_) {
        const head h{static_cast<std::uint64_t>(e.key), e.size};
        write_all(run.get(), h.data(), sizeof h);
        write_all(run.get(), text_.data() + e.begin, e.size);
    }
    if (std::fflush(run.get()) != 0) fail();
    runs_.push_back(std::move(run));
    entries_.clear();
    text_.clear();
}

void sorted_lines::read(const std::function<bool(std::string_view line)>& take)
{
    if (runs_.empty()) {
        sort();
        const std::string_view text = text_;
        for (const entry& e : entries_)
            if (!take(text.substr(e.begin, e.size))) return;
        return;
    }
    if (!entries_.empty()) spill();
    std::vector<reading> open;
    for (const file& run : runs_) {
        if (std::fseek(run.get(), 0, SEEK_SET) != 0) fail();
        reading r{run.get()};
        if (r.next()) open.push_back(std::move(r));
    }
    while (!open.empty()) {
        // Few are open; of equal keys the first is the oldest.
        const auto least = std::min_element(open.begin(), open.end(),
                                            [](const reading& a, const reading& b) { return a.key < b.key; });
        if (!take(least->line)) return;
        if (!least->next()) open.erase(least);
    }
}

}  // namespace unipile::program
