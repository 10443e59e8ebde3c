#include "program/output/json_lines.hpp"

#include "program/output/minify.hpp"
#include "thread_name.hpp"

#include <unipile/utf8.hpp>

#include <utility>

namespace unipile::program {
namespace {

/// Small enough for a processor's own cache.
constexpr std::size_t block_bytes = std::size_t{256} * 1024;

}  // namespace

json_lines::json_lines(blocking_output& out) : out_(out), thread_([this] { run(); }) {}

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

/// Waits until the block before was taken.
bool json_lines::hand_over()
{
    std::unique_lock lock{mutex_};
    change_.wait(lock, [this] { return !has_waiting_ || failure_ || reader_gone_; });
    if (failure_) std::rethrow_exception(failure_);
    if (reader_gone_) return false;
    std::swap(waiting_, filling_);
    has_waiting_ = true;
    change_.notify_all();
    filling_.text.clear();
    filling_.sizes.clear();
    return true;
}

void json_lines::finish()
{
    if (!hand_over()) return;
    std::unique_lock lock{mutex_};
    change_.wait(lock, [this] { return (!has_waiting_ && !writing_) || failure_ || reader_gone_; });
    if (failure_) std::rethrow_exception(failure_);
}

void json_lines::run() noexcept
{
    name_this_thread("unipile-lines");
    block texts;
    for (;;) {
        std::unique_lock lock{mutex_};
        writing_ = false;
        change_.notify_all();
        change_.wait(lock, [this] { return has_waiting_ || ends_; });
        if (ends_) return;
        std::swap(texts, waiting_);
        has_waiting_ = false;
        writing_ = true;
        change_.notify_all();
        lock.unlock();
        try {
            write(texts);
        } catch (...) {
            lock.lock();
            failure_ = std::current_exception();
        }
    }
}

void json_lines::write(const block& texts)
{
    std::string_view rest = texts.text;
    for (const std::size_t size : texts.sizes) {
        const std::string_view json = rest.substr(0, size);
        rest.remove_prefix(size);
        std::string& out = out_.collected();
        if (is_valid_utf8(json))
            append_json_line(out, json, out_.is_terminal());
        else
            append_json_line(out, to_valid_utf8(json), out_.is_terminal());
        if (out_.collected_more()) continue;
        const std::lock_guard lock{mutex_};
        reader_gone_ = true;
        return;
    }
}

}  // namespace unipile::program
