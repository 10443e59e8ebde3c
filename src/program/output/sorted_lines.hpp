// Sorts lines, in files where they are too many for memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace unipile::program {

/// Lines by a number; those with the same number stay in their order. Throws std::system_error if no temporary file can
/// be written.
class sorted_lines {
public:
    /// `memory`: bytes of lines before they are written to a temporary file.
    explicit sorted_lines(std::size_t memory = std::size_t{32} * 1024 * 1024) : memory_(memory) {}

    void add(std::int64_t key, std::string_view line);
    /// Calls `take` for each line in their order, until it returns false.
    void read(const std::function<bool(std::string_view line)>& take);

private:
    struct closer {
        void operator()(std::FILE* f) const noexcept { std::fclose(f); }
    };
    using file = std::unique_ptr<std::FILE, closer>;
    struct entry {
        std::int64_t key = 0;
        std::size_t begin = 0, size = 0;
    };

    void sort();
    void spill();

    std::size_t memory_;
    std::string text_;
    std::vector<entry> entries_;
    std::vector<file> runs_;
};

}  // namespace unipile::program
