// The buffer for unescaped strings.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

namespace unipile::decode {

/// A string that can be written to beyond its size: fast loops copy whole blocks and then set how much is valid.
class text_buffer {
public:
    void clear() noexcept { size_ = 0; }
    std::string_view view() const noexcept { return {data_.get(), size_}; }

    /// Returns where to write next, with capacity for `n` bytes.
    char* prepare(std::size_t n)
    {
        if (capacity_ - size_ < n) grow(n);
        return data_.get() + size_;
    }
    /// Makes this many of the written bytes valid.
    void commit(std::size_t n) noexcept { size_ += n; }

    void push_back(char c)
    {
        *prepare(1) = c;
        ++size_;
    }
    void append(const char* p, std::size_t n)
    {
        if (n == 0) return;
        std::memcpy(prepare(n), p, n);
        size_ += n;
    }
    void append(std::string_view s) { append(s.data(), s.size()); }

    /// Frees the memory if it is more than `n` bytes.
    void shrink(std::size_t n) noexcept
    {
        if (capacity_ <= n) return;
        data_.reset();
        size_ = capacity_ = 0;
    }

private:
    void grow(std::size_t n)
    {
        const std::size_t capacity = std::max<std::size_t>(2 * capacity_, size_ + n + 1024);
        std::unique_ptr<char[]> larger(new char[capacity]);
        if (size_ != 0) std::memcpy(larger.get(), data_.get(), size_);
        data_ = std::move(larger);
        capacity_ = capacity;
    }

    std::unique_ptr<char[]> data_;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

}  // namespace unipile::decode
