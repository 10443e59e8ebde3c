// Makes lines of stored posts on a thread of its own.
#pragma once

#include "program/output/line_output.hpp"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace unipile::program {

/// Writes texts of JSON as lines, in their order. Checking, minifying and writing them is done on another thread, while
/// the caller reads the next ones. The output may be used again after `finish`.
class json_lines {
public:
    explicit json_lines(line_output& out);
    /// Abandons what is not written.
    ~json_lines();
    json_lines(const json_lines&) = delete;
    json_lines& operator=(const json_lines&) = delete;

    /// Returns false once the output's reader has closed its end. Throws what a write has thrown.
    bool add(std::string_view json);
    /// Passes everything to the output. Throws what a write has thrown.
    void finish();

private:
    /// The texts, one after the other.
    struct block {
        std::string text;
        std::vector<std::size_t> sizes;
    };

    bool hand_over();
    void run() noexcept;
    void write(const block& texts);

    line_output& out_;
    block filling_;

    std::mutex mutex_;  // guards what follows
    std::condition_variable change_;
    std::deque<block> waiting_;
    std::vector<block> empty_;  // for reuse
    bool writing_ = false;
    bool reader_gone_ = false, ends_ = false;
    std::exception_ptr failure_;

    std::thread thread_;
};

}  // namespace unipile::program
