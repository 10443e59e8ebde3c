#include "program/output/json_lines.hpp"

#include "program/output/minify.hpp"
#include "thread_name.hpp"

#include <unipile/utf8.hpp>

#include <utility>

namespace unipile::program {
namespace {

/// Large enough for few turns of the threads.
constexpr std::size_t block_bytes = std::size_t{1024} * 1024;
constexpr std::size_t most_waiting = 4;

}  // namespace

json_lines::json_lines(line_output& out) : out_(out)
{
    empty_.reserve(most_waiting);
    thread_ = std::thread([this] { run(); });
}

json_lines::~json_lines()
{
    {
        const std::lock_guard lock{mutex_};
        ends_ = true;
    }
    change_.notify_all();
    thread_.join();
}

bool json_lines::add(std::string_view json)
{
    filling_.text += json;
    filling_.sizes.push_back(json.size());
    return filling_.text.size() < block_bytes || hand_over();
}

/// Waits while too many wait.
bool json_lines::hand_over()
{
    std::unique_lock lock{mutex_};
    change_.wait(lock, [this] { return waiting_.size() < most_waiting || failure_ || reader_gone_; });
    if (failure_) std::rethrow_exception(failure_);
    if (reader_gone_) return false;
    waiting_.push_back(std::exchange(filling_, {}));
    if (!empty_.empty()) {
        filling_ = std::move(empty_.back());
        empty_.pop_back();
    }
    change_.notify_all();
    return true;
}

void json_lines::finish()
{
    if (!hand_over()) return;
    std::unique_lock lock{mutex_};
    change_.wait(lock, [this] { return (waiting_.empty() && !writing_) || failure_ || reader_gone_; });
    if (failure_) std::rethrow_exception(failure_);
}

void json_lines::run() noexcept
{
    name_this_thread("unipile-lines");
    std::unique_lock lock{mutex_};
    for (;;) {
        change_.wait(lock, [this] { return !waiting_.empty() || ends_; });
        if (ends_) return;
        block texts = std::move(waiting_.front());
        waiting_.pop_front();
        writing_ = true;
        lock.unlock();
        std::exception_ptr failure;
        try {
            write(texts);
            texts.text.clear();
            texts.sizes.clear();
        } catch (...) {
            failure = std::current_exception();
        }
        lock.lock();
        writing_ = false;
        if (failure) failure_ = failure;
        if (failure_ || reader_gone_) waiting_.clear();  // nothing comes behind a line that is not whole
        if (empty_.size() < empty_.capacity()) empty_.push_back(std::move(texts));
        change_.notify_all();
    }
}

void json_lines::write(const block& texts)
{
    std::string_view rest = texts.text;
    for (const std::size_t size : texts.sizes) {
        const std::string_view json = rest.substr(0, size);
        rest.remove_prefix(size);
        std::string& out = out_.collected();
        const std::size_t whole = out.size();
        try {
            if (is_valid_utf8(json))
                append_json_line(out, json, out_.is_terminal());
            else
                append_json_line(out, to_valid_utf8(json), out_.is_terminal());
        } catch (...) {         // GCOVR_EXCL_LINE: no memory
            out.resize(whole);  // GCOVR_EXCL_LINE: see above
            throw;              // GCOVR_EXCL_LINE: see above
        }
        if (out_.collected_more()) continue;
        const std::lock_guard lock{mutex_};
        reader_gone_ = true;
        return;
    }
}

}  // namespace unipile::program
